/**
 * How a user handles contacts: PhoneConfig, one value for all channels, and the lists per channel that replace it. Sources: API_CreateUser,
 * API_UpdateUserPhoneConfig, API_UpdateUserConfig; what they leave open is behaviour.open.
 */
import type { Open } from "../open.ts";
import { invalidParameter, invalidRequest } from "./error.ts";
import { DEFAULT_PHONE, type PhoneConfig } from "./state.ts";
import type { Body } from "./validate.ts";

/** One member of a list: a channel and its settings. */
export type ChannelSetting = { Channel: string } & Body;
export interface Handling {
  PhoneConfig?: PhoneConfig;
  channels: Record<string, ChannelSetting[]>;
}

const CHANNELS = ["VOICE", "CHAT", "TASK", "EMAIL"];
const MOST_SECONDS = 2_000_000;
const DESK_NUMBER = /^\+[1-9]\d{1,14}$/;
/** The lists, the channels that they know, and the fields of PhoneConfig that exclude them. */
const LISTS: Record<string, { channels: string[]; excludes: (keyof PhoneConfig)[]; check(one: Body): void }> = {
  AutoAcceptConfigs: {
    channels: CHANNELS,
    excludes: ["AutoAccept"],
    check: (one) => {
      flag(one, "AutoAccept");
      if (one.AgentFirstCallbackAutoAccept !== undefined) {
        flag(one, "AgentFirstCallbackAutoAccept");
        voiceOnly(one, "AgentFirstCallbackAutoAccept");
      }
    },
  },
  AfterContactWorkConfigs: {
    channels: CHANNELS,
    excludes: ["AfterContactWorkTimeLimit"],
    check: (one) => {
      if (one.AfterContactWorkConfig === undefined) throw invalidRequest("AfterContactWorkConfig is required");
      for (const name of ["AfterContactWorkConfig", "AgentFirstCallbackAfterContactWorkConfig"])
        afterContactWork((one[name] as Body | undefined)?.AfterContactWorkTimeLimit);
      if (one.AgentFirstCallbackAfterContactWorkConfig !== undefined)
        voiceOnly(one, "AgentFirstCallbackAfterContactWorkConfig");
    },
  },
  PhoneNumberConfigs: {
    channels: ["VOICE"],
    excludes: ["PhoneType", "DeskPhoneNumber"],
    check: (one) => phoneType(one.PhoneType, one.PhoneNumber, "PhoneNumber"),
  },
  PersistentConnectionConfigs: {
    channels: ["VOICE"],
    excludes: ["PersistentConnection"],
    check: (one) => flag(one, "PersistentConnection"),
  },
  VoiceEnhancementConfigs: {
    channels: ["VOICE"],
    excludes: [],
    check: ({ VoiceEnhancementMode: mode }) => {
      if (!["VOICE_ISOLATION", "NOISE_SUPPRESSION", "NONE"].includes(mode as string))
        throw invalidParameter("VoiceEnhancementMode must be VOICE_ISOLATION, NOISE_SUPPRESSION or NONE");
    },
  },
};

function flag(one: Body, name: string): void {
  if (typeof one[name] !== "boolean") throw invalidRequest(`${name} is required`);
}
function voiceOnly(one: Body, name: string): void {
  if (one.Channel !== "VOICE") throw invalidParameter(`${name} applies to the VOICE channel only`);
}
function afterContactWork(limit: unknown): void {
  if (limit === undefined) return;
  if (!(Number.isInteger(limit) && (limit as number) >= 0 && (limit as number) <= MOST_SECONDS))
    throw invalidParameter(`AfterContactWorkTimeLimit must be between 0 and ${MOST_SECONDS}`);
}
function phoneType(type: unknown, number: unknown, field: string): void {
  if (type !== undefined && type !== "SOFT_PHONE" && type !== "DESK_PHONE")
    throw invalidParameter("PhoneType must be SOFT_PHONE or DESK_PHONE");
  if (number && !DESK_NUMBER.test(String(number))) throw invalidParameter(`${field} must be E.164`);
  if (type === "DESK_PHONE" && !number) throw invalidParameter(`${field} is required for DESK_PHONE`);
}

export function phoneConfig(value: unknown): PhoneConfig {
  const phone = (value ?? {}) as Partial<PhoneConfig>;
  phoneType(phone.PhoneType, phone.DeskPhoneNumber, "DeskPhoneNumber");
  afterContactWork(phone.AfterContactWorkTimeLimit);
  return {
    PhoneType: phone.PhoneType ?? "SOFT_PHONE",
    AutoAccept: phone.AutoAccept ?? false,
    AfterContactWorkTimeLimit: phone.AfterContactWorkTimeLimit ?? 0,
    DeskPhoneNumber: phone.DeskPhoneNumber ?? "",
    PersistentConnection: phone.PersistentConnection ?? false,
  };
}

/** The lists that a request has. */
export function channelLists(body: Body): Record<string, ChannelSetting[]> {
  const names = Object.keys(LISTS).filter((name) => body[name] !== undefined && body[name] !== null);
  for (const name of names) {
    const list = body[name];
    const { channels, check } = LISTS[name]!;
    if (!Array.isArray(list) || !list.every((one) => channels.includes(one?.Channel)))
      throw invalidParameter(`${name} must be a list with one of ${channels.join(", ")} as Channel in each member`);
    if (new Set(list.map(({ Channel }) => Channel)).size < list.length)
      throw invalidParameter(`${name} must name each channel once`);
    list.forEach(check);
  }
  return Object.fromEntries(names.map((name) => [name, body[name] as ChannelSetting[]]));
}

/** What a new user has. A field of PhoneConfig and the list that corresponds to it exclude each other. */
export function createdWith(body: Body, open: Open): Handling {
  const lists = channelLists(body);
  const phone = body.PhoneConfig as Partial<PhoneConfig> | undefined;
  for (const [name, list] of Object.entries(LISTS)) {
    const both = name in lists && list.excludes.find((field) => phone?.[field] !== undefined);
    if (both) throw invalidRequest(`PhoneConfig.${both} cannot be set together with ${name}`);
  }
  const hasLists = Object.keys(lists).length > 0;
  if (!phone && !hasLists && open.createUserWithoutPhoneConfig === "refused")
    throw invalidRequest("PhoneConfig is required");
  const plain: Handling = { PhoneConfig: phoneConfig(phone), channels: {} };
  const first = phone ? withPhoneConfig(plain, phoneConfig(phone), open) : plain;
  return hasLists ? withChannels(first, lists, { ...open, updateUserConfigOmittedLists: "kept" }) : first;
}

/** UpdateUserPhoneConfig: one after-contact work time for all channels; the rest is about calls. */
export function withPhoneConfig({ channels }: Handling, phone: PhoneConfig, open: Open): Handling {
  const { VoiceEnhancementConfigs } = channels;
  const kept = VoiceEnhancementConfigs && { VoiceEnhancementConfigs };
  if (open.channelsOfPhoneConfigUsers === "absent") return { PhoneConfig: phone, channels: { ...kept } };
  const { PhoneType, DeskPhoneNumber, AutoAccept, AfterContactWorkTimeLimit, PersistentConnection } = phone;
  return {
    PhoneConfig: phone,
    channels: {
      ...kept,
      AutoAcceptConfigs: merged(channels.AutoAcceptConfigs, [{ Channel: "VOICE", AutoAccept }]),
      AfterContactWorkConfigs: CHANNELS.map((Channel) => ({
        Channel,
        AfterContactWorkConfig: { AfterContactWorkTimeLimit },
      })),
      PhoneNumberConfigs: [
        { Channel: "VOICE", PhoneType, ...(DeskPhoneNumber ? { PhoneNumber: DeskPhoneNumber } : {}) },
      ],
      PersistentConnectionConfigs: [{ Channel: "VOICE", PersistentConnection }],
    },
  };
}

/** UpdateUserConfig. */
export function withChannels(old: Handling, lists: Record<string, ChannelSetting[]>, open: Open): Handling {
  const before = open.updateUserConfigOmittedLists === "kept" ? old.channels : {};
  const one = ([name, list]: [string, ChannelSetting[]]) => [
    name,
    open.updateUserConfigOmittedChannels === "kept" ? merged(old.channels[name], list) : list,
  ];
  const channels = { ...before, ...Object.fromEntries(Object.entries(lists).map(one)) };
  switch (open.phoneConfigOfChannelUsers) {
    case "kept":
      return { PhoneConfig: old.PhoneConfig ?? { ...DEFAULT_PHONE }, channels };
    case "voice":
      return { PhoneConfig: voiceOf(channels), channels };
    case "absent":
      return { PhoneConfig: undefined, channels };
  }
}

function merged(old: ChannelSetting[] = [], list: ChannelSetting[]): ChannelSetting[] {
  return [...old.filter(({ Channel }) => !list.some((one) => one.Channel === Channel)), ...list];
}

function voiceOf(channels: Handling["channels"]): PhoneConfig {
  const voice = (name: string) => channels[name]?.find(({ Channel }) => Channel === "VOICE") ?? {};
  const number = voice("PhoneNumberConfigs") as Body;
  const work = (voice("AfterContactWorkConfigs") as Body).AfterContactWorkConfig as Partial<PhoneConfig> | undefined;
  return phoneConfig({
    ...(voice("AutoAcceptConfigs") as Body),
    ...(voice("PersistentConnectionConfigs") as Body),
    PhoneType: number.PhoneType,
    DeskPhoneNumber: number.PhoneNumber,
    AfterContactWorkTimeLimit: work?.AfterContactWorkTimeLimit,
  });
}
