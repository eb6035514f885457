import { describe, expect, test } from "@jest/globals";
import {
  boundaryToKeep,
  claimsTakeOver,
  policyTakeOver,
  providerTakeOver,
  type RoleToTake,
  roleTakeOver,
  type UserToTake,
  userTakeOver,
} from "../../src/domain/adoption.ts";
import { desiredClaims } from "../../src/domain/claims/policy.ts";
import type { Trust } from "../../src/domain/metadata.ts";
import { parseInstanceArn } from "../../src/domain/names.ts";
import { comparePolicies, federationPolicy, listingPolicy, trustPolicy } from "../../src/domain/policies.ts";
import { diffMessage, permissionDiff } from "../../src/domain/profile-permissions.ts";

const HERE = parseInstanceArn("arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666");
const PROVIDER = "arn:aws:iam::111122223333:saml-provider/Entra";
const check = (refusal: { message: string; remedy: string } | undefined, expected: RegExp | undefined) => {
  if (!expected) expect(refusal).toBeUndefined();
  else {
    expect(refusal?.message).toMatch(expected);
    expect(refusal?.remedy).toMatch(/\w/);
  }
};

describe("a policy", () => {
  const desired = federationPolicy(HERE);
  const both = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "connect:GetFederationToken",
        Resource: "*",
        Condition: { StringEquals: { "connect:InstanceId": [HERE.id, "another"] } },
      },
    ],
  };
  test.each<[string, unknown, string[], string[], RegExp | undefined]>([
    ["of the same meaning, used by others", { ...(desired as object), Id: "x" }, ["role London"], [], undefined],
    [
      "for two instances, used by another role",
      both,
      ["role London"],
      [],
      /^policy F says something else and role London depends on it; what would go: .*connect:instanceid=.*another/,
    ],
    [
      "for two instances, used by many",
      both,
      ["role A", "role B", "role C", "role D", "role E", "role F"],
      [],
      /role E and 1 more depend on it/,
    ],
    ["for two instances, used by nobody else", both, [], [], undefined],
    [
      "for two instances, and it is not known who uses it",
      both,
      [],
      ["its groups"],
      /not known who else depends on it \(its groups could not be read\)/,
    ],
    ["of the other kind", listingPolicy(), ["user ci"], [], /user ci depends on it/],
  ])("%s", (_, observed, others, unread, expected) => {
    check(policyTakeOver({ name: "F", desired, observed, others, unread }), expected);
  });

  test("a value with a comma is not a list", () => {
    const of = (value: unknown) => ({
      Statement: { Effect: "Allow", Action: "a:b", Resource: "*", Condition: { StringEquals: { k: value } } },
    });
    expect(comparePolicies(of("a, b"), of(["a", "b"]))).toHaveLength(1);
  });
});

describe("a SAML provider", () => {
  const now = Date.parse("2026-11-29T00:00:00Z");
  const trust = (entityId: string, ...thumbprints: string[]): Trust => ({
    entityId,
    ssoUrls: [],
    signingCertificates: thumbprints.map((thumbprintSha1) => ({
      thumbprintSha1,
      fingerprintSha256: `${thumbprintSha1}2`,
      notAfter: new Date(now + (thumbprintSha1.startsWith("ENDED") ? -1 : 86_400_000)),
      derBase64: "",
    })),
  });
  test.each<[string, Trust | undefined, string[], RegExp | undefined]>([
    [
      "with a certificate of another application",
      trust("e", "OURS", "THEIRS"),
      ["role Payroll"],
      /^SAML provider Entra would lose certificate THEIRS, and role Payroll depends on it$/,
    ],
    [
      "of another identity provider",
      trust("okta", "THEIRS"),
      ["role Payroll"],
      /would lose the identity provider okta, certificate THEIRS/,
    ],
    ["that only gains a certificate", trust("e"), ["role Payroll"], undefined],
    [
      "that only the persona's role trusts, with a certificate of another application",
      trust("e", "OURS", "THEIRS"),
      [],
      /would lose certificate THEIRS, and another application may sign in with it/,
    ],
    [
      "that only the persona's role trusts, of another identity provider",
      trust("okta", "THEIRS"),
      [],
      /would lose the identity provider okta, certificate THEIRS/,
    ],
    ["that only the persona's role trusts, with a certificate that ended", trust("e", "ENDED"), [], undefined],
    [
      "that only the persona's role trusts, with the application's former certificate",
      trust("e", "FORMER"),
      [],
      undefined,
    ],
    ["whose metadata cannot be read", undefined, ["role Payroll"], /would lose its metadata, which cannot be read/],
  ])("%s", (_, observed, others, expected) => {
    const desired = trust("e", "OURS");
    check(providerTakeOver({ name: "Entra", desired, observed, own: ["OURS", "FORMER"], now, others }), expected);
  });
});

describe("a role", () => {
  const desired = trustPolicy(HERE, PROVIDER) as { Statement: object[] };
  const role: RoleToTake = {
    name: "R",
    desired,
    observed: desired,
    policies: ["arn:a"],
    attached: ["arn:a"],
    inline: [],
    otherPersonas: [],
  };
  const and = (statement: object) => ({ Version: "2012-10-17", Statement: [...desired.Statement, statement] });
  const root = { AWS: "arn:aws:iam::999988887777:root" };
  test.each<[string, Partial<RoleToTake>, RegExp | undefined]>([
    ["as declared", {}, undefined],
    ["whose policies are not attached yet", { attached: [] }, undefined],
    [
      "of another provider",
      { observed: trustPolicy(HERE, `${PROVIDER}2`) },
      /locked out: Federated arn:aws:iam::111122223333:saml-provider\/Entra2$/,
    ],
    [
      "that an account may assume",
      { observed: and({ Effect: "Allow", Principal: root, Action: "sts:AssumeRole" }) },
      /locked out: AWS arn:aws:iam::999988887777:root$/,
    ],
    [
      "with session tags",
      { observed: and({ ...desired.Statement[0], Action: ["sts:AssumeRoleWithSAML", "sts:TagSession"] }) },
      /allows more than the persona's, .*: sts:TagSession$/,
    ],
    [
      "with a further endpoint",
      {
        observed: and({
          ...desired.Statement[0],
          Condition: { StringEquals: { "saml:AUD": ["https://us-west-2.signin.aws.amazon.com/saml"] } },
        }),
      },
      /would fail: https:\/\/us-west-2/,
    ],
    [
      "with a wildcard that covers its action",
      { observed: and({ ...desired.Statement[0], Action: "sts:AssumeRole*" }) },
      undefined,
    ],
    ["without any endpoint", { observed: and({ ...desired.Statement[0], Condition: {} }) }, undefined],
    ["with a Deny for somebody", { observed: and({ Effect: "Deny", Principal: root, Action: "sts:*" }) }, undefined],
    [
      "with an inline policy",
      { inline: ["backdoor"] },
      /more rights than the persona gives: the inline policy backdoor/,
    ],
    ["whose inline policies cannot be read", { inline: undefined }, /could not be read/],
    ["with another policy", { attached: ["arn:a", "arn:admin"] }, /more rights than the persona gives: arn:admin/],
    ["that two personas declare", { otherPersonas: ["team/managers"] }, /declared by persona team\/managers as well/],
  ])("%s", (_, change, expected) => {
    check(roleTakeOver({ ...role, ...change }), expected);
  });
});

describe("a provisioning user", () => {
  const user: UserToTake = {
    name: "U",
    path: "/",
    declaredPath: "/",
    listingPolicyArn: "arn:l",
    attached: ["arn:l"],
    inline: [],
    groups: [],
    keys: [],
  };
  test.each<[string, Partial<UserToTake>, RegExp | undefined]>([
    ["as the blog has it", {}, undefined],
    ["with a key beside that of Entra", { keys: ["AKIA1"] }, /access keys that somebody may use: AKIA1/],
    ["with another policy", { attached: ["arn:l", "arn:x"] }, /used for something else: it has arn:x/],
    ["in a group", { groups: ["admins"] }, /it has the group admins/],
    ["with an inline policy", { inline: ["p"] }, /it has the inline policy p/],
    ["whose groups cannot be read", { groups: undefined }, /could not be read/],
    ["on another path", { path: "/ci/" }, /is on path \/ci\/, not on \//],
  ])("%s", (_, change, expected) => {
    check(userTakeOver({ ...user, ...change }), expected);
  });
});

describe("a claims policy", () => {
  const declared = { from: "mail", transform: "None" } as const;
  const seconds = { sessionSeconds: 3600, maxSessionSeconds: 3600 };
  const take = (definition: string) => claimsTakeOver({ name: "P", definition: [definition], declared });

  test("that sends what is declared", () => {
    expect(take(desiredClaims(declared, seconds))).toBeUndefined();
  });
  test("that sends what a persona could declare", () => {
    expect(take(desiredClaims({ from: "employeeId", transform: "Lowercase" }, seconds))).toEqual({
      message:
        "claims policy P sends employeeId (Lowercase) as RoleSessionName, not mail: every Connect user would need another name",
      remedy:
        "set application.roleSessionName: {from: employeeId, transform: Lowercase}, or take the policy off the application",
    });
  });
  test("that cannot be read", () => {
    check(take("{}"), /is left as it is: its definition cannot be read/);
  });
});

test.each<[string | undefined, string | undefined, RegExp | undefined]>([
  [undefined, undefined, undefined],
  [undefined, "arn:b", undefined],
  ["arn:b", "arn:b", undefined],
  ["arn:b", undefined, /arn:b, which is not declared; it is kept/],
  ["arn:b", "arn:c", /arn:b, not the declared arn:c; it is kept/],
])("boundary %s, declared %s", (observed, declared, expected) => {
  const found = boundaryToKeep(observed, declared);
  if (expected) expect(found).toEqual({ keep: observed, message: expect.stringMatching(expected) });
  else expect(found).toBeUndefined();
});

test("permissions of a profile", () => {
  expect(permissionDiff(["A", "B"], ["B", "C", "C"])).toEqual({ gained: ["C"], lost: ["A"] });
  const two = permissionDiff([], ["Users.Edit", "Users.Create"]);
  expect(diffMessage("Agent", "gained", two)).toBe("Security profile Agent gained Users.Create, Users.Edit");
  expect(diffMessage("Agent", "lost", two)).toBeUndefined();
  expect(diffMessage("Agent", "gained", permissionDiff(["A"], []))).toBeUndefined();
  expect(diffMessage("Agent", "lost", permissionDiff(["A"], []))).toBe("Security profile Agent lost A");
  const many = Array.from({ length: 12 }, (_, index) => `P${index}`);
  expect(diffMessage("Agent", "gained", permissionDiff([], many))).toMatch(/ and 2 more$/);
});
