/** The OLM bundle: checked by the validation library of operator-sdk, and against what the chart installs. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";

const { goTool } = (await import("../../scripts/tools.mjs" as string)) as { goTool(name: string): Promise<string> };
const root = fileURLToPath(new URL("../..", import.meta.url));
const bundle = join(root, "deploy/olm");
const CSV = "manifests/connect-sso.clusterserviceversion.yaml";
const csv = () => parse(readFileSync(join(bundle, CSV), "utf8"));

let verify: string;
let folder: string;
beforeAll(async () => {
  verify = join(await goTool("operator-verify"), "operator-verify");
  folder = mkdtempSync(join(tmpdir(), "connect-sso-olm-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lines of operator-verify about a bundle, without their time stamps. */
function problems(path: string): string[] {
  const { stderr } = spawnSync(verify, ["manifests", "--operatorhub_validate", "--object_validate", path], {
    encoding: "utf8",
  });
  return stderr.split("\n").flatMap((line) => /level=(\w+) msg="(.*)"$/.exec(line)?.slice(1).join(": ") ?? []);
}

/** It takes `events` of events.k8s.io/v1 for the old version of that group, and calls its own older list of checks old. */
const FALSE_ALARMS = [/^warning: .*removed in v1\.25.*for events: /, /^warning: .*validator is deprecated/];

describe("operator-verify", () => {
  test("finds nothing wrong", () =>
    expect(problems(bundle).filter((line) => !FALSE_ALARMS.some((known) => known.test(line)))).toEqual([]));

  test.each([
    ["a kind that no file defines", (text: string) => text.replace(/- kind: ConnectUser$/m, "- kind: Stranger")],
    [
      "a capability level that does not exist",
      (text: string) => text.replace("capabilities: Basic Install", "capabilities: Everything"),
    ],
    ["no version", (text: string) => text.replace(/^ {2}version: .*$/m, "")],
  ])("finds %s", (_, spoil) => {
    const copy = join(folder, "spoiled");
    cpSync(bundle, copy, { recursive: true });
    const text = readFileSync(join(copy, CSV), "utf8");
    expect(spoil(text)).not.toBe(text);
    writeFileSync(join(copy, CSV), spoil(text));
    expect(problems(copy).filter((line) => line.startsWith("error: "))).not.toEqual([]);
  });
});

describe("what it installs", () => {
  const base = (file: string) => readFileSync(join(root, "deploy/kustomize/base", file), "utf8");

  test("is the Deployment of the chart, under OLM's service account", () => {
    const [{ name, spec }] = csv().spec.install.spec.deployments;
    const deployment = parse(base("deployment.yaml"));
    expect(name).toBe("connect-sso");
    expect(spec).toEqual(deployment.spec);
    const { clusterPermissions, permissions } = csv().spec.install.spec;
    for (const [one] of [clusterPermissions, permissions])
      expect(one.serviceAccountName).toBe(spec.template.spec.serviceAccountName);
  });

  test("owns every kind, and has an example of each", () => {
    const kinds = readdirSync(join(root, "crds")).map(
      (file) => parse(readFileSync(join(root, "crds", file), "utf8")).spec.names.kind,
    );
    expect(
      csv()
        .spec.customresourcedefinitions.owned.map(({ kind }: { kind: string }) => kind)
        .sort(),
    ).toEqual(kinds.sort());
    const examples: { kind: string }[] = JSON.parse(csv().metadata.annotations["alm-examples"]);
    expect(examples.map(({ kind }) => kind).sort()).toEqual(kinds.sort());
  });

  test("labels of the bundle image are the annotations inside it", () => {
    const { annotations } = parse(readFileSync(join(bundle, "metadata/annotations.yaml"), "utf8"));
    const labels = [...readFileSync(join(bundle, "bundle.Dockerfile"), "utf8").matchAll(/^LABEL (\S+?)=(\S+)$/gm)];
    expect(Object.fromEntries(labels.map(([, key, value]) => [key, value]))).toEqual(annotations);
  });
});

test("a release names the image by digest, everywhere, and the time", () => {
  const out = join(folder, "release");
  const image = `ghcr.io/connect-sso/connect-sso@sha256:${"ab".repeat(32)}`;
  const args = ["scripts/olm.mjs", "--image", image, "--created", "2026-01-31T12:00:00Z", "--out", out];
  execFileSync(process.execPath, args, { cwd: root });
  const { metadata, spec } = parse(readFileSync(join(out, CSV), "utf8"));
  expect(metadata.annotations).toMatchObject({ containerImage: image, createdAt: "2026-01-31T12:00:00Z" });
  expect(spec.install.spec.deployments[0].spec.template.spec.containers[0].image).toBe(image);
  expect(spec.relatedImages).toEqual([{ name: "controller", image }]);
  expect(readdirSync(join(out, "manifests"))).toEqual(readdirSync(join(bundle, "manifests")));
});
