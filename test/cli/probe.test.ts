/** `connect-sso probe` as a process: it asks, writes one file, and cleans up when it is interrupted. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { run } from "./support.ts";

let sandbox: Sandbox;
let out: string;
beforeEach(async () => {
  sandbox = await startSandbox({
    world: { behaviour: { quotas: "unlimited", open: { ownersShow: "afterOneMinute" } } },
  });
  out = join(mkdtempSync(join(tmpdir(), "probe-")), "probe.json");
});
afterEach(() => sandbox.close());

const probe = (args: string[], onErrors?: (text: string, stop: () => void) => void) =>
  run(["probe", "--sandbox", ...args], { env: sandbox.env, ...(onErrors && { onErrors }) });
const written = () => JSON.parse(readFileSync(out, "utf8"));

test("one fact is settled, said and written", async () => {
  const { code, stdout } = await probe(["--only", "missingProviderInTrust", "--out", out, "--yes"]);
  expect(stdout).toContain("missingProviderInTrust  accepted: CreateRole was answered 200");
  expect(stdout).toContain("Nothing of it is left.");
  expect(code).toBe(0);
  expect(written()).toMatchObject({
    state: "finished",
    facts: [{ fact: "missingProviderInTrust", value: "accepted" }],
  });
});

test("without a terminal it wants --yes, and calls nothing", async () => {
  const { code, stderr } = await probe(["--only", "missingProviderInTrust", "--out", out]);
  expect(stderr).toContain("--yes");
  expect(code).toBe(1);
  expect(sandbox.log).toEqual([]);
  expect(existsSync(out)).toBe(false);
});

test("Ctrl-C while it waits: what was made is deleted", async () => {
  let stopped = false;
  const { code, stderr } = await probe(["--only", "ownersShow", "--out", out, "--yes"], (_, stop) => {
    const wait = () => {
      if (stopped) return;
      if (sandbox.log.filter(({ operation }) => operation.endsWith("/owners")).length < 2) setTimeout(wait, 50);
      else {
        stopped = true;
        stop();
      }
    };
    wait();
  });
  expect(stderr).toContain("what was made is being deleted");
  expect(code).toBe(130);
  expect(written()).toMatchObject({ state: "interrupted", cleanUp: { complete: true } });
  const answer = await sandbox.exchange(
    {
      method: "GET",
      url: "/graph/v1.0/applications",
      headers: { authorization: `Bearer ${sandbox.env.CONNECT_SSO_GRAPH_TOKEN}`, host: "x" },
      body: "",
    },
    { undisturbed: true },
  );
  expect(JSON.parse(answer.response!.body!)).toMatchObject({ value: [] });
});

test.each([
  [["--only", "nothing", "--out", "x"], "no such fact: nothing"],
  [["--only", "deleteUserEndsSessions", "--out", "x"], "cannot be seen by an API"],
  [["--only", "searchUsersLag", "--out", "x"], "need an instance"],
  [["--only", "ownersShow"], "no file to write"],
  [["--instance", "x", "--out", "x"], "--instance is not the ARN"],
  [["--resume", "/nonexistent/probe.json"], "cannot be read"],
  [["--out", "package.json"], "package.json exists"],
])("%j is refused", async (args, text) => {
  const { code, stderr } = await probe(args);
  expect(stderr).toContain(text);
  expect(code).toBe(1);
  expect(sandbox.log).toEqual([]);
});

test("--rights prints what the facts need", async () => {
  const { code, stdout } = await probe([
    "--rights",
    "--only",
    "absentReference",
    "missingProviderInTrust",
    "-o",
    "json",
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    graph: expect.arrayContaining(["Policy.ReadWrite.ApplicationConfiguration"]),
  });
  expect(stdout).toContain("iam:CreateRole");
  expect(sandbox.log).toEqual([]);
});
