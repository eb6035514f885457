/** `plan --prune`: what a pull request that removes manifests takes away, and from whom. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { persona, user, world } from "../e2e/support.ts";
import { run } from "./support.ts";

let sandbox: Sandbox;
const folder = mkdtempSync(join(tmpdir(), "connect-sso-prune-"));
const file = (name: string) => join(folder, `${name}.yaml`);
const declare = (name: string, object: object) => writeFileSync(file(name), JSON.stringify(object));
const cli = (...args: string[]) => run([...args, "-f", folder], { env: sandbox.env });

beforeAll(async () => {
  sandbox = await startSandbox({ world: world() });
  declare("agents", persona("agents"));
  declare("managers", persona("managers"));
  declare("jane", user("jane", "agents"));
  declare("omar", user("omar", "agents"));
  declare("alice", user("alice", "managers"));
  expect((await cli("apply")).code).toBe(0);
  for (const name of ["jane", "alice", "managers"]) rmSync(file(name));
});
afterAll(async () => {
  await sandbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("without --prune they are left alone, and named", async () => {
  const { code, stdout } = await cli("plan");
  expect(stdout).toContain("? ConnectUser team/jane # Connect user jane@example.com");
  expect(stdout).toContain("Nothing to do: the clouds are as declared.");
  expect(code).toBe(0);
});

test("with --prune: each assignment that goes, what stays, and who loses access", async () => {
  const before = sandbox.log.length;
  const { code, stdout, stderr } = await cli("plan", "--prune");
  const why = "its manifest is gone; deletionPolicy RevokeAccess, the default: the manifest is not known here";
  expect(
    stdout,
  ).toBe(`ConnectSsoPersona team/managers is not declared any more; everything stays as it is (its manifest is gone; deletionPolicy Retain, the default: the manifest is not known here)

ConnectUser team/alice
  - Entra: role assignment of Connect user alice@example.com in persona managers # ${why}

ConnectUser team/jane
  - Entra: role assignment of Connect user jane@example.com in persona agents # ${why}

As declared: team/agents team/omar

Plan: 0 to create, 0 to change, 2 to delete.
2 people lose access: team/alice, team/jane.
`);
  expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
  expect(sandbox.log.slice(before).filter(({ writes }) => writes)).toEqual([]);
});

test("in a pull request the people come first", async () => {
  const { stdout } = await cli("plan", "--prune", "-o", "markdown");
  expect(stdout.split("\n").slice(0, 3)).toEqual([
    "### connect-sso plan: 0 to create, 0 to change, 2 to delete",
    "",
    "**2 people lose access: `team/alice`, `team/jane`.**",
  ]);
});

test("a manifest that comes back loses nothing", async () => {
  declare("jane", user("jane", "agents"));
  const { stdout } = await cli("plan", "--prune", "-o", "json");
  expect(JSON.parse(stdout).losingAccess).toEqual([{ namespace: "team", name: "alice" }]);
});

test.each([
  [["--prune", "--out", "plan.json", "-f", folder], /--prune shows what others delete; apply deletes nothing/],
  [["--prune"], /--prune compares a folder with the clouds\n {2}name the folder with -f/],
])("%j is refused", async (args, message) => {
  const { code, stderr } = await run(["plan", ...args], { env: sandbox.env });
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});
