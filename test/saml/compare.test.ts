import { beforeAll, expect, test } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { compare } from "../../src/domain/saml/compare.ts";
import { decode } from "../../src/domain/saml/decode.ts";
import type { Manifests } from "../../src/manifests/read.ts";
import { parseManifests } from "../../src/manifests/read.ts";
import { persona, user } from "../e2e/support.ts";
import { createIdentity, type Identity, respond, TENANT, type Wanted } from "./idp.ts";

let entra: Identity;
beforeAll(async () => {
  entra = await createIdentity();
});

function declared(...objects: object[]) {
  const all: Manifests = { objects: [], problems: [], sources: new Map() };
  parseManifests(objects.map((one) => JSON.stringify(one)).join("\n---\n"), "test", "team", all);
  expect(all.problems).toEqual([]);
  return {
    personas: all.objects.filter(({ kind }) => kind === "ConnectSsoPersona") as ConnectSsoPersona[],
    users: all.objects.filter(({ kind }) => kind === "ConnectUser") as ConnectUser[],
  };
}
const RELAY =
  "https://us-east-1.console.aws.amazon.com/connect/federate/0a1b2c3d-1111-4222-8333-444455556666?destination=%2Fconnect%2Fccp";

async function found(wanted: Wanted, objects: object[], more: { relayState?: string; status?: object } = {}) {
  const { personas, users } = declared(...objects);
  if (more.status) personas[0]!.status = more.status as never;
  const decoded = decode({ xml: await respond(entra, wanted), relayState: more.relayState }, []);
  const comparison = compare(decoded, personas, users);
  return {
    persona: comparison.persona?.metadata.name,
    user: comparison.user?.metadata.name,
    findings: comparison.findings.map(({ what }) => what),
  };
}

const both = [persona("agents"), user("jane", "agents")];

test("everything as declared", async () => {
  expect(await found({}, both, { relayState: RELAY })).toEqual({ persona: "agents", user: "jane", findings: [] });
});

test.each<[string, Wanted, object[], Parameters<typeof found>[2], string[]]>([
  [
    "a user that is not declared",
    { roleSessionName: "bob@example.com" },
    both,
    {},
    ["no ConnectUser has the RoleSessionName bob@example.com"],
  ],
  [
    "another case",
    { roleSessionName: "Jane@example.com" },
    both,
    {},
    ["RoleSessionName Jane@example.com differs in case from ConnectUser team/jane (jane@example.com)"],
  ],
  [
    "a user of another persona",
    {},
    [persona("agents"), persona("administrators"), user("jane", "administrators")],
    {},
    ["ConnectUser team/jane belongs to persona administrators, the login came through team/agents"],
  ],
  [
    "another tenant",
    { options: { issuer: "https://sts.windows.net/00000000-0000-4000-8000-000000000000/" } },
    both,
    { status: { tenantId: TENANT } },
    [
      `the issuer is https://sts.windows.net/00000000-0000-4000-8000-000000000000/, persona team/agents has https://sts.windows.net/${TENANT}/`,
    ],
  ],
  [
    "the provider of somebody else",
    {
      role: "arn:aws:iam::111122223333:role/connect-sso/connect-sso-team-agents,arn:aws:iam::111122223333:saml-provider/Other",
    },
    both,
    {},
    [
      "the SAML provider is arn:aws:iam::111122223333:saml-provider/Other, persona team/agents has arn:aws:iam::111122223333:saml-provider/connect-sso-team-agents",
    ],
  ],
  [
    "a session longer than the role allows",
    { attributes: { "https://aws.amazon.com/SAML/Attributes/SessionDuration": "43200" } },
    [persona("agents", { aws: { maxSessionDuration: "1h" } }), user("jane", "agents")],
    {},
    ["SessionDuration is 43200 s, the role allows 3600 s"],
  ],
  [
    "an endpoint that the trust does not list",
    { options: { recipient: "https://eu-west-1.signin.aws.amazon.com/saml" } },
    both,
    {},
    [
      "the recipient is https://eu-west-1.signin.aws.amazon.com/saml, which the role's trust (SAML:aud) does not list: https://signin.aws.amazon.com/saml",
    ],
  ],
  [
    "another relay state",
    {},
    both,
    { relayState: "https://console.aws.amazon.com/" },
    [`the relay state is https://console.aws.amazon.com/, persona team/agents has ${RELAY}`],
  ],
  [
    "a role of no persona",
    { role: "arn:aws:iam::111122223333:role/Other,arn:aws:iam::111122223333:saml-provider/Other" },
    both,
    {},
    ["no persona has this role and provider (looked at team/agents)"],
  ],
])("%s", async (_, wanted, objects, more, findings) => {
  expect((await found(wanted, objects, more)).findings).toEqual(findings);
});

test("another certificate than the persona's active one", async () => {
  const status = { certificate: { fingerprint: "00".repeat(32), thumbprint: "00".repeat(20) } };
  const { findings } = await found({}, both, { status });
  expect(findings).toEqual([
    expect.stringMatching(/^it carries the certificate [0-9A-F]{40}, the persona's active one is 0000/),
  ]);
});
