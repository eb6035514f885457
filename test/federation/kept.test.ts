/** What a persona's deletion leaves: everything that something outside the persona depends on, with the names of who does. */
import {
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetPolicyCommand,
  GetRoleCommand,
  GetSAMLProviderCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { type Harness, PATIENCE_MS, persona, start, world } from "../e2e/support.ts";
import { graphByHand } from "../support/by-hand.ts";

let h: Harness;
let iam: IAMClient;
beforeEach(async () => {
  h = await start(world({ behaviour: { timeScale: 1200 } }));
  iam = new IAMClient({});
});
afterEach(() => h?.stop());

const NAME = "connect-sso-team-agents";
const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents");
const exists = (look: Promise<unknown>) =>
  look.then(
    () => true,
    () => false,
  );
const role = () => exists(iam.send(new GetRoleCommand({ RoleName: NAME })));
const provider = (SAMLProviderArn: string) => exists(iam.send(new GetSAMLProviderCommand({ SAMLProviderArn })));
const policy = (PolicyArn: string) => exists(iam.send(new GetPolicyCommand({ PolicyArn })));
const iamUser = () => exists(iam.send(new GetUserCommand({ UserName: NAME })));

async function deleted(): Promise<string[]> {
  h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
  await h.controller.until(() => agents() === undefined, PATIENCE_MS, "the persona is gone");
  return h.controller.store.events.flatMap(({ event }) =>
    event.reason === "Kept" ? [`${event.type} ${event.note}`] : [],
  );
}
const trust = (Principal: object, Action = "sts:AssumeRoleWithSAML") =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal, Action }] });

test("a provider that another role trusts, and a policy that a user has and that bounds a role", async () => {
  h.apply(persona("agents", { deletionPolicy: "Delete" }));
  await h.ready();
  const { samlProviderArn, federationPolicyArn } = agents()!.status!;
  await iam.send(
    new CreateRoleCommand({
      RoleName: "Payroll",
      AssumeRolePolicyDocument: trust({ Federated: samlProviderArn! }),
      PermissionsBoundary: federationPolicyArn!,
    }),
  );
  await iam.send(new CreateUserCommand({ UserName: "somebody" }));
  await iam.send(new AttachUserPolicyCommand({ UserName: "somebody", PolicyArn: federationPolicyArn! }));
  expect((await deleted()).sort()).toEqual([
    "Warning IAM policy connect-sso-federation-0a1b2c3d is kept: used by role Payroll, user somebody; delete it once nothing uses it",
    `Warning SAML provider ${NAME} is kept: used by role Payroll; delete it once nothing uses it`,
  ]);
  expect([await provider(samlProviderArn!), await policy(federationPolicyArn!), await role()]).toEqual([
    true,
    true,
    false,
  ]);
  // The same persona again finds them as its own.
  h.apply(persona("agents", { deletionPolicy: "Delete" }));
  await h.ready("the persona is back");
});

test("a role that somebody else may assume, with what it needs", async () => {
  h.apply(persona("agents", { deletionPolicy: "Delete", driftPolicy: "Report" }));
  await h.ready();
  const { samlProviderArn, federationPolicyArn } = agents()!.status!;
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: NAME }));
  const document = JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!));
  document.Statement.push({
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::111122223333:root" },
    Action: "sts:AssumeRole",
  });
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: NAME, PolicyDocument: JSON.stringify(document) }));
  await h.reason("ConnectSsoPersona", "agents", "Ready", "DriftFound");
  const notes = await deleted();
  expect(notes).toContain(
    `Warning IAM role ${NAME} is kept: used by AWS arn:aws:iam::111122223333:root; delete it once nothing uses it`,
  );
  expect([await role(), await provider(samlProviderArn!), await policy(federationPolicyArn!)]).toEqual([
    true,
    true,
    true,
  ]);
});

test("a role that people of another application are assigned", async () => {
  h.apply(persona("agents", { deletionPolicy: "Delete" }));
  await h.ready();
  const { roleArn, samlProviderArn } = agents()!.status!;
  const graph = graphByHand(h.sandbox);
  const { application, servicePrincipal } = await graph(
    "POST",
    "/applicationTemplates/8b1025e4-1dd2-430b-a150-2ef79cd700f5/instantiate",
    { displayName: "By hand" },
  );
  const id = "11111111-2222-4333-8444-555555555555";
  const value = `${samlProviderArn},${roleArn}`;
  const made = { id, value, displayName: "x", description: "x", isEnabled: true, allowedMemberTypes: ["User"] };
  const again = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (let left = 200; ; left--) {
      try {
        return await ask();
      } catch (error) {
        if (left === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  await again(() => graph("PATCH", `/servicePrincipals/${servicePrincipal.id}`, { preferredSingleSignOnMode: "saml" }));
  const { appRoles } = await again(() => graph("GET", `/applications/${application.id}`));
  await again(() =>
    graph("PATCH", `/applications/${application.id}`, {
      identifierUris: ["https://signin.aws.amazon.com/saml#77"],
      appRoles: [...appRoles, made],
    }),
  );
  const jane = await graph("GET", "/users/jane@example.com");
  await again(() =>
    graph("POST", `/servicePrincipals/${servicePrincipal.id}/appRoleAssignedTo`, {
      principalId: jane.id,
      resourceId: servicePrincipal.id,
      appRoleId: id,
    }),
  );
  expect(await deleted()).toContain(
    `Warning IAM role ${NAME} is kept: used by application By hand; delete it once nothing uses it`,
  );
  expect([await role(), await provider(samlProviderArn!)]).toEqual([true, true]);
});

test("a provisioning user with another right keeps nothing of the persona's", async () => {
  h.apply(
    persona("agents", { deletionPolicy: "Delete", roleDelivery: { mode: "Provisioning" }, driftPolicy: "Report" }),
  );
  await h.ready();
  const backup = await iam.send(
    new CreatePolicyCommand({
      PolicyName: "Backup",
      PolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
      }),
    }),
  );
  await iam.send(new AttachUserPolicyCommand({ UserName: NAME, PolicyArn: backup.Policy!.Arn! }));
  await h.reason("ConnectSsoPersona", "agents", "Ready", "DriftFound");
  expect(await deleted()).toEqual([
    `Warning IAM user ${NAME} is kept: used by ${backup.Policy!.Arn}; delete it once nothing uses it`,
  ]);
  expect(await iamUser()).toBe(true);
  expect((await iam.send(new ListAccessKeysCommand({ UserName: NAME }))).AccessKeyMetadata).toEqual([]);
  expect((await iam.send(new ListAttachedUserPoliciesCommand({ UserName: NAME }))).AttachedPolicies).toEqual([
    { PolicyName: "Backup", PolicyArn: backup.Policy!.Arn },
  ]);
});
