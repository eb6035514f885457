import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { saveFiles } from "../../src/manifests/save.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "save-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const mode = (path: string) => statSync(path).mode & 0o777;

test("a file that names people is for its owner; one that exists keeps its mode", () => {
  const path = join(folder, "plan.json");
  saveFiles([{ path, text: "1", private: true }]);
  expect(mode(path)).toBe(0o600);
  chmodSync(path, 0o640);
  saveFiles([{ path, text: "2", private: true }]);
  expect([mode(path), readFileSync(path, "utf8")]).toEqual([0o640, "2"]);
  expect(readdirSync(folder)).toEqual(["plan.json"]);
});

test("a link under a name that could be foreseen is not followed", () => {
  const target = join(folder, "target");
  symlinkSync(target, join(folder, `plan.json.${process.pid}.new`));
  saveFiles([{ path: join(folder, "plan.json"), text: "1" }]);
  expect(existsSync(target)).toBe(false);
});

test("a link that the file is stays one", () => {
  const target = join(folder, "target");
  writeFileSync(target, "old");
  symlinkSync(target, join(folder, "link"));
  saveFiles([{ path: join(folder, "link"), text: "new" }]);
  expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
  expect(readFileSync(target, "utf8")).toBe("new");
});

test("when one of several cannot be written, none is", () => {
  writeFileSync(join(folder, "file"), "");
  const files = ["a", join("file", "b")].map((name) => ({ path: join(folder, name), text: "1" }));
  expect(() => saveFiles(files)).toThrow(/was not written/);
  expect(readdirSync(folder)).toEqual(["file"]);
});
