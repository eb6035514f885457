/** A role that personas share, as a person at a terminal meets it: plan and why of a change of roleSharing, and import of a set-up made by hand. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  IAMClient,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { INSTANCE, INSTANCE_ARN, persona, user, world } from "../e2e/support.ts";
import {
  ADMINISTRATORS,
  AGENTS,
  graphByHand,
  personaByHand,
  sharedPoliciesByHand,
  until,
  whereOf,
} from "../support/by-hand.ts";
import { run } from "./support.ts";

const ACCOUNT = "arn:aws:iam::111122223333";
let sandbox: Sandbox;
let folder: string;
const cli = (...args: string[]) => run(args, { env: sandbox.env });
const iam = () => new IAMClient({ region: "us-east-1" });
async function trustOf(RoleName: string): Promise<{ id: string; providers: string[] }> {
  const { Role } = await iam().send(new GetRoleCommand({ RoleName }));
  const { Statement } = JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!)) as {
    Statement: { Principal: { Federated: string | string[] } }[];
  };
  const providers = Statement.flatMap(({ Principal }) => Principal.Federated).map((arn) => arn.split("/").at(-1)!);
  return { id: Role!.RoleId!, providers: providers.sort() };
}

async function begin(): Promise<void> {
  sandbox = await startSandbox({
    world: { ...world(), behaviour: { ...world().behaviour, timeScale: 3600, seed: 1 } },
  });
  Object.assign(process.env, sandbox.env);
  folder = mkdtempSync(join(tmpdir(), "connect-sso-sharing-"));
}
async function end(): Promise<void> {
  await sandbox?.close();
  rmSync(folder, { recursive: true, force: true });
}

describe("from Persona to Instance, over a folder", () => {
  const declare = (...objects: object[]) =>
    writeFileSync(join(folder, "all.yaml"), objects.map((one) => JSON.stringify(one)).join("\n---\n"));
  const sharing = (name: string) => persona(name, { aws: { roleSharing: "Instance" }, deletionPolicy: "Delete" });
  const OWN = "connect-sso-team-agents";
  const SHARED = "connect-sso-team_0a1b2c3d";

  afterAll(end);
  beforeAll(async () => {
    await begin();
    declare(persona("agents", { deletionPolicy: "Delete" }), user("jane", "agents"));
    expect((await cli("apply", "-f", folder)).code).toBe(0);
    declare(sharing("agents"), sharing("managers"), user("jane", "agents"));
  });

  test("plan shows the role beside the present one, and whose users keep it", async () => {
    const { code, stdout, stderr } = await cli("plan", "-f", folder);
    expect([code, stderr]).toEqual([2, ""]);
    expect(stdout).toContain(
      `+ IAM: IAM role ${SHARED} # users of the personas that share it assume it when they sign in`,
    );
    expect(stdout).toMatch(
      new RegExp(`app role ${SHARED} # new users sign in with it; those who are bound to ${OWN} keep that role`),
    );
    expect(stdout).not.toMatch(new RegExp(`(delete|- ).*${OWN}`));
    expect(stdout).not.toMatch(/role assignment of jane/);
  });

  test("apply keeps the user's role, and why says to which role the user is bound and how to change it", async () => {
    expect((await cli("apply", "-f", folder)).code).toBe(0);
    expect((await trustOf(SHARED)).providers).toEqual(["connect-sso-team-agents", "connect-sso-team-managers"]);
    expect((await trustOf(OWN)).providers).toEqual(["connect-sso-team-agents"]);
    const { code, stdout } = await cli("why", "jane", "-f", folder);
    expect(stdout).toMatch(
      new RegExp(
        `bound to role ${OWN} of its first login; connect-sso recreate jane -n team gives it the persona's present role`,
      ),
    );
    expect(code).toBe(0);
    const after = await cli("plan", "-f", folder, "-o", "json");
    expect(JSON.parse(after.stdout).summary).toMatchObject({ create: 0, update: 0, delete: 0, problems: 0 });
  });
});

describe("a set-up made by hand", () => {
  beforeAll(begin);
  afterAll(end);
  test("import of a role that two applications carry: both personas say roleSharing, and an apply changes nothing but owner tags", async () => {
    const where = whereOf(sandbox, INSTANCE);
    const graph = graphByHand(sandbox);
    await sharedPoliciesByHand(where);
    const admins = await personaByHand(sandbox, where, {
      ...ADMINISTRATORS,
      identifier: "https://signin.aws.amazon.com/saml#8",
    });
    const agents = await personaByHand(sandbox, where, {
      ...AGENTS,
      identifier: "https://signin.aws.amazon.com/saml#9",
      users: ["omar@example.com"],
    });
    // By hand: one role for both, written into the other application, because Entra's provisioning would not import it.
    const RoleName = ADMINISTRATORS.role;
    const principal = `/servicePrincipals/${agents.servicePrincipalId}`;
    for (const { servicePrincipalId } of [admins, agents]) {
      const jobs = `/servicePrincipals/${servicePrincipalId}/synchronization/jobs`;
      for (const { id } of (await graph("GET", jobs)).value) await graph("DELETE", `${jobs}/${id}`);
    }
    const appRoleId = "33333333-0000-4000-8000-000000000001";
    const { appRoles } = await graph("GET", `/applications/${agents.applicationId}`);
    const shared = {
      id: appRoleId,
      value: `${admins.roleArn},${agents.providerArn}`,
      displayName: RoleName,
      description: RoleName,
      isEnabled: true,
      allowedMemberTypes: ["User"],
    };
    await graph("PATCH", `/applications/${agents.applicationId}`, { appRoles: [...appRoles, shared] });
    for (const { id, principalId } of (await graph("GET", `${principal}/appRoleAssignedTo`)).value) {
      const body = { principalId, resourceId: agents.servicePrincipalId, appRoleId };
      await until("the new assignment", () => graph("POST", `${principal}/appRoleAssignedTo`, body));
      await graph("DELETE", `${principal}/appRoleAssignedTo/${id}`);
    }
    const Statement = [
      {
        Effect: "Allow",
        Action: "sts:AssumeRoleWithSAML",
        Principal: { Federated: [admins.providerArn, agents.providerArn] },
        Condition: { StringEquals: { "SAML:aud": ["https://signin.aws.amazon.com/saml"] } },
      },
    ];
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await iam().send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
    const listing = `${ACCOUNT}:policy/azure_cli_policy`;
    await iam().send(new DetachRolePolicyCommand({ RoleName, PolicyArn: listing }));
    for (const PolicyArn of [`${ACCOUNT}:policy/azure_federation_policy`, listing])
      await iam().send(new DetachRolePolicyCommand({ RoleName: AGENTS.role, PolicyArn }));
    await iam().send(new DeleteRoleCommand({ RoleName: AGENTS.role }));

    const out = join(folder, "imported");
    expect(await cli("import", "--instance", INSTANCE_ARN, "-n", "old", "--out", out)).toMatchObject({
      code: 0,
      stdout: "",
    });
    for (const name of ["admin", "agent"])
      expect(readFileSync(join(out, "old", `connectssopersona-${name}.yaml`), "utf8")).toMatch(
        /roleName: AzureAD_Role\n {4}roleSharing: Instance\n/,
      );
    const before = await trustOf(RoleName);
    const planned = JSON.parse((await cli("plan", "-f", out, "-o", "json")).stdout);
    expect(planned.summary).toMatchObject({ create: 0, update: 0, delete: 0, problems: 0 });
    expect((await cli("apply", "-f", out, "--timeout", "60s")).code).toBe(0);
    expect(await trustOf(RoleName)).toEqual(before);
    const { Role } = await iam().send(new GetRoleCommand({ RoleName }));
    expect(Role!.Tags).toContainEqual({ Key: "connectsso.dev/owner", Value: expect.stringMatching(/\/old\/.*:role$/) });
    const again = JSON.parse((await cli("plan", "-f", out, "-o", "json")).stdout);
    expect(again.summary).toMatchObject({ create: 0, update: 0, delete: 0, adopt: 0, problems: 0 });
  });
});
