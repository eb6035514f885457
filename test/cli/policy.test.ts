import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { run } from "./support.ts";

const RECOMMENDED = ["-f", "examples/recommended"];

test("policy aws: profiles of the personas are looked up, the document is what IAM takes", async () => {
  const ran = await run(["policy", "aws", ...RECOMMENDED, "--resolve", "--sandbox", "-o", "json"]);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  const { Statement } = JSON.parse(ran.stdout) as { Statement: { Sid: string; Resource: string[] }[] };
  // Agent, CallCenterManager and QualityAnalyst; not Admin.
  expect(Statement.find(({ Sid }) => Sid === "SecurityProfiles")!.Resource).toHaveLength(3);
});

test("policy aws says what it leaves open", async () => {
  const { code, stdout, stderr } = await run(["policy", "aws", "-f", "examples/blog"]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/no permissions boundary is declared for contact-centre\/administrators/);
  expect(stderr).toMatch(/Admin included/);
  expect(stdout).toMatch(/^ConnectSsoController-1 in account 111122223333 \([\d,]+ of 6,144 characters\)/);
  expect(stdout).toContain("iam:PermissionsBoundary StringEquals arn:aws:iam::111122223333:policy/ConnectSsoBoundary");
});

const SEVERAL = ["-f", "examples/several-accounts/manifests", "--config", "examples/several-accounts/settings.yaml"];

test("policy aws of several accounts: the first one's document may assume the roles of the others", async () => {
  const folder = mkdtempSync(join(tmpdir(), "policy-"));
  expect((await run(["policy", "aws", ...SEVERAL, "--out", folder])).code).toBe(0);
  const statements = (account: string) =>
    readdirSync(folder)
      .filter((file) => file.startsWith(account))
      .flatMap((file) => JSON.parse(readFileSync(join(folder, file), "utf8")).Statement as { Action: string[] }[]);
  const assumes = (account: string) => statements(account).filter(({ Action }) => Action.includes("sts:AssumeRole"));
  expect(assumes("111122223333")).toMatchObject([
    { Effect: "Allow", Resource: ["arn:aws:iam::444455556666:role/connect-sso-controller"] },
  ]);
  expect(statements("444455556666").length).toBeGreaterThan(5);
  expect(assumes("444455556666")).toEqual([]);
});

test("policy aws where every account is a further one: a document of its own for the controller's identity", async () => {
  const folder = mkdtempSync(join(tmpdir(), "policy-"));
  const manifests = ["-f", "examples/several-accounts/manifests/apac-support.yaml"];
  const config = ["--config", "examples/several-accounts/settings.yaml"];
  expect((await run(["policy", "aws", ...manifests, ...config, "--out", folder])).code).toBe(0);
  expect(JSON.parse(readFileSync(join(folder, "ConnectSsoFurtherAccounts.json"), "utf8")).Statement).toMatchObject([
    { Action: ["sts:AssumeRole"], Resource: ["arn:aws:iam::444455556666:role/connect-sso-controller"] },
  ]);
});

test("policy aws --account --resolve asks that account alone", async () => {
  const world = ["--sandbox-config", "examples/several-accounts/sandbox-world.yaml"];
  const only = ["--account", "444455556666", "--resolve", "-o", "json"];
  const ran = await run(["policy", "aws", ...SEVERAL, ...world, ...only]);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).not.toContain("111122223333");
});

test("policy entra: a set of people needs to read groups, a session duration to write claims", async () => {
  const names = async (folder: string) => {
    const { stdout } = await run(["policy", "entra", "-f", folder, "-o", "json"]);
    return (JSON.parse(stdout).permissions as { name: string }[]).map(({ name }) => name);
  };
  expect(await names("examples/people")).toContain("GroupMember.Read.All");
  expect(await names("examples/blog")).not.toContain("GroupMember.Read.All");
  expect(await names("examples/blog")).not.toContain("Policy.ReadWrite.ApplicationConfiguration");
  expect(await names("examples/recommended")).toContain("Policy.ReadWrite.ApplicationConfiguration");
});

test("policy boundary into a folder, under its own name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "policy-"));
  const { code } = await run(["policy", "boundary", ...RECOMMENDED, "--out", folder]);
  expect([code, readdirSync(folder)]).toEqual([0, ["ConnectSsoBoundary.json"]]);
  expect(readFileSync(join(folder, "ConnectSsoBoundary.json"), "utf8")).toContain(`user/\${aws:userid}`);
});

test("policy entra with the federated credential", async () => {
  const ran = await run(["policy", "entra", "--features", "none", "--issuer", "https://oidc.example/", "-o", "json"]);
  expect(JSON.parse(ran.stdout).federatedCredential).toMatchObject({
    issuer: "https://oidc.example/",
    subject: "system:serviceaccount:connect-sso:connect-sso",
    audiences: ["api://AzureADTokenExchange"],
  });
});

test.each([
  [["policy", "trust"], /name one of --oidc-provider/],
  [["policy", "aws", "--instance", "arn:aws:connect:nowhere"], /not the ARN of a Connect instance/],
  [["policy", "aws", ...RECOMMENDED, "--account", "999999999999"], /nothing is declared in account 999999999999/],
  [["policy", "entra", "--features", "everything"], /--features knows groups, claims and none/],
])("%j is refused in one line", async (args, message) => {
  const { code, stdout, stderr } = await run(args);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(message);
});
