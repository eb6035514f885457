/** Telephone and contact handling per channel: what is declared is set, what was ours and is declared no more goes back to Connect's default. */
import type { ConnectUserSpec } from "../../api/resources.ts";
import { type Difference, textOf } from "../../domain/difference.ts";
import type { Comparison } from "../../engine/ledger.ts";
import {
  CHANNELS,
  type Channel,
  type ChannelHandling,
  type ConnectUserView,
  type ContactHandling,
  type PhoneSettings,
} from "../../providers/aws/types.ts";
import type { UserScope } from "../scope.ts";

type Declared = Required<Pick<ConnectUserSpec, "phone" | "contactHandling">>;
/** `satisfies` makes the compiler ask here for each field that a manifest can have. */
const PHONE_DEFAULTS = { type: "SOFT_PHONE", deskPhoneNumber: undefined } as const satisfies PhoneSettings &
  Record<keyof Declared["phone"], unknown>;
type PhoneField = keyof typeof PHONE_DEFAULTS;
const PHONE = Object.keys(PHONE_DEFAULTS) as PhoneField[];

export function phoneRows({ input }: UserScope, user: ConnectUserView, compare: Comparison): Difference[] {
  return PHONE.flatMap((field) => {
    const path = `phone.${field}`;
    const wanted = input.phone?.[field];
    if (wanted !== undefined) return compare.differ(path, wanted, user.phone[field]);
    return textOf(user.phone[field]) === textOf(PHONE_DEFAULTS[field])
      ? []
      : compare.undeclared(path, user.phone[field]);
  });
}

export async function updatePhone(
  { connect, input, call }: UserScope,
  user: ConnectUserView,
  paths: ReadonlySet<string>,
): Promise<void> {
  const phone: PhoneSettings = { type: user.phone.type, deskPhoneNumber: user.phone.deskPhoneNumber };
  for (const field of PHONE)
    if (paths.has(`phone.${field}`)) Object.assign(phone, { [field]: input.phone?.[field] ?? PHONE_DEFAULTS[field] });
  await connect.updatePhone(user, phone, call);
}

type Channels = Required<Declared["contactHandling"]>;
type DeclaredHandling = Exclude<{ [C in keyof Channels]: keyof Channels[C] }[keyof Channels], "enhancement">;
/** Fields that are declared, with Connect's default of each. */
const HANDLING_DEFAULTS = {
  autoAccept: false,
  afterContactWorkSeconds: 0,
  persistentConnection: false,
  voiceEnhancement: "NONE",
} as const satisfies ChannelHandling & Record<DeclaredHandling, unknown>;
type HandlingField = keyof typeof HANDLING_DEFAULTS;
const HANDLING = Object.keys(HANDLING_DEFAULTS) as HandlingField[];

const fieldPath = (channel: Channel, field: HandlingField) =>
  `contactHandling.${channel.toLowerCase()}.${field === "voiceEnhancement" ? "enhancement" : field}`;

/** Every declared setting, by path; for plans of a create. */
export function handlingSettings(handling: ContactHandling = {}): [string, unknown][] {
  return CHANNELS.flatMap((channel) =>
    HANDLING.map((field): [string, unknown] => [fieldPath(channel, field), handling[channel]?.[field]]),
  );
}

/** A desk phone has neither, and Connect keeps what the soft phone had. */
const isSoftPhoneOnly = ({ phone }: UserScope["input"], channel: Channel, field: HandlingField): boolean =>
  phone?.type === "DESK_PHONE" && channel === "VOICE" && (field === "autoAccept" || field === "persistentConnection");

export function handlingRows({ input }: UserScope, user: ConnectUserView, compare: Comparison): Difference[] {
  return CHANNELS.flatMap((channel) =>
    HANDLING.flatMap((field) => {
      const path = fieldPath(channel, field);
      const wanted = input.handling?.[channel]?.[field] ?? (isSoftPhoneOnly(input, channel, field) ? false : undefined);
      const usual = HANDLING_DEFAULTS[field];
      const found = user.handling?.[channel]?.[field];
      // What Connect does not list is at its default.
      if (wanted !== undefined) return compare.differ(path, wanted, found ?? (wanted === usual ? usual : undefined));
      return found === undefined || found === usual ? [] : compare.undeclared(path, found);
    }),
  );
}

export async function updateHandling(
  { connect, input, call }: UserScope,
  user: ConnectUserView,
  paths: ReadonlySet<string>,
): Promise<void> {
  const change: ContactHandling = {};
  for (const channel of CHANNELS)
    for (const field of HANDLING)
      if (paths.has(fieldPath(channel, field)))
        change[channel] = {
          ...change[channel],
          [field]: input.handling?.[channel]?.[field] ?? HANDLING_DEFAULTS[field],
        };
  await connect.updateHandling(user, change, call);
}

const ENHANCEMENT = { None: "NONE", VoiceIsolation: "VOICE_ISOLATION", NoiseSuppression: "NOISE_SUPPRESSION" } as const;

/** The spec's words as Connect's. */
export function handlingOf({ voice, chat, task, email }: Declared["contactHandling"]): ContactHandling {
  const { enhancement, ...rest } = voice ?? {};
  return {
    ...(voice ? { VOICE: { ...rest, ...(enhancement ? { voiceEnhancement: ENHANCEMENT[enhancement] } : {}) } } : {}),
    ...(chat ? { CHAT: chat } : {}),
    ...(task ? { TASK: task } : {}),
    ...(email ? { EMAIL: email } : {}),
  };
}
