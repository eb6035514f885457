/** Credentials go to https only, unless a process flag says that this is a sandbox. A persona cannot name an endpoint at all. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { CRDS } from "../../src/api/generated/crds.ts";
import { createAwsAccounts } from "../../src/providers/aws/account.ts";
import { checkEndpoints } from "../../src/providers/aws/clients.ts";
import { createGraphTenants } from "../../src/providers/graph/index.ts";
import { run } from "../cli/support.ts";

const before = { ...process.env };
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (/^(AWS_ENDPOINT|CONNECT_SSO)/.test(name)) delete process.env[name];
});
afterEach(() => {
  process.env = { ...before };
});

test.each(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_CONNECT"])(
  "%s with http is refused, with the flag or https it is taken",
  (name) => {
    expect(() => checkEndpoints({ [name]: "http://169.254.1.1/" }, false)).toThrow(`${name} is not https`);
    expect(() => checkEndpoints({ [name]: "http://127.0.0.1:4180/" }, true)).not.toThrow();
    expect(() => checkEndpoints({ [name]: "https://vpce.example.com/" }, false)).not.toThrow();
  },
);

test.each(["CONNECT_SSO_GRAPH_URL", "CONNECT_SSO_LOGIN_URL"])("%s with http is refused", (name) => {
  process.env[name] = "http://graph.example.com";
  expect(() => createGraphTenants({ onCall() {} } as never)).toThrow(/https/);
});

test("the program says so before it makes a call", async () => {
  const env = {
    AWS_ENDPOINT_URL_IAM: "http://10.0.0.1/",
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "x",
  };
  const { code, stderr } = await run(["plan", "-f", "examples/recommended"], { env });
  expect([code, stderr]).toEqual([1, expect.stringContaining("AWS_ENDPOINT_URL_IAM is not https")]);
});

const ROLE = "arn:aws:iam::111122223333:role/controller";
const KEY = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "x" };
const WEB_IDENTITY = { AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: "token" };

test.each<[who: string, profile: string, env: Record<string, string>, assumeRoleArn: string | undefined]>([
  ["an access key", "", KEY, undefined],
  ["the role of an account", "", KEY, ROLE],
  ["the web identity of a pod", "", WEB_IDENTITY, undefined],
  ["a role of the configuration file", `role_arn = ${ROLE}\nsource_profile = base\n`, {}, undefined],
])("an endpoint of an AWS configuration file is refused before anything is sent: %s", async (_, profile, env, role) => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const folder = mkdtempSync(join(tmpdir(), "aws-"));
  const endpoint = `endpoint_url = http://127.0.0.1:${(server.address() as AddressInfo).port}\n`;
  const base = "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n";
  writeFileSync(join(folder, "config"), `[default]\n${endpoint}${profile}${base}`);
  writeFileSync(join(folder, "token"), "the pod's own token");
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  const token = env.AWS_WEB_IDENTITY_TOKEN_FILE ? { AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, "token") } : {};
  Object.assign(process.env, {
    AWS_CONFIG_FILE: join(folder, "config"),
    AWS_EC2_METADATA_DISABLED: "true",
    ...env,
    ...token,
  });
  const accounts = createAwsAccounts({ onCall() {} });
  const refused = await accounts.account(undefined, { assumeRoleArn: role }).catch((error: unknown) => error);
  accounts.close();
  server.closeAllConnections();
  server.close();
  expect(refused).toMatchObject({
    kind: "terminal",
    message: expect.stringContaining("the configured endpoint http://127.0.0.1 is not https"),
  });
  expect(requests).toEqual([]);
});

test("no field of a resource is an endpoint; where endpoints are chosen, it is among fixed ones", () => {
  const text = JSON.stringify(CRDS.map(({ spec }) => spec.versions[0]!.schema.openAPIV3Schema.properties.spec));
  const fields = [...text.matchAll(/"(\w*(?:endpoint|url)\w*)":(\{[^{}]*\})/gi)];
  expect(fields.filter(([, , schema]) => !JSON.parse(schema!).enum).map(([, name]) => name)).toEqual([]);
});
