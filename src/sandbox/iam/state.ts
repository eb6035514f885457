/** What IAM knows of one account. */
import { randomBytes } from "node:crypto";
import type { EventualMap, SandboxHost } from "../host.ts";
import type { XmlValue } from "./xml.ts";

export interface Tag {
  Key: string;
  Value: string;
}
export interface Role {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: Date;
  trust: string;
  description?: string;
  maxSessionDuration: number;
  /** Seconds of sign-in sessions, 3600 to 7,776,000, whatever maxSessionDuration says; absent unless set. */
  maxSigninSessionDuration?: number;
  boundary?: string;
  tags: Tag[];
  attached: string[];
  inline: InlinePolicy[];
}
export interface InlinePolicy {
  name: string;
  document: string;
}
export interface Group {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: Date;
  attached: string[];
  inline: InlinePolicy[];
}
export interface Policy {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: Date;
  updated: Date;
  description?: string;
  defaultVersion: string;
  versions: { id: string; document: string; created: Date }[];
  nextVersion: number;
  tags: Tag[];
}
export interface AccessKey {
  id: string;
  secret: string;
  status: "Active" | "Inactive";
  created: Date;
  lastUsed?: { at: Date; service: string; region: string };
}
export interface User {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: Date;
  boundary?: string;
  tags: Tag[];
  attached: string[];
  inline: InlinePolicy[];
  /** Names, lower case. */
  groups: string[];
  keys: AccessKey[];
}
export interface SamlProvider {
  name: string;
  arn: string;
  uuid: string;
  created: Date;
  validUntil: Date;
  metadata: string;
  tags: Tag[];
  encryption: "Required" | "Allowed";
  /** At most two. */
  privateKeys: { id: string; created: Date }[];
  /** Trusted identity propagation, kept as it was sent. */
  contextProvider?: { [name: string]: XmlValue | undefined };
  identityCenter?: string;
}

/** Keys of the maps are lower case: names are unique in an account without regard to case. */
export interface IamState {
  account: string;
  roles: EventualMap<string, Role>;
  policies: EventualMap<string, Policy>;
  users: EventualMap<string, User>;
  groups: EventualMap<string, Group>;
  providers: EventualMap<string, SamlProvider>;
}

export function createState(host: SandboxHost, account: string): IamState {
  const state: IamState = {
    account,
    roles: host.eventual("roles"),
    policies: host.eventual("policies"),
    users: host.eventual("users"),
    groups: host.eventual("groups"),
    providers: host.eventual("providers"),
  };
  for (const policy of worldPolicies(host, account)) state.policies.seed(policy.arn.toLowerCase(), policy);
  return state;
}

/** Policies that were there before, in every account. */
function worldPolicies({ world, clock }: SandboxHost, account: string): Policy[] {
  const created = clock.now();
  return world.policies.map(({ name, path = "/", document }) => ({
    name,
    path,
    id: uniqueId("ANPA"),
    arn: `arn:aws:iam::${account}:policy${path}${name}`,
    created,
    updated: created,
    description: undefined,
    defaultVersion: "v1",
    versions: [{ id: "v1", document: typeof document === "string" ? document : JSON.stringify(document), created }],
    nextVersion: 2,
    tags: [],
  }));
}

/** AROA…, AIDA…, ANPA…, AKIA…: prefix and 16 or 17 upper-case letters and digits. */
export function uniqueId(prefix: string, length = 17): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return prefix + [...randomBytes(length)].map((byte) => alphabet[byte % 32]).join("");
}
