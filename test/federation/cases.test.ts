/**
 * Set-ups as people make them by hand, from public reports. Each is made by boto3 and plain Graph, and taken over: import and plan give the
 * right answer, and a refusal changes nothing. The set-ups are not part of the repository; without them nothing is compared.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeAll, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { run } from "../cli/support.ts";

const CASES = fileURLToPath(new URL("../../../shared/cases/federation", import.meta.url));
const INSTANCE = "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666";
const { pythonTools } = (await import("../../scripts/tools.mjs" as string)) as {
  pythonTools(name: string): Promise<string>;
};
let python: string;
let sandbox: Sandbox | undefined;
let folder: string;
beforeAll(async () => {
  python = join(await pythonTools("aws"), "python");
}, 300_000);
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Makes the set-up of a case and imports it: what import says, and where the manifests are. */
async function imported(name: string): Promise<{ notes: string; text: string }> {
  const world = parse(readFileSync(join(CASES, "world_fast.yaml"), "utf8")) as WorldInput;
  sandbox = await startSandbox({ world });
  folder = mkdtempSync(join(tmpdir(), "federation-"));
  await promisify(execFile)(python, [`${name}.py`], {
    cwd: CASES,
    env: { PATH: process.env.PATH!, PYTHONDONTWRITEBYTECODE: "1", ...sandbox.env },
  });
  const { stdout, stderr } = await cli("import", "--instance", INSTANCE, "-n", "contact-centre");
  if (stdout.includes("ConnectSsoPersona"))
    await cli("import", "--instance", INSTANCE, "-n", "contact-centre", "--out", folder);
  return { notes: stderr, text: stdout };
}
const cli = (...args: string[]) => run(args, { env: sandbox!.env });
const plan = async () =>
  JSON.parse((await cli("plan", "-f", folder, "-o", "json")).stdout) as {
    resources: { kind: string; problem?: { reason: string; message: string } }[];
    summary: Record<string, number>;
  };
const problemOf = async () =>
  (await plan()).resources.find(({ kind, problem }) => kind === "ConnectSsoPersona" && problem)?.problem;

/** What a set-up is taken over as: nothing but owner tags, or a refusal. */
const RIGHT: [name: string, what: string, manifest: RegExp, answer: "empty" | [reason: string, message: RegExp]][] = [
  ["c01", "AWS's present guide: condition form, new_domain", /relayStateParameters/, "empty"],
  ["c02", "one policy for two instances", /ConnectFederationBoth/, ["AdoptionRefused", /role ConnectAgentsLondon/]],
  ["c03", "condition form of the policy", /ccp-v2/, "empty"],
  ["c06", "the pair with the provider first", /ConnectAgents/, "empty"],
  ["c08", "an application that is not from the gallery", /Amazon Connect Agents/, "empty"],
  ["c16b", "RoleSessionName from employeeId", /roleSessionName: \{from: employeeId/, "empty"],
  ["c16e", "claims with the key Id", /roleSessionName: \{from: mail/, "empty"],
  ["c30", "an application of its administrator", /Amazon Connect Agents/, ["OwnedByOthers", /owner of both/]],
];
const cases = existsSync(CASES) ? RIGHT : [];

test.each(cases)("%s: %s", async (name, _, manifest, answer) => {
  const { text } = await imported(name);
  expect(text).toMatch(manifest);
  if (answer === "empty") {
    const { resources, summary } = await plan();
    expect([summary, resources.flatMap(({ problem }) => problem ?? [])]).toMatchObject([
      { create: 0, update: 0, delete: 0, problems: 0 },
      [],
    ]);
  } else expect(await problemOf()).toMatchObject({ reason: answer[0], message: expect.stringMatching(answer[1]) });
});

test.each(
  existsSync(CASES)
    ? ([
        ["c05", /inline polic/],
        ["c16c", /Role comes from the constant/],
      ] as const)
    : [],
)("%s is left out, and import says why", async (name, why) => {
  const { notes } = await imported(name);
  expect(notes).toMatch(why);
});
