/** Instances and their users, as Connect keeps them. */
import { createHash, randomUUID } from "node:crypto";
import type { EventualMap, SandboxHost } from "../host.ts";
import type { HierarchyNode, WorldInstance } from "../world.ts";

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
  IdentityInfo: { FirstName: string; LastName: string; SecondaryEmail?: string; Mobile?: string };
  PhoneConfig: PhoneConfig;
  SecurityProfileIds: string[];
  RoutingProfileId: string;
  HierarchyGroupId?: string;
  Tags: Record<string, string>;
  Proficiencies: Proficiency[];
  LastModifiedTime: Date;
}
export interface NamedResource {
  Id: string;
  Arn: string;
  Name: string;
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
  securityProfiles: NamedResource[];
  routingProfiles: NamedResource[];
  hierarchyLevels: NamedResource[];
  hierarchyGroups: HierarchyGroup[];
  attributes: string[];
  users: EventualMap<string, ConnectUser>;
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

function createInstance(world: WorldInstance, host: SandboxHost): Instance {
  const arn = `arn:aws:connect:${world.region}:${host.world.account}:instance/${world.id}`;
  const named = (type: string) => (name: string): NamedResource => {
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
  const instance: Instance = {
    id: world.id,
    arn,
    world,
    created: host.clock.now(),
    securityProfiles: (world.securityProfiles ?? ["Admin", "Agent", "CallCenterManager", "QualityAnalyst"]).map(named("security-profile")),
    routingProfiles: (world.routingProfiles ?? ["Basic Routing Profile"]).map(named("routing-profile")),
    hierarchyLevels: levels,
    hierarchyGroups: groups,
    attributes: world.predefinedAttributes ?? ["connect:Language", "connect:Skill"],
    users: host.eventual(`users of ${world.id}`),
    names: new Map(),
  };
  for (const user of world.users ?? []) {
    const id = randomUUID();
    const profile = (name: string) => instance.securityProfiles.find(({ Name }) => Name === name)?.Id;
    instance.names.set(user.username, id);
    instance.users.seed(id, {
      Id: id,
      Arn: `${arn}/agent/${id}`,
      Username: user.username,
      IdentityInfo: { FirstName: user.firstName ?? "First", LastName: user.lastName ?? "Last" },
      PhoneConfig: { ...DEFAULT_PHONE },
      SecurityProfileIds: (user.securityProfiles ?? ["Agent"]).map((name) => profile(name)).filter((one) => one !== undefined),
      RoutingProfileId: instance.routingProfiles.find(({ Name }) => Name === (user.routingProfile ?? Name))!.Id,
      Tags: user.tags ?? {},
      Proficiencies: [],
      LastModifiedTime: host.clock.now(),
    });
  }
  return instance;
}

export const DEFAULT_PHONE: PhoneConfig = { PhoneType: "SOFT_PHONE", AutoAccept: false, AfterContactWorkTimeLimit: 0, DeskPhoneNumber: "", PersistentConnection: false };
