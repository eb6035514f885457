/**
 * The columns of Amazon Connect's own bulk-upload template ("Import users using a .csv template"), in all the forms that the console has
 * handed out: SAML instances have secondary e-mail, mobile, hierarchy and tags; instances with own passwords e-mail address and password.
 * Each column turns one cell into a part of a ConnectUser's spec, or says why it cannot.
 */
import type { ConnectUserSpec } from "../api/resources.ts";

export type Draft = Partial<ConnectUserSpec> & {
  login?: string;
  /** From Entra's own export: names the person, whatever becomes the RoleSessionName. */
  principal?: string;
  /** Of the template of 2026, which has the hierarchy twice. */
  agentHierarchy?: string[];
  /** What a persona's users cannot be given by a ConnectUser; listed in a comment. */
  left?: string[];
  /** Not a field of a ConnectUser: the person's mailbox, for instances that kept their own passwords. */
  email?: string;
};

export interface Column {
  /** As the template writes it. */
  title: string;
  /** Other headings that mean the same, compared by `heading`. */
  also?: string[];
  /** Returns what is wrong with the cell. The cell is trimmed and not empty. */
  read(cell: string, draft: Draft): string | undefined;
  /** For a column without counterpart: why it is left out. Its cells are never printed. */
  dropped?: string;
}

export const E164 = /^\+[1-9][0-9]{1,14}$/;
const EMAIL = /^[^@\s]+@[^@\s]+$/;

/** Columns of Entra's export of users (admin center, "Download users") that say nothing to Connect. */
const ENTRA_ONLY = [
  ...["displayName", "id", "userType", "jobTitle", "department", "accountEnabled", "usageLocation", "streetAddress"],
  ...["state", "country", "officeLocation", "city", "postalCode", "telephoneNumber", "mobilePhone"],
  ...["alternateEmailAddress", "ageGroup", "consentProvidedForMinor", "legalAgeGroupClassification", "companyName"],
  ...["creationType", "directorySynced", "invitationState", "identityIssuer", "createdDateTime"],
];

/** Lower case, letters and digits only: headings get edited by spreadsheets and by hand. */
const heading = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, "");

const list = (cell: string, separator: string): string[] =>
  cell
    .split(separator)
    .map((part) => part.trim())
    .filter(Boolean);

function phone(draft: Draft): NonNullable<ConnectUserSpec["phone"]> {
  draft.phone ??= {};
  return draft.phone;
}

type Handling = NonNullable<ConnectUserSpec["contactHandling"]>;
/** The template has no columns for other channels than voice. */
function voice(draft: Draft): NonNullable<Handling["voice"]> {
  draft.contactHandling ??= {};
  draft.contactHandling.voice ??= {};
  return draft.contactHandling.voice;
}

export const COLUMNS: Column[] = [
  {
    title: "first name",
    also: ["givenName"],
    read(cell, draft) {
      draft.firstName = cell.normalize("NFC");
      return undefined;
    },
  },
  {
    title: "last name",
    also: ["surname"],
    read(cell, draft) {
      draft.lastName = cell.normalize("NFC");
      return undefined;
    },
  },
  {
    title: "email address",
    also: ["email", "mail"],
    dropped: "users of a SAML instance have no e-mail address of their own",
    read(cell, draft) {
      draft.email = cell;
      return undefined;
    },
  },
  { title: "password", dropped: "people sign in through Entra; a password is never taken over", read: () => undefined },
  {
    title: "secondary email",
    read(cell, draft) {
      draft.secondaryEmail = cell;
      return EMAIL.test(cell) ? undefined : `secondary email "${cell}" is no e-mail address`;
    },
  },
  {
    title: "mobile",
    also: ["mobile number"],
    read(cell, draft) {
      draft.mobile = cell;
      return E164.test(cell) ? undefined : `mobile "${cell}" is not in E.164 (for example +35315550100)`;
    },
  },
  {
    title: "user login",
    also: ["username", "user name", "login"],
    read(cell, draft) {
      draft.login = cell;
      return undefined;
    },
  },
  {
    title: "userPrincipalName",
    also: ["user principal name", "UPN"],
    read(cell, draft) {
      draft.principal = cell;
      return undefined;
    },
  },
  {
    title: "routing profile name",
    also: ["routing profile"],
    read(cell, draft) {
      draft.routingProfile = cell;
      return undefined;
    },
  },
  {
    title: "security_profile_name_1|security_profile_name_2",
    also: ["security profile name", "security profile", "security profiles", "security_profile_name_1"],
    read(cell, draft) {
      draft.securityProfiles = [...new Set(list(cell, "|"))] as ConnectUserSpec["securityProfiles"];
      return draft.securityProfiles!.length > 10 ? "more than 10 security profiles" : undefined;
    },
  },
  {
    title: "user_hierarchy_1|user_hierarchy_2",
    also: ["UserHierarchy", "user_hierarchy_1", "hierarchy"],
    read(cell, draft) {
      draft.hierarchyGroup = list(cell, cell.includes("|") ? "|" : "/") as ConnectUserSpec["hierarchyGroup"];
      return draft.hierarchyGroup!.length > 5 ? "a hierarchy has at most 5 levels" : undefined;
    },
  },
  {
    title: "agent hierarchy",
    read(cell, draft) {
      draft.agentHierarchy = list(cell, cell.includes("|") ? "|" : "/");
      return draft.agentHierarchy.length > 5 ? "a hierarchy has at most 5 levels" : undefined;
    },
  },
  {
    title: "persistent connection",
    also: ["persistent connection (yes/no)"],
    read(cell, draft) {
      if (!/^(yes|no|true|false)$/i.test(cell)) return `persistent connection "${cell}" is neither yes nor no`;
      voice(draft).persistentConnection = /^(yes|true)$/i.test(cell);
      return undefined;
    },
  },
  {
    title: "audio enhancement(none/isolate voice/suppress noise)",
    also: ["audio enhancement", "voice enhancement"],
    read(cell, draft) {
      const mode = /^(none|isolate[ _]voice|voice[ _]isolation|suppress[ _]noise|noise[ _]suppression)$/i.exec(
        cell,
      )?.[1];
      if (!mode) return `audio enhancement "${cell}" is none of none, isolate voice and suppress noise`;
      const isolate = /voice/i.test(mode) ? "VoiceIsolation" : "NoiseSuppression";
      voice(draft).enhancement = /none/i.test(mode) ? "None" : isolate;
      return undefined;
    },
  },
  {
    title: "phone type (soft/desk)",
    also: ["phone type"],
    read(cell, draft) {
      const kind = /^(soft|desk)([ _]?phone)?$/i.exec(cell)?.[1]?.toLowerCase();
      if (!kind) return `phone type "${cell}" is neither soft nor desk`;
      phone(draft).type = kind === "desk" ? "DeskPhone" : "SoftPhone";
      return undefined;
    },
  },
  {
    title: "phone number",
    also: ["desk phone number"],
    read(cell, draft) {
      phone(draft).deskPhoneNumber = cell;
      return undefined;
    },
  },
  {
    title: "soft phone auto accept (yes/no)",
    also: ["soft phone auto accept", "auto accept"],
    read(cell, draft) {
      if (!/^(yes|no|true|false)$/i.test(cell)) return `soft phone auto accept "${cell}" is neither yes nor no`;
      voice(draft).autoAccept = /^(yes|true)$/i.test(cell);
      return undefined;
    },
  },
  {
    title: "ACW timeout (seconds)",
    also: ["ACW timeout", "after contact work timeout"],
    read(cell, draft) {
      if (!/^\d{1,7}$/.test(cell) || Number(cell) > 2_000_000)
        return `ACW timeout "${cell}" is not a number of seconds from 0 to 2000000`;
      voice(draft).afterContactWorkSeconds = Number(cell);
      return undefined;
    },
  },
  {
    title: "tags",
    read(cell, draft) {
      const tags: Record<string, string> = {};
      for (const [key = "", value, ...more] of tagPairs(cell)) {
        if (key === "" || value === undefined || more.length > 0)
          return `tags "${cell}" is neither key|value||key|value nor key:value|key:value`;
        if (/^(aws:|connectsso\.dev\/)/.test(key))
          return `tag ${key}: keys must not begin with aws: or connectsso.dev/`;
        if (key in tags) return `tag ${key} is given twice`;
        tags[key] = value;
      }
      draft.tags = tags;
      return undefined;
    },
  },
];

/** `Team:A|Site:B`, where every part has exactly one colon; else `team|a||site|b`, as the template writes it. */
function tagPairs(cell: string): string[][] {
  const parts = list(cell, "|");
  const pairs = parts.map((part) => part.split(":").map((one) => one.trim()));
  if (!cell.includes("||") && pairs.every((pair) => pair.length === 2)) return pairs;
  return list(cell, "||").map((pair) => pair.split("|").map((part) => part.trim()));
}

const byHeading = new Map(
  COLUMNS.flatMap((column) => [column.title, ...(column.also ?? [])].map((name) => [heading(name), column])),
);

export const columnOf = (title: string): Column | undefined => byHeading.get(heading(title));

const entraOnly = new Set(ENTRA_ONLY.map(heading));
/** A column of Entra's export that has no counterpart in Connect. */
export const isEntraOnly = (title: string): boolean => entraOnly.has(heading(title));
