/** The documents of the blog, worked out and compared without any cloud. */
import { describe, expect, test } from "@jest/globals";
import { nextIdentifier } from "../../src/domain/identifier.ts";
import { iamNames, parseInstanceArn, shorten } from "../../src/domain/names.ts";
import {
  comparePolicies,
  federationPolicy,
  keptStatements,
  policyCharacters,
  sharedTrustPolicy,
  trustGrants,
  trustPolicy,
} from "../../src/domain/policies.ts";
import { identifierBase, relayState } from "../../src/domain/relay-state.ts";
import { replyUrls } from "../../src/domain/reply-urls.ts";

const id = "0a1b2c3d-1111-2222-3333-444455556666";
const arn = (partition: string, region: string) => `arn:${partition}:connect:${region}:111122223333:instance/${id}`;

describe("relay state", () => {
  test.each([
    [
      "aws",
      "us-east-1",
      "AdminConsole",
      `https://us-east-1.console.aws.amazon.com/connect/federate/${id}?destination=%2Fconnect%2F`,
    ],
    [
      "aws-us-gov",
      "us-gov-west-1",
      "ContactControlPanel",
      `https://console.amazonaws-us-gov.com/connect/federate/${id}?destination=%2Fconnect%2Fccp`,
    ],
    [
      "aws-cn",
      "cn-north-1",
      "AgentWorkspace",
      `https://cn-north-1.console.amazonaws.cn/connect/federate/${id}?destination=%2Fagent-app-v2`,
    ],
    [
      "aws",
      "eu-west-2",
      "MetricsAndQuality",
      `https://eu-west-2.console.aws.amazon.com/connect/federate/${id}?destination=%2Fconnect%2Freal-time-metrics`,
    ],
  ] as const)("%s %s %s", (partition, region, landingPage, expected) => {
    expect(relayState(parseInstanceArn(arn(partition, region)), { landingPage })).toBe(expected);
  });
});

test("a destination of one's own is encoded whole, query included", () => {
  const state = relayState(parseInstanceArn(arn("aws", "us-east-1")), {
    destination: "/ccp-v2/chat?a=b&new_domain=true",
  });
  expect(new URL(state).searchParams.get("destination")).toBe("/ccp-v2/chat?a=b&new_domain=true");
  expect(state).toMatch(/destination=%2Fccp-v2%2Fchat%3Fa%3Db%26new_domain%3Dtrue$/);
});

test.each([
  ["aws", "us-east-1", ["https://signin.aws.amazon.com/saml"], "https://signin.aws.amazon.com/saml"],
  [
    "aws",
    "eu-central-1",
    ["https://signin.aws.amazon.com/saml", "https://eu-central-1.signin.aws.amazon.com/saml"],
    "https://signin.aws.amazon.com/saml",
  ],
  [
    "aws-us-gov",
    "us-gov-west-1",
    ["https://signin.amazonaws-us-gov.com/saml", "https://us-gov-west-1.signin.amazonaws-us-gov.com/saml"],
    "urn:amazon:webservices:govcloud",
  ],
  [
    "aws-cn",
    "cn-north-1",
    ["https://signin.amazonaws.cn/saml", "https://cn-north-1.signin.amazonaws.cn/saml"],
    "https://signin.amazonaws.cn/saml",
  ],
])(
  "sign-in of partition %s in %s: reply URLs, audiences of the trust, identifier, ARNs",
  (partition, region, endpoints, base) => {
    const instance = parseInstanceArn(arn(partition, region));
    expect(replyUrls(instance, "GlobalFirst")).toEqual(endpoints);
    expect(identifierBase(instance)).toBe(base);
    const { samlProviderArn, appRoleValue } = iamNames({
      instance,
      namespace: "n",
      name: "x",
      aws: { path: "/p/" },
      provisioning: {},
    });
    expect(appRoleValue).toBe(
      `arn:${partition}:iam::111122223333:role/p/connect-sso-n-x,arn:${partition}:iam::111122223333:saml-provider/connect-sso-n-x`,
    );
    const trust = trustPolicy(instance, samlProviderArn, "GlobalFirst") as {
      Statement: { Condition: { StringEquals: object } }[];
    };
    expect(Object.values(trust.Statement[0]!.Condition.StringEquals).flat()).toEqual(endpoints);
    expect(JSON.stringify(federationPolicy(instance))).toContain(
      `arn:${partition}:connect:${region}:111122223333:instance/${id}/user/\${aws:userid}`,
    );
  },
);

test("the next identifier skips foreign applications, whatever their case", () => {
  const base = "https://signin.aws.amazon.com/saml";
  expect(nextIdentifier(base, [])).toBe(base);
  expect(nextIdentifier(base, [base.toUpperCase(), `${base}#2`, `${base}#4`])).toBe(`${base}#3`);
});

test("long names stay apart and within their limit", () => {
  const long = "n".repeat(80);
  expect(shorten(`${long}a`, 40)).toHaveLength(40);
  expect(shorten(`${long}a`, 40)).not.toBe(shorten(`${long}b`, 40));
  const names = iamNames({
    instance: parseInstanceArn(arn("aws", "us-east-1")),
    namespace: long,
    name: "x",
    aws: { path: "/p/" },
    provisioning: {},
  });
  expect(names.appRoleValue).toBe(`${names.roleArn},${names.samlProviderArn}`);
});

test("a trust policy is compared by meaning, and a changed audience is named", () => {
  const trust = trustPolicy(parseInstanceArn(arn("aws", "eu-central-1")), "arn:aws:iam::111122223333:saml-provider/a");
  const text = JSON.stringify(trust)
    .replace("SAML:aud", "saml:AUD")
    .replace('"sts:AssumeRoleWithSAML"', '["STS:AssumeRoleWithSAML"]');
  expect(comparePolicies(trust, JSON.parse(text))).toEqual([]);
  const foreign = JSON.parse(JSON.stringify(trust).replace("https://signin.aws", "https://evil.aws"));
  expect(comparePolicies(trust, foreign).map(({ path }) => path)).toEqual([
    "Statement[0].Condition.StringEquals.saml:aud",
  ]);
});

describe("the trust of a role that personas share", () => {
  const instance = parseInstanceArn(
    "arn:aws:connect:eu-central-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666",
  );
  const provider = (name: string) => `arn:aws:iam::111122223333:saml-provider/${name}`;
  const trust = (...names: string[]) =>
    sharedTrustPolicy(
      instance,
      names.map((name) => ({ arn: provider(name) })),
    );

  test("does not depend on the order of the list, and of one provider is the usual one", () => {
    expect(JSON.stringify(trust("b", "a", "c"))).toBe(JSON.stringify(trust("c", "b", "a")));
    expect(trust("a")).toEqual(trustPolicy(instance, provider("a")));
  });

  test("has a statement for each set of endpoints", () => {
    const { Statement } = sharedTrustPolicy(instance, [
      { arn: provider("a"), endpoints: "Global" },
      { arn: provider("b") },
      { arn: provider("c"), endpoints: "GlobalFirst" },
    ]) as { Statement: { Principal: { Federated: unknown } }[] };
    expect(Statement.map(({ Principal }) => Principal.Federated)).toEqual([
      provider("a"),
      [provider("b"), provider("c")],
    ]);
  });

  test("its statements can be kept provider by provider, and what names none as a whole", () => {
    const { Statement } = trust("a", "b");
    const stranger = { Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" };
    const without = (name: string) => (grant: string) => !grant.startsWith(`${provider(name)} `);
    expect(keptStatements({ Statement: [...Statement, stranger] }, without("a"))).toEqual([
      ...trust("b").Statement,
      stranger,
    ]);
    expect(keptStatements({ Statement: [...Statement, stranger] }, (grant) => grant.includes("AWS=*"))).toEqual([
      stranger,
    ]);
    expect(keptStatements({ Statement: trust("a").Statement[0] }, without("a"))).toEqual([]);
    expect(keptStatements(undefined, () => true)).toEqual([]);
  });

  test.each<[string, unknown, unknown, lost: RegExp[], more: RegExp[]]>([
    ["one provider more", trust("a"), trust("a", "b"), [], [/\/b /]],
    ["one less", trust("a", "b"), trust("b"), [/\/a /], []],
    [
      "one with another endpoint",
      trust("a", "b"),
      sharedTrustPolicy(instance, [{ arn: provider("a") }, { arn: provider("b"), endpoints: "Global" }]),
      [/\/b /],
      [/\/b /],
    ],
    [
      "an account beside them",
      trust("a"),
      { Statement: [...trust("a").Statement, { Effect: "Allow", Principal: "*" }] },
      [],
      [/^Effect=Allow Principal\.AWS=\*$/],
    ],
  ])("%s differs by what it is", (_, desired, observed, lost, more) => {
    const [wanted, found] = [trustGrants(desired), trustGrants(observed)];
    expect(wanted.filter((one) => !found.includes(one))).toEqual(lost.map((one) => expect.stringMatching(one)));
    expect(found.filter((one) => !wanted.includes(one))).toEqual(more.map((one) => expect.stringMatching(one)));
  });

  test("white space does not count", () => {
    expect(policyCharacters({ a: "b c" })).toBe('{"a":"bc"}'.length);
  });
});
