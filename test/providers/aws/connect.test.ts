/** Sessions, quick connects and the contents of security profiles, over HTTP. */
import * as connect from "@aws-sdk/client-connect";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ADMIN } from "../../../src/sandbox/server.ts";
import { AGENT, type AwsScene, awsScene, InstanceId, ROUTING } from "./scene.ts";

let scene: AwsScene;
afterEach(() => scene.close());
const create = (username: string) =>
  scene.instance.createUser({
    username,
    firstName: "Jane",
    lastName: "Doe",
    securityProfileIds: [AGENT],
    routingProfileId: ROUTING,
    tags: {},
  });

describe("sessions", () => {
  async function login(RoleSessionName: string): Promise<void> {
    const document = (statement: object) =>
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
    const RoleName = "Agents";
    const AssumeRolePolicyDocument = document({ Principal: { AWS: "*" }, Action: "sts:AssumeRole" });
    const { Role } = await scene.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyDocument = document({ Action: "connect:GetFederationToken", Resource: "*" });
    await scene.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "federation", PolicyDocument }));
    const region = "eu-central-1";
    const sts = new STSClient({ region, credentials: ADMIN, endpoint: `${scene.sandbox.url}/sts` });
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName }));
    const credentials = {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
    const own = new connect.ConnectClient({ region, credentials, endpoint: `${scene.sandbox.url}/connect` });
    await own.send(new connect.GetFederationTokenCommand({ InstanceId }));
    sts.destroy();
    own.destroy();
  }
  const online = async () => {
    const Filters = { RoutingProfiles: [ROUTING] };
    return (await scene.connect.send(new connect.GetCurrentUserDataCommand({ InstanceId, Filters }))).UserDataList!
      .length;
  };

  test("are ended by one signed request", async () => {
    scene = await awsScene();
    const jane = await create("jane@example.com");
    await login(jane.username);
    expect(await online()).toBe(1);
    expect(await scene.instance.endSessions(jane)).toEqual({ ended: true });
    expect(await online()).toBe(0);
    expect(scene.sandbox.counts()["connect:DeleteAllEntitySessions"]).toBe(1);
    expect(await scene.instance.endSessions({ ...jane, id: "gone" })).toEqual({ ended: true });
  });
  test.each([
    ["refused", "InvalidInput"],
    ["unknown", "NotSupported"],
  ] as const)(
    "cannot be ended where the operation is %s, and that is no failure",
    async (deleteAllEntitySessions, reason) => {
      scene = await awsScene({ deleteAllEntitySessions });
      const jane = await create("jane@example.com");
      expect(await scene.instance.endSessions(jane)).toMatchObject({ ended: false, reason });
    },
  );
  test("a passing fault is a failure", async () => {
    scene = await awsScene();
    const jane = await create("jane@example.com");
    scene.sandbox.faults.add({ match: "connect:DeleteAllEntitySessions", kind: "internal" });
    await expect(scene.instance.endSessions(jane)).rejects.toMatchObject({ kind: "transient" });
  });
});

test("quick connects of a user are found, pointed at the new one, and deleted", async () => {
  scene = await awsScene();
  const old = await create("jane@example.com");
  const ringing = (UserId: string) => ({
    QuickConnectType: "USER" as const,
    UserConfig: { UserId, ContactFlowId: "flow" },
  });
  const make = (Name: string, QuickConnectConfig: connect.QuickConnectConfig) =>
    scene.connect.send(new connect.CreateQuickConnectCommand({ InstanceId, Name, QuickConnectConfig }));
  await make("Jane", ringing(old.id));
  await make("Desk", { QuickConnectType: "PHONE_NUMBER", PhoneConfig: { PhoneNumber: "+4930123456" } });
  const [one, ...more] = await scene.instance.quickConnects();
  expect([one, more]).toMatchObject([{ name: "Jane", userId: old.id, flowId: "flow" }, []]);
  await scene.instance.deleteUser(old);
  const joe = await create("joe@example.com");
  await scene.instance.repointQuickConnect(one!, joe.id);
  expect(await scene.instance.quickConnects()).toEqual([{ ...one, userId: joe.id }]);
  await scene.instance.deleteQuickConnect(one!);
  await scene.instance.deleteQuickConnect(one!);
  expect(await scene.instance.quickConnects()).toEqual([]);
  expect(scene.sandbox.counts()["connect:SearchQuickConnects"]).toBe(3);
});

test("permissions of a security profile are read once in a while, or anew", async () => {
  scene = await awsScene();
  expect(await scene.instance.securityProfilePermissions(AGENT)).toEqual(["BasicAgentAccess", "OutboundCallAccess"]);
  const Permissions = ["BasicAgentAccess", "Users.Edit"];
  await scene.connect.send(
    new connect.UpdateSecurityProfileCommand({ InstanceId, SecurityProfileId: AGENT, Permissions }),
  );
  expect(await scene.instance.securityProfilePermissions(AGENT)).toContain("OutboundCallAccess");
  expect(await scene.instance.securityProfilePermissions(AGENT, { maxAgeMs: -1 })).toEqual(Permissions);
  expect(await scene.instance.securityProfilePermissions("none")).toBeUndefined();
});

test("SearchUsers may give fewer than it is asked for, and lag: all users are read, own writes included", async () => {
  const users = Array.from({ length: 230 }, (_, index) => ({ username: `user${index}` }));
  const instances = [{ id: InstanceId, region: "eu-central-1", users }];
  scene = await awsScene({ searchUsersPage: "100", searchUsersLag: "30s" }, { instances });
  await create("jane@example.com");
  expect([...(await scene.instance.users({ maxAgeMs: 0, priority: "sweep" }))]).toHaveLength(231);
  expect(scene.sandbox.counts()["connect:SearchUsers"]).toBe(3);
});
