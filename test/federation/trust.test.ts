/** What `why` says of trust policies, statement by statement: it evaluates them, and says where that is impossible. */
import { GetRoleCommand, IAMClient, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { pino } from "pino";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { composeClouds } from "../../src/controller/clouds.ts";
import { explain } from "../../src/why/index.ts";
import type { LinkState } from "../../src/why/login.ts";
import { type Harness, persona, start, user } from "../e2e/support.ts";
import { until } from "../support/by-hand.ts";

const NAME = "connect-sso-contact-centre-agents";
const PROVIDER = `arn:aws:iam::111122223333:saml-provider/${NAME}`;
const AUD = "https://signin.aws.amazon.com/saml";
let h: Harness;
let iam: IAMClient;
const named = <T extends { metadata: object }>(one: T): T => ({
  ...one,
  metadata: { ...one.metadata, namespace: "contact-centre" },
});

beforeAll(async () => {
  h = await start();
  h.apply(named(persona("agents")), named(user("jane", "agents")));
  await h.ready();
  // From here on nothing is corrected.
  await h.controller.stop();
  iam = new IAMClient({});
}, 300_000);
afterAll(() => h?.stop());

async function trustLink(): Promise<[LinkState, string]> {
  const all = h.controller.resources();
  const users = all.filter(({ kind }) => kind === "ConnectUser") as ConnectUser[];
  const { clouds, close } = composeClouds({
    cluster: "test",
    pollIntervalMs: 1000,
    allowInsecure: true,
    log: pino({ level: "silent" }),
    onCall: () => {},
  });
  try {
    const { links } = await explain(users[0]!, {
      personas: all.filter(({ kind }) => kind === "ConnectSsoPersona") as ConnectSsoPersona[],
      users,
      clouds,
      cluster: "test",
      repair: () => "repair",
    });
    const { state, text } = links.find(({ name }) => name === "role and its trust")!;
    return [state, text];
  } finally {
    close();
  }
}

const trustOf = async () =>
  decodeURIComponent((await iam.send(new GetRoleCommand({ RoleName: NAME }))).Role!.AssumeRolePolicyDocument!);

/** Looks once IAM shows what was set. */
async function look(set: () => Promise<unknown>): Promise<[LinkState, string]> {
  const before = await trustOf();
  await set();
  await until("the new trust", async () => ((await trustOf()) === before ? undefined : true));
  return trustLink();
}

const BASE = {
  Effect: "Allow",
  Principal: { Federated: PROVIDER },
  Action: "sts:AssumeRoleWithSAML",
  Condition: { StringEquals: { "SAML:aud": AUD } },
};
const only = (change: object) => [{ ...BASE, ...change }];
const but = (statement: object) => [BASE, { Effect: "Deny", Action: "sts:AssumeRoleWithSAML", ...statement }];
const when = (Condition: object) => only({ Condition });

/** The six of a public report, and others of their kind. */
const ROWS: [what: string, statements: object[], state: LinkState, says: RegExp][] = [
  ["c12: a Deny for everybody", but({ Principal: "*" }), "broken", /denies it/],
  [
    "c12: a wildcard under StringEquals",
    when({ StringEquals: { "SAML:aud": `${AUD}*` } }),
    "broken",
    /refuses a sign-in/,
  ],
  ["c12: StringNotEquals", when({ StringNotEquals: { "SAML:aud": AUD } }), "broken", /refuses a sign-in/],
  [
    "c12: another account beside it",
    [BASE, { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" }],
    "holds",
    /trusts/,
  ],
  ["c12: a slash too many", when({ StringEquals: { "SAML:aud": `${AUD}/` } }), "broken", /refuses a sign-in/],
  [
    "two statements, one of another provider",
    [only({ Principal: { Federated: `${PROVIDER}x` } })[0]!, BASE],
    "holds",
    /trusts/,
  ],
  ["a Deny for the provider", but({ Principal: { Federated: PROVIDER } }), "broken", /denies it/],
  ["a Deny for another provider", but({ Principal: { Federated: `${PROVIDER}x` } }), "holds", /trusts/],
  [
    "a Deny for everybody at another endpoint",
    but({ Principal: "*", Condition: { StringNotEquals: { "SAML:aud": AUD } } }),
    "holds",
    /trusts/,
  ],
  [
    "a Deny by address",
    but({ Principal: "*", Condition: { NotIpAddress: { "aws:SourceIp": "192.0.2.0/24" } } }),
    "unknown",
    /aws:SourceIp/,
  ],
  [
    "a Deny for all but the provider",
    [BASE, { Effect: "Deny", NotPrincipal: { Federated: PROVIDER }, Action: "sts:AssumeRoleWithSAML" }],
    "holds",
    /trusts/,
  ],
  [
    "a Deny of everything else",
    [BASE, { Effect: "Deny", Principal: "*", NotAction: "sts:AssumeRoleWithSAML" }],
    "holds",
    /trusts/,
  ],
  [
    "a Deny of everything but session tags",
    [BASE, { Effect: "Deny", Principal: "*", NotAction: "sts:TagSession" }],
    "broken",
    /denies it/,
  ],
  [
    "StringLike with a wildcard",
    when({ StringLike: { "SAML:aud": "https://*signin.aws.amazon.com/saml" } }),
    "holds",
    /trusts/,
  ],
  ["StringNotEquals of another endpoint", when({ StringNotEquals: { "SAML:aud": `${AUD}/other` } }), "holds", /trusts/],
  ["StringEqualsIgnoreCase", when({ StringEqualsIgnoreCase: { "saml:AUD": AUD.toUpperCase() } }), "holds", /trusts/],
  [
    "ForAnyValue with the endpoint",
    when({ "ForAnyValue:StringEquals": { "SAML:aud": [AUD, "https://x.example"] } }),
    "holds",
    /trusts/,
  ],
  [
    "ForAnyValue without it",
    when({ "ForAnyValue:StringEquals": { "SAML:aud": ["https://x.example"] } }),
    "broken",
    /refuses a sign-in/,
  ],
  [
    "a date",
    when({ ...BASE.Condition, DateLessThan: { "aws:CurrentTime": "2030-01-01T00:00:00Z" } }),
    "unknown",
    /aws:CurrentTime/i,
  ],
  ["an address", when({ ...BASE.Condition, IpAddress: { "aws:SourceIp": "192.0.2.0/24" } }), "unknown", /aws:SourceIp/],
  [
    "another issuer",
    when({ ...BASE.Condition, StringEquals: { "SAML:iss": "https://sts.windows.net/other/" } }),
    "broken",
    /refuses a sign-in/,
  ],
  [
    "a condition that the sign-in lacks, IfExists",
    when({ ...BASE.Condition, StringEqualsIfExists: { "SAML:sub_type": "persistent" } }),
    "unknown",
    /sub_type/,
  ],
];

test.each(ROWS)("%s: %3$s", async (_, Statement, state, says) => {
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  const found = await look(() => iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: NAME, PolicyDocument })));
  expect(found).toEqual([state, expect.stringMatching(says)]);
});

test("c12: a wildcard in the action is refused by IAM itself", async () => {
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: only({ Action: "sts:AssumeRole*" }) });
  await expect(iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: NAME, PolicyDocument }))).rejects.toThrow(
    /STS AssumeRole actions/,
  );
});
