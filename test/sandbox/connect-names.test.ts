/** Quick connects, security profiles, attributes of an instance, searches by proficiency, and what lags. */
import * as connect from "@aws-sdk/client-connect";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ADMINISTRATOR, AGENT, type ConnectScene, connectScene, InstanceId } from "./connect-support.ts";
import { failure } from "./iam-support.ts";

let scene: ConnectScene;
afterEach(async () => {
  const { departures } = scene;
  await scene.close();
  expect([...departures]).toEqual([]);
});
describe("quick connects", () => {
  const toUser = (UserId: string) => ({
    QuickConnectType: "USER" as const,
    UserConfig: { UserId, ContactFlowId: "flow" },
  });
  const make = (Name: string, QuickConnectConfig: connect.QuickConnectConfig, more: object = {}) =>
    scene.client.send(new connect.CreateQuickConnectCommand({ InstanceId, Name, QuickConnectConfig, ...more }));

  test("one is created, found, pointed at somebody else, renamed and deleted", async () => {
    scene = await connectScene();
    const jane = await scene.create("jane");
    const joe = await scene.create("joe");
    const { QuickConnectId } = await make("Jane", toUser(jane), { Description: "day shift", Tags: { team: "a" } });
    const one = { InstanceId, QuickConnectId: QuickConnectId! };
    await scene.client.send(new connect.UpdateQuickConnectConfigCommand({ ...one, QuickConnectConfig: toUser(joe) }));
    await scene.client.send(new connect.UpdateQuickConnectNameCommand({ ...one, Name: "Joe" }));
    const { QuickConnect } = await scene.client.send(new connect.DescribeQuickConnectCommand(one));
    expect(QuickConnect).toMatchObject({
      Name: "Joe",
      Description: "day shift",
      QuickConnectConfig: toUser(joe),
      Tags: { team: "a" },
    });
    const search = (input: Partial<connect.SearchQuickConnectsCommandInput>) =>
      scene.client.send(new connect.SearchQuickConnectsCommand({ InstanceId, ...input }));
    const TagFilter = { TagCondition: { TagKey: "team", TagValue: "a" } };
    expect((await search({ SearchFilter: { TagFilter } })).QuickConnects).toHaveLength(1);
    const shift = {
      StringCondition: { FieldName: "description", Value: "shift", ComparisonType: "CONTAINS" },
    } as const;
    expect((await search({ SearchCriteria: shift })).QuickConnects).toHaveLength(1);
    await scene.client.send(new connect.DeleteQuickConnectCommand(one));
    expect((await failure(scene.client.send(new connect.DescribeQuickConnectCommand(one))))[0]).toBe(
      "ResourceNotFoundException",
    );
  });

  test("wrong ones are refused, and those of other types are listed by type", async () => {
    scene = await connectScene({}, { quickConnectQuota: 2 });
    const jane = await scene.create("jane");
    expect((await failure(make("Nobody", toUser("nobody"))))[0]).toBe("ResourceNotFoundException");
    expect((await failure(make("Empty", { QuickConnectType: "USER" })))[0]).toBe("InvalidRequestException");
    await make("Jane", toUser(jane));
    expect((await failure(make("Jane", toUser(jane))))[0]).toBe("DuplicateResourceException");
    await make("Desk", { QuickConnectType: "PHONE_NUMBER", PhoneConfig: { PhoneNumber: "+4930123456" } });
    expect((await failure(make("Third", toUser(jane)))).slice(0, 2)).toEqual(["LimitExceededException", 429]);
    const list = async (...QuickConnectTypes: connect.QuickConnectType[]) =>
      (
        await scene.client.send(new connect.ListQuickConnectsCommand({ InstanceId, QuickConnectTypes }))
      ).QuickConnectSummaryList!.map(({ Name }) => Name);
    expect([await list(), await list("USER"), await list("PHONE_NUMBER")]).toEqual([
      ["Jane", "Desk"],
      ["Jane"],
      ["Desk"],
    ]);
  });

  test("one to a deleted user stays and still names it", async () => {
    scene = await connectScene();
    const UserId = await scene.create("jane");
    const { QuickConnectId } = await make("Jane", toUser(UserId));
    await scene.client.send(new connect.DeleteUserCommand({ InstanceId, UserId }));
    const { QuickConnect } = await scene.client.send(
      new connect.DescribeQuickConnectCommand({ InstanceId, QuickConnectId }),
    );
    expect(QuickConnect?.QuickConnectConfig?.UserConfig?.UserId).toBe(UserId);
  });
});

describe("security profiles", () => {
  const permissions = async (SecurityProfileId: string) =>
    (await scene.client.send(new connect.ListSecurityProfilePermissionsCommand({ InstanceId, SecurityProfileId })))
      .Permissions!;
  test("have the permissions of the world or of their name, and gain what somebody gives them", async () => {
    const securityProfiles = ["Admin", { name: "Agent", permissions: ["BasicAgentAccess"], description: "agents" }];
    scene = await connectScene({}, { securityProfiles });
    expect(await permissions(AGENT)).toEqual(["BasicAgentAccess"]);
    expect(await permissions(ADMINISTRATOR)).toContain("SecurityProfiles.Edit");
    const one = { InstanceId, SecurityProfileId: AGENT };
    await scene.client.send(
      new connect.UpdateSecurityProfileCommand({ ...one, Permissions: ["BasicAgentAccess", "Users.Edit"] }),
    );
    expect(await permissions(AGENT)).toEqual(["BasicAgentAccess", "Users.Edit"]);
    const { SecurityProfile } = await scene.client.send(new connect.DescribeSecurityProfileCommand(one));
    expect(SecurityProfile).toMatchObject({
      SecurityProfileName: "Agent",
      Description: "agents",
      OrganizationResourceId: InstanceId,
    });
    expect((await failure(permissions("nobody")))[0]).toBe("ResourceNotFoundException");
  });
});

test("attributes of an instance come in pages of seven; the hierarchy has its levels", async () => {
  scene = await connectScene({}, { hierarchy: { levels: ["Region", "Site"] } });
  const first = await scene.client.send(new connect.ListInstanceAttributesCommand({ InstanceId }));
  expect(first.Attributes).toHaveLength(7);
  const second = await scene.client.send(
    new connect.ListInstanceAttributesCommand({ InstanceId, NextToken: first.NextToken }),
  );
  expect([second.Attributes!.length, second.NextToken]).toEqual([7, undefined]);
  const AttributeType = "INBOUND_CALLS";
  const { Attribute } = await scene.client.send(
    new connect.DescribeInstanceAttributeCommand({ InstanceId, AttributeType }),
  );
  expect(Attribute).toEqual({ AttributeType, Value: "true" });
  const { HierarchyStructure } = await scene.client.send(
    new connect.DescribeUserHierarchyStructureCommand({ InstanceId }),
  );
  expect(HierarchyStructure).toMatchObject({ LevelOne: { Name: "Region" }, LevelTwo: { Name: "Site" } });
});

test("SearchUsers finds people by one proficiency: name, value and level together", async () => {
  scene = await connectScene();
  const skilled = async (name: string, AttributeValue: string, Level: number) => {
    const UserProficiencies = [{ AttributeName: "connect:Language", AttributeValue, Level }];
    const UserId = await scene.create(name);
    await scene.client.send(new connect.AssociateUserProficienciesCommand({ InstanceId, UserId, UserProficiencies }));
  };
  await skilled("jane", "de", 5);
  await skilled("joe", "de", 2);
  await skilled("jim", "fr", 5);
  const found = async (condition: connect.NumberCondition) => {
    const Conditions = [
      { StringCondition: { FieldName: "value", Value: "de", ComparisonType: "EXACT" as const } },
      { NumberCondition: { FieldName: "limit", ...condition } },
    ];
    const SearchCriteria = { ListCondition: { TargetListType: "PROFICIENCIES" as const, Conditions } };
    const { Users } = await scene.client.send(new connect.SearchUsersCommand({ InstanceId, SearchCriteria }));
    return Users!.map(({ Username }) => Username);
  };
  expect(await found({ ComparisonType: "GREATER_OR_EQUAL", MinValue: 3 })).toEqual(["jane"]);
  expect(await found({ ComparisonType: "RANGE", MinValue: 1, MaxValue: 2 })).toEqual(["joe"]);
  expect((await failure(found({ ComparisonType: "GREATER" })))[0]).toBe("InvalidParameterException");
});

test("SearchUsers may lag behind DescribeUser, and give fewer than it is asked for", async () => {
  scene = await connectScene(
    { open: { searchUsersLag: "30s", searchUsersPage: "100" } },
    { users: Array.from({ length: 150 }, (_, n) => ({ username: `user${n}` })) },
  );
  const id = await scene.create("jane");
  expect((await scene.describe(id)).Username).toBe("jane");
  expect(await scene.search("jane")).toBeUndefined();
  const { Users, NextToken } = await scene.client.send(new connect.SearchUsersCommand({ InstanceId, MaxResults: 500 }));
  expect([Users!.length, NextToken === undefined]).toEqual([100, false]);
});

test("the name of a deleted user may be taken for a minute", async () => {
  scene = await connectScene({ open: { usernameReuse: "afterOneMinute" } });
  const UserId = await scene.create("jane");
  await scene.client.send(new connect.DeleteUserCommand({ InstanceId, UserId }));
  expect((await failure(scene.create("jane")))[0]).toBe("DuplicateResourceException");
  scene.sandbox.clock.advance(61_000);
  await expect(scene.create("jane")).resolves.not.toBe(UserId);
});

test.each([
  ["settings", false, false],
  ["proficiencies", true, false],
  ["everything", true, true],
] as const)("LastModifiedTime covers %s", async (lastModifiedTimeCovers, byProficiency, byTag) => {
  scene = await connectScene({ open: { lastModifiedTimeCovers } });
  const UserId = await scene.create("jane");
  const { Arn, LastModifiedTime } = await scene.describe(UserId);
  const moved = async () => (await scene.describe(UserId)).LastModifiedTime! > LastModifiedTime!;
  scene.sandbox.clock.advance(5_000);
  await scene.client.send(new connect.TagResourceCommand({ resourceArn: Arn!, tags: { a: "1" } }));
  expect(await moved()).toBe(byTag);
  const UserProficiencies = [{ AttributeName: "connect:Language", AttributeValue: "de", Level: 1 }];
  await scene.client.send(new connect.AssociateUserProficienciesCommand({ InstanceId, UserId, UserProficiencies }));
  expect(await moved()).toBe(byProficiency);
});
