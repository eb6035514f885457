/** A saved plan is a file that others can write to: what is applied is what its rows say, of these manifests and these clouds, or nothing. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { run } from "../cli/support.ts";
import { persona, user, world } from "../e2e/support.ts";

let sandbox: Sandbox;
const folder = mkdtempSync(join(tmpdir(), "connect-sso-plan-"));
const manifests = join(folder, "manifests");
const cli = (...args: string[]) => run(args, { env: { ...sandbox.env } });
const writes = () => sandbox.log.filter(({ writes, status }) => writes && status < 300).length;
// biome-ignore lint/suspicious/noExplicitAny: a file of somebody else
let plan: Record<string, any>;

beforeAll(async () => {
  sandbox = await startSandbox({ world: world() });
  for (const name of ["manifests", "elsewhere"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "agents.yaml"), JSON.stringify(persona("agents")));
  }
  writeFileSync(join(folder, "elsewhere", "mallory.yaml"), JSON.stringify(user("omar", "agents")));
  const out = join(folder, "plan.json");
  expect((await cli("plan", "-f", manifests, "--out", out)).code).toBe(2);
  expect(statSync(out).mode & 0o777).toBe(0o600);
  plan = JSON.parse(readFileSync(out, "utf8"));
});
afterAll(async () => {
  await sandbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function applied(text: string) {
  const file = join(folder, "given.json");
  writeFileSync(file, text);
  const before = writes();
  const { code, stderr } = await cli("apply", file);
  return { code, stderr, wrote: writes() - before };
}
const edited = (change: (copy: typeof plan) => void) => {
  const copy = structuredClone(plan);
  change(copy);
  return JSON.stringify(copy);
};
const EDITED = /^connect-sso: the plan was edited: .* nothing was applied\n/;
const OUTDATED = /^connect-sso: the plan no longer fits: .* nothing was applied\n/;
const NO_PLAN = /^connect-sso: \S+ is no plan of a folder that this version can apply\n/;

test.each<[string, () => string, RegExp]>([
  ["a row taken out", () => edited(({ resources }) => resources[0].changes.pop()), EDITED],
  ["a resource taken out", () => edited((copy) => copy.resources.pop()), EDITED],
  [
    "another value shown than is written",
    () =>
      edited(({ resources }) => {
        resources[0].changes.find(({ settings }: { settings?: unknown[] }) => settings?.length).settings[0].value =
          "harmless";
      }),
    EDITED,
  ],
  ["a smaller summary", () => edited(({ summary }) => (summary.create = 0)), EDITED],
  ["another folder", () => edited((copy) => (copy.filename = join(folder, "elsewhere"))), OUTDATED],
  ["another cluster's", () => edited((copy) => (copy.cluster = "prod")), OUTDATED],
  ["another fingerprint", () => edited((copy) => (copy.fingerprint = "0".repeat(64))), OUTDATED],
  ["a name that moves the cursor", () => edited(({ resources }) => (resources[0].name = "\u001b[2Jx")), EDITED],
  ["no rows", () => edited((copy) => delete copy.resources), NO_PLAN],
  ["rows that are none", () => edited((copy) => (copy.resources = [null])), NO_PLAN],
  ["a folder that is no text", () => edited((copy) => (copy.filename = { toString: "x" })), NO_PLAN],
  ["null", () => "null", NO_PLAN],
  ["a list", () => "[]", NO_PLAN],
  ["a plan of a cluster, which has no folder", () => edited((copy) => delete copy.filename), NO_PLAN],
])("%s: nothing is applied", async (_, text, message) => {
  const { code, stderr, wrote } = await applied(text());
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("\u001b");
  expect([code, wrote]).toEqual([1, 0]);
});

test("stale: somebody changed a manifest since; as it was, it is applied, and once", async () => {
  const file = join(manifests, "agents.yaml");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, JSON.stringify(persona("agents", { landingPage: "AdminConsole" })));
  expect(await applied(JSON.stringify(plan))).toMatchObject({
    code: 1,
    wrote: 0,
    stderr: expect.stringMatching(OUTDATED),
  });
  writeFileSync(file, before);
  expect((await applied(JSON.stringify(plan))).code).toBe(0);
  expect(await applied(JSON.stringify(plan))).toMatchObject({
    code: 1,
    wrote: 0,
    stderr: expect.stringMatching(OUTDATED),
  });
});
