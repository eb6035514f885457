import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseInstanceArn } from "../../src/domain/names.ts";
import {
  destinationProblem,
  parametersProblem,
  parseRelayState,
  relayState,
  sameRelayState,
} from "../../src/domain/relay-state.ts";
import { endpointsOf, replyUrls } from "../../src/domain/reply-urls.ts";

const ID = "0a1b2c3d-1111-4222-8333-444455556666";
const at = (partition: string, region: string) =>
  parseInstanceArn(`arn:${partition}:connect:${region}:111122223333:instance/${ID}`);
const EAST = at("aws", "us-east-1");
const BASE = `https://us-east-1.console.aws.amazon.com/connect/federate/${ID}`;

test.each([
  ["/connect/ccp-v2", undefined],
  ["/ccp-v2/chat?x=1#y", undefined],
  ["/", undefined],
  ["https://evil.example", /must be a path/],
  ["//evil.example", /another host/],
  ["/%2Fevil.example", /another host/],
  ["/%5cevil.example", /another host/],
  ["/\\evil.example", /backslash/],
  ["\\\\evil.example", /must be a path/],
  ["/a b", /spaces/],
  ["/a\tb", /spaces/],
  ["/\n/evil.example", /spaces/],
  ["connect/ccp", /must be a path/],
  ["javascript:alert(1)", /must be a path/],
  ["", /must be a path/],
])("destination %j: %s", (destination, problem) => {
  if (problem) expect(destinationProblem(destination)).toMatch(problem);
  else expect(destinationProblem(destination)).toBeUndefined();
});

test.each<[Record<string, string>, RegExp | undefined]>([
  [{ new_domain: "true" }, undefined],
  [{}, undefined],
  [{ Destination: "/x" }, /must not hold destination/],
  [{ "a b": "x" }, /is not a name/],
  [{ "": "x" }, /is not a name/],
  [{ a: "x\ny" }, /printable ASCII/],
  [{ a: "x".repeat(257) }, /at most 256/],
])("relayStateParameters %j: %s", (parameters, problem) => {
  if (problem) expect(parametersProblem(parameters)).toMatch(problem);
  else expect(parametersProblem(parameters)).toBeUndefined();
});

describe("existing relay states", () => {
  test.each<[string, unknown]>([
    [`${BASE}?destination=%2Fconnect%2F`, { landing: { landingPage: "AdminConsole" }, exact: true }],
    [`${BASE}?destination=%2Fconnect%2Fccp`, { landing: { landingPage: "ContactControlPanel" }, exact: true }],
    [
      `${BASE}?destination=%2Fccp-v2%2Fchat&new_domain=true`,
      { landing: { destination: "/ccp-v2/chat", relayStateParameters: { new_domain: "true" } }, exact: true },
    ],
    [`${BASE}?destination=%2fagent-app-v2`, { landing: { landingPage: "AgentWorkspace" }, exact: false }],
    [`${BASE}?destination=/agent-app-v2`, { landing: { landingPage: "AgentWorkspace" }, exact: false }],
    [
      `${BASE}?new_domain=true&destination=%2Fx`,
      { landing: { destination: "/x", relayStateParameters: { new_domain: "true" } }, exact: false },
    ],
    [BASE, { landing: { landingPage: "AdminConsole" }, exact: false }],
    [`${BASE}?destination=%2Fx&a=1&a=2`, { problem: "it repeats a parameter" }],
    [`${BASE}?destination=https%3A%2F%2Fevil.example`, { problem: expect.stringContaining("must be a path") }],
    [
      "https://signin.aws.amazon.com/saml",
      { problem: "it goes to https://signin.aws.amazon.com, not to https://us-east-1.console.aws.amazon.com" },
    ],
    [
      `https://eu-west-2.console.aws.amazon.com/connect/federate/${ID}?destination=%2F`,
      { problem: expect.stringContaining("eu-west-2") },
    ],
    [BASE.replace("0a1b", "1a1b"), { problem: expect.stringContaining("names the instance 1a1b") }],
    [
      "https://us-east-1.console.aws.amazon.com/connect/home",
      { problem: expect.stringContaining("does not name an instance") },
    ],
    ["urn:x", { problem: expect.stringContaining("goes to null") }],
    ["nothing", { problem: "it is not a URL" }],
  ])("%s", (text, expected) => {
    expect(parseRelayState(text, EAST)).toMatchObject(expected as object);
  });

  test.each([
    [`${BASE}?destination=/connect/ccp`, `${BASE}?destination=%2Fconnect%2Fccp`, true],
    [
      `${BASE}?new_domain=true&destination=%2Fccp-v2%2Fchat`,
      `${BASE}?destination=%2Fccp-v2%2Fchat&new_domain=true`,
      true,
    ],
    [`${BASE}/?destination=%2fconnect%2fccp`, `${BASE}?destination=%2Fconnect%2Fccp`, true],
    [`${BASE}?destination=%2Fconnect%2Fccp&new_domain=true`, `${BASE}?destination=%2Fconnect%2Fccp`, false],
    [
      `${BASE}?destination=%2Fconnect%2Fccp%26new_domain%3Dtrue`,
      `${BASE}?destination=%2Fconnect%2Fccp&new_domain=true`,
      false,
    ],
    [null, `${BASE}?destination=%2Fconnect%2Fccp`, false],
    [BASE.replace("0a1b", "1a1b"), `${BASE}?destination=%2Fconnect%2F`, false],
  ])("%s is the same as %s: %s", (found, declared, same) => {
    expect(sameRelayState(found, declared, EAST)).toBe(same);
  });

  test("what a persona writes is read back as it was declared", () => {
    const path = fc.stringMatching(/^\/[a-z][!-[\]-~]{0,30}$/);
    const names = fc
      .stringMatching(/^[a-z_][a-z0-9_.-]{0,10}$/)
      .filter((name) => name !== "destination" && name !== "__proto__");
    const values = fc.stringMatching(/^[ -~]{0,20}$/);
    fc.assert(
      fc.property(
        path,
        fc.dictionary(names, values, { maxKeys: 4, noNullPrototype: true }),
        (destination, relayStateParameters) => {
          const text = relayState(EAST, { destination, relayStateParameters });
          const back = parseRelayState(text, EAST);
          expect(back).toMatchObject({ exact: true });
          expect(relayState(EAST, (back as { landing: object }).landing)).toBe(text);
        },
      ),
      { seed: 20261128, numRuns: 300 },
    );
  });
});

test.each([
  ["aws", "us-east-1", "RegionalFirst", ["https://signin.aws.amazon.com/saml"]],
  [
    "aws",
    "eu-central-1",
    "RegionalFirst",
    ["https://eu-central-1.signin.aws.amazon.com/saml", "https://signin.aws.amazon.com/saml"],
  ],
  [
    "aws",
    "eu-central-1",
    "GlobalFirst",
    ["https://signin.aws.amazon.com/saml", "https://eu-central-1.signin.aws.amazon.com/saml"],
  ],
  ["aws", "eu-central-1", "Regional", ["https://eu-central-1.signin.aws.amazon.com/saml"]],
  ["aws", "eu-central-1", "Global", ["https://signin.aws.amazon.com/saml"]],
  [
    "aws-us-gov",
    "us-gov-west-1",
    "RegionalFirst",
    ["https://us-gov-west-1.signin.amazonaws-us-gov.com/saml", "https://signin.amazonaws-us-gov.com/saml"],
  ],
  [
    "aws-cn",
    "cn-north-1",
    "GlobalFirst",
    ["https://signin.amazonaws.cn/saml", "https://cn-north-1.signin.amazonaws.cn/saml"],
  ],
] as const)("reply URLs in %s %s, %s", (partition, region, which, expected) => {
  const instance = at(partition, region);
  expect(replyUrls(instance, which)).toEqual(expected);
  expect(replyUrls(instance, endpointsOf(instance, expected))).toEqual(expected);
});

test("the default reply URL decides what an application declares, not the order in which Graph shows them", () => {
  const instance = at("aws", "eu-central-1");
  const [regional, global] = replyUrls(instance) as [string, string];
  expect(endpointsOf(instance, [global, regional], regional)).toBe("RegionalFirst");
  expect(endpointsOf(instance, [regional, global], global)).toBe("GlobalFirst");
  expect(endpointsOf(instance, [regional])).toBe("Regional");
  expect(endpointsOf(instance, [regional, global, "https://us-west-2.signin.aws.amazon.com/saml"])).toBeUndefined();
  expect(endpointsOf(instance, [])).toBeUndefined();
});
