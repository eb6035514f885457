/** AssumeRoleWithSAML with responses of an identity provider that shares no code with the sandbox. */
import * as iam from "@aws-sdk/client-iam";
import { AssumeRoleWithSAMLCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ADMIN, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import {
  base64,
  createIdentity,
  ENDPOINT,
  type Identity,
  metadataOf,
  respond,
  TENANT,
  type Wanted,
} from "../saml/idp.ts";
import { failure } from "./iam-support.ts";

const ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes";
const ISSUER = `https://sts.windows.net/${TENANT}/`;
const RoleArn = "arn:aws:iam::111122223333:role/Agents";
const PrincipalArn = "arn:aws:iam::111122223333:saml-provider/Agents";
const REGIONAL = "https://eu-central-1.signin.aws.amazon.com/saml";

let sandbox: Sandbox;
let identity: Identity;
let sts: STSClient;
let client: iam.IAMClient;
beforeAll(async () => {
  identity = await createIdentity();
  sandbox = await startSandbox({ world: { behaviour: { quotas: "unlimited" } } });
  const shared = { region: "us-east-1", credentials: ADMIN, maxAttempts: 1 };
  sts = new STSClient({ ...shared, endpoint: `${sandbox.url}/sts` });
  client = new iam.IAMClient({ ...shared, endpoint: `${sandbox.url}/iam` });
  await client.send(new iam.CreateSAMLProviderCommand({ Name: "Agents", SAMLMetadataDocument: metadataOf(identity) }));
  await client.send(new iam.CreateRoleCommand({ RoleName: "Agents", AssumeRolePolicyDocument: trust() }));
});
afterAll(async () => {
  sts.destroy();
  client.destroy();
  await sandbox.close();
});

const trust = (more: object = {}) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: PrincipalArn },
        Action: "sts:AssumeRoleWithSAML",
        Condition: { StringEquals: { "SAML:aud": [ENDPOINT, REGIONAL] } },
        ...more,
      },
    ],
  });
const login = async (wanted: Wanted = {}, by = identity, more: object = {}) => {
  const SAMLAssertion = base64(await respond(by, { role: `${RoleArn},${PrincipalArn}`, ...wanted }));
  return sts.send(new AssumeRoleWithSAMLCommand({ RoleArn, PrincipalArn, SAMLAssertion, ...more }));
};

test("a response opens a session that is named after the person, whoever signs the request", async () => {
  const { AssumedRoleUser, Issuer, Subject, Audience } = await login();
  expect(AssumedRoleUser?.Arn).toBe("arn:aws:sts::111122223333:assumed-role/Agents/jane@example.com");
  expect([Issuer, Subject, Audience]).toEqual([ISSUER, "jane@example.com", ENDPOINT]);
  await login({ role: `${PrincipalArn},${RoleArn}` });
  await login({ options: { recipient: REGIONAL } });
});

test.each<[string, Wanted, string]>([
  ["another role", { role: `arn:aws:iam::111122223333:role/Other,${PrincipalArn}` }, "AccessDenied"],
  ["a role in another case", { role: `${RoleArn.replace("Agents", "agents")},${PrincipalArn}` }, "AccessDenied"],
  [
    "a recipient that the trust does not name",
    { options: { recipient: "https://us-west-2.signin.aws.amazon.com/saml" } },
    "AccessDenied",
  ],
  [
    "tags, which the trust does not allow",
    { attributes: { [`${ATTRIBUTES}/PrincipalTag:team`]: "a" } },
    "AccessDenied",
  ],
  ["a guest's name", { roleSessionName: "jane_example.com#EXT#@tenant.onmicrosoft.com" }, "ValidationError"],
  ["no name", { attributes: { [`${ATTRIBUTES}/RoleSessionName`]: undefined } }, "ValidationError"],
  ["another issuer", { options: { issuer: "https://sts.windows.net/other/" } }, "InvalidIdentityToken"],
  ["another audience", { options: { audience: "https://example.com" } }, "InvalidIdentityToken"],
])("%s is refused", async (_, wanted, code) => {
  expect((await failure(login(wanted)))[0]).toMatch(new RegExp(`^${code}`));
});

test("a stranger's signature, a changed response, and one that is too old are refused", async () => {
  expect((await failure(login({}, await createIdentity())))[0]).toBe("InvalidIdentityTokenException");
  const xml = (await respond(identity, { role: `${RoleArn},${PrincipalArn}` })).replaceAll("jane@", "joe@");
  const call = sts.send(new AssumeRoleWithSAMLCommand({ RoleArn, PrincipalArn, SAMLAssertion: base64(xml) }));
  expect((await failure(call))[0]).toBe("InvalidIdentityTokenException");
  const old = base64(await respond(identity, { role: `${RoleArn},${PrincipalArn}` }));
  sandbox.clock.advance(6 * 60_000);
  const late = sts.send(new AssumeRoleWithSAMLCommand({ RoleArn, PrincipalArn, SAMLAssertion: old }));
  expect((await failure(late))[0]).toBe("ExpiredTokenException");
});
