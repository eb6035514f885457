/** How a user handles contacts: the older PhoneConfig, the lists per channel, and what each does to the other. */
import { UpdateUserConfigCommand, UpdateUserPhoneConfigCommand } from "@aws-sdk/client-connect";
import { until } from "../time.ts";
import { must, type Step, type StepContext, seen } from "../types.ts";
import {
  CREATE_USER_ACTIONS,
  createUser,
  describe,
  SEARCH_USERS_ACTIONS,
  SOFT_PHONE,
  search,
  type Template,
  template,
  user,
} from "./connect-user.ts";

type Lists = Omit<ConstructorParameters<typeof UpdateUserConfigCommand>[0], "InstanceId" | "UserId">;
type Channel = "VOICE" | "CHAT";
const work = (Channel: Channel, limit: number) => ({
  Channel,
  AfterContactWorkConfig: { AfterContactWorkTimeLimit: limit },
});
const accept = (Channel: Channel) => ({ Channel, AutoAccept: true });

export const contactHandling: Step = {
  name: "contactHandling",
  needs: ["connect"],
  minutes: 2,
  actions: [
    ...CREATE_USER_ACTIONS,
    "connect:UpdateUserConfig",
    "connect:UpdateUserPhoneConfig",
    ...SEARCH_USERS_ACTIONS,
  ],
  facts: {
    createUserWithoutPhoneConfig: {
      question: "CreateUser with neither PhoneConfig nor settings per channel: accepted, or refused",
      row: 13,
      values: ["accepted", "refused"],
    },
    phoneConfigOfChannelUsers: {
      question: "PhoneConfig after UpdateUserConfig: the voice channel's values, as it was before, or absent",
      row: 13,
      values: ["voice", "kept", "absent"],
    },
    channelsOfPhoneConfigUsers: {
      question: "Lists per channel after UpdateUserPhoneConfig: shown, or not",
      row: 13,
      values: ["listed", "absent"],
    },
    updateUserConfigOmittedLists: {
      question: "Lists that UpdateUserConfig leaves out: kept, or back to their defaults",
      row: 13,
      values: ["kept", "cleared"],
    },
    updateUserConfigOmittedChannels: {
      question: "Channels that a list of UpdateUserConfig leaves out: kept, or back to their defaults",
      row: 13,
      values: ["kept", "cleared"],
    },
    searchUsersAfterContactWorkConfigs: {
      question: "Unit of AfterContactWorkConfigs in SearchUsers",
      row: 13,
      values: ["milliseconds", "seconds"],
    },
  },
  async run(context) {
    const profiles = await template(context);
    const without = await createUser(context, "without-phone", profiles, null);
    const invalid = without.status === 400;
    context.settle("createUserWithoutPhoneConfig", {
      ...(without.ok ? { value: "accepted" } : invalid ? { value: "refused" } : {}),
      observed: seen(without),
    });
    await phoneAndChannels(context, profiles);
    await omissions(context, profiles);
  },
};

const setLists = async ({ aws }: StepContext, UserId: string, lists: Lists) =>
  must(await aws.connect(new UpdateUserConfigCommand({ InstanceId: aws.instanceId, UserId, ...lists })));

async function phoneAndChannels(context: StepContext, profiles: Template): Promise<void> {
  const channels = await user(context, "channels", profiles);
  await setLists(context, channels, {
    AutoAcceptConfigs: [accept("VOICE")],
    AfterContactWorkConfigs: [work("VOICE", 31)],
  });
  const { PhoneConfig: phone } = await describe(context, channels);
  const limit = phone?.AfterContactWorkTimeLimit;
  const value = !phone ? "absent" : limit === 31 ? "voice" : limit === 17 ? "kept" : undefined;
  context.settle("phoneConfigOfChannelUsers", {
    ...(value && { value }),
    observed: phone
      ? `PhoneConfig has an after-contact work time of ${limit} s (17 before, 31 set) and AutoAccept ${phone.AutoAccept}`
      : "no PhoneConfig",
  });
  const found = await until(context.time, { patience: 180, every: 2 }, async () => {
    const lists = (await search(context, "channels"))?.AfterContactWorkConfigs ?? [];
    const one = lists.find(({ Channel }) => Channel === "VOICE");
    const shown = one?.AfterContactWorkConfig?.AfterContactWorkTimeLimit;
    return shown === 31 || shown === 31_000 ? shown : undefined;
  });
  context.settle("searchUsersAfterContactWorkConfigs", {
    ...(found && { value: found.value === 31 ? "seconds" : "milliseconds" }),
    observed: found ? `31 seconds are shown as ${found.value}` : "no AfterContactWorkConfigs within three minutes",
    ...(found && { seconds: found.seconds }),
  });
  const plain = await user(context, "phone", profiles);
  must(
    await context.aws.connect(
      new UpdateUserPhoneConfigCommand({
        InstanceId: context.aws.instanceId,
        UserId: plain,
        PhoneConfig: { ...SOFT_PHONE, AutoAccept: true },
      }),
    ),
  );
  const seenUser = await describe(context, plain);
  const shown = (["AutoAcceptConfigs", "AfterContactWorkConfigs", "PhoneNumberConfigs"] as const).filter(
    (list) => (seenUser[list] ?? []).length > 0,
  );
  context.settle("channelsOfPhoneConfigUsers", {
    value: shown.length > 0 ? "listed" : "absent",
    observed: shown.length > 0 ? `shown: ${shown.join(", ")}` : "no list per channel",
  });
}

async function omissions(context: StepContext, profiles: Template): Promise<void> {
  const id = await user(context, "omitted", profiles);
  await setLists(context, id, { AutoAcceptConfigs: [accept("VOICE"), accept("CHAT")] });
  await setLists(context, id, { AfterContactWorkConfigs: [work("VOICE", 11), work("CHAT", 22)] });
  const lists = await describe(context, id);
  const kept = lists.AutoAcceptConfigs?.some(({ Channel, AutoAccept }) => Channel === "CHAT" && AutoAccept) ?? false;
  context.settle("updateUserConfigOmittedLists", {
    value: kept ? "kept" : "cleared",
    observed: `AutoAccept of the chat channel, set before and left out of the next call, is ${kept}`,
  });
  await setLists(context, id, { AfterContactWorkConfigs: [work("VOICE", 12)] });
  const channels = await describe(context, id);
  const chat = channels.AfterContactWorkConfigs?.find(({ Channel }) => Channel === "CHAT");
  const limit = chat?.AfterContactWorkConfig?.AfterContactWorkTimeLimit;
  context.settle("updateUserConfigOmittedChannels", {
    value: limit === 22 ? "kept" : "cleared",
    observed: `after-contact work of the chat channel, 22 s before, is ${limit === undefined ? "absent" : `${limit} s`}`,
  });
}
