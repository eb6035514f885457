import { describe, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { boundaryPolicy, controllerPolicies } from "../../src/domain/permissions/aws.ts";
import { POLICY_CHARACTERS, policySize, type Statement, splitPolicy } from "../../src/domain/permissions/documents.ts";
import { entraNeeds, graphPermissions } from "../../src/domain/permissions/entra.ts";
import { scopeOfPath, scopesOf } from "../../src/domain/permissions/scope.ts";
import { controllerTrust } from "../../src/domain/permissions/trust.ts";
import { parseManifests } from "../../src/manifests/read.ts";
import { INSTANCE_ARN, persona } from "../e2e/support.ts";

function personas(...objects: object[]): ConnectSsoPersona[] {
  const all = { objects: [], problems: [], sources: new Map() } as Parameters<typeof parseManifests>[3];
  parseManifests(objects.map((one) => JSON.stringify(one)).join("\n---\n"), "test", "team", all);
  expect(all.problems).toEqual([]);
  return all.objects as ConnectSsoPersona[];
}
const iam = "arn:aws:iam::111122223333";
const other = INSTANCE_ARN.replace("111122223333", "444455556666");
const resources = (statements: Statement[], action: string) =>
  statements.filter(({ Action }) => Action.includes(action)).flatMap(({ Resource }) => Resource);

describe("what personas touch", () => {
  test("names that the controller makes up: the path, and the prefix for SAML providers", () => {
    const [scope] = scopesOf(personas(persona("agents")));
    expect(scope).toMatchObject({
      roles: [`${iam}:role/connect-sso/*`],
      samlProviders: [`${iam}:saml-provider/connect-sso-*`],
      lookups: { roles: [`${iam}:role/connect-sso-*`] },
      provisioning: false,
      boundaryArn: `${iam}:policy/ConnectSsoBoundary`,
    });
  });

  test("the root path is everybody's: each object is named", () => {
    const aws = {
      path: "/",
      roleName: "AzureAD_Role",
      samlProviderName: "AzureAD",
      federationPolicyName: "azure_federation_policy",
    };
    const [scope] = scopesOf(
      personas(
        persona("agents", {
          aws,
          roleDelivery: {
            mode: "Provisioning",
            provisioning: { iamUserName: "azure_cli_user", policyName: "azure_cli_policy" },
          },
        }),
      ),
    );
    expect(scope).toMatchObject({
      roles: [`${iam}:role/AzureAD_Role`],
      users: [`${iam}:user/azure_cli_user`],
      policies: [`${iam}:policy/azure_cli_policy`, `${iam}:policy/azure_federation_policy`],
      samlProviders: [`${iam}:saml-provider/AzureAD`],
      provisioning: true,
    });
  });

  test("exact: nothing but the objects of today", () => {
    const [scope] = scopesOf(personas(persona("agents")), { exact: true });
    expect(scope!.roles).toEqual([`${iam}:role/connect-sso/connect-sso-team-agents`]);
    expect(JSON.stringify(controllerPolicies(scope!)).match(/(role|policy|saml-provider)\/[\w/-]*\*/g)).toBeNull();
  });

  test("one policy per account", () => {
    const scopes = scopesOf(personas(persona("agents"), persona("others", { instanceArn: other })));
    expect(scopes.map(({ account }) => account)).toEqual(["111122223333", "444455556666"]);
  });

  test.each([
    [
      "inside the path",
      { boundaryOf: () => `${iam}:policy/connect-sso/boundary` },
      /lies where the controller may write/,
    ],
    [
      "of another account",
      { boundaryOf: () => "arn:aws:iam::444455556666:policy/Boundary" },
      /must be a policy of account/,
    ],
  ])("a boundary %s is refused", (_, options, message) => {
    expect(() => scopesOf(personas(persona("agents")), options)).toThrow(message);
  });

  test("two boundaries in one account are refused", () => {
    const two = ["one", "two"].map((name) =>
      persona(name, { aws: { permissionsBoundaryArn: `${iam}:policy/${name}` } }),
    );
    expect(() => scopesOf(personas(...two))).toThrow(/two permissions boundaries/);
  });

  test.each(["/", "connect-sso", "/connect-sso", "/*/"])("path %s is refused", (path) => {
    const instance = { partition: "aws", region: "us-east-1", account: "111122223333", id: "x" };
    expect(() => scopeOfPath([instance], { path })).toThrow(RangeError);
  });
});

describe("documents", () => {
  const instance = (id: string) => ({ partition: "aws-us-gov", region: "us-gov-west-1", account: "111122223333", id });
  const statements = (documents: { Statement: Statement[] }[]) => documents.flatMap(({ Statement }) => Statement);

  test("another partition all through", () => {
    const scope = scopeOfPath([instance("a")], { provisioning: true });
    const text = JSON.stringify([controllerPolicies(scope), boundaryPolicy(scope)]);
    expect(text.match(/arn:(?!aws-us-gov)/g)).toBeNull();
  });

  test("no action is a wildcard, and only what has no resource type is asked for everything", () => {
    const all = statements(controllerPolicies(scopeOfPath([instance("a")], { provisioning: true })));
    expect(all.flatMap(({ Action }) => Action).filter((action) => action.includes("*"))).toEqual([]);
    const everything = all.filter(({ Effect, Resource }) => Effect === "Allow" && Resource.includes("*"));
    expect(everything.flatMap(({ Action }) => Action)).toEqual([
      "iam:ListRoles",
      "iam:ListSAMLProviders",
      "iam:GetAccountSummary",
      "ds:DescribeDirectories",
    ]);
  });

  test("mode Direct has no right over users and keys but to see whether one was left over", () => {
    const all = statements(controllerPolicies(scopeOfPath([instance("a")], {})));
    const actions = all.filter(({ Effect }) => Effect === "Allow").flatMap(({ Action }) => Action);
    expect(actions.filter((action) => /^iam:.*(User|AccessKey)/.test(action))).toEqual(["iam:GetUser"]);
  });

  test("security profiles: the list, or all of the instance", () => {
    const listed = controllerPolicies(scopeOfPath([{ ...instance("a"), securityProfileIds: ["p"] }], {}));
    expect(resources(statements(listed), "connect:UpdateUserSecurityProfiles")).toContain(
      "arn:aws-us-gov:connect:us-gov-west-1:111122223333:instance/a/security-profile/p",
    );
    expect(JSON.stringify(listed)).not.toContain("security-profile/*");
    expect(JSON.stringify(controllerPolicies(scopeOfPath([instance("a")], {})))).toContain("security-profile/*");
  });

  test("many instances: several documents, each within IAM's limit, nothing lost", () => {
    const ids = Array.from({ length: 40 }, (_, index) => `0a1b2c3d-1111-4222-8333-${String(index).padStart(12, "0")}`);
    const documents = controllerPolicies(scopeOfPath(ids.map(instance), { provisioning: true }));
    expect(documents.length).toBeGreaterThan(1);
    for (const document of documents) expect(policySize(document)).toBeLessThanOrEqual(POLICY_CHARACTERS);
    expect(resources(statements(documents), "connect:SearchUsers")).toHaveLength(40);
    const sids = documents.map(({ Statement }) => Statement.map(({ Sid }) => Sid));
    for (const one of sids) expect(new Set(one).size).toBe(one.length);
  });

  test("more than a role can carry is refused", () => {
    const Resource = Array.from({ length: 3000 }, (_, index) => `arn:aws:iam::111122223333:role/${index}`);
    expect(() => splitPolicy([{ Sid: "A", Effect: "Allow", Action: ["iam:GetRole"], Resource }])).toThrow(RangeError);
  });

  test("trust: one service account and no other", () => {
    const trust = controllerTrust({
      kind: "irsa",
      partition: "aws",
      account: "1",
      issuer: "oidc.example",
      namespace: "n",
      serviceAccount: "s",
    });
    expect(JSON.stringify(trust)).toContain('"oidc.example:sub":"system:serviceaccount:n:s"');
  });
});

test("Graph: groups and mail bring their permissions, and only they", () => {
  const names = (...objects: object[]) => graphPermissions(entraNeeds(personas(...objects))).map(({ name }) => name);
  const least = [
    "Application.ReadWrite.OwnedBy",
    "Application.Read.All",
    "AppRoleAssignment.ReadWrite.All",
    "User.Read.All",
  ];
  expect(names(persona("agents"))).toEqual([...least, "Policy.Read.All"]);
  expect(
    names(
      persona("agents", {
        application: {
          displayName: "A",
          groups: [{ displayName: "Agents" }],
          roleSessionName: { from: "mail", transform: "None" },
        },
      }),
    ),
  ).toEqual([...least, "GroupMember.Read.All", "Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration"]);
});
