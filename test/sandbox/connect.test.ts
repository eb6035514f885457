/** The sandbox's Connect, asked as the controller asks it: with the AWS SDK over HTTP. */
import * as connect from "@aws-sdk/client-connect";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { federate } from "../../src/sandbox/connect/federation.ts";
import { createInstances, stableId } from "../../src/sandbox/connect/state.ts";
import { createHost } from "../../src/sandbox/host.ts";
import { ADMIN, type Exchange, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { readWorld, type WorldInput } from "../../src/sandbox/world.ts";
import { connectModel, violations } from "./contract.ts";
import { failure } from "./iam-support.ts";

const InstanceId = "11111111-2222-4333-8444-555555555555";
const FULL = "22222222-2222-4333-8444-555555555555";
const ELSEWHERE = "33333333-2222-4333-8444-555555555555";
const AGENT = stableId(InstanceId, "security-profile", "Agent");
const ADMINISTRATOR = stableId(InstanceId, "security-profile", "Admin");
const ROUTING = stableId(InstanceId, "routing-profile", "Basic Routing Profile");
const EMEA = stableId(InstanceId, "agent-group", "EMEA");
const BERLIN = stableId(InstanceId, "agent-group", "EMEA", "Berlin");

const model = connectModel();
const departures: string[] = [];
let sandbox: Sandbox;
let client: connect.ConnectClient;
let last: Exchange;

const world: WorldInput = {
  instances: [
    {
      id: InstanceId,
      region: "us-east-1",
      alias: "acme",
      hierarchy: { levels: ["Region", "Site"], groups: [{ name: "EMEA", groups: [{ name: "Berlin" }] }] },
      users: [{ username: "old" }],
      quickConnects: [{ name: "Old", user: "old" }],
    },
    { id: FULL, region: "us-east-1", userQuota: 1, users: [{ username: "only" }] },
    { id: ELSEWHERE, region: "eu-central-1" },
  ],
  behaviour: { quotas: "unlimited" },
};
beforeAll(async () => {
  sandbox = await startSandbox({ world });
  sandbox.onExchange((exchange) => {
    last = exchange;
    if (model) departures.push(...violations(model, exchange));
  });
  client = new connect.ConnectClient({
    endpoint: `${sandbox.url}/connect`,
    region: "us-east-1",
    credentials: ADMIN,
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await sandbox.close();
});

const wanted = (Username: string, more: Partial<connect.CreateUserCommandInput> = {}) =>
  new connect.CreateUserCommand({
    InstanceId,
    Username,
    IdentityInfo: { FirstName: "Ann", LastName: "Lee" },
    SecurityProfileIds: [AGENT],
    RoutingProfileId: ROUTING,
    ...more,
  });
const create = async (name: string, more: Partial<connect.CreateUserCommandInput> = {}) => {
  const { UserId, UserArn } = await client.send(wanted(name, more));
  return { UserId: UserId!, resourceArn: UserArn! };
};
const found = async (SearchCriteria?: connect.UserSearchCriteria, SearchFilter?: connect.UserSearchFilter) =>
  (await client.send(new connect.SearchUsersCommand({ InstanceId, SearchCriteria, SearchFilter }))).Users!.map(
    ({ Username }) => Username,
  );
const username = (Value: string, ComparisonType: connect.StringComparisonType = "EXACT") => ({
  StringCondition: { FieldName: "Username", Value, ComparisonType },
});

describe("CreateUser", () => {
  const UNKNOWN = "99999999-2222-4333-8444-555555555555";
  test.each<[string, Partial<connect.CreateUserCommandInput>, string]>([
    [
      "an Email",
      { IdentityInfo: { FirstName: "A", LastName: "B", Email: "a@example.com" } },
      "InvalidRequestException",
    ],
    ["a Password", { Password: "Secret-123" }, "InvalidRequestException"],
    ["no last name", { IdentityInfo: { FirstName: "A" } }, "InvalidRequestException"],
    ["a decomposed name", { IdentityInfo: { FirstName: "Jose\u0301", LastName: "B" } }, "InvalidParameterException"],
    ["a space in the username", { Username: "a b" }, "InvalidParameterException"],
    ["65 characters", { Username: "a".repeat(65) }, "InvalidParameterException"],
    ["a username that is taken", { Username: "old" }, "DuplicateResourceException"],
    ["an unknown security profile", { SecurityProfileIds: [UNKNOWN] }, "ResourceNotFoundException"],
    ["an unknown routing profile", { RoutingProfileId: UNKNOWN }, "ResourceNotFoundException"],
    ["an unknown hierarchy group", { HierarchyGroupId: UNKNOWN }, "ResourceNotFoundException"],
    ["an unknown instance", { InstanceId: UNKNOWN }, "ResourceNotFoundException"],
    ["an instance of another region", { InstanceId: ELSEWHERE }, "ResourceNotFoundException"],
    [
      "both forms of one phone setting",
      {
        PhoneConfig: { PhoneType: "SOFT_PHONE", AutoAccept: true },
        AutoAcceptConfigs: [{ Channel: "VOICE", AutoAccept: true }],
      },
      "InvalidRequestException",
    ],
  ])("refuses %s", async (_, more, name) => {
    expect(await failure(client.send(wanted("refused", more)))).toMatchObject({ 0: name });
    expect(await found(username("refused"))).toEqual([]);
  });
  test("names that differ in case are two users", async () => {
    await create("case@example.com");
    await expect(create("Case@example.com")).resolves.toBeDefined();
  });
  test("stops at the instance's quota with a 429 that is no throttling", async () => {
    const of = (kind: string, name: string) => stableId(FULL, kind, name);
    const call = client.send(
      wanted("second", {
        InstanceId: FULL,
        SecurityProfileIds: [of("security-profile", "Agent")],
        RoutingProfileId: of("routing-profile", "Basic Routing Profile"),
      }),
    );
    expect((await failure(call)).slice(0, 2)).toEqual(["LimitExceededException", 429]);
  });
});

test("updates change what DescribeUser shows", async () => {
  const { UserId } = await create("updated");
  const user = { InstanceId, UserId };
  const IdentityInfo = { FirstName: "Bea", LastName: "Ray", SecondaryEmail: "bea@example.com" };
  await client.send(new connect.UpdateUserIdentityInfoCommand({ ...user, IdentityInfo }));
  await client.send(
    new connect.UpdateUserPhoneConfigCommand({
      ...user,
      PhoneConfig: { PhoneType: "SOFT_PHONE", AfterContactWorkTimeLimit: 30 },
    }),
  );
  await client.send(new connect.UpdateUserSecurityProfilesCommand({ ...user, SecurityProfileIds: [ADMINISTRATOR] }));
  await client.send(new connect.UpdateUserRoutingProfileCommand({ ...user, RoutingProfileId: ROUTING }));
  await client.send(new connect.UpdateUserHierarchyCommand({ ...user, HierarchyGroupId: BERLIN }));
  const AutoAcceptConfigs = [{ Channel: "VOICE" as const, AutoAccept: true }];
  await client.send(new connect.UpdateUserConfigCommand({ ...user, AutoAcceptConfigs }));
  const { User } = await client.send(new connect.DescribeUserCommand(user));
  expect(User).toMatchObject({
    IdentityInfo,
    PhoneConfig: { AfterContactWorkTimeLimit: 30 },
    SecurityProfileIds: [ADMINISTRATOR],
    HierarchyGroupId: BERLIN,
    AutoAcceptConfigs,
  });
  const search = await client.send(new connect.SearchUsersCommand({ InstanceId, SearchCriteria: username("updated") }));
  expect(search.Users).toMatchObject([{ PhoneConfig: { AfterContactWorkTimeLimit: 30_000 } }]);
  expect(search.Users![0]!.IdentityInfo).toEqual({ FirstName: "Bea", LastName: "Ray" });
});

describe("SearchUsers", () => {
  beforeAll(async () => {
    await create("find-1", { Tags: { team: "a" }, HierarchyGroupId: EMEA });
    await create("find-2", { Tags: { team: "b" }, HierarchyGroupId: BERLIN });
    await create("find-3", { Tags: { team: "a", lead: "yes" } });
  });
  test("combines criteria with Or and And", async () => {
    expect(await found({ OrConditions: [username("find-1"), username("find-3")] })).toEqual(["find-1", "find-3"]);
    expect(await found({ AndConditions: [username("find", "STARTS_WITH"), username("2", "CONTAINS")] })).toEqual([
      "find-2",
    ]);
  });
  test("finds the members of a hierarchy group, with and without those below", async () => {
    const group = (HierarchyGroupMatchType: connect.HierarchyGroupMatchType) =>
      found({
        AndConditions: [
          username("find", "STARTS_WITH"),
          { HierarchyGroupCondition: { Value: EMEA, HierarchyGroupMatchType } },
        ],
      });
    expect(await group("EXACT")).toEqual(["find-1"]);
    expect(await group("WITH_CHILD_GROUPS")).toEqual(["find-1", "find-2"]);
  });
  test("filters by tags and attributes", async () => {
    const a = { TagKey: "team", TagValue: "a" };
    expect(await found(undefined, { TagFilter: { TagCondition: a } })).toEqual(["find-1", "find-3"]);
    expect(
      await found(undefined, {
        TagFilter: { OrConditions: [[a, { TagKey: "lead" }], [{ TagKey: "team", TagValue: "b" }]] },
      }),
    ).toEqual(["find-2", "find-3"]);
    expect(
      await found(undefined, {
        UserAttributeFilter: {
          AndCondition: {
            TagConditions: [a],
            HierarchyGroupCondition: { Value: EMEA, HierarchyGroupMatchType: "EXACT" },
          },
        },
      }),
    ).toEqual(["find-1"]);
  });
  test("refuses what is not emulated instead of matching everyone", async () => {
    const SearchFilter = { AttributeFilter: { TagCondition: { TagKey: "a" } } };
    const call = client.send(new connect.SearchUserHierarchyGroupsCommand({ InstanceId, SearchFilter }));
    expect((await failure(call))[0]).toBe("InvalidRequestException");
  });
});

test("lists come in pages that end", async () => {
  const { UserSummaryList: all } = await client.send(new connect.ListUsersCommand({ InstanceId }));
  const seen: connect.UserSummary[] = [];
  for await (const { UserSummaryList } of connect.paginateListUsers({ client, pageSize: 2 }, { InstanceId })) {
    expect(UserSummaryList!.length).toBeLessThanOrEqual(2);
    seen.push(...UserSummaryList!);
  }
  expect(seen).toEqual(all);
  expect((await failure(client.send(new connect.ListUsersCommand({ InstanceId, NextToken: "nonsense" }))))[0]).toBe(
    "InvalidParameterException",
  );
});

test("tags are added and removed, 50 at most", async () => {
  const { resourceArn } = await create("tagged", { Tags: { a: "1" } });
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key${index}`, ""]));
  expect((await failure(client.send(new connect.TagResourceCommand({ resourceArn, tags: many }))))[0]).toBe(
    "InvalidRequestException",
  );
  await client.send(new connect.TagResourceCommand({ resourceArn, tags: { b: "2" } }));
  await client.send(new connect.UntagResourceCommand({ resourceArn, tagKeys: ["a"] }));
  expect((await client.send(new connect.ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({ b: "2" });
});

test("proficiencies are associated once, changed, and taken away", async () => {
  const user = { InstanceId, UserId: (await create("skilled")).UserId };
  const german = (Level: number) => [{ AttributeName: "connect:Language", AttributeValue: "de", Level }];
  const list = async () => (await client.send(new connect.ListUserProficienciesCommand(user))).UserProficiencyList;
  const associate = () =>
    client.send(new connect.AssociateUserProficienciesCommand({ ...user, UserProficiencies: german(3) }));
  await associate();
  expect((await failure(associate()))[0]).toBe("InvalidRequestException");
  await client.send(new connect.UpdateUserProficienciesCommand({ ...user, UserProficiencies: german(5) }));
  expect(await list()).toEqual(german(5));
  await client.send(
    new connect.DisassociateUserProficienciesCommand({
      ...user,
      UserProficiencies: [{ AttributeName: "connect:Language", AttributeValue: "de" }],
    }),
  );
  expect(await list()).toEqual([]);
});

test.each<[string, object, string]>([
  ["without a value", { AttributeValue: undefined }, "InvalidRequestException"],
  ["with a value that is too long", { AttributeValue: "x".repeat(101) }, "InvalidParameterException"],
  ["without a level", { Level: undefined }, "InvalidParameterException"],
  ["with level 6", { Level: 6 }, "InvalidParameterException"],
  ["of an attribute that nobody defined", { AttributeName: "Juggling" }, "ResourceNotFoundException"],
])("a proficiency %s is refused", async (what, wrong, name) => {
  const { UserId } = await create(`unskilled-${what.replaceAll(" ", "-")}`);
  const one = { AttributeName: "connect:Language", AttributeValue: "de", Level: 3, ...wrong };
  const call = client.send(
    new connect.AssociateUserProficienciesCommand({ InstanceId, UserId, UserProficiencies: [one] }),
  );
  expect((await failure(call))[0]).toBe(name);
});

test("a hierarchy group shows its path; profiles their type; attributes their names", async () => {
  const { HierarchyGroup } = await client.send(
    new connect.DescribeUserHierarchyGroupCommand({ InstanceId, HierarchyGroupId: BERLIN }),
  );
  expect(HierarchyGroup?.HierarchyPath).toMatchObject({ LevelOne: { Name: "EMEA" }, LevelTwo: { Name: "Berlin" } });
  const search = (more: Partial<connect.SearchUserHierarchyGroupsCommandInput>) =>
    client.send(new connect.SearchUserHierarchyGroupsCommand({ InstanceId, ...more }));
  const first = await search({ MaxResults: 1 });
  const second = await search({ MaxResults: 1, NextToken: first.NextToken });
  expect([first, second].map(({ UserHierarchyGroups }) => UserHierarchyGroups![0]!.Id)).toEqual([EMEA, BERLIN]);
  expect(second.UserHierarchyGroups![0]!.HierarchyPath).toMatchObject({ LevelTwo: { Name: "Berlin" } });
  const named = { StringCondition: { FieldName: "name", Value: "ber", ComparisonType: "STARTS_WITH" } } as const;
  expect((await search({ SearchCriteria: named })).UserHierarchyGroups).toEqual([]);
  await expect(search({ MaxResults: 101 })).rejects.toMatchObject({ name: "InvalidRequestException" });
  const { SecurityProfileSummaryList } = await client.send(new connect.ListSecurityProfilesCommand({ InstanceId }));
  expect(SecurityProfileSummaryList![0]).toMatchObject({ LastModifiedTime: expect.any(Date) });
  // The SDK in use drops members that are newer than itself.
  expect(JSON.parse(last.response.body!).SecurityProfileSummaryList[0].Type).toBe("CUSTOMER_MANAGED");
  const { PredefinedAttributeSummaryList } = await client.send(
    new connect.ListPredefinedAttributesCommand({ InstanceId }),
  );
  expect(PredefinedAttributeSummaryList!.map(({ Name }) => Name)).toEqual(["connect:Language", "connect:Skill"]);
});

test("instances of the caller's region alone are listed", async () => {
  const { InstanceSummaryList } = await client.send(new connect.ListInstancesCommand({}));
  expect(InstanceSummaryList!.map(({ Id }) => Id)).toEqual([InstanceId, FULL]);
});

test("a deleted user leaves an orphaned quick connect, which can be found and deleted", async () => {
  const [old] = (await client.send(new connect.SearchUsersCommand({ InstanceId, SearchCriteria: username("old") })))
    .Users!;
  await client.send(new connect.DeleteUserCommand({ InstanceId, UserId: old!.Id }));
  const { QuickConnects } = await client.send(new connect.SearchQuickConnectsCommand({ InstanceId }));
  expect(QuickConnects).toMatchObject([{ Name: "Old", QuickConnectConfig: { UserConfig: { UserId: old!.Id } } }]);
  const QuickConnectId = QuickConnects![0]!.QuickConnectId!;
  await client.send(new connect.DeleteQuickConnectCommand({ InstanceId, QuickConnectId }));
  expect((await client.send(new connect.ListQuickConnectsCommand({ InstanceId }))).QuickConnectSummaryList).toEqual([]);
});

test("errors have the recorded form: name in a header, text in Message", async () => {
  await failure(client.send(new connect.DescribeUserCommand({ InstanceId, UserId: "nobody" })));
  expect(last.response).toMatchObject({
    status: 404,
    headers: {
      "content-type": "application/json",
      "x-amzn-errortype": "ResourceNotFoundException",
      "access-control-allow-origin": "*",
      "x-amzn-requestid": expect.any(String),
    },
  });
  expect(Object.keys(JSON.parse(last.response.body!))).toEqual(["Message"]);
});

test("a user stays bound to the role of the first federated login", () => {
  const { host } = createHost(
    readWorld({ instances: [{ id: InstanceId, region: "us-east-1", users: [{ username: "ann" }] }] }),
  );
  const instance = createInstances(host).get(InstanceId)!;
  const session = (id: string, sessionName: string) => federate(host, instance, { role: { id, sessionName } });
  expect(session("AROA1", "ann")).toMatchObject({ UserId: instance.names.get("ann") });
  expect(session("AROA1", "ann")).toBeDefined();
  expect(() => session("AROA2", "ann")).toThrow(
    `The user ann is already associated with the Amazon Connect instance ${InstanceId}`,
  );
  expect(() => session("AROA1", "Ann")).toThrow(
    expect.objectContaining({ type: "UserNotFoundException", status: 404 }),
  );
  expect(() => federate(host, instance, {})).toThrow("Only a role session");
  host.clock.close();
});

test("late reads: a new user is unseen by Describe, List and Search, while its name is taken", async () => {
  const late = await startSandbox({
    world: {
      instances: [{ id: InstanceId, region: "us-east-1" }],
      behaviour: { quotas: "unlimited", consistencyDelay: "1h" },
    },
  });
  const reader = new connect.ConnectClient({
    endpoint: `${late.url}/connect`,
    region: "us-east-1",
    credentials: ADMIN,
    maxAttempts: 1,
  });
  try {
    const { UserId } = await reader.send(wanted("late"));
    expect((await reader.send(new connect.ListUsersCommand({ InstanceId }))).UserSummaryList).toEqual([]);
    expect((await reader.send(new connect.SearchUsersCommand({ InstanceId }))).Users).toEqual([]);
    expect((await failure(reader.send(new connect.DescribeUserCommand({ InstanceId, UserId }))))[0]).toBe(
      "ResourceNotFoundException",
    );
    expect((await failure(reader.send(wanted("late"))))[0]).toBe("DuplicateResourceException");
  } finally {
    reader.destroy();
    await late.close();
  }
});

test("a world that names an unknown profile is refused at the start", async () => {
  const instances = [
    { id: InstanceId, region: "us-east-1", users: [{ username: "ann", securityProfiles: ["Agnet"] }] },
  ];
  await expect(startSandbox({ world: { instances } })).rejects.toThrow(
    "user ann wants the security profile Agnet, which does not exist",
  );
});

test("the contract check sees a wrong member, status and error name", () => {
  if (!model) return;
  const request = {
    method: "GET",
    path: "/instance",
    query: new URLSearchParams(),
    headers: {},
    body: "",
    baseUrl: "",
    wirePath: "",
  };
  const answer = (status: number, body: unknown, headers = {}) =>
    violations(model, {
      service: "connect",
      operation: "ListInstances",
      request,
      response: { status, headers, body: JSON.stringify(body) },
    });
  expect(answer(200, { Instances: [] })).toEqual(["ListInstances answer.Instances: unknown member"]);
  expect(answer(400, {}, { "x-amzn-errortype": "Strange" })).toEqual(["ListInstances: error Strange is not listed"]);
  expect(answer(404, {}, { "x-amzn-errortype": "InvalidRequestException" })).toHaveLength(1);
});

// Last: it judges every exchange of the tests above.
test("every request and answer conforms to Amazon's service model", () => {
  if (!model) return;
  expect([...new Set(departures)]).toEqual([]);
});
