/** Ports of the AWS side. `undefined` from a read means: not there (NoSuchEntity / ResourceNotFound). Errors are CloudError. */
import type { CallOptions } from "../errors.ts";

export type Tags = Record<string, string>;

/** A policy that lives inside a role, user or group. */
export interface IamInlinePolicy {
  name: string;
  /** Parsed. */
  document: unknown;
}
export interface IamGroup {
  name: string;
  attachedPolicyArns: string[];
  inline: IamInlinePolicy[];
}
/** How many of each the account has, and may have. */
export interface IamQuota {
  used: number;
  limit: number;
}
export interface IamPolicy {
  arn: string;
  name: string;
  path: string;
  defaultVersionId: string;
  /** Parsed default version. */
  document: unknown;
  tags: Tags;
}
export interface IamRole {
  arn: string;
  name: string;
  path: string;
  id: string;
  /** Parsed trust policy. */
  trust: unknown;
  maxSessionDurationSeconds: number;
  /** How long a sign-in session may last, 3600 to 7,776,000, whatever maxSessionDurationSeconds says; undefined when it is not set. */
  maxSigninSessionSeconds?: number;
  description?: string;
  permissionsBoundaryArn?: string;
  tags: Tags;
  attachedPolicyArns: string[];
}
export interface IamSamlProvider {
  arn: string;
  uuid?: string;
  /** Required: assertions that are not encrypted are refused, so that Entra's plain ones fail. */
  assertionEncryption?: "Required" | "Allowed";
  /** How many private keys there are to decrypt with; two at most. */
  privateKeys: number;
  metadata: string;
  tags: Tags;
  createdAt?: Date;
}
export interface IamUser {
  arn: string;
  name: string;
  path: string;
  permissionsBoundaryArn?: string;
  tags: Tags;
  attachedPolicyArns: string[];
}
export interface IamAccessKey {
  id: string;
  status: "Active" | "Inactive" | "Expired";
  createdAt: Date;
}
export interface AccessKeyUse {
  lastUsedAt?: Date;
  service?: string;
}

/** IAM of one account. Creates are not retried blindly: an unknown outcome is a CloudError with `outcomeUnknown`. */
export interface Iam {
  readonly account: string;
  readonly partition: string;
  /** The cloud's own clock (from Date headers), so that a wrong node clock rotates no key. */
  now(): Date;

  getPolicy(arn: string, o?: CallOptions): Promise<IamPolicy | undefined>;
  createPolicy(
    p: { name: string; path: string; document: unknown; description: string; tags: Tags },
    o?: CallOptions,
  ): Promise<string>;
  /** New default version; the oldest non-default version is pruned first when there are five. */
  setPolicyDocument(arn: string, document: unknown, o?: CallOptions): Promise<void>;
  /** Names of the roles, users and groups that carry the policy; those whose permissions boundary it is are among them. */
  policyEntities(arn: string, o?: CallOptions): Promise<{ roles: string[]; users: string[]; groups: string[] }>;
  /** Deletes versions, then the policy. Fails with DeleteConflict while attached: detach first. */
  deletePolicy(arn: string, o?: CallOptions): Promise<void>;
  tagPolicy(arn: string, set: Tags, remove: string[], o?: CallOptions): Promise<void>;

  getRole(name: string, o?: CallOptions): Promise<IamRole | undefined>;
  createRole(
    r: {
      name: string;
      path: string;
      trust: unknown;
      description: string;
      maxSessionDurationSeconds: number;
      permissionsBoundaryArn?: string;
      tags: Tags;
    },
    o?: CallOptions,
  ): Promise<string>;
  updateRole(
    name: string,
    r: {
      maxSessionDurationSeconds: number;
      description: string;
      /** Undefined leaves it as it is, null takes it off. */
      maxSigninSessionSeconds?: number | null;
    },
    o?: CallOptions,
  ): Promise<void>;
  inlineRolePolicies(name: string, o?: CallOptions): Promise<IamInlinePolicy[]>;
  deleteRolePolicy(name: string, policy: string, o?: CallOptions): Promise<void>;
  setTrust(name: string, trust: unknown, o?: CallOptions): Promise<void>;
  setRoleBoundary(name: string, arn: string | undefined, o?: CallOptions): Promise<void>;
  attachRolePolicy(name: string, policyArn: string, o?: CallOptions): Promise<void>;
  detachRolePolicy(name: string, policyArn: string, o?: CallOptions): Promise<void>;
  tagRole(name: string, set: Tags, remove: string[], o?: CallOptions): Promise<void>;
  /** Detaches managed policies, deletes inline ones, then the role. */
  deleteRole(name: string, o?: CallOptions): Promise<void>;
  listRoles(pathPrefix: string, o?: CallOptions): Promise<Pick<IamRole, "arn" | "name" | "path" | "trust">[]>;
  /** ARNs of the roles of the whole account whose trust names the SAML provider, from a list of the last minute unless `isFresh`. */
  rolesTrusting(samlProviderArn: string, o?: CallOptions & { isFresh?: boolean }): Promise<string[]>;

  /** From GetAccountSummary, of the last minute: what a batch of creates needs is compared with what is left before the first of them. */
  quotas(o?: CallOptions): Promise<Record<"roles" | "policies" | "users" | "groups", IamQuota>>;

  /** Longest trust policy of a role in this account, without white space; undefined where IAM does not say. */
  trustPolicyCharacters(o?: CallOptions): Promise<number | undefined>;

  /**
   * What the policies of a role or user, its boundary included, decide (SimulatePrincipalPolicy). `context`: condition keys, for
   * example `aws:userid`. Every action with every resource.
   */
  simulate(
    principalArn: string,
    question: { actions: string[]; resources: string[]; context?: Record<string, string> },
    o?: CallOptions,
  ): Promise<{ action: string; resource: string; decision: "allowed" | "explicitDeny" | "implicitDeny" }[]>;

  getSamlProvider(arn: string, o?: CallOptions): Promise<IamSamlProvider | undefined>;
  createSamlProvider(p: { name: string; metadata: string; tags: Tags }, o?: CallOptions): Promise<string>;
  updateSamlProvider(arn: string, metadata: string, o?: CallOptions): Promise<void>;
  deleteSamlProvider(arn: string, o?: CallOptions): Promise<void>;
  tagSamlProvider(arn: string, set: Tags, remove: string[], o?: CallOptions): Promise<void>;
  listSamlProviders(o?: CallOptions): Promise<string[]>;

  getUser(name: string, o?: CallOptions): Promise<IamUser | undefined>;
  createUser(
    u: { name: string; path: string; permissionsBoundaryArn?: string; tags: Tags },
    o?: CallOptions,
  ): Promise<string>;
  setUserBoundary(name: string, arn: string | undefined, o?: CallOptions): Promise<void>;
  attachUserPolicy(name: string, policyArn: string, o?: CallOptions): Promise<void>;
  detachUserPolicy(name: string, policyArn: string, o?: CallOptions): Promise<void>;
  tagUser(name: string, set: Tags, remove: string[], o?: CallOptions): Promise<void>;
  inlineUserPolicies(name: string, o?: CallOptions): Promise<IamInlinePolicy[]>;
  deleteUserPolicy(name: string, policy: string, o?: CallOptions): Promise<void>;
  /** The groups of a user, with what each of them grants. */
  userGroups(name: string, o?: CallOptions): Promise<IamGroup[]>;
  removeFromGroup(name: string, group: string, o?: CallOptions): Promise<void>;
  /** Access keys, attached and inline policies, groups, then the user. */
  deleteUser(name: string, o?: CallOptions): Promise<void>;
  listAccessKeys(userName: string, o?: CallOptions): Promise<IamAccessKey[]>;
  /** The secret exists in this answer only. */
  createAccessKey(userName: string, o?: CallOptions): Promise<{ id: string; secret: string }>;
  deactivateAccessKey(userName: string, id: string, o?: CallOptions): Promise<void>;
  deleteAccessKey(userName: string, id: string, o?: CallOptions): Promise<void>;
  accessKeyUse(id: string, o?: CallOptions): Promise<AccessKeyUse>;
}

export interface ConnectInstanceFacts {
  arn: string;
  id: string;
  identityManagement: "SAML" | "CONNECT_MANAGED" | "EXISTING_DIRECTORY";
  status: string;
  /** A Global Resiliency instance has one; those are refused. */
  globalSignInEndpoint?: string;
  accessUrl?: string;
}

export interface PhoneSettings {
  type?: "SOFT_PHONE" | "DESK_PHONE";
  autoAccept?: boolean;
  /** Seconds, always (SearchUsers' milliseconds are converted by the provider). */
  afterContactWorkSeconds?: number;
  deskPhoneNumber?: string;
  persistentConnection?: boolean;
}
export const CHANNELS = ["VOICE", "CHAT", "TASK", "EMAIL"] as const;
export type Channel = (typeof CHANNELS)[number];
export interface ChannelHandling {
  autoAccept?: boolean;
  /** 0 to 2,000,000; 0 has no end. */
  afterContactWorkSeconds?: number;
  /** The rest is for VOICE alone. */
  callbackAutoAccept?: boolean;
  callbackAfterContactWorkSeconds?: number;
  persistentConnection?: boolean;
  voiceEnhancement?: "VOICE_ISOLATION" | "NOISE_SUPPRESSION" | "NONE";
}
export type ContactHandling = Partial<Record<Channel, ChannelHandling>>;

/** Whether a user's sign-in sessions were ended; `reason` and `message` say why that is not possible here. */
export type SessionsEnded = { ended: true } | { ended: false; reason: string; message: string };

/** A quick connect that rings a user. */
export interface UserQuickConnect {
  id: string;
  name: string;
  userId: string;
  flowId: string;
}

export interface Proficiency {
  attribute: string;
  value: string;
  /** 1 to 5. */
  level: number;
}

export interface ConnectUserView {
  id: string;
  arn: string;
  username: string;
  firstName?: string;
  lastName?: string;
  /** Undefined when this view did not read them (SearchUsers has neither); null when read and not set. */
  secondaryEmail?: string | null;
  mobile?: string | null;
  securityProfileIds: string[];
  routingProfileId?: string;
  hierarchyGroupId?: string;
  /** Type and number of the telephone; the rest repeats the voice channel of `handling`. */
  phone: PhoneSettings;
  /** Undefined where Connect shows no settings per channel. */
  handling?: ContactHandling;
  /** Undefined when not read. */
  proficiencies?: Proficiency[];
  tags: Tags;
}

export interface ConnectUserInput {
  username: string;
  firstName: string;
  lastName: string;
  secondaryEmail?: string;
  mobile?: string;
  securityProfileIds: string[];
  routingProfileId: string;
  hierarchyGroupId?: string;
  phone?: PhoneSettings;
  handling?: ContactHandling;
  tags: Tags;
}

/** Finds ids for names; exact, case-sensitive. `candidates` are the near names to show when there is none or several. */
export type Resolved = { id: string } | { candidates: string[]; ambiguous: boolean };

/**
 * One Connect instance, shared by every persona and user of it. Users are read from one inventory (SearchUsers pages of 500,
 * refreshed at `maxAgeMs` at the latest), never described one by one.
 */
export interface ConnectInstance {
  readonly arn: string;
  facts(o?: CallOptions): Promise<ConnectInstanceFacts>;
  /** Rejects while Connect of this account is left alone (asks it when that may have an end); costs nothing otherwise. */
  answers(o?: CallOptions): Promise<void>;
  securityProfile(name: string, o?: CallOptions): Promise<Resolved>;
  routingProfile(name: string, o?: CallOptions): Promise<Resolved>;
  /** Path of names from the top level, for example ["Dublin", "Team A"]. */
  hierarchyGroup(path: string[], o?: CallOptions): Promise<Resolved>;
  nameOf(kind: "securityProfile" | "routingProfile" | "hierarchyGroup", id: string): string | undefined;

  /** The user of exactly this name as the inventory sees it, own recent writes included. `detail` also reads e-mail, mobile, proficiencies. */
  user(
    username: string,
    o?: CallOptions & { maxAgeMs?: number },
    detail?: ("identity" | "proficiencies")[],
  ): Promise<ConnectUserView | undefined>;
  /** Users whose name equals without regard to case. */
  similar(username: string, o?: CallOptions & { maxAgeMs?: number }): Promise<ConnectUserView[]>;
  /** Users that carry the tag with this value. */
  tagged(key: string, value: string, o?: CallOptions & { maxAgeMs?: number }): Promise<ConnectUserView[]>;
  /** True when a ListUsers of the last half minute confirms that no user of exactly this name exists; needed before a create. */
  confirmAbsent(username: string, o?: CallOptions): Promise<boolean>;
  users(o?: CallOptions & { maxAgeMs?: number }): Promise<Iterable<ConnectUserView>>;
  /** When the inventory was read last, ms since the epoch; for the inventory-age metric and "last check". */
  inventoryReadAt(): number | undefined;

  /** The answer of an unknown outcome or DuplicateResource is found by looking; returns the view. */
  createUser(u: ConnectUserInput, o?: CallOptions): Promise<ConnectUserView>;
  deleteUser(user: ConnectUserView, o?: CallOptions): Promise<void>;
  /** Fields that are not named stay as they are: the user is read again, and what is there is sent along. Null clears one. */
  updateIdentity(
    user: ConnectUserView,
    change: { firstName?: string; lastName?: string; secondaryEmail?: string | null; mobile?: string | null },
    o?: CallOptions,
  ): Promise<void>;
  /** Type, number and the voice channel; other channels stay as they are. */
  updatePhone(user: ConnectUserView, phone: PhoneSettings, o?: CallOptions): Promise<void>;
  /** Settings and channels that are not named stay as they are: the user is read again, and what is there is sent along. */
  updateHandling(user: ConnectUserView, handling: ContactHandling, o?: CallOptions): Promise<void>;
  endSessions(user: ConnectUserView, o?: CallOptions): Promise<SessionsEnded>;
  updateSecurityProfiles(user: ConnectUserView, ids: string[], o?: CallOptions): Promise<void>;
  updateRoutingProfile(user: ConnectUserView, id: string, o?: CallOptions): Promise<void>;
  updateHierarchy(user: ConnectUserView, id: string | undefined, o?: CallOptions): Promise<void>;
  setProficiencies(
    user: ConnectUserView,
    change: { set: Proficiency[]; remove: Proficiency[] },
    o?: CallOptions,
  ): Promise<void>;
  tagUser(user: ConnectUserView, set: Tags, remove: string[], o?: CallOptions): Promise<void>;

  /** All quick connects of the instance that ring a user, from a search of at most `maxAgeMs` (default a minute) ago. */
  quickConnects(o?: CallOptions & { maxAgeMs?: number }): Promise<UserQuickConnect[]>;
  repointQuickConnect(one: UserQuickConnect, userId: string, o?: CallOptions): Promise<void>;
  deleteQuickConnect(one: UserQuickConnect, o?: CallOptions): Promise<void>;
  /** API names of what the security profile permits, sorted; at most `maxAgeMs` (default ten minutes) old. Undefined: there is no such profile. */
  securityProfilePermissions(id: string, o?: CallOptions & { maxAgeMs?: number }): Promise<string[] | undefined>;
}

/** One AWS account and everything reachable with its credentials. */
export interface AwsAccount {
  readonly account: string;
  /** Who the credentials are: ARN of a user, or of an assumed role's session. */
  readonly callerArn: string;
  readonly iam: Iam;
  instance(arn: string): ConnectInstance;
}
