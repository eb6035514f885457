/** `status -f`: nobody keeps a status for manifests, so the clouds are asked. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { persona, user, world } from "../e2e/support.ts";
import { run } from "./support.ts";

let sandbox: Sandbox;
const folder = mkdtempSync(join(tmpdir(), "connect-sso-status-"));
const cli = (...args: string[]) => run(args, { env: sandbox.env });

beforeAll(async () => {
  sandbox = await startSandbox({ world: world() });
  writeFileSync(join(folder, "agents.yaml"), JSON.stringify(persona("agents")));
  writeFileSync(join(folder, "jane.yaml"), JSON.stringify(user("jane", "agents")));
});
afterAll(async () => {
  await sandbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("says what is to be made, then that all is as declared; writes nothing itself", async () => {
  const before = await cli("status", "-f", folder);
  expect(before.stdout).toContain("ChangesToMake");
  expect(before.code).toBe(2);
  expect(sandbox.log.filter(({ writes }) => writes)).toEqual([]);
  expect((await cli("apply", "-f", folder, "--timeout", "1m")).code).toBe(0);
  const after = await cli("status", "-f", folder, "-o", "json");
  expect(
    JSON.parse(after.stdout).resources.map(({ name, ready }: { name: string; ready: boolean }) => [name, ready]),
  ).toEqual([
    ["agents", true],
    ["jane", true],
  ]);
  expect(after.code).toBe(0);
});
