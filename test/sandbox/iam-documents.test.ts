/**
 * Verdicts on policy documents beyond the recorded ones. Sources: IAM user guide (grammar, condition operators), service authorization
 * reference (forms of ARNs), and what getmoto/moto's test_iam_policies.py notes of the real service, in documents of our own.
 */
import { describe, expect, test } from "@jest/globals";
import { checkInlinePolicy, checkManagedPolicy, checkTrustPolicy } from "../../src/sandbox/iam/documents.ts";

const SYNTAX = "Syntax errors in policy.";
const LEGACY = "The policy failed legacy parsing";
const statement = (more: object = {}) => ({ Effect: "Allow", Action: "connect:DescribeUser", Resource: "*", ...more });
const policy = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });

describe("managed policies", () => {
  test.each([
    ["no Effect", { Effect: undefined }, SYNTAX],
    ["an Effect that is none", { Effect: "Permit" }, SYNTAX],
    ["an Effect in another case", { Effect: "ALLOW" }, LEGACY],
    ["an unknown operator", { Condition: { StringMatches: { a: "b" } } }, SYNTAX],
    ["an unknown qualifier", { Condition: { "ForSomeValues:StringEquals": { a: "b" } } }, SYNTAX],
    ["a qualifier with two colons", { Condition: { "ForAllValues::StringEquals": { a: "b" } } }, SYNTAX],
    ["a date that is none", { Condition: { DateLessThan: { "aws:CurrentTime": "tomorrow" } } }, LEGACY],
    ["a thirteenth month", { Condition: { DateLessThan: { "aws:CurrentTime": "2026-13-01" } } }, LEGACY],
    ["hour 24", { Condition: { DateLessThan: { "aws:CurrentTime": "2026-11-29T24:00:00Z" } } }, LEGACY],
    ["a zone of one digit", { Condition: { DateLessThan: { a: "2026-11-29T10:00:00+1" } } }, LEGACY],
    ["ten digits of a second", { Condition: { DateLessThan: { a: "2026-11-29T10:00:00.1234567890Z" } } }, LEGACY],
    ["a blank in a vendor", { Action: "con nect:DescribeUser" }, "Vendor con nect is not valid"],
    ["a wildcard in a vendor", { Action: "con*:DescribeUser" }, "Vendor con* is not valid"],
    ["an ARN without a vendor", { Resource: "arn:aws" }, "Resource vendor must be fully qualified"],
    ["a wildcard as vendor", { Resource: "arn:aws:*:us-east-1:1:x" }, "Resource vendor must be fully qualified"],
    ["an empty vendor", { Resource: "arn:aws::us-east-1:1:x" }, LEGACY],
    [
      "a role in a region",
      { Resource: "arn:aws:iam:us-east-1:111122223333:role/x" },
      "cannot contain region information",
    ],
    ["an unknown IAM type", { Resource: "arn:aws:iam::111122223333:roles/x" }, "IAM resource path must either be"],
    ["a bucket in a region", { Resource: "arn:aws:s3:us-east-1::bucket" }, "can not contain region information"],
    ["a bucket in an account", { Resource: "arn:aws:s3::111122223333:bucket" }, "can not contain account information"],
    ["a principal", { Principal: "*" }, "Policy document should not specify a principal."],
  ])("refuses %s", (_, more, message) => {
    expect(() => checkManagedPolicy(policy(statement(more)))).toThrow(message);
  });

  test.each([
    ["blanks within the name of an action", { Action: "connect: describe a user " }],
    ["an unknown vendor", { Action: "no-such.service:Do" }],
    ["an unknown operator without keys", { Condition: { StringMatches: {} } }],
    ["IfExists behind a qualifier", { Condition: { "ForAllValues:StringLikeIfExists": { "aws:TagKeys": ["a*"] } } }],
    ["the whole of IAM", { Resource: "arn:aws:iam::111122223333:*" }],
    ["an access point in its place", { Resource: "arn:aws:s3:us-east-1:111122223333:accesspoint/x" }],
    ["too few parts without an empty one", { Resource: "arn:aws:connect" }],
    ["null among resources", { Resource: ["arn:aws:connect:*:*:instance/*", null] }],
    ["a date with a fraction and a zone", { Condition: { DateLessThan: { a: "2026-11-29T9:05:00.5+02:30" } } }],
    ["a year before Christ", { Condition: { DateGreaterThan: { a: "-500" } } }],
  ])("accepts %s", (_, more) => {
    expect(() => checkManagedPolicy(policy(statement(more)))).not.toThrow();
  });

  test("names a bad resource before a bad action, and a missing action before both", () => {
    const bad = statement({ Resource: "nothing", Action: "nothing" });
    expect(() => checkManagedPolicy(policy(bad))).toThrow('Resource nothing must be in ARN format or "*".');
    expect(() => checkManagedPolicy(policy(bad, { Effect: "Allow", Resource: "*" }))).toThrow("must contain actions");
  });
  test("refuses a Sid twice", () => {
    expect(() => checkManagedPolicy(policy(statement({ Sid: "a" }), statement({ Sid: "a" })))).toThrow(
      "must be unique",
    );
  });
});

test("inline policies may be of the first version, and have one quota together", () => {
  const old = JSON.stringify({ Statement: [statement()] });
  expect(() => checkInlinePolicy("role", "r", old, [])).not.toThrow();
  expect(() => checkManagedPolicy(old)).toThrow("Policy document must be version 2012-10-17 or greater.");
  const half = policy(statement({ Resource: `arn:aws:connect:*:*:instance/${"x".repeat(5100)}` }));
  expect(() => checkInlinePolicy("role", "r", half, [])).not.toThrow();
  expect(() => checkInlinePolicy("role", "r", half, [half])).toThrow(
    "Maximum policy size of 10240 bytes exceeded for role r",
  );
  expect(() => checkInlinePolicy("user", "u", half, [])).toThrow(
    "Maximum policy size of 2048 bytes exceeded for user u",
  );
});

test("trust policies follow the same grammar", () => {
  const trust = (more: object) =>
    policy({ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole", ...more });
  expect(() => checkTrustPolicy(trust({ Condition: { StringMatches: { a: "b" } } }))).toThrow(SYNTAX);
  expect(() => checkTrustPolicy(trust({ Condition: { DateLessThan: { a: "soon" } } }))).toThrow(LEGACY);
  expect(() => checkTrustPolicy(trust({ Condition: { StringEquals: { "SAML:aud": ["a", "b"] } } }))).not.toThrow();
});
