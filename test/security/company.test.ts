/**
 * What a company made itself is neither taken over, nor weakened, nor deleted, with `adoptionPolicy: IfUnowned` and without the recommended
 * IAM policy: X4, X5, X16.
 */
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand as CreateIamUserCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  GetPolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetSAMLProviderCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import type { Sandbox } from "../../src/sandbox/server.ts";
import { type Harness, persona, start, status, world } from "../e2e/support.ts";
import { metadataDocument } from "../sandbox/iam-support.ts";
import { field, find } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const POLL_MS = 5_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const iam = () => new IAMClient({});
const ACCOUNT = "arn:aws:iam::111122223333";
const policy = (Action: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
const trust = (provider: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `${ACCOUNT}:saml-provider/${provider}` },
        Action: "sts:AssumeRoleWithSAML",
        Condition: { StringEquals: { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
      },
    ],
  });

/** Roles, a provider, policies and a user of the company, none with a tag of ours. */
async function company({ env }: Sandbox): Promise<Record<string, string>> {
  Object.assign(process.env, env);
  const aws = iam();
  for (const [PolicyName, action] of [
    ["CompanyBoundary", "s3:*"],
    ["CompanyDeveloperAccess", "s3:GetObject"],
  ] as const)
    await aws.send(new CreatePolicyCommand({ PolicyName, PolicyDocument: policy(action) }));
  const SAMLMetadataDocument = metadataDocument("https://sso.example.com/idp");
  await aws.send(new CreateSAMLProviderCommand({ Name: "CompanySSO", SAMLMetadataDocument }));
  for (const [RoleName, boundary] of [
    ["CompanyAdmin", true],
    ["Finance", false],
  ] as const) {
    await aws.send(
      new CreateRoleCommand({
        RoleName,
        AssumeRolePolicyDocument: trust("CompanySSO"),
        ...(boundary ? { PermissionsBoundary: `${ACCOUNT}:policy/CompanyBoundary` } : {}),
      }),
    );
    await aws.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: `${ACCOUNT}:policy/CompanyDeveloperAccess` }));
  }
  await aws.send(
    new PutRolePolicyCommand({ RoleName: "CompanyAdmin", PolicyName: "all", PolicyDocument: policy("*") }),
  );
  await aws.send(new CreateIamUserCommand({ UserName: "ci-deployer" }));
  await aws.send(
    new AttachUserPolicyCommand({ UserName: "ci-deployer", PolicyArn: `${ACCOUNT}:policy/CompanyDeveloperAccess` }),
  );
  await aws.send(new CreateAccessKeyCommand({ UserName: "ci-deployer" }));
  return {};
}

/** All of it, as the company sees it. */
async function seen(): Promise<unknown> {
  const aws = iam();
  const provider = await aws.send(
    new GetSAMLProviderCommand({ SAMLProviderArn: `${ACCOUNT}:saml-provider/CompanySSO` }),
  );
  const roles = await Promise.all(
    ["CompanyAdmin", "Finance"].map(async (RoleName) => (await aws.send(new GetRoleCommand({ RoleName }))).Role),
  );
  const PolicyArn = `${ACCOUNT}:policy/CompanyDeveloperAccess`;
  const { Policy } = await aws.send(new GetPolicyCommand({ PolicyArn }));
  const { AccessKeyMetadata: keys } = await aws.send(new ListAccessKeysCommand({ UserName: "ci-deployer" }));
  const { AttachedPolicies } = await aws.send(new ListAttachedUserPoliciesCommand({ UserName: "ci-deployer" }));
  return JSON.parse(
    JSON.stringify([
      provider.SAMLMetadataDocument,
      provider.Tags ?? [],
      roles.map((role) => [role!.AssumeRolePolicyDocument, role!.PermissionsBoundary, role!.Tags ?? []]),
      [Policy!.DefaultVersionId, Policy!.AttachmentCount],
      keys!.map((key) => [key.AccessKeyId, key.Status]),
      AttachedPolicies,
    ]),
  );
}

test.each<[string, object]>([
  [
    "everything at once",
    {
      aws: {
        path: "/",
        roleName: "CompanyAdmin",
        samlProviderName: "CompanySSO",
        federationPolicyName: "CompanyDeveloperAccess",
      },
      roleDelivery: { mode: "Provisioning", provisioning: { iamUserName: "ci-deployer" } },
    },
  ],
  ["a provider that other roles trust", { aws: { path: "/", samlProviderName: "CompanySSO" } }],
  ["a role with a boundary and an inline policy", { aws: { path: "/", roleName: "CompanyAdmin" } }],
  ["a policy that is attached elsewhere", { aws: { path: "/", federationPolicyName: "CompanyDeveloperAccess" } }],
  [
    "a user with other policies and keys",
    { aws: { path: "/" }, roleDelivery: { mode: "Provisioning", provisioning: { iamUserName: "ci-deployer" } } },
  ],
])("X4: IfUnowned does not take what others stand on: %s", async (_, spec) => {
  h = await start(world(), { pollIntervalMs: POLL_MS, prepare: company });
  const before = await seen();
  const application = { displayName: "evil", groups: [{ displayName: "Agents" }] };
  h.apply(persona("evil", { application, adoptionPolicy: "IfUnowned", ...spec }));
  await h.controller.until(
    () => status(find(h, "ConnectSsoPersona", "evil"), "Stalled")?.status === "True",
    180_000,
    "it is refused",
  );
  await pause(4 * POLL_MS);
  expect(await seen()).toEqual(before);
  // Nor at the end.
  h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "evil" });
  await pause(6 * POLL_MS);
  expect(await seen()).toEqual(before);
});

test("X5: an inline policy that somebody puts on our role is drift of permissions", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  h.apply(persona("agents"));
  await h.ready();
  const RoleName = field(h, "ConnectSsoPersona", "agents", "roleArn").split("/").at(-1)!;
  await iam().send(new PutRolePolicyCommand({ RoleName, PolicyName: "backdoor", PolicyDocument: policy("*") }));
  await h.controller.until(
    () => status(find(h, "ConnectSsoPersona", "agents"), "Drifted")?.status === "True",
    180_000,
    "the drift shows",
  );
  const { drift } = find(h, "ConnectSsoPersona", "agents")!.status as { drift: { path: string; concern: string }[] };
  expect(drift).toContainEqual(expect.objectContaining({ component: "role", concern: "permissions" }));
  await pause(4 * POLL_MS);
  const { PolicyName } = await iam()
    .send(new GetRolePolicyCommand({ RoleName, PolicyName: "backdoor" }))
    .catch(() => ({ PolicyName: undefined }));
  expect(PolicyName).toBeUndefined();
});

test("X16: a boundary that somebody puts on our role is reported and left", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS, prepare: company });
  h.apply(persona("agents"));
  await h.ready();
  const RoleName = field(h, "ConnectSsoPersona", "agents", "roleArn").split("/").at(-1)!;
  const PermissionsBoundary = `${ACCOUNT}:policy/CompanyBoundary`;
  await iam().send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
  await pause(6 * POLL_MS);
  const { Role } = await iam().send(new GetRoleCommand({ RoleName }));
  expect(Role!.PermissionsBoundary?.PermissionsBoundaryArn).toBe(PermissionsBoundary);
  const said = JSON.stringify(find(h, "ConnectSsoPersona", "agents")!.status!.conditions);
  expect(said).toContain("CompanyBoundary");
});
