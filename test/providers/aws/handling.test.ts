/** Contact handling per channel: pure, and over HTTP under every answer to what Amazon leaves open. */
import { DescribeUserCommand, UpdateUserConfigCommand, UpdateUserPhoneConfigCommand } from "@aws-sdk/client-connect";
import { afterEach, describe, expect, test } from "@jest/globals";
import { handlingOf, listsOf, listUnitOf, mergedHandling, phoneOf } from "../../../src/providers/aws/handling.ts";
import type { ConnectUserInput } from "../../../src/providers/aws/types.ts";
import { OPEN_FACTS, type Open } from "../../../src/sandbox/open.ts";
import { AGENT, type AwsScene, awsScene, InstanceId, ROUTING } from "./scene.ts";

const work = (Channel: "VOICE" | "CHAT" | "TASK" | "EMAIL", AfterContactWorkTimeLimit: number) => ({
  Channel,
  AfterContactWorkConfig: { AfterContactWorkTimeLimit },
});

describe("lists per channel", () => {
  const handling = {
    VOICE: {
      autoAccept: true,
      callbackAutoAccept: false,
      persistentConnection: true,
      voiceEnhancement: "NONE" as const,
    },
    CHAT: { afterContactWorkSeconds: 600 },
  };
  test("come back as they were sent", () => {
    const lists = listsOf(handling, { type: "DESK_PHONE", deskPhoneNumber: "+4930123456" });
    expect(handlingOf(lists, 1)).toEqual(handling);
    expect(phoneOf(lists, 1, handling)).toMatchObject({
      type: "DESK_PHONE",
      deskPhoneNumber: "+4930123456",
      autoAccept: true,
    });
  });
  test("say nothing of what is not set", () => {
    expect(listsOf({})).toEqual({});
    expect(Object.keys(listsOf({ TASK: { autoAccept: true } }))).toEqual(["AutoAcceptConfigs"]);
    expect(handlingOf({}, 1)).toBeUndefined();
  });
  test("win over PhoneConfig, which may be out of date", () => {
    const user = {
      PhoneConfig: { PhoneType: "SOFT_PHONE" as const, AfterContactWorkTimeLimit: 5000 },
      AfterContactWorkConfigs: [work("VOICE", 7)],
    };
    expect(phoneOf(user, 1000, handlingOf(user, 1))).toEqual({ type: "SOFT_PHONE", afterContactWorkSeconds: 7 });
  });
  test.each([
    [[work("CHAT", 600_000)], 1000],
    [[work("CHAT", 600)], 1],
    [[work("CHAT", 5_000), work("TASK", 30)], 1],
    [[], 1000],
  ])("%j are in units of 1/%i s", (AfterContactWorkConfigs, unit) => {
    expect(listUnitOf([{ AfterContactWorkConfigs }])).toBe(unit);
  });
  test("a change goes over what is there, setting by setting", () => {
    expect(mergedHandling(handling, { CHAT: { autoAccept: true }, EMAIL: { autoAccept: false } })).toEqual({
      ...handling,
      CHAT: { afterContactWorkSeconds: 600, autoAccept: true },
      EMAIL: { autoAccept: false },
    });
  });
});

const CONCERNED = [
  ...["createUserWithoutPhoneConfig", "phoneConfigOfChannelUsers", "channelsOfPhoneConfigUsers"],
  ...["updateUserConfigOmittedLists", "updateUserConfigOmittedChannels", "searchUsersAfterContactWorkConfigs"],
] as (keyof Open)[];
const WORLDS: Partial<Open>[] = [
  ...CONCERNED.flatMap((name) => OPEN_FACTS[name].values.map((value) => ({ [name]: value }) as Partial<Open>)),
  {
    updateUserConfigOmittedLists: "cleared",
    updateUserConfigOmittedChannels: "cleared",
    phoneConfigOfChannelUsers: "absent",
  },
  {
    updateUserConfigOmittedLists: "cleared",
    updateUserConfigOmittedChannels: "cleared",
    channelsOfPhoneConfigUsers: "absent",
  },
];

describe.each(WORLDS)("with %j", (open) => {
  let scene: AwsScene;
  afterEach(() => scene.close());
  const input: ConnectUserInput = {
    username: "jane@example.com",
    firstName: "Jane",
    lastName: "Doe",
    securityProfileIds: [AGENT],
    routingProfileId: ROUTING,
    tags: {},
  };
  const shown = async (UserId: string) =>
    (await scene.connect.send(new DescribeUserCommand({ InstanceId, UserId }))).User!;
  const works = async (UserId: string) =>
    Object.fromEntries(
      ((await shown(UserId)).AfterContactWorkConfigs ?? []).map((one) => [
        one.Channel,
        one.AfterContactWorkConfig?.AfterContactWorkTimeLimit,
      ]),
    );

  test("a user is created with and without settings, and read as created", async () => {
    scene = await awsScene(open);
    await scene.instance.createUser(input);
    const handling = { VOICE: { autoAccept: true }, CHAT: { afterContactWorkSeconds: 600 } };
    const phone = { type: "DESK_PHONE" as const, deskPhoneNumber: "+4930123456" };
    const other = { ...input, username: "joe@example.com" };
    const made = await scene.instance.createUser({ ...other, phone, handling });
    const seen = await scene.instance.user(other.username, { maxAgeMs: 0, priority: "sweep" });
    expect(made.phone).toMatchObject(phone);
    expect(seen?.handling).toMatchObject(handling);
    expect(await works(made.id)).toMatchObject({ CHAT: 600 });
  });

  test("one setting changes, and what a supervisor set in another channel stays", async () => {
    scene = await awsScene(open);
    const { id, username } = await scene.instance.createUser(input);
    const user = { InstanceId, UserId: id };
    const PhoneConfig = { PhoneType: "SOFT_PHONE" as const, AfterContactWorkTimeLimit: 30 };
    await scene.connect.send(new UpdateUserPhoneConfigCommand({ ...user, PhoneConfig }));
    const AfterContactWorkConfigs = [work("VOICE", 30), work("CHAT", 600)];
    await scene.connect.send(new UpdateUserConfigCommand({ ...user, AfterContactWorkConfigs }));
    const view = (await scene.instance.user(username, { maxAgeMs: 0, priority: "sweep" }))!;
    await scene.instance.updateHandling(view, { TASK: { autoAccept: true } });
    await scene.instance.updatePhone(view, { type: "DESK_PHONE", deskPhoneNumber: "+4930123456" });
    expect(await works(id)).toMatchObject({ VOICE: 30, CHAT: 600 });
    expect((await shown(id)).AutoAcceptConfigs).toContainEqual({ Channel: "TASK", AutoAccept: true });
    const after = (await scene.instance.user(username, { maxAgeMs: 0, priority: "sweep" }))!;
    expect(after.handling).toMatchObject({ CHAT: { afterContactWorkSeconds: 600 }, TASK: { autoAccept: true } });
    expect(after.phone).toMatchObject({
      type: "DESK_PHONE",
      deskPhoneNumber: "+4930123456",
      afterContactWorkSeconds: 30,
    });
  });
});
