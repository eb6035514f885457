/** Contact handling: PhoneConfig and the lists per channel, under every answer to what Amazon leaves open. */
import {
  type CreateUserCommandInput,
  UpdateUserConfigCommand,
  UpdateUserPhoneConfigCommand,
} from "@aws-sdk/client-connect";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { Open } from "../../src/sandbox/open.ts";
import { type ConnectScene, connectScene, InstanceId } from "./connect-support.ts";
import { failure } from "./iam-support.ts";

let scene: ConnectScene;
afterEach(async () => {
  const { departures } = scene;
  await scene.close();
  expect([...departures]).toEqual([]);
});
const start = async (open: Partial<Open> = {}) => {
  scene = await connectScene({ open });
};
const work = (Channel: "VOICE" | "CHAT" | "TASK" | "EMAIL", AfterContactWorkTimeLimit: number) => ({
  Channel,
  AfterContactWorkConfig: { AfterContactWorkTimeLimit },
});
const setChannels = (UserId: string, lists: object) =>
  scene.client.send(new UpdateUserConfigCommand({ InstanceId, UserId, ...lists }));
const setPhone = (UserId: string, AfterContactWorkTimeLimit: number) =>
  scene.client.send(
    new UpdateUserPhoneConfigCommand({
      InstanceId,
      UserId,
      PhoneConfig: { PhoneType: "SOFT_PHONE", AutoAccept: true, AfterContactWorkTimeLimit },
    }),
  );

test("UpdateUserPhoneConfig sets the after-contact work of every channel", async () => {
  await start();
  const id = await scene.create("jane");
  await setChannels(id, { AfterContactWorkConfigs: [work("CHAT", 600)] });
  await setPhone(id, 30);
  const { AfterContactWorkConfigs, AutoAcceptConfigs } = await scene.describe(id);
  expect(AfterContactWorkConfigs).toEqual([work("VOICE", 30), work("CHAT", 30), work("TASK", 30), work("EMAIL", 30)]);
  expect(AutoAcceptConfigs).toEqual([{ Channel: "VOICE", AutoAccept: true }]);
});

describe("CreateUser", () => {
  test("takes PhoneConfig beside lists about other settings", async () => {
    await start({ createUserWithoutPhoneConfig: "refused" });
    const VoiceEnhancementConfigs = [{ Channel: "VOICE" as const, VoiceEnhancementMode: "VOICE_ISOLATION" as const }];
    const id = await scene.create("jane", {
      PhoneConfig: { PhoneType: "SOFT_PHONE" },
      AfterContactWorkConfigs: [work("CHAT", 600)],
      VoiceEnhancementConfigs,
    });
    const user = await scene.describe(id);
    expect(user.PhoneConfig).toMatchObject({ PhoneType: "SOFT_PHONE" });
    expect(user.AfterContactWorkConfigs).toContainEqual(work("CHAT", 600));
    expect(user.VoiceEnhancementConfigs).toEqual(VoiceEnhancementConfigs);
  });
  test("with neither form is a knob", async () => {
    await start({ createUserWithoutPhoneConfig: "refused" });
    expect((await failure(scene.create("jane"))).slice(0, 2)).toEqual(["InvalidRequestException", 400]);
    await expect(scene.create("jane", { AfterContactWorkConfigs: [work("VOICE", 5)] })).resolves.toBeDefined();
  });
  test.each<[string, Partial<CreateUserCommandInput>]>([
    [
      "a channel that the list does not know",
      { PersistentConnectionConfigs: [{ Channel: "CHAT", PersistentConnection: true }] },
    ],
    ["a channel twice", { AfterContactWorkConfigs: [work("CHAT", 1), work("CHAT", 2)] }],
    ["more than 24 days", { AfterContactWorkConfigs: [work("CHAT", 2_000_001)] }],
    ["a desk phone without a number", { PhoneNumberConfigs: [{ Channel: "VOICE", PhoneType: "DESK_PHONE" }] }],
    [
      "a callback setting of chats",
      { AutoAcceptConfigs: [{ Channel: "CHAT", AutoAccept: true, AgentFirstCallbackAutoAccept: true }] },
    ],
  ])("refuses %s", async (_, lists) => {
    await start();
    expect((await failure(scene.create("jane", lists)))[0]).toBe("InvalidParameterException");
  });
});

test.each([
  ["kept", { PhoneType: "SOFT_PHONE", AfterContactWorkTimeLimit: 30, AutoAccept: true }],
  ["voice", { PhoneType: "SOFT_PHONE", AfterContactWorkTimeLimit: 7, AutoAccept: true }],
  ["absent", undefined],
] as const)("PhoneConfig after UpdateUserConfig: %s", async (phoneConfigOfChannelUsers, shown) => {
  await start({ phoneConfigOfChannelUsers });
  const id = await scene.create("jane");
  await setPhone(id, 30);
  await setChannels(id, { AfterContactWorkConfigs: [work("VOICE", 7)] });
  const { PhoneConfig } = await scene.describe(id);
  if (shown) expect(PhoneConfig).toMatchObject(shown);
  else expect([PhoneConfig, (await scene.search("jane"))?.PhoneConfig]).toEqual([undefined, undefined]);
});

test("lists after UpdateUserPhoneConfig may be absent", async () => {
  await start({ channelsOfPhoneConfigUsers: "absent" });
  const id = await scene.create("jane");
  await setChannels(id, { AfterContactWorkConfigs: [work("CHAT", 600)] });
  await setPhone(id, 30);
  expect((await scene.describe(id)).AfterContactWorkConfigs).toBeUndefined();
});

test.each([
  ["kept", "kept", [work("CHAT", 600), work("TASK", 9)], true],
  ["kept", "cleared", [work("TASK", 9)], true],
  ["cleared", "kept", [work("CHAT", 600), work("TASK", 9)], false],
] as const)("lists left out are %s, channels left out are %s", async (lists, channels, shown, otherList) => {
  await start({ updateUserConfigOmittedLists: lists, updateUserConfigOmittedChannels: channels });
  const id = await scene.create("jane");
  await setChannels(id, {
    AfterContactWorkConfigs: [work("CHAT", 600)],
    AutoAcceptConfigs: [{ Channel: "CHAT", AutoAccept: true }],
  });
  await setChannels(id, { AfterContactWorkConfigs: [work("TASK", 9)] });
  const user = await scene.describe(id);
  expect(user.AfterContactWorkConfigs).toEqual(shown);
  expect(user.AutoAcceptConfigs !== undefined).toBe(otherList);
});

test.each([
  ["milliseconds", 600_000],
  ["seconds", 600],
] as const)("SearchUsers gives lists in %s", async (searchUsersAfterContactWorkConfigs, limit) => {
  await start({ searchUsersAfterContactWorkConfigs });
  await scene.create("jane", { AfterContactWorkConfigs: [work("CHAT", 600)] });
  expect((await scene.search("jane"))?.AfterContactWorkConfigs).toEqual([work("CHAT", limit)]);
});
