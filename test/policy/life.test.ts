/** The generated IAM policy is enough for the whole life of the controller, and holds nothing that this life does not need. */
import {
  CreateQuickConnectCommand,
  DescribeQuickConnectCommand,
  DescribeUserCommand,
  UpdateUserSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteUserPermissionsBoundaryCommand,
  GetRoleCommand,
  GetUserCommand,
  ListRolesCommand,
  UntagRoleCommand,
  UntagUserCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import { ANNOTATIONS, type ConnectSsoPersona, type ConnectUser } from "../../src/api/resources.ts";
import { controllerPolicies, SELDOM_USED } from "../../src/domain/permissions/aws.ts";
import { INSTANCE, PATIENCE_MS, persona, status, user, world } from "../e2e/support.ts";
import {
  ACCOUNT,
  adminConnect,
  adminIam,
  BOUNDARY,
  type Enforced,
  profileIds,
  scopeOfTest,
  startEnforced,
} from "./support.ts";

let e: Enforced;
afterEach(() => e?.harness.stop());

const ROLE = "connect-sso-team-agents";
const policyArn = (name: string) => `arn:aws:iam::${ACCOUNT}:policy/connect-sso/${name}`;
const FEDERATION = policyArn(`connect-sso-federation-${INSTANCE.slice(0, 8)}`);
const LISTING = policyArn(`connect-sso-list-roles-${INSTANCE.slice(0, 8)}`);
const OPEN_TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
});
const NOTHING = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Deny", Action: "s3:*", Resource: "*" }],
});
const FLOW = "00000000-0000-4000-8000-000000000001";
const bounded = { permissionsBoundaryArn: BOUNDARY };
/** A second is twenty minutes in the clouds. */
const lively = (more: object = {}) => {
  const base = world({ behaviour: { timeScale: 1200 } });
  return {
    ...base,
    instances: [
      {
        ...base.instances![0]!,
        routingProfiles: ["Basic Routing Profile", "Second"],
        predefinedAttributes: ["Language"],
        ...more,
      },
    ],
  };
};
const full = {
  phone: { type: "DeskPhone", deskPhoneNumber: "+35315550100" },
  contactHandling: { voice: { afterContactWorkSeconds: 30 } },
  proficiencies: [{ attribute: "Language", value: "English", level: 3 }],
  secondaryEmail: "jane@example.org",
  mobile: "+353861234567",
  tags: { team: "one" },
};

const agents = () => e.harness.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
const jane = () => e.harness.controller.store.get<ConnectUser>("ConnectUser", "team", "jane")!;
const until = (holds: () => boolean, what: string) => e.harness.controller.until(holds, PATIENCE_MS, what);
const ask = (kind: string, name: string, annotation: string) =>
  e.harness.controller.store.annotate({ kind, namespace: "team", name }, { [annotation]: "1" });
/** Waits until IAM or Connect shows what is asked, looked at as the administrator. */
async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 200)))
    if (Date.now() > end) throw new Error(`not in time: ${what}; denied: ${e.denied.join("; ")}`);
}
const role = async () => (await adminIam().send(new GetRoleCommand({ RoleName: ROLE }))).Role!;
const iamUser = async () => (await adminIam().send(new GetUserCommand({ UserName: ROLE }))).User!;
const boundaryOf = (one: { PermissionsBoundary?: { PermissionsBoundaryArn?: string } }) =>
  one.PermissionsBoundary?.PermissionsBoundaryArn;
const provisioned = { aws: bounded, roleDelivery: { mode: "Provisioning" }, deletionPolicy: "Delete" };

/** Everything that is used in one of the two tests below. */
const used = new Set<string>();

test("Provisioning: made, changed, broken and repaired, rotated, moved to Direct, deleted; no call is refused", async () => {
  e = await startEnforced(lively(), true);
  const { harness } = e;
  harness.apply(persona("agents", provisioned), user("jane", "agents", { ...full, deletionPolicy: "Delete" }));
  await harness.ready();
  expect(boundaryOf(await role())).toBe(BOUNDARY);
  expect(boundaryOf(await iamUser())).toBe(BOUNDARY);

  harness.apply(
    user("jane", "agents", {
      routingProfile: "Second",
      phone: { type: "SoftPhone" },
      contactHandling: { voice: { autoAccept: true } },
      proficiencies: [
        { attribute: "Language", value: "English", level: 5 },
        { attribute: "Language", value: "French", level: 2 },
      ],
      hierarchyGroup: ["Dublin"],
      tags: { team: "two" },
      deletionPolicy: "Delete",
    }),
  );
  await until(
    () =>
      jane().status?.observedGeneration === jane().metadata.generation && status(jane(), "Ready")?.status === "True",
    "jane changed",
  );
  harness.apply(
    user("jane", "agents", {
      hierarchyGroup: ["Dublin"],
      proficiencies: [{ attribute: "Language", value: "French", level: 2 }],
      deletionPolicy: "Delete",
      quickConnects: "Delete",
    }),
  );

  const iam = adminIam();
  for (let index = 0; index < 4; index++)
    await iam.send(
      new CreatePolicyVersionCommand({ PolicyArn: FEDERATION, PolicyDocument: NOTHING, SetAsDefault: true }),
    );
  await iam.send(new CreatePolicyVersionCommand({ PolicyArn: LISTING, PolicyDocument: NOTHING, SetAsDefault: true }));
  const stray = await iam.send(new CreatePolicyCommand({ PolicyName: "Stray", PolicyDocument: NOTHING }));
  await iam.send(new AttachRolePolicyCommand({ RoleName: ROLE, PolicyArn: stray.Policy!.Arn }));
  await iam.send(new AttachUserPolicyCommand({ UserName: ROLE, PolicyArn: stray.Policy!.Arn }));
  await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: ROLE }));
  await iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName: ROLE }));
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: ROLE, PolicyDocument: OPEN_TRUST }));
  await iam.send(new UpdateRoleCommand({ RoleName: ROLE, MaxSessionDuration: 3600, Description: "changed" }));
  await iam.send(new UntagRoleCommand({ RoleName: ROLE, TagKeys: ["connectsso.dev/cluster"] }));
  await iam.send(new UntagUserCommand({ UserName: ROLE, TagKeys: ["connectsso.dev/cluster"] }));
  const { Admin, Agent } = await profileIds();
  const of = { InstanceId: INSTANCE, UserId: jane().status!.connectUserId! };
  await adminConnect().send(new UpdateUserSecurityProfilesCommand({ ...of, SecurityProfileIds: [Admin!] }));
  await eventually("all of it is set back", async () => {
    const [found, theUser] = [await role(), await iamUser()];
    const { User } = await adminConnect().send(new DescribeUserCommand(of));
    return (
      boundaryOf(found) === BOUNDARY &&
      boundaryOf(theUser) === BOUNDARY &&
      found.MaxSessionDuration === 43_200 &&
      decodeURIComponent(found.AssumeRolePolicyDocument!).includes("AssumeRoleWithSAML") &&
      User!.SecurityProfileIds!.join() === Agent
    );
  });
  await until(() => status(agents(), "Drifted")?.status === "False", "no drift is left");

  ask("ConnectSsoPersona", "agents", ANNOTATIONS.rotateKey);
  await until(
    () => agents().status?.handledRequests?.["rotate-key"] === "1" && !agents().status?.accessKey?.rotation,
    "the key is rotated",
  );
  ask("ConnectSsoPersona", "agents", ANNOTATIONS.rotateCertificate);
  await until(() => agents().status?.handledRequests?.["rotate-certificate"] === "1", "the certificate is rotated");
  const quickConnect = await adminConnect().send(
    new CreateQuickConnectCommand({
      InstanceId: INSTANCE,
      Name: "Jane",
      QuickConnectConfig: {
        QuickConnectType: "USER",
        UserConfig: { UserId: jane().status!.connectUserId!, ContactFlowId: FLOW },
      },
    }),
  );
  const rings = async () =>
    (
      await adminConnect().send(
        new DescribeQuickConnectCommand({ InstanceId: INSTANCE, QuickConnectId: quickConnect.QuickConnectId! }),
      )
    ).QuickConnect?.QuickConnectConfig?.UserConfig?.UserId;
  ask("ConnectUser", "jane", ANNOTATIONS.recreate);
  await until(() => jane().status?.handledRequests?.recreate === "1", "jane is recreated");
  await eventually(
    "her quick connect rings the new user",
    async () => (await rings()) === jane().status?.connectUserId,
  );

  harness.apply(persona("agents", { ...provisioned, roleDelivery: { mode: "Direct" } }));
  await eventually("the IAM user is gone", () =>
    iamUser().then(
      () => false,
      () => true,
    ),
  );
  harness.apply(persona("agents", provisioned));
  await eventually("the IAM user is there again", () =>
    iamUser().then(
      () => true,
      () => false,
    ),
  );
  await harness.ready();

  harness.controller.store.delete({ kind: "ConnectUser", namespace: "team", name: "jane" });
  await until(() => jane() === undefined, "jane is deleted");
  await expect(rings()).rejects.toThrow("does not exist");
  harness.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
  await until(() => agents() === undefined, "the persona is deleted");
  const left = (await iam.send(new ListRolesCommand({ PathPrefix: "/connect-sso/" }))).Roles;
  expect(left).toEqual([]);
  expect(e.denied).toEqual([]);
  for (const action of e.used) used.add(action);
});

test("Direct, taking over what exists below the path; no call is refused, none is about users or keys of IAM", async () => {
  e = await startEnforced(
    lively({ users: [{ username: "jane@example.com", firstName: "J", lastName: "D", securityProfiles: ["Agent"] }] }),
    false,
  );
  const { harness } = e;
  await adminIam().send(
    new CreateRoleCommand({
      RoleName: ROLE,
      Path: "/connect-sso/",
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Federated: `arn:aws:iam::${ACCOUNT}:saml-provider/${ROLE}` },
            Action: "sts:AssumeRoleWithSAML",
          },
        ],
      }),
    }),
  );
  harness.apply(
    persona("agents", {
      aws: bounded,
      adoptionPolicy: "IfUnowned",
      deletionPolicy: "Delete",
      connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile", allowAdoption: true },
    }),
    user("jane", "agents", { adoptionPolicy: "IfUnowned" }),
  );
  await harness.ready();
  expect(boundaryOf(await role())).toBe(BOUNDARY);
  harness.controller.store.delete({ kind: "ConnectUser", namespace: "team", name: "jane" });
  await until(() => jane() === undefined, "jane is deleted");
  harness.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
  await until(() => agents() === undefined, "the persona is deleted");
  expect(e.denied).toEqual([]);
  expect([...e.used].filter((action) => /iam:.*(User|AccessKey)/.test(action) && action !== "iam:GetUser")).toEqual([]);
  for (const action of e.used) used.add(action);
});

test("nothing is granted that this life does not use, but for what is listed with its reason", async () => {
  e = await startEnforced(lively(), true);
  const granted = controllerPolicies(await scopeOfTest(true))
    .flatMap(({ Statement }) => Statement)
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action }) => Action);
  const superfluous = [...new Set(granted)].filter((action) => !used.has(action) && !(action in SELDOM_USED));
  expect(superfluous).toEqual([]);
  // Seldom is not never: how far a rotation gets within the test depends on the machine.
  expect(Object.keys(SELDOM_USED).filter((action) => !granted.includes(action))).toEqual([]);
});
