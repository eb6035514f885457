/** The blog's set-up, made by hand in the sandbox, is taken over: an empty plan, then a converged apply, and everybody keeps what they had. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectClient, ListUsersCommand } from "@aws-sdk/client-connect";
import { GetRoleCommand, IAMClient, ListAccessKeysCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { INSTANCE, INSTANCE_ARN, world } from "../e2e/support.ts";
import {
  ADMINISTRATORS,
  AGENTS,
  graphByHand,
  type Made,
  personaByHand,
  sharedPoliciesByHand,
  whereOf,
} from "../support/by-hand.ts";
import { run } from "./support.ts";

let sandbox: Sandbox;
let folder: string;
let admins: Made;
let agents: Made;
const cli = (...args: string[]) => run(args, { env: sandbox.env });

beforeAll(async () => {
  const base = world();
  sandbox = await startSandbox({
    world: {
      ...base,
      groups: [{ displayName: "Agents", members: ["omar@example.com"] }],
      behaviour: { ...base.behaviour, timeScale: 3600, seed: 1 },
    },
  });
  Object.assign(process.env, sandbox.env);
  folder = mkdtempSync(join(tmpdir(), "connect-sso-"));
  const where = whereOf(sandbox, INSTANCE);
  await sharedPoliciesByHand(where);
  admins = await personaByHand(sandbox, where, ADMINISTRATORS);
  // One is assigned by name, the other by the group.
  agents = await personaByHand(sandbox, where, {
    ...AGENTS,
    assigned: ["jane@example.com"],
    groups: ["Agents"],
  });
});
afterAll(async () => {
  await sandbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the manifests as a person reads them", async () => {
  const { code, stdout, stderr } = await cli("import", "--instance", INSTANCE_ARN, "-n", "team");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(
    stdout.replace(/[0-9a-f]{8}-[0-9a-f-]{27}(?= is "Agents")|(?<=id: )[0-9a-f-]{36}/g, "GROUP"),
  ).toMatchInlineSnapshot(`
    "---
    # That Entra holds the key of azure_cli_user is a guess by its name: Entra does not show which key it has.
    apiVersion: connectsso.dev/v1alpha1
    kind: ConnectSsoPersona
    metadata:
      name: admin
      namespace: team
    spec:
      instanceArn: arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666
      landingPage: AdminConsole
      application:
        displayName: Amazon Connect Admin
        tenantId: 7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071
        identifier: https://signin.aws.amazon.com/saml
      aws:
        path: /
        federationPolicyName: azure_federation_policy
        samlProviderName: AzureAD_Connect_Admin
        roleName: AzureAD_Role
        maxSessionDuration: 1h
      roleDelivery:
        mode: Provisioning
        provisioning:
          iamUserName: azure_cli_user
          policyName: azure_cli_policy
      connectUsers:
        securityProfiles: [Admin]
        routingProfile: Basic Routing Profile
        allowAdoption: true
      adoptionPolicy: IfUnowned
    ---
    # That Entra holds the key of azure_cli_agent_user is a guess by its name: Entra does not show which key it has.
    # Group GROUP is "Agents".
    apiVersion: connectsso.dev/v1alpha1
    kind: ConnectSsoPersona
    metadata:
      name: agent
      namespace: team
    spec:
      instanceArn: arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666
      landingPage: ContactControlPanel
      application:
        displayName: Amazon Connect Agent
        tenantId: 7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071
        identifier: https://signin.aws.amazon.com/saml#2
        groups:
          - {id: GROUP}
      aws:
        path: /
        federationPolicyName: azure_federation_policy
        samlProviderName: AzureAD_Connect_Agent
        roleName: AzureAD_Agent_Role
        maxSessionDuration: 1h
      roleDelivery:
        mode: Provisioning
        provisioning:
          iamUserName: azure_cli_agent_user
          policyName: azure_cli_policy
      connectUsers:
        securityProfiles: [Agent]
        routingProfile: Basic Routing Profile
        allowAdoption: true
      adoptionPolicy: IfUnowned
    ---
    apiVersion: connectsso.dev/v1alpha1
    kind: ConnectUser
    metadata:
      name: alice
      namespace: team
    spec:
      personaRef: {name: admin}
      entraUser: {userPrincipalName: alice@example.com}
      adoptionPolicy: IfUnowned
    ---
    apiVersion: connectsso.dev/v1alpha1
    kind: ConnectUser
    metadata:
      name: jane
      namespace: team
    spec:
      personaRef: {name: agent}
      entraUser: {userPrincipalName: jane@example.com}
      adoptionPolicy: IfUnowned
    ---
    apiVersion: connectsso.dev/v1alpha1
    kind: ConnectUser
    metadata:
      name: omar
      namespace: team
    spec:
      personaRef: {name: agent}
      entraUser: {userPrincipalName: omar@example.com}
      adoptionPolicy: IfUnowned
    "
  `);
});

test("import, plan, apply, plan", async () => {
  const imported = await cli("import", "--instance", INSTANCE_ARN, "-n", "team", "--out", folder);
  expect(imported).toMatchObject({ code: 0, stdout: "" });
  expect(readdirSync(join(folder, "team")).sort()).toEqual([
    "connectssopersona-admin.yaml",
    "connectssopersona-agent.yaml",
    "connectuser-alice.yaml",
    "connectuser-jane.yaml",
    "connectuser-omar.yaml",
  ]);

  const before = await cli("plan", "-f", folder);
  expect(before.stderr).toBe("");
  expect(before.stdout).toMatch(/Nothing to do: the clouds are as declared. \d+ objects only get our owner tag\.\n$/);
  expect(before.code).toBe(0);
  const { resources, summary } = JSON.parse((await cli("plan", "-f", folder, "-o", "json")).stdout);
  expect(summary).toEqual({
    create: 0,
    update: 0,
    delete: 0,
    adopt: 13,
    problems: 0,
  });
  for (const { changes } of resources)
    for (const { verb, differences } of changes) {
      expect(verb).toBe("adopt");
      for (const { path } of differences) expect(path).toMatch(/^tags/);
    }

  const applied = await cli("apply", "-f", folder, "--timeout", "60s");
  expect(applied.code).toBe(0);
  const after = await cli("plan", "-f", folder, "-o", "json");
  expect(JSON.parse(after.stdout).summary).toEqual({
    create: 0,
    update: 0,
    delete: 0,
    adopt: 0,
    problems: 0,
  });

  const iam = new IAMClient({ region: "us-east-1" });
  for (const [{ role, iamUser }, made] of [
    [ADMINISTRATORS, admins],
    [AGENTS, agents],
  ] as const) {
    expect((await iam.send(new GetRoleCommand({ RoleName: role }))).Role).toMatchObject({
      RoleId: made.roleId,
      Description: "Made with the console for Connect",
    });
    const keys = await iam.send(new ListAccessKeysCommand({ UserName: iamUser }));
    expect(keys.AccessKeyMetadata!.map(({ AccessKeyId }) => AccessKeyId)).toEqual([made.accessKeyId]);
    const graph = graphByHand(sandbox);
    const { value } = await graph("GET", `/servicePrincipals/${made.servicePrincipalId}/appRoleAssignedTo`);
    expect(value.every(({ appRoleId }: { appRoleId: string }) => appRoleId === made.appRoleId)).toBe(true);
    expect(
      value.map(({ principalDisplayName }: { principalDisplayName: string }) => principalDisplayName).sort(),
    ).toEqual(made === admins ? ["alice Doe"] : ["Agents", "jane Doe"]);
  }
  const { UserSummaryList } = await new ConnectClient({
    region: "us-east-1",
  }).send(new ListUsersCommand({ InstanceId: INSTANCE }));
  expect(Object.fromEntries(UserSummaryList!.map(({ Username, Id }) => [Username, Id]))).toEqual({
    ...admins.connectUserIds,
    ...agents.connectUserIds,
  });

  const again = await cli("import", "--instance", INSTANCE_ARN, "-n", "team");
  expect(again.code).toBe(2);
  expect(again.stderr).toContain(
    'note: application "Amazon Connect Admin" is left out: it belongs to folder/team/admin already',
  );
  expect(again.stderr).toContain(
    `note: ${UserSummaryList!.length} Connect users are managed already (cluster name folder) and left out\n`,
  );
  expect(again.stderr).not.toContain("assigned to none of these applications");
});

test("an instance of another region, set up with the global endpoint alone as the blog does", async () => {
  const base = world();
  const region = "eu-central-1";
  const other = await startSandbox({
    world: {
      ...base,
      instances: [{ ...base.instances![0]!, region }],
      behaviour: { ...base.behaviour, timeScale: 3600, seed: 1 },
    },
  });
  const before = { ...process.env };
  const target = mkdtempSync(join(tmpdir(), "connect-sso-"));
  try {
    Object.assign(process.env, other.env);
    const where = {
      account: "111122223333",
      instanceId: INSTANCE,
      region,
      tenantId: other.env.AZURE_TENANT_ID!,
    };
    await sharedPoliciesByHand(where);
    await personaByHand(other, where, ADMINISTRATORS);
    const arn = INSTANCE_ARN.replace("us-east-1", region);
    const imported = await run(["import", "--instance", arn, "--out", target], {
      env: other.env,
    });
    expect(imported.code).toBe(0);
    const plan = await run(["plan", "-f", target, "-o", "json"], {
      env: other.env,
    });
    expect(JSON.parse(plan.stdout).summary).toMatchObject({
      create: 0,
      update: 0,
      delete: 0,
      problems: 0,
    });
    expect(plan.code).toBe(0);
  } finally {
    for (const name of Object.keys(other.env)) process.env[name] = before[name];
    await other.close();
    rmSync(target, { recursive: true });
  }
});

test("an instance that nothing signs in to", async () => {
  const other = await startSandbox({ world: world() });
  try {
    const { code, stderr } = await run(["import", "--instance", INSTANCE_ARN], {
      env: other.env,
    });
    expect(code).toBe(2);
    expect(stderr).toBe(`connect-sso: found no application that signs in to ${INSTANCE_ARN} and is not managed yet\n`);
  } finally {
    await other.close();
  }
});
