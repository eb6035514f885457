/** Instances and their users, as Connect keeps them. */
import { createHash, randomUUID } from "node:crypto";
import type { EventualMap, SandboxHost } from "../host.ts";
import type { HierarchyNode, WorldInstance } from "../world.ts";
import type { ChannelSetting } from "./handling.ts";
import type { Body } from "./validate.ts";

export interface PhoneConfig {
  PhoneType: "SOFT_PHONE" | "DESK_PHONE";
  AutoAccept: boolean;
  /** Seconds here; SearchUsers alone shows milliseconds. */
  AfterContactWorkTimeLimit: number;
  DeskPhoneNumber: string;
  PersistentConnection: boolean;
}
export interface Proficiency {
  AttributeName: string;
  AttributeValue: string;
  Level: number;
}
export interface ConnectUser {
  Id: string;
  Arn: string;
  Username: string;
  IdentityInfo: { FirstName: string; LastName: string; SecondaryEmail?: string; Mobile?: string; Email?: string };
  /** Absent only where behaviour.open says that settings per channel take its place. */
  PhoneConfig?: PhoneConfig;
  SecurityProfileIds: string[];
  RoutingProfileId: string;
  HierarchyGroupId?: string;
  Tags: Record<string, string>;
  Proficiencies: Proficiency[];
  LastModifiedTime: Date;
  /** Lists per channel (AutoAcceptConfigs and so on), kept as they were sent. */
  channels: Record<string, ChannelSetting[]>;
  /** Unique id of the role of the first federated login: another role's session is refused from then on. */
  federatedRole?: string;
}
export interface QuickConnect {
  id: string;
  arn: string;
  name: string;
  description?: string;
  config: { QuickConnectType: string; UserConfig?: { UserId: string; ContactFlowId: string } } & Body;
  Tags: Record<string, string>;
  changed?: Date;
}
export interface Session {
  id: string;
  started: Date;
  expires: Date;
}
export interface NamedResource {
  Id: string;
  Arn: string;
  Name: string;
}
export interface SecurityProfile extends NamedResource {
  description?: string;
  /** API names, as ListSecurityProfilePermissions gives them. */
  permissions: string[];
  changed?: Date;
}
export interface HierarchyGroup extends NamedResource {
  LevelId: string;
  path: NamedResource[];
}
export interface Instance {
  id: string;
  arn: string;
  world: WorldInstance;
  created: Date;
  securityProfiles: SecurityProfile[];
  routingProfiles: NamedResource[];
  hierarchyLevels: NamedResource[];
  hierarchyGroups: HierarchyGroup[];
  attributes: string[];
  account: string;
  users: EventualMap<string, ConnectUser>;
  /** What SearchUsers reads: it may lag behind the users. Change both with putUser and dropUser. */
  index: EventualMap<string, ConnectUser>;
  /** By user id; expired ones included. */
  sessions: Map<string, Session[]>;
  /** Names of deleted users, with the time (ms) from which they are free again. */
  released: Map<string, number>;
  quickConnects: EventualMap<string, QuickConnect>;
  /** How many users fit: the world's quota, or the service's default. */
  userQuota: number;
  quickConnectQuota: number;
  /** User id by exact name: the truth, for uniqueness. */
  names: Map<string, string>;
}

/** The same name gives the same id in every run, so that a world is the same world when it is started again. */
export function stableId(...parts: string[]): string {
  const hex = createHash("sha256").update(parts.join("/")).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function createInstances(host: SandboxHost): Map<string, Instance> {
  return new Map(host.world.instances.map((world) => [world.id, createInstance(world, host)]));
}

export function putUser(instance: Instance, user: ConnectUser): void {
  instance.users.set(user.Id, user);
  if (instance.index !== instance.users) instance.index.set(user.Id, user);
}

export function dropUser(instance: Instance, id: string): void {
  instance.users.delete(id);
  if (instance.index !== instance.users) instance.index.delete(id);
}

function createInstance(world: WorldInstance, host: SandboxHost): Instance {
  const account = world.account ?? host.world.account;
  const arn = `arn:aws:connect:${world.region}:${account}:instance/${world.id}`;
  const named =
    (type: string) =>
    (name: string): NamedResource => {
      const id = stableId(world.id, type, name);
      return { Id: id, Arn: `${arn}/${type}/${id}`, Name: name };
    };
  const levels = (world.hierarchy?.levels ?? []).map(named("agent-group-level"));
  const groups: HierarchyGroup[] = [];
  const walk = (nodes: HierarchyNode[], path: NamedResource[]) => {
    for (const node of nodes) {
      const id = stableId(world.id, "agent-group", ...path.map(({ Name }) => Name), node.name);
      const own = { Id: id, Arn: `${arn}/agent-group/${id}`, Name: node.name };
      groups.push({ ...own, LevelId: levels[path.length]?.Id ?? "", path: [...path, own] });
      walk(node.groups ?? [], [...path, own]);
    }
  };
  walk(world.hierarchy?.groups ?? [], []);
  const users = host.eventual<string, ConnectUser>(`users of ${world.id}`);
  const lag = SEARCH_LAG_MS[host.behaviour.open.searchUsersLag];
  const instance: Instance = {
    id: world.id,
    arn,
    account,
    world,
    created: host.clock.now(),
    securityProfiles: (world.securityProfiles ?? ["Admin", "Agent", "CallCenterManager", "QualityAnalyst"]).map(
      (one) => {
        const { name, permissions, description } = typeof one === "string" ? { name: one } : one;
        return {
          ...named("security-profile")(name),
          description,
          permissions: permissions ?? DEFAULT_PERMISSIONS[name] ?? DEFAULT_PERMISSIONS.Agent!,
        };
      },
    ),
    routingProfiles: (world.routingProfiles ?? ["Basic Routing Profile"]).map(named("routing-profile")),
    hierarchyLevels: levels,
    hierarchyGroups: groups,
    attributes: world.predefinedAttributes ?? ["connect:Language", "connect:Skill"],
    users,
    index: lag > 0 ? host.eventual(`index of ${world.id}`, lag) : users,
    sessions: new Map(),
    released: new Map(),
    quickConnects: host.eventual(`quick connects of ${world.id}`),
    userQuota: world.userQuota ?? Math.max(DEFAULT_USER_QUOTA, world.users?.length ?? 0),
    quickConnectQuota: world.quickConnectQuota ?? DEFAULT_QUICK_CONNECT_QUOTA,
    names: new Map(),
  };
  seedUsers(instance, host.clock.now());
  for (const { name, user } of world.quickConnects ?? []) {
    const userId = instance.names.get(user);
    if (userId === undefined) throw unknownName(instance, "user", user, `quick connect ${name}`);
    const id = stableId(world.id, "transfer-destination", name);
    const flowId = stableId(world.id, "contact-flow", "Default agent transfer");
    instance.quickConnects.seed(id, {
      id,
      arn: `${arn}/transfer-destination/${id}`,
      name,
      config: { QuickConnectType: "USER", UserConfig: { UserId: userId, ContactFlowId: flowId } },
      Tags: {},
    });
  }
  return instance;
}

function seedUsers(instance: Instance, now: Date): void {
  const idOf = (kind: string, list: NamedResource[], name: string, owner: string) => {
    const found = list.find(({ Name }) => Name === name);
    if (!found) throw unknownName(instance, kind, name, owner);
    return found.Id;
  };
  for (const user of instance.world.users ?? []) {
    const id = randomUUID();
    const owner = `user ${user.username}`;
    const { securityProfiles: profiles, routingProfiles } = instance;
    const defaults = profiles.some(({ Name }) => Name === "Agent")
      ? ["Agent"]
      : profiles.slice(0, 1).map(({ Name }) => Name);
    instance.names.set(user.username, id);
    const seeded: ConnectUser = {
      Id: id,
      Arn: `${instance.arn}/agent/${id}`,
      Username: user.username,
      IdentityInfo: { FirstName: user.firstName ?? "First", LastName: user.lastName ?? "Last" },
      PhoneConfig: { ...DEFAULT_PHONE },
      SecurityProfileIds: (user.securityProfiles ?? defaults).map((name) =>
        idOf("security profile", profiles, name, owner),
      ),
      RoutingProfileId: idOf(
        "routing profile",
        routingProfiles,
        user.routingProfile ?? routingProfiles[0]?.Name ?? "",
        owner,
      ),
      Tags: user.tags ?? {},
      Proficiencies: [],
      LastModifiedTime: now,
      channels: {},
    };
    instance.users.seed(id, seeded);
    if (instance.index !== instance.users) instance.index.seed(id, seeded);
  }
}

function unknownName(instance: Instance, kind: string, name: string, owner: string): Error {
  return new Error(
    `the world is not valid:\n  instance ${instance.id}: ${owner} wants the ${kind} ${name}, which does not exist`,
  );
}

/** Per instance unless raised on request. Source: Amazon Connect service quotas. */
const DEFAULT_USER_QUOTA = 500;
const DEFAULT_QUICK_CONNECT_QUOTA = 100;
const SEARCH_LAG_MS = { none: 0, "2s": 2_000, "30s": 30_000 };

const every = (area: string, ...verbs: string[]) => verbs.map((verb) => `${area}.${verb}`);
/**
 * What the profiles of a new instance permit, in part; any other profile has an agent's permissions unless the world says more. Names are
 * those of the administrator guide's list of security profile permissions.
 */
const DEFAULT_PERMISSIONS: Record<string, string[]> = {
  Admin: [
    ...["BasicAgentAccess", "OutboundCallAccess"],
    ...every("RoutingPolicies", "Create", "Edit", "View"),
    ...every("TransferDestinations", "Create", "Delete", "Edit", "View"),
    ...every("Queues", "Create", "Edit", "View"),
    ...every("Users", "Create", "Delete", "Edit", "EditPermission", "View"),
    ...every("SecurityProfiles", "Create", "Delete", "Edit", "View"),
  ],
  CallCenterManager: [
    ...["BasicAgentAccess", "OutboundCallAccess"],
    ...every("RoutingPolicies", "View"),
    ...every("TransferDestinations", "View"),
    ...every("Users", "Create", "Edit", "View"),
  ],
  QualityAnalyst: every("Users", "View"),
  Agent: ["BasicAgentAccess", "OutboundCallAccess"],
};

export const DEFAULT_PHONE: PhoneConfig = {
  PhoneType: "SOFT_PHONE",
  AutoAccept: false,
  AfterContactWorkTimeLimit: 0,
  DeskPhoneNumber: "",
  PersistentConnection: false,
};
