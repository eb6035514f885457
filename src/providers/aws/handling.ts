/**
 * Contact handling as Connect's lists per channel have it, and the voice channel as phone settings. PhoneConfig is the older form: after
 * UpdateUserConfig it may be missing or out of date, so the lists win where they are there.
 */
import type {
  AfterContactWorkConfigPerChannel,
  AutoAcceptConfig,
  PersistentConnectionConfig,
  PhoneNumberConfig,
  UserPhoneConfig,
  VoiceEnhancementConfig,
} from "@aws-sdk/client-connect";
import { CHANNELS, type Channel, type ChannelHandling, type ContactHandling, type PhoneSettings } from "./types.ts";

/** The members of User, UserSearchSummary and UpdateUserConfig that are about it. */
interface ChannelLists {
  AutoAcceptConfigs?: AutoAcceptConfig[];
  AfterContactWorkConfigs?: AfterContactWorkConfigPerChannel[];
  PhoneNumberConfigs?: PhoneNumberConfig[];
  PersistentConnectionConfigs?: PersistentConnectionConfig[];
  VoiceEnhancementConfigs?: VoiceEnhancementConfig[];
}
/** How many of the answer's units a second has: 1000 in SearchUsers, 1 elsewhere. */
export type TimeUnit = 1 | 1000;

/** By channel, as the lists say; undefined when there are none. */
export function handlingOf(user: ChannelLists, listUnit: TimeUnit): ContactHandling | undefined {
  const found: ContactHandling = {};
  const put = (channel: Channel | undefined, values: ChannelHandling) => {
    if (!channel) return;
    const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
    if (set.length > 0) found[channel] = { ...found[channel], ...Object.fromEntries(set) };
  };
  const seconds = (limit: number | undefined) => (limit === undefined ? undefined : Math.round(limit / listUnit));
  for (const one of user.AutoAcceptConfigs ?? [])
    put(one.Channel, { autoAccept: one.AutoAccept, callbackAutoAccept: one.AgentFirstCallbackAutoAccept });
  for (const one of user.AfterContactWorkConfigs ?? [])
    put(one.Channel, {
      afterContactWorkSeconds: seconds(one.AfterContactWorkConfig?.AfterContactWorkTimeLimit),
      callbackAfterContactWorkSeconds: seconds(one.AgentFirstCallbackAfterContactWorkConfig?.AfterContactWorkTimeLimit),
    });
  for (const one of user.PersistentConnectionConfigs ?? [])
    put(one.Channel, { persistentConnection: one.PersistentConnection });
  for (const one of user.VoiceEnhancementConfigs ?? [])
    put(one.Channel, { voiceEnhancement: one.VoiceEnhancementMode });
  return Object.keys(found).length > 0 ? found : undefined;
}

/** The telephone, and the voice channel's settings under their older names. */
export function phoneOf(
  { PhoneConfig: phone, PhoneNumberConfigs }: ChannelLists & { PhoneConfig?: UserPhoneConfig },
  phoneUnit: TimeUnit,
  handling: ContactHandling | undefined,
): PhoneSettings {
  const number = PhoneNumberConfigs?.find(({ Channel }) => Channel === "VOICE");
  const voice = handling?.VOICE;
  const limit = phone?.AfterContactWorkTimeLimit ?? undefined;
  const settings: PhoneSettings = {
    type: number?.PhoneType ?? phone?.PhoneType ?? undefined,
    deskPhoneNumber: (number ? number.PhoneNumber : phone?.DeskPhoneNumber) || undefined,
    autoAccept: voice?.autoAccept ?? phone?.AutoAccept ?? undefined,
    afterContactWorkSeconds:
      voice?.afterContactWorkSeconds ?? (limit === undefined ? undefined : Math.round(limit / phoneUnit)),
    persistentConnection: voice?.persistentConnection ?? phone?.PersistentConnection ?? undefined,
  };
  return Object.values(settings).some((value) => value !== undefined) ? settings : {};
}

/**
 * Whether SearchUsers gives the lists in milliseconds, as it does PhoneConfig, is not documented. Seconds are whole, so any value that is
 * no multiple of a thousand is in seconds.
 */
export function listUnitOf(users: ChannelLists[]): TimeUnit {
  const limits = users.flatMap(({ AfterContactWorkConfigs = [] }) =>
    (AfterContactWorkConfigs ?? []).flatMap((one) => [
      one.AfterContactWorkConfig?.AfterContactWorkTimeLimit ?? 0,
      one.AgentFirstCallbackAfterContactWorkConfig?.AfterContactWorkTimeLimit ?? 0,
    ]),
  );
  return limits.some((limit) => limit % 1000 !== 0) ? 1 : 1000;
}

/** `change` over `seen`, channel by channel and setting by setting. */
export function mergedHandling(seen: ContactHandling = {}, change: ContactHandling = {}): ContactHandling {
  const channels = CHANNELS.filter((channel) => seen[channel] || change[channel]);
  return Object.fromEntries(channels.map((channel) => [channel, { ...seen[channel], ...change[channel] }]));
}

/** Phone settings other than type and number are the voice channel's. */
export function voiceHandling(phone: PhoneSettings): ContactHandling {
  const { autoAccept, afterContactWorkSeconds, persistentConnection } = phone;
  const set = Object.entries({ autoAccept, afterContactWorkSeconds, persistentConnection }).filter(
    ([, value]) => value !== undefined,
  );
  return set.length > 0 ? { VOICE: Object.fromEntries(set) } : {};
}

/** The lists that say this; a list with nothing to say is left out. Seconds. */
export function listsOf(handling: ContactHandling, phone: PhoneSettings = {}): ChannelLists {
  const of = <T>(make: (channel: Channel, values: ChannelHandling) => T | undefined): T[] =>
    CHANNELS.flatMap((channel) => make(channel, handling[channel] ?? {}) ?? []);
  const work = (limit: number) => ({ AfterContactWorkTimeLimit: limit });
  const lists: Required<ChannelLists> = {
    AutoAcceptConfigs: of((Channel, { autoAccept, callbackAutoAccept: callback }) =>
      autoAccept === undefined && callback === undefined
        ? undefined
        : {
            Channel,
            AutoAccept: autoAccept ?? false,
            ...(callback !== undefined && { AgentFirstCallbackAutoAccept: callback }),
          },
    ),
    AfterContactWorkConfigs: of(
      (Channel, { afterContactWorkSeconds: limit, callbackAfterContactWorkSeconds: callback }) =>
        limit === undefined && callback === undefined
          ? undefined
          : {
              Channel,
              AfterContactWorkConfig: work(limit ?? 0),
              ...(callback !== undefined && { AgentFirstCallbackAfterContactWorkConfig: work(callback) }),
            },
    ),
    PhoneNumberConfigs: phone.type
      ? [
          {
            Channel: "VOICE",
            PhoneType: phone.type,
            ...(phone.deskPhoneNumber && { PhoneNumber: phone.deskPhoneNumber }),
          },
        ]
      : [],
    PersistentConnectionConfigs: of((Channel, { persistentConnection: PersistentConnection }) =>
      PersistentConnection === undefined ? undefined : { Channel, PersistentConnection },
    ),
    VoiceEnhancementConfigs: of((Channel, { voiceEnhancement: VoiceEnhancementMode }) =>
      VoiceEnhancementMode === undefined ? undefined : { Channel, VoiceEnhancementMode },
    ),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}
