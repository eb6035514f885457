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
  [["policy", "entra", "--features", "everything"], /--features knows groups, mail and none/],
])("%j is refused in one line", async (args, message) => {
  const { code, stdout, stderr } = await run(args);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(message);
});
