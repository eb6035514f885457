/** The stand-alone binary for this machine: built, moved to an empty folder, run without Node, npm or the repository. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

let folder: string;
let bin: string;
let temporary: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-binary-"));
  const script = join(root, "scripts/binary.mjs");
  const built = execFileSync(process.execPath, [script, join(folder, "build")], { encoding: "utf8" }).trim();
  [bin, temporary] = ["bin", "tmp"].map((name) => join(folder, name)) as [string, string];
  for (const one of [bin, temporary]) mkdirSync(one);
  renameSync(built, join(bin, "connect-sso"));
  rmSync(join(folder, "build"), { recursive: true });
  copyFileSync(join(root, "examples/blog/personas.yaml"), join(folder, "personas.yaml"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(args: string[], name = "connect-sso") {
  const env = { PATH: "/nowhere", HOME: folder, TMPDIR: temporary };
  return spawnSync(join(bin, name), args, { cwd: folder, encoding: "utf8", env });
}

test("--version: the package's, and nothing on standard error", () => {
  const { stdout, stderr, status } = run(["--version"]);
  expect({ stdout, stderr, status }).toEqual({ stdout: `${version}\n`, stderr: "", status: 0 });
});

test("plan over the sandbox, whose world it carries; its temporary folder is gone afterwards", () => {
  const { stdout, status } = run(["plan", "-f", "personas.yaml", "--sandbox"]);
  expect(stdout).toMatch(/^ConnectSsoPersona contact-centre\/agents$/m);
  expect(stdout).toMatch(/^Plan: \d+ to create, 0 to change, 0 to delete\.$/m);
  expect(status).toBe(2);
  expect(readdirSync(temporary)).toEqual([]);
});

test("linked as a kubectl plugin it calls itself one", () => {
  symlinkSync("connect-sso", join(bin, "kubectl-connect_sso"));
  expect(run(["--help"], "kubectl-connect_sso").stdout).toMatch(/^Usage: kubectl connect-sso /);
  symlinkSync("connect-sso", join(bin, "kubectl_complete-connect_sso"));
  expect(run(["pla"], "kubectl_complete-connect_sso").stdout).toMatch(/^plan\b/);
});

test("options of Node are the program's own: none of them is taken", () => {
  const { stderr, status } = run(["--inspect"]);
  expect(stderr).toContain("unknown option '--inspect'");
  expect(status).not.toBe(0);
});
