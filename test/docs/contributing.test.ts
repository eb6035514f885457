/** The guide for contributors names files that exist, and the commands of the Makefile. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";

const guide = readFileSync("CONTRIBUTING.md", "utf8");
const architecture = readFileSync("docs/architecture.md", "utf8");

test.each([
  ["CONTRIBUTING.md", guide],
  ["docs/architecture.md", architecture],
])("%s names files and folders that exist", (_, text) => {
  const named = [...text.matchAll(/`((?:src|crds|test|docs)\/[^`*…]+)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});

test("every make target that it names exists", () => {
  const makefile = readFileSync("Makefile", "utf8");
  const named = [...guide.matchAll(/`make ([a-z-]+)`/g)].map(([, target]) => target!);
  expect(named).toContain("test-unit");
  expect(named.filter((target) => !new RegExp(`^${target}:`, "m").test(makefile))).toEqual([]);
});
