/** The evaluator against what the IAM user guide says of each element, and against set-ups that people made by hand. */
import { describe, expect, test } from "@jest/globals";
import { contextOf, federationContext, samlContext } from "../../../src/domain/policy/context.ts";
import { evaluate, evaluateTrust, type Policy, type Verdict } from "../../../src/domain/policy/evaluate.ts";

const PROVIDER = "arn:aws:iam::111122223333:saml-provider/Entra";
const RECIPIENT = "https://signin.aws.amazon.com/saml";
const ID = "0a1b2c3d-1111-4222-8333-444455556666";
const INSTANCE = `arn:aws:connect:us-east-1:111122223333:instance/${ID}`;
const shown = (verdict: Verdict) =>
  verdict.verdict === "denied" ? (verdict.explicit ? "denied explicitly" : "denied") : verdict.verdict;
const document = (...statements: unknown[]) => ({ Version: "2012-10-17", Statement: statements });

describe("role trust", () => {
  const base = {
    Effect: "Allow",
    Principal: { Federated: PROVIDER },
    Action: "sts:AssumeRoleWithSAML",
    Condition: { StringEquals: { "SAML:aud": RECIPIENT } },
  };
  const deny = { Effect: "Deny", Principal: "*", Action: "sts:AssumeRoleWithSAML" };
  const rows: [string, string, unknown[]][] = [
    ["as the guide has it", "allowed", [base]],
    ["a Deny for everybody", "denied explicitly", [base, deny]],
    ["a Deny for everybody, written as AWS *", "denied explicitly", [base, { ...deny, Principal: { AWS: "*" } }]],
    ["a Deny of another action", "allowed", [base, { ...deny, Action: "sts:TagSession" }]],
    [
      "a Deny under a condition that is not known",
      "not known",
      [base, { ...deny, Condition: { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } } }],
    ],
    [
      "a wildcard under StringEquals",
      "denied",
      [{ ...base, Condition: { StringEquals: { "SAML:aud": `${RECIPIENT}*` } } }],
    ],
    [
      "a wildcard under StringLike",
      "allowed",
      [{ ...base, Condition: { StringLike: { "SAML:aud": `${RECIPIENT}*` } } }],
    ],
    ["StringNotEquals", "denied", [{ ...base, Condition: { StringNotEquals: { "SAML:aud": RECIPIENT } } }]],
    ["a slash too many", "denied", [{ ...base, Condition: { StringEquals: { "SAML:aud": `${RECIPIENT}/` } } }]],
    [
      "a list of endpoints, key in the other case",
      "allowed",
      [
        {
          ...base,
          Condition: { StringEquals: { "saml:AUD": ["https://us-east-1.signin.aws.amazon.com/saml", RECIPIENT] } },
        },
      ],
    ],
    ["all STS actions", "allowed", [{ ...base, Action: "sts:AssumeRole*" }]],
    ["an action in another case", "allowed", [{ ...base, Action: "STS:assumerolewithsaml" }]],
    [
      "every action but this one",
      "denied",
      [{ ...base, Action: undefined, NotAction: "sts:AssumeRoleWithSAML" }].map(({ Action: _, ...rest }) => rest),
    ],
    ["another provider", "denied", [{ ...base, Principal: { Federated: `${PROVIDER}2` } }]],
    ["one of two providers", "allowed", [{ ...base, Principal: { Federated: [`${PROVIDER}2`, PROVIDER] } }]],
    [
      "another statement for another account",
      "allowed",
      [base, { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" }],
    ],
    [
      "an account alone",
      "denied",
      [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "sts:*" }],
    ],
    ["an Allow for everybody", "not known", [{ ...base, Principal: "*" }]],
    [
      "a Deny for all but this provider",
      "allowed",
      [base, { Effect: "Deny", NotPrincipal: { Federated: PROVIDER }, Action: "sts:*" }],
    ],
    [
      "a Deny for all but another provider",
      "denied explicitly",
      [base, { Effect: "Deny", NotPrincipal: { Federated: `${PROVIDER}2` }, Action: "sts:*" }],
    ],
    [
      "a condition on the issuer that is not known",
      "not known",
      [{ ...base, Condition: { StringEquals: { "saml:iss": "https://sts.windows.net/x/" } } }],
    ],
    [
      "a condition on the provider",
      "allowed",
      [{ ...base, Condition: { StringEquals: { "saml:doc": "111122223333/Entra" } } }],
    ],
    ["an operator that does not exist", "not known", [{ ...base, Condition: { StringIs: { "SAML:aud": RECIPIENT } } }]],
    ["no statement", "not known", []],
  ];
  test.each(rows)("%s: %s", (_, expected, statements) => {
    const trust = statements.length > 0 ? document(...statements) : { Version: "2012-10-17" };
    const request = {
      action: "sts:AssumeRoleWithSAML",
      principal: { type: "Federated" as const, name: PROVIDER },
      context: samlContext({ recipient: RECIPIENT, providerArn: PROVIDER }),
    };
    expect(shown(evaluateTrust(trust, request))).toBe(expected);
    expect(shown(evaluateTrust(JSON.stringify(trust), request))).toBe(expected);
  });
});

describe("federation into Connect", () => {
  const allow = (resource: unknown, more = {}) => ({
    Effect: "Allow",
    Action: "connect:GetFederationToken",
    Resource: resource,
    ...more,
  });
  const ask = (policies: Policy[], boundary?: Policy, unread?: string[]) =>
    evaluate(
      { policies, ...(boundary ? { boundary } : {}), ...(unread ? { unread } : {}) },
      {
        action: "connect:GetFederationToken",
        resource: `${INSTANCE}/user/AROAEXAMPLE:jane@example.com`,
        context: federationContext({ roleId: "AROAEXAMPLE", roleSessionName: "jane@example.com", instanceId: ID }),
      },
    );
  const named = (name: string, ...statements: unknown[]): Policy => ({ name, document: document(...statements) });
  const everything = named("everything", { Effect: "Allow", Action: "*", Resource: "*" });
  const rows: [string, string, Policy[], Policy?][] = [
    ["the guide's first form", "allowed", [named("p", allow(`${INSTANCE}/user/\${aws:userid}`))]],
    [
      "the guide's second form",
      "allowed",
      [named("p", allow("*", { Condition: { StringEquals: { "connect:InstanceId": ID } } }))],
    ],
    [
      "two instances",
      "allowed",
      [named("p", allow("*", { Condition: { StringEquals: { "connect:InstanceId": ["x", ID] } } }))],
    ],
    [
      "another instance",
      "denied",
      [named("p", allow("*", { Condition: { StringEquals: { "connect:InstanceId": "x" } } }))],
    ],
    ["agent in the place of user", "denied", [named("p", allow(`${INSTANCE}/agent/\${aws:userid}`))]],
    ["another case of the id", "denied", [named("p", allow(`${INSTANCE.toUpperCase()}/user/*`))]],
    [
      "a variable in a document of 2008",
      "denied",
      [{ name: "p", document: { Version: "2008-10-17", Statement: allow(`${INSTANCE}/user/\${aws:userid}`) } }],
    ],
    ["a variable of an IAM user", "denied", [named("p", allow(`${INSTANCE}/user/\${aws:username}`))]],
    [
      "a variable of an IAM user with a default",
      "allowed",
      [named("p", allow(`${INSTANCE}/user/\${aws:username, 'AROAEXAMPLE:jane@example.com'}`))],
    ],
    ["a variable that is not known", "not known", [named("p", allow(`${INSTANCE}/user/\${aws:PrincipalTag/login}`))]],
    ["a literal asterisk", "denied", [named("p", allow(`${INSTANCE}/user/\${*}`))]],
    ["question marks", "allowed", [named("p", allow(`${INSTANCE}/user/AROA???????:jane@example.com`))]],
    [
      "a wildcard over a colon in the middle",
      "not known",
      [named("p", allow(`arn:aws:*:instance/${ID}/user/\${aws:userid}`))],
    ],
    ["a wildcard at the end over colons", "allowed", [named("p", allow("arn:aws:connect:*"))]],
    ["everything but this", "denied", [named("p", { Effect: "Allow", Action: "*", NotResource: `${INSTANCE}/*` })]],
    [
      "everything but something else",
      "allowed",
      [named("p", { Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::b/*" })],
    ],
    ["NotAction", "denied", [named("p", { Effect: "Allow", NotAction: "connect:*", Resource: "*" })]],
    [
      "an inline policy denies",
      "denied explicitly",
      [everything, named("inline", { Effect: "Deny", Action: "connect:*", Resource: "*" })],
    ],
    [
      "an inline policy that may deny",
      "not known",
      [
        everything,
        named("inline", {
          Effect: "Deny",
          Action: "connect:*",
          Resource: "*",
          Condition: { Bool: { "aws:MultiFactorAuthPresent": "false" } },
        }),
      ],
    ],
    [
      "a Deny that cannot apply, whatever is not known",
      "allowed",
      [
        everything,
        named("inline", {
          Effect: "Deny",
          Action: "s3:*",
          Resource: "*",
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        }),
      ],
    ],
    ["a policy that is no JSON", "not known", [everything, { name: "p", document: "{" }]],
    ["no policy", "denied", []],
    ["within the boundary", "allowed", [everything], everything],
    ["outside the boundary", "denied", [everything], named("b", { Effect: "Allow", Action: "iam:*", Resource: "*" })],
    [
      "denied by the boundary",
      "denied explicitly",
      [everything],
      named(
        "b",
        { Effect: "Allow", Action: "*", Resource: "*" },
        { Effect: "Deny", Action: "connect:*", Resource: "*" },
      ),
    ],
    [
      "a boundary that is not known",
      "not known",
      [everything],
      named("b", allow("*", { Condition: { Bool: { "aws:ViaAWSService": "false" } } })),
    ],
    ["a boundary alone allows nothing", "denied", [], everything],
  ];
  test.each(rows)("%s: %s", (...[, expected, policies, boundary]) => {
    expect(shown(ask(policies, boundary))).toBe(expected);
  });

  test("what could not be read is named", () => {
    const verdict = ask([everything], undefined, ["the inline policies of role Agents"]);
    expect(verdict).toEqual({ verdict: "not known", why: "the inline policies of role Agents could not be read" });
  });
});

describe("condition operators", () => {
  const holds = (operator: string, wanted: unknown, actual: string[] | undefined) => {
    const verdict = evaluate(
      {
        policies: [
          {
            name: "p",
            document: document({
              Effect: "Allow",
              Action: "*",
              Resource: "*",
              Condition: { [operator]: { k: wanted } },
            }),
          },
        ],
      },
      {
        action: "a:b",
        resource: "*",
        context: contextOf(actual ? { k: actual, who: ["jane"] } : { k: [], who: ["jane"] }),
      },
    );
    return verdict.verdict === "not known" ? "?" : verdict.verdict === "allowed";
  };
  const rows: [string, unknown, string[] | undefined, boolean | "?"][] = [
    ["StringEquals", "a", ["a"], true],
    ["StringEquals", "a", ["A"], false],
    ["StringEquals", "a*", ["ab"], false],
    ["StringEquals", `\${who}`, ["jane"], true],
    ["StringEquals", ["x", "a"], ["a"], true],
    ["StringEquals", "a", undefined, false],
    ["StringEqualsIfExists", "a", undefined, true],
    ["StringNotEquals", ["x", "a"], ["a"], false],
    ["StringNotEquals", ["x", "y"], ["a"], true],
    ["StringNotEquals", "a", undefined, true],
    ["StringEqualsIgnoreCase", "A", ["a"], true],
    ["StringNotEqualsIgnoreCase", "A", ["a"], false],
    ["StringLike", "a*c", ["abbc"], true],
    ["StringLike", "a?c", ["ac"], false],
    ["StringNotLike", "a*", ["abc"], false],
    ["StringEquals", `\${nobody}`, ["jane"], "?"],
    ["NumericEquals", 5, ["5.0"], true],
    ["NumericNotEquals", 5, ["5"], false],
    ["NumericLessThan", "10", ["9"], true],
    ["NumericLessThanEquals", "10", ["10"], true],
    ["NumericGreaterThan", "10", ["10"], false],
    ["NumericGreaterThanEquals", "10", ["10"], true],
    ["NumericLessThan", "ten", ["9"], "?"],
    ["DateLessThan", "2026-01-01T00:00:00Z", ["2025-12-31T23:59:59Z"], true],
    ["DateGreaterThan", "2026-01-01T00:00:00Z", ["1767225601"], true],
    ["DateEquals", "2026-01-01T01:00:00+01:00", ["2026-01-01T00:00:00Z"], true],
    ["DateNotEquals", "2026-01-01", ["2026-01-01T00:00:00Z"], false],
    ["DateLessThanEquals", "01T", ["2026-01-01T00:00:00Z"], "?"],
    ["Bool", "true", ["TRUE"], true],
    ["Bool", false, ["true"], false],
    ["BoolIfExists", "true", undefined, true],
    ["Bool", "yes", ["true"], "?"],
    ["BinaryEquals", "QUE=", ["QUE="], true],
    ["IpAddress", "203.0.113.0/24", ["203.0.113.7"], true],
    ["IpAddress", "203.0.113.7", ["203.0.113.7"], true],
    ["NotIpAddress", "203.0.113.0/24", ["203.0.113.7"], false],
    ["NotIpAddress", "203.0.113.0/24", ["2001:db8::1"], true],
    ["IpAddress", "2001:db8:1234:5678::/64", ["2001:db8:1234:5678:9::1"], true],
    ["IpAddress", "everywhere", ["203.0.113.7"], "?"],
    ["ArnEquals", "arn:aws:sns:*:111122223333:t", ["arn:aws:sns:us-east-1:111122223333:t"], true],
    ["ArnLike", "arn:aws:sns:*:t", ["arn:aws:sns:us-east-1:111122223333:t"], "?"],
    ["ArnLike", "arn:aws:iam::111122223333:role/*", ["arn:aws:iam::111122223333:role/a/b:c"], true],
    ["ArnLike", "arn:aws:*:us-east-1:111122223333:t", ["arn:aws:sns:eu:us-east-1:111122223333:t"], false],
    ["ArnNotLike", "arn:aws:iam::111122223333:role/*", ["arn:aws:iam::111122223333:user/a"], true],
    ["Null", "true", undefined, true],
    ["Null", "true", ["a"], false],
    ["Null", "false", ["a"], true],
    ["NullIfExists", "true", ["a"], "?"],
    ["ForAllValues:StringEquals", ["a", "b"], ["a", "b"], true],
    ["ForAllValues:StringEquals", ["a", "b"], ["a", "c"], false],
    ["ForAllValues:StringEquals", ["a"], undefined, true],
    ["ForAnyValue:StringEquals", ["a"], ["c", "a"], true],
    ["ForAnyValue:StringEquals", ["a"], ["c"], false],
    ["ForAnyValue:StringEquals", ["a"], undefined, false],
    ["ForAnyValue:StringNotEquals", ["a"], undefined, false],
    ["ForAnyValue:StringNotEquals", ["a"], ["a", "b"], true],
    ["ForAllValues:StringNotEquals", ["a"], ["a", "b"], false],
    ["ForAnyValue:StringEqualsIfExists", ["a"], undefined, true],
    ["StringEquals", ["a"], ["a", "b"], "?"],
    ["ForNoValue:StringEquals", ["a"], ["a"], "?"],
    ["constructor", "a", ["a"], "?"],
  ];
  test.each(rows)("%s %j with %j: %s", (operator, wanted, actual, expected) => {
    expect(holds(operator, wanted, actual)).toBe(expected);
  });

  test("a key that nothing is known of leaves every operator open", () => {
    for (const [operator] of rows.filter(([, , , expected]) => expected !== "?")) {
      const policies = [
        {
          name: "p",
          document: document({
            Effect: "Allow",
            Action: "*",
            Resource: "*",
            Condition: { [operator]: { "aws:SourceIp": "1" } },
          }),
        },
      ];
      const verdict = evaluate({ policies }, { action: "a:b", resource: "*" });
      if (operator !== "Null")
        expect(verdict).toEqual({
          verdict: "not known",
          why: expect.stringContaining("aws:SourceIp, which is not known here"),
        });
    }
  });
});

test("a long pattern of asterisks is matched in no more than pattern times text", () => {
  const pattern = `arn:aws:s3:::${"*a".repeat(500)}`;
  const policies = [{ name: "p", document: document({ Effect: "Allow", Action: "*", Resource: pattern }) }];
  expect(evaluate({ policies }, { action: "a:b", resource: `arn:aws:s3:::${"a".repeat(3000)}b` }).verdict).toBe(
    "denied",
  );
});
