/** The documents of the blog, worked out and compared without any cloud. */
import { describe, expect, test } from "@jest/globals";
import { nextIdentifier } from "../../src/domain/identifier.ts";
import { iamNames, parseInstanceArn, shorten } from "../../src/domain/names.ts";
import { comparePolicies, trustPolicy } from "../../src/domain/policies.ts";
import { relayState } from "../../src/domain/relay-state.ts";

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
  ] as const)("%s %s %s", (partition, region, landingPage, expected) => {
    expect(relayState(parseInstanceArn(arn(partition, region)), { landingPage })).toBe(expected);
  });
});

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
