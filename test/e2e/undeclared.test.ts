/** A field that is taken out of a manifest: what we set is cleared, what others set stays. Every field that has a "none". */
import {
  AssociateUserProficienciesCommand,
  ConnectClient,
  DescribeUserCommand,
  ListUserHierarchyGroupsCommand,
  ListUserProficienciesCommand,
  TagResourceCommand,
  UpdateUserConfigCommand,
  UpdateUserHierarchyCommand,
  UpdateUserIdentityInfoCommand,
} from "@aws-sdk/client-connect";
import { GetRoleCommand, IAMClient, TagRoleCommand } from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { type Harness, INSTANCE, PATIENCE_MS, persona, polls, start, status, user, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());
const connect = () => new ConnectClient({ region: "us-east-1" });
const jane = () => h.controller.store.get<ConnectUser>("ConnectUser", "team", "jane")!;
const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
const of = () => ({ InstanceId: INSTANCE, UserId: jane().status!.connectUserId! });
const lively = () => {
  const base = world();
  return {
    ...base,
    instances: [
      {
        ...base.instances![0]!,
        routingProfiles: ["Basic Routing Profile", "Second"],
        predefinedAttributes: ["Language"],
      },
    ],
  };
};
const isDone = ({ metadata, status: now }: ConnectUser | ConnectSsoPersona) =>
  now?.observedGeneration === metadata.generation &&
  now?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
const done = (what: string) => h.controller.until(() => isDone(jane()) && isDone(agents()), PATIENCE_MS, what);

/** All that a manifest can say of a Connect user, as Connect has it. */
async function found() {
  const { User } = await connect().send(new DescribeUserCommand(of()));
  const { UserProficiencyList } = await connect().send(new ListUserProficienciesCommand(of()));
  const {
    IdentityInfo: { SecondaryEmail, Mobile } = {},
    HierarchyGroupId,
    RoutingProfileId,
    SecurityProfileIds,
    PhoneConfig,
    Tags = {},
  } = User!;
  const own = Object.fromEntries(Object.entries(Tags).filter(([key]) => !key.startsWith("connectsso.dev/")));
  const proficiencies = UserProficiencyList!.map(({ AttributeValue, Level }) => [AttributeValue, Level]);
  return {
    ...{ SecondaryEmail, Mobile, HierarchyGroupId, RoutingProfileId, SecurityProfileIds, PhoneConfig },
    tags: own,
    proficiencies,
  };
}

const FULL = {
  securityProfiles: ["Agent"],
  routingProfile: "Second",
  hierarchyGroup: ["Dublin"],
  secondaryEmail: "jane@example.org",
  mobile: "+353861234567",
  phone: { type: "DeskPhone", deskPhoneNumber: "+35315550100" },
  contactHandling: { voice: { afterContactWorkSeconds: 30 } },
  proficiencies: [{ attribute: "Language", value: "English", level: 3 }],
  tags: { team: "one" },
};
const BOTH = { connectUsers: { securityProfiles: ["Agent", "Admin"], routingProfile: "Basic Routing Profile" } };

test.each([false, true])(
  "all fields of a user at once: Connect has what it had without them (a new process meanwhile: %s)",
  async (restarted) => {
    h = await start(lively());
    h.apply(persona("agents", BOTH), user("jane", "agents"));
    await h.ready();
    const before = await found();
    h.apply(user("jane", "agents", FULL));
    await done("everything is declared");
    const declared = await found();
    for (const [field, value] of Object.entries(before))
      expect([field, declared[field as never]]).not.toEqual([field, value]);
    if (restarted) await h.restart("kept");
    h.apply(user("jane", "agents"));
    // A new process counts generations anew, so that the old status may fit the new spec.
    for (let looks = 0; looks < 100 && JSON.stringify(await found()) !== JSON.stringify(before); looks++)
      await polls(1);
    expect(await found()).toEqual(before);
    await done("nothing is declared any more");
  },
);

test("what others set in fields that a manifest never had, or that they changed since, stays", async () => {
  h = await start(lively());
  h.apply(
    persona("agents", BOTH),
    user("jane", "agents", { tags: { team: "one", site: "a" }, mobile: "+353861234567" }),
  );
  await h.ready();
  const groups = await connect().send(new ListUserHierarchyGroupsCommand({ InstanceId: INSTANCE }));
  const HierarchyGroupId = groups.UserHierarchyGroupSummaryList![0]!.Id!;
  await connect().send(new UpdateUserHierarchyCommand({ ...of(), HierarchyGroupId }));
  const language = { AttributeName: "Language", AttributeValue: "French", Level: 2 };
  await connect().send(new AssociateUserProficienciesCommand({ ...of(), UserProficiencies: [language] }));
  await connect().send(
    new UpdateUserIdentityInfoCommand({
      ...of(),
      IdentityInfo: { FirstName: "jane", LastName: "Doe", SecondaryEmail: "hers@example.org", Mobile: "+353861234567" },
    }),
  );
  await connect().send(
    new UpdateUserConfigCommand({
      ...of(),
      AfterContactWorkConfigs: [{ Channel: "CHAT", AfterContactWorkConfig: { AfterContactWorkTimeLimit: 77 } }],
    }),
  );
  await connect().send(
    new TagResourceCommand({ resourceArn: jane().status!.connectUserArn!, tags: { costCentre: "42" } }),
  );
  h.apply(user("jane", "agents"));
  await done("looked at");
  expect(await found()).toMatchObject({
    HierarchyGroupId,
    SecondaryEmail: "hers@example.org",
    Mobile: undefined,
    tags: { costCentre: "42" },
    proficiencies: [["French", 2]],
  });
  const { User } = await connect().send(new DescribeUserCommand(of()));
  expect(User!.AfterContactWorkConfigs).toContainEqual({
    Channel: "CHAT",
    AfterContactWorkConfig: { AfterContactWorkTimeLimit: 77 },
  });
  expect(status(jane(), "Drifted")?.status).toBe("False");
});

test("a soft phone becomes a desk phone: what only a soft phone has goes off, whoever set it", async () => {
  h = await start(lively());
  h.apply(persona("agents", BOTH), user("jane", "agents", { contactHandling: { voice: { autoAccept: true } } }));
  await h.ready();
  await connect().send(
    new UpdateUserConfigCommand({
      ...of(),
      AutoAcceptConfigs: [{ Channel: "VOICE", AutoAccept: true }],
      PersistentConnectionConfigs: [{ Channel: "VOICE", PersistentConnection: true }],
    }),
  );
  h.apply(user("jane", "agents", { phone: FULL.phone }));
  await done("a desk phone");
  const { User } = await connect().send(new DescribeUserCommand(of()));
  expect(User!.PhoneConfig).toMatchObject({ PhoneType: "DESK_PHONE", AutoAccept: false });
  expect(User!.PersistentConnectionConfigs ?? []).not.toContainEqual(
    expect.objectContaining({ Channel: "VOICE", PersistentConnection: true }),
  );
});

test("a persona: its tags, the sign-in duration, mails and groups; tags of others stay", async () => {
  h = await start(lively());
  const iam = new IAMClient({ region: "us-east-1" });
  const RoleName = "connect-sso-team-agents";
  const graph = async (path: string) =>
    (await (
      await fetch(`${h.sandbox.url}/graph/v1.0${path}`, { headers: { authorization: "Bearer test" } })
    ).json()) as Record<string, unknown> & { value: { principalType: string }[] };
  const look = async () => {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    const principal = await graph(`/servicePrincipals/${agents().status!.servicePrincipalId}`);
    const assigned = await graph(`/servicePrincipals/${agents().status!.servicePrincipalId}/appRoleAssignedTo`);
    return {
      tags: Object.fromEntries(Role!.Tags!.map(({ Key, Value }) => [Key, Value])),
      hours: Role!.MaxSessionDuration! / 3600,
      mails: principal.notificationEmailAddresses,
      groups: assigned.value.filter(({ principalType }) => principalType === "Group").length,
    };
  };
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  const before = await look();
  h.apply(
    persona("agents", {
      aws: { tags: { team: "one" }, maxSessionDuration: "2h" },
      application: {
        displayName: "Connect agents",
        notificationEmails: ["ops@example.com"],
        groups: [{ displayName: "Agents" }],
      },
    }),
  );
  await done("declared");
  const declared = await look();
  expect([declared.tags.team, declared.hours, declared.mails, declared.groups]).toEqual([
    "one",
    2,
    ["ops@example.com"],
    1,
  ]);
  await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "costCentre", Value: "42" }] }));
  h.apply(persona("agents"));
  await done("declared no more");
  expect(await look()).toEqual({ ...before, tags: { ...before.tags, costCentre: "42" } });
});
