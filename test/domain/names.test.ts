import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  clusterNameProblem,
  DEFAULT_PATH,
  iamNames,
  ownName,
  parseInstanceArn,
  sharedPolicyName,
  sharedPolicyOwner,
  sharedRoleName,
  sharedRoleOwner,
} from "../../src/domain/names.ts";
import { ownerOf } from "../../src/domain/ownership.ts";

const INSTANCE = parseInstanceArn(
  "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666",
);

test.each([
  ["team", "agents", "connect-sso-team-agents"],
  ["contact-centre", "agents", "connect-sso-contact-centre-agents"],
  ["cc-emea", "agents", "connect-sso-cc-emea-agents"],
  ["cc", "emea-agents", "connect-sso-cc.emea-agents"],
  ["cc", "emea.agents", "connect-sso-cc.emea.agents"],
  ["cc", "agents-of-the-north-and-of-the-south", "connect-sso-cc.agents-of-th_6133451efa31"],
])("%s/%s is called %s", (namespace, name, expected) => {
  expect(ownName(namespace, name)).toBe(expected);
});

const label = fc.stringMatching(/^[ab]([ab-]{0,20}[ab])?$/);
const subdomain = fc.stringMatching(/^[ab]([ab.-]{0,20}[ab])?$/);

test("two personas never share a name, and IAM and Entra take every name", () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(label, subdomain, (namespace, name) => {
      const key = `${namespace}/${name}`;
      const own = ownName(namespace, name);
      expect(seen.get(own) ?? key).toBe(key);
      seen.set(own, key);
      expect(own).toMatch(/^connect-sso-[\w.-]{1,28}$/);
    }),
    { seed: 20261128, numRuns: 5000 },
  );
});

test("every way to read the same letters as namespace and name gives another name", () => {
  const parts = ["a", "b", "a", "b"];
  const names = new Set<string>();
  const pairs = new Set<string>();
  for (const separators of ["---", "--.", "-.-", ".--", "-..", ".-.", "..-", "..."])
    for (const cut of [1, 2, 3]) {
      const join = (from: number, to: number) =>
        parts.slice(from, to).reduce((text, part, index) => `${text}${separators[from + index - 1]}${part}`);
      const namespace = join(0, cut);
      if (namespace.includes(".")) continue;
      pairs.add(`${namespace}/${join(cut, 4)}`);
      names.add(ownName(namespace, join(cut, 4)));
    }
  expect(names.size).toBe(pairs.size);
});

test("the two shared policies differ by name and by owner, also where an instance stands in two regions", () => {
  const paths = [DEFAULT_PATH, "/", "/connect/", "/Connect/"];
  // IAM compares names of policies without case, and whatever their path.
  const names = (["federation", "list-roles"] as const).flatMap((kind) =>
    paths.map((path) => sharedPolicyName(kind, INSTANCE, path).toLowerCase()),
  );
  expect(new Set(names).size).toBe(8);
  expect(names[0]).toBe(`connect-sso-federation-${INSTANCE.id.slice(0, 8)}`);
  const owners = (["federation", "list-roles"] as const).flatMap((kind) =>
    ["us-east-1", "eu-west-2"].map((region) => sharedPolicyOwner("prod", { ...INSTANCE, region }, kind)),
  );
  expect(new Set(owners).size).toBe(4);
  for (const owner of owners) {
    // Characters of a tag value of IAM.
    expect(owner).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u);
    expect(owner.split("/")).not.toHaveLength(ownerOf("prod", "a", "b").split("/").length);
  }
});

test("the role that personas share has a name and an owner that no persona of any name has", () => {
  const shared = { path: "/connect-sso/", roleSharing: "Instance" as const };
  const input = { instance: INSTANCE, namespace: "team", name: "agents", provisioning: {} };
  expect(iamNames({ ...input, aws: shared }).role).toBe(`connect-sso-team_${INSTANCE.id.slice(0, 8)}`);
  expect(iamNames({ ...input, name: "managers", aws: shared }).role).toBe(iamNames({ ...input, aws: shared }).role);
  expect(iamNames({ ...input, aws: { ...shared, roleSharing: "Persona" } }).role).toBe("connect-sso-team-agents");
  const namespaces = ["a", "b", "x".repeat(30), `${"x".repeat(30)}y`];
  const names = namespaces.map((namespace) => sharedRoleName(namespace, INSTANCE));
  expect(new Set(names).size).toBe(namespaces.length);
  for (const [index, name] of names.entries()) {
    expect(name).toMatch(/^[\w+=,.@-]{1,40}$/);
    expect(sharedRoleOwner("prod", namespaces[index]!, INSTANCE)).toMatch(/^prod\/[a-z]+\/[^/]*:[^/]*$/);
  }
});

test("declared names stand as they are", () => {
  const names = iamNames({
    instance: INSTANCE,
    namespace: "cc",
    name: "emea-agents",
    aws: { path: "/x/", roleName: "AzureAD_Role", samlProviderName: "P", federationPolicyName: "F" },
    provisioning: { iamUserName: "U", policyName: "L" },
  });
  expect(names).toMatchObject({
    role: "AzureAD_Role",
    samlProvider: "P",
    federationPolicy: "F",
    user: "U",
    listingPolicy: "L",
  });
});

test.each([
  ["prod", true],
  ["eu.prod_1-a", true],
  ["", false],
  ["a/b", false],
  ["-a", false],
  ["a b", false],
  ["a".repeat(64), false],
  ["a\n", false],
])("cluster name %j: %s", (name, fine) => {
  expect(clusterNameProblem(name) === undefined).toBe(fine);
});
