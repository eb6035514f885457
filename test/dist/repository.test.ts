/** Files that GitHub and editors read: issue forms, pull request template, changelog, dev container. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const FORMS = ".github/ISSUE_TEMPLATE";

describe("issue forms", () => {
  const forms = readdirSync(join(root, FORMS)).filter((name) => name !== "config.yml");

  test.each(forms)("%s has what GitHub requires of a form", (name) => {
    const { name: title, description, body } = parse(read(`${FORMS}/${name}`));
    for (const text of [title, description]) expect(text).toMatch(/\S/);
    const fields = body.filter(({ type }: { type: string }) => type !== "markdown");
    const ids = fields.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { type, id, attributes } of fields) {
      expect(["input", "textarea", "dropdown", "checkboxes"]).toContain(type);
      expect(id).toMatch(/^[\w-]+$/);
      expect(attributes.label).toMatch(/\S/);
      if (type === "dropdown") expect(new Set(attributes.options).size).toBe(attributes.options.length);
    }
    expect(fields.some(({ validations }: { validations?: { required: boolean } }) => validations?.required)).toBe(true);
  });

  test("vulnerabilities are led away from public issues", () => {
    const { blank_issues_enabled, contact_links } = parse(read(`${FORMS}/config.yml`));
    expect(blank_issues_enabled).toBe(false);
    expect(contact_links.map(({ url }: { url: string }) => url)).toContain(
      "https://github.com/connect-sso/connect-sso/security/advisories/new",
    );
  });
});

test("the pull request template names commands and files that exist", () => {
  const text = read(".github/pull_request_template.md");
  const targets = [...text.matchAll(/`make ([a-z-]+)`/g)].map(([, target]) => target);
  expect(targets.length).toBeGreaterThan(0);
  for (const target of targets) expect(read("Makefile")).toMatch(new RegExp(`^${target}:`, "m"));
  expect(existsSync(join(root, "CHANGELOG.md"))).toBe(true);
});

test("the changelog has the form of Keep a Changelog", () => {
  const text = read("CHANGELOG.md");
  const versions = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading!);
  expect(versions[0]).toBe("[Unreleased]");
  for (const heading of versions.slice(1)) expect(heading).toMatch(/^\[\d+\.\d+\.\d+(-[\w.]+)?\] - \d{4}-\d\d-\d\d$/);
  const kinds = [...text.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
  for (const kind of kinds) expect(["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]).toContain(kind);
  for (const section of text.split(/^## /m).slice(1)) {
    const own = [...section.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
    expect(new Set(own).size).toBe(own.length);
  }
});

test("the dev container has the Node of the image", () => {
  const container = JSON.parse(read(".devcontainer/devcontainer.json").replace(/^\s*\/\/.*$/gm, ""));
  const [, major] = /node:(\d+)-/.exec(read("Dockerfile"))!;
  expect(container.features["ghcr.io/devcontainers/features/node:1"].version).toBe(major);
  expect(container.postCreateCommand).toBe("make build");
});
