/** Clients that nobody here wrote judge the sandbox's AWS: boto3 and the AWS CLI, pointed at it by its env file and nothing else. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { stringify } from "yaml";
import { connectRoutes } from "../../src/sandbox/connect/index.ts";
import { createHost } from "../../src/sandbox/host.ts";
import { accountOf } from "../../src/sandbox/iam/account.ts";
import { iamOperations } from "../../src/sandbox/iam/operations.ts";
import { createState } from "../../src/sandbox/iam/state.ts";
import { stsOperations } from "../../src/sandbox/iam/sts.ts";
import { readWorld } from "../../src/sandbox/world.ts";
import { base64, createIdentity, metadataOf, respond } from "../saml/idp.ts";

const { pythonTools } = (await import("../../scripts/tools.mjs" as string)) as {
  pythonTools(name: string): Promise<string>;
};
const root = fileURLToPath(new URL("../..", import.meta.url));
const hierarchy = { levels: ["Region", "Site"], groups: [{ name: "EMEA", groups: [{ name: "Berlin" }] }] };
const HOME = { id: "11111111-2222-4333-8444-555555555555", region: "eu-central-1", hierarchy };
const MANAGED = {
  ...{ id: "22222222-2222-4333-8444-555555555555", region: "eu-central-1", hierarchy },
  identityManagement: "CONNECT_MANAGED" as const,
};
const AWAY = { id: "33333333-2222-4333-8444-555555555555", region: "us-west-2", hierarchy };

interface Running {
  envFile: string;
  child: ChildProcess;
}
let folder: string;
let python: string;
const running: Running[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "judges-"));
  python = join(await pythonTools("aws"), "python");
}, 300_000);
afterAll(async () => {
  for (const { child } of running) child.kill();
  await Promise.all(running.map(({ child }) => child.exitCode ?? once(child, "exit")));
  rmSync(folder, { recursive: true });
});

/** The program itself, as somebody would start it; resolves to the env file that it writes. */
async function sandbox(instances: object[]): Promise<string> {
  const envFile = join(folder, `env-${running.length}`);
  const world = join(folder, `world-${running.length}.yaml`);
  writeFileSync(world, stringify({ instances, behaviour: { quotas: "unlimited" } }));
  const args = ["sandbox", "--listen", "127.0.0.1:0", "--write-env", envFile, "--config", world];
  const child = spawn(process.execPath, [join(root, "src/main.ts"), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  running.push({ envFile, child });
  await once(child.stdout!, "data");
  expect(existsSync(envFile)).toBe(true);
  return envFile;
}

/** Runs a script of this folder with what the file exports, and with nothing of our own environment. */
async function judge(
  envFile: string,
  script: string,
  ...args: string[]
): Promise<{ called: string[]; problems: string[] }> {
  const command = 'source "$1"; shift; exec "$@"';
  const program = [python, join(root, "test/judges", script), ...args];
  const env = { PATH: process.env.PATH, HOME: folder, PYTHONDONTWRITEBYTECODE: "1", AWS_EC2_METADATA_DISABLED: "true" };
  const run = promisify(execFile)("bash", ["-c", command, "judge", envFile, ...program], { env });
  return JSON.parse((await run).stdout);
}

/** Names of all operations that the sandbox has. */
function operations(): { iam: string[]; sts: string[]; connect: string[] } {
  const { host } = createHost(readWorld());
  const state = createState(host, host.world.account);
  const all = {
    iam: Object.keys(iamOperations(accountOf(state, host))),
    sts: Object.keys(stsOperations(state, host)),
    connect: connectRoutes(host).map(({ name }) => name),
  };
  host.clock.close();
  return all;
}

test("boto3: every operation of IAM and STS", async () => {
  const identity = await createIdentity();
  const role = "arn:aws:iam::111122223333:role/login,arn:aws:iam::111122223333:saml-provider/judge";
  const [metadata, assertion] = [join(folder, "metadata.xml"), join(folder, "assertion")];
  const envFile = await sandbox([HOME]);
  writeFileSync(metadata, metadataOf(identity));
  writeFileSync(assertion, base64(await respond(identity, { role })));
  const { problems, called } = await judge(envFile, "iam.py", metadata, assertion);
  expect(problems).toEqual([]);
  const { iam, sts } = operations();
  const known = [...iam.map((name) => `iam:${name}`), ...sts.map((name) => `sts:${name}`), "sts:AssumeRoleWithSAML"];
  expect(called).toEqual(known.sort());
}, 300_000);

test("boto3: every operation of Connect, in the environment's region and in another", async () => {
  const envFile = await sandbox([HOME, AWAY]);
  const expected = operations().connect.map((name) => `connect:${name}`);
  for (const args of [
    [HOME.id, "default", AWAY.id],
    [AWAY.id, AWAY.region, HOME.id],
  ]) {
    const { problems, called } = await judge(envFile, "connect.py", ...args);
    expect(problems).toEqual([]);
    expect(called.filter((name) => name.startsWith("connect:"))).toEqual(expected.sort());
  }
}, 300_000);

test("the AWS CLI: the documented examples of Connect, refusals, two regions", async () => {
  const { problems } = await judge(
    await sandbox([HOME, MANAGED, AWAY]),
    "cli.py",
    HOME.id,
    MANAGED.id,
    AWAY.id,
    AWAY.region,
  );
  expect(problems).toEqual([]);
}, 300_000);

test("the env file is readable by a shell and names no cloud of the world outside", () => {
  const text = readFileSync(running[0]!.envFile, "utf8");
  expect(text.split("\n").filter((line) => line !== "" && !/^export [A-Z_]+=[^\s'"$`\\]*$/.test(line))).toEqual([]);
  const urls = [...text.matchAll(/=(https?:\/\/[^/:\s]+)/g)].map(([, url]) => url);
  expect(new Set(urls)).toEqual(new Set(["http://127.0.0.1"]));
});
