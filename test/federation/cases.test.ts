/**
 * Set-ups as people make them by hand, from public reports. Each is made by boto3 and plain Graph, and taken over: import and plan give the
 * right answer, and a refusal changes nothing. The set-ups are not part of the repository; without them nothing is compared.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** A set-up as the guide has it, for cases that only change something. */
const BASE = "from hand import *\nx,p,r,rid=base(); assign(x,'jane@example.com',rid); cuser('jane@example.com')\n";
const kit = (...args: string[]) =>
  promisify(execFile)(python, args, {
    cwd: CASES,
    env: { PATH: process.env.PATH!, PYTHONDONTWRITEBYTECODE: "1", ...sandbox!.env },
  });

/** Makes the set-up of a case and imports it: what import says, and where the manifests are. */
async function imported(...names: string[]): Promise<{ notes: string; text: string }> {
  const world = parse(readFileSync(join(CASES, "world_fast.yaml"), "utf8")) as WorldInput;
  sandbox = await startSandbox({ world });
  folder = mkdtempSync(join(tmpdir(), "federation-"));
  for (const name of names) await (name === "base" ? kit("-c", BASE) : kit(`${name}.py`));
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
  ["base c04", "a second endpoint in the trust", /ConnectAgents/, ["AdoptionRefused", /us-west-2\.signin/]],
  ["c10", "session tags in the trust", /ConnectAgents/, ["AdoptionRefused", /sts:TagSession/]],
  ["c03", "condition form of the policy", /ccp-v2/, "empty"],
  ["c06", "the pair with the provider first", /ConnectAgents/, "empty"],
  ["c08", "an application that is not from the gallery", /Amazon Connect Agents/, "empty"],
  ["c16b", "RoleSessionName from employeeId", /roleSessionName: \{from: employeeId/, "empty"],
  ["c16e", "claims with the key Id", /roleSessionName: \{from: mail/, "empty"],
  ["c30", "an application of its administrator", /Amazon Connect Agents/, ["OwnedByOthers", /owner of both/]],
];
/** The set-ups lie beside the repository; a checkout without them has the rest of the suite. */
const here = existsSync(CASES) ? test : test.skip;

here.each(RIGHT)("%s: %s", async (name, _, manifest, answer) => {
  const { text, notes } = await imported(...name.split(" "));
  expect(text).toMatch(manifest);
  // What an apply will refuse is said before anybody applies.
  if (answer === "empty") expect(notes).not.toMatch(/apply will refuse/);
  else expect(notes).toMatch(new RegExp(`apply will refuse ConnectSsoPersona .*${answer[1].source}.*${answer[0]}`));
  if (answer === "empty") {
    const { resources, summary } = await plan();
    expect([summary, resources.flatMap(({ problem }) => problem ?? [])]).toMatchObject([
      { create: 0, update: 0, delete: 0, problems: 0 },
      [],
    ]);
  } else expect(await problemOf()).toMatchObject({ reason: answer[0], message: expect.stringMatching(answer[1]) });
});

here.each([
  ["c05", /inline polic/],
  ["c16c", /Role comes from the constant/],
] as const)("%s is left out, and import says why", async (name, why) => {
  const { notes } = await imported(name);
  expect(notes).toMatch(why);
});

here.each(["c04", "c03"])(
  "%s: under driftPolicy Report nothing that exists is written, taken over or not, by one apply after the other",
  async (name) => {
    await imported(...(name === "c04" ? ["base"] : [name]));
    const [file] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((one) => one.includes("persona-"));
    const manifest = readFileSync(join(folder, file!), "utf8");
    writeFileSync(join(folder, file!), manifest.replace("adoptionPolicy:", "driftPolicy: Report\n  adoptionPolicy:"));
    if (name === "c04") {
      expect((await cli("apply", "-f", folder, "--timeout", "120s")).code).toBe(0);
      await kit("c04.py");
    }
    const writes: string[] = [];
    sandbox!.onExchange(({ service, operation, response }) => {
      const write = service === "iam" ? /^(Update|Create|Put|Attach|Detach|Delete)/ : /^(POST|DELETE|PUT)/;
      if (
        response.status < 400 &&
        ["iam", "graph"].includes(service) &&
        write.test(operation) &&
        !/batch/.test(operation)
      )
        writes.push(`${service}:${operation}`);
    });
    for (let run = 0; run < 2; run++) {
      const { code, stdout } = await cli("apply", "-f", folder, "--timeout", "120s");
      expect(code).toBe(0);
      if (name === "c04") expect(stdout).toMatch(/role trust|trust\.Statement/);
    }
    expect(writes).toEqual([]);
  },
);

here.each(["c20"])("%s: the event names the sign-on address that was swapped", async (name) => {
  await imported(name);
  const { stdout } = await cli("plan", "-f", folder);
  expect(stdout).toMatch(/trust\.signIn.*login\.windows\.net.*login\.microsoftonline\.com/s);
  const { stderr, code } = await cli("apply", "-f", folder, "--timeout", "120s");
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /SecurityDriftCorrected: SAML provider EntraConnect differs: trust\.signIn is https:\/\/login\.windows\.net\/\S+, declared https:\/\/login\.microsoftonline\.com/,
  );
});
