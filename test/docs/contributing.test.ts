/** The guide for contributors names files that exist, all the files that a change touches, and the commands of the Makefile. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import { CONDITION } from "../../src/api/resources.ts";
import { CHAPTERS } from "../../src/page/views/persona.ts";
import { COMPONENTS as OF_PERSONA } from "../../src/persona/components/index.ts";
import { COMPONENTS as OF_USER } from "../../src/user/components/index.ts";

const guide = readFileSync("CONTRIBUTING.md", "utf8");
const architecture = readFileSync("docs/architecture.md", "utf8");
const pathsIn = (text: string) =>
  [...text.matchAll(/`((?:src|crds|test|docs|scripts)\/[^`*…]+)`/g)].map(([, path]) => path!);
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

test.each([
  ["CONTRIBUTING.md", guide],
  ["docs/architecture.md", architecture],
])("%s names files and folders that exist", (_, text) => {
  const named = pathsIn(text);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});

test.each([
  ["a landing page", /\bMetricsAndQuality\b/],
  ["a field of a ConnectUser", /\b(voiceEnhancement|enhancement|VoiceEnhancementConfigs)\b/],
  ["a field of a ConnectUser", /\b(secondaryEmail|SecondaryEmail)\b/],
  ["a component", /"quick-connects"|\bClaimsReady\b/],
])("how to add %s: the guide lists every file that names %s", (what, word) => {
  const start = guide.indexOf(`### …${what}\n`);
  const listed = pathsIn(guide.slice(start, guide.indexOf("\n### ", start + 1)));
  const naming = ["src", "crds", "scripts", "test/property", "test/user"]
    .flatMap(filesIn)
    .filter((path) => !path.includes("/generated/") && word.test(readFileSync(path, "utf8")));
  expect(naming.length).toBeGreaterThan(2);
  expect(
    naming.filter((path) => !listed.some((one) => path === one || (one.endsWith("/") && path.startsWith(one)))),
  ).toEqual([]);
});

test("every condition of a component has its line in the walkthrough, and a persona's has its title on the page", () => {
  const walkthrough = readFileSync("docs/walkthrough.md", "utf8");
  const conditions = (components: object) =>
    Object.values(components as Record<string, { condition: string }>).map(({ condition }) => condition);
  const all = [...conditions(OF_PERSONA), ...conditions(OF_USER)];
  expect(all.filter((type) => !(type in CONDITION))).toEqual([]);
  expect(all.filter((type) => !walkthrough.includes(type))).toEqual([]);
  expect(conditions(OF_PERSONA).filter((type) => !(type in CHAPTERS))).toEqual([]);
});

test("every make target that it names exists", () => {
  const makefile = readFileSync("Makefile", "utf8");
  const named = [...guide.matchAll(/`make ([a-z-]+)`/g)].map(([, target]) => target!);
  expect(named).toContain("test-unit");
  expect(named.filter((target) => !new RegExp(`^${target}:`, "m").test(makefile))).toEqual([]);
});

test("make test-unit starts no cluster", async () => {
  const { default: unit } = (await import("../../jest.unit.config.js" as string)) as {
    default: { testPathIgnorePatterns: string[] };
  };
  const ignored = unit.testPathIgnorePatterns.map((pattern) => new RegExp(pattern.replace("<rootDir>/", "^")));
  const starts = (path: string, seen = new Set<string>()): boolean => {
    if (path === "test/kube/apiserver.ts") return true;
    if (seen.has(path) || !path.endsWith(".ts")) return false;
    seen.add(path);
    const imports = [...readFileSync(path, "utf8").matchAll(/^(?:import|export) (?!type\b)[^;]*? from "(\.[^"]+)"/gm)];
    return imports.map(([, to]) => join(dirname(path), to!)).some((to) => to.startsWith("test/") && starts(to, seen));
  };
  const withCluster = filesIn("test").filter((path) => path.endsWith(".test.ts") && starts(path));
  expect(withCluster.length).toBeGreaterThan(5);
  expect(withCluster.filter((path) => !ignored.some((one) => one.test(path)))).toEqual([]);
});
