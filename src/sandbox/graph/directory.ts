/** One tenant: users, groups, applications with their service principals, assignments, policies, deleted items. */
import { createHash } from "node:crypto";
import type { EventualMap, SandboxHost } from "../host.ts";
import type { WorldTenant } from "../world.ts";
import { Collection } from "./collection.ts";
import { notFound } from "./error.ts";
import type { MembershipLog } from "./membership.ts";
import {
  type Application,
  type Assignment,
  type ClaimsPolicy,
  type Device,
  type Group,
  NO_EXTENSIONS,
  newApplication,
  newGroup,
  newServicePrincipal,
  newUser,
  type ServicePrincipal,
  type User,
} from "./shapes.ts";

export interface DeletedItem {
  type: "application" | "servicePrincipal" | "group" | "user";
  object: Application | ServicePrincipal | Group | User;
  at: Date;
  /** Groups that a user or group was in, into which it is restored. */
  memberOf?: string[];
}

export interface Directory {
  tenant: WorldTenant;
  users: Collection<User>;
  /** Ids by lower-case user principal name, and by lower-case mail, which is not unique. */
  userByName: Map<string, string>;
  usersByMail: Map<string, Set<string>>;
  groups: Collection<Group>;
  membershipLog: MembershipLog;
  /** Only as members of groups. */
  devices: Collection<Device>;
  applications: Collection<Application>;
  servicePrincipals: Collection<ServicePrincipal>;
  applicationByAppId: Map<string, string>;
  principalByAppId: Map<string, string>;
  claimsPolicies: Collection<ClaimsPolicy>;
  /** Ids of claims policies by service principal. */
  policyLinks: EventualMap<string, readonly string[]>;
  /** Owners' ids by application or service principal. */
  owners: Map<string, string[]>;
  /** Until when readers see no owners of an object, in simulated time. */
  ownersHidden: Map<string, number>;
  /** By service principal, then by id. */
  assignments: Map<string, EventualMap<string, Assignment>>;
  /** Assignments as [service principal, id], by user or group: for what hangs on a principal. */
  assignmentsOfPrincipal: Map<string, Map<string, { resourceId: string; appRoleId: string }>>;
  /** Service principals whose preferred certificate was set to null. */
  automaticSigning: Set<string>;
  deleted: Map<string, DeletedItem>;
}

export const RETENTION_MS = 30 * 86_400_000;

export function stableId(...parts: string[]): string {
  const hex = createHash("sha256").update(parts.join("/")).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The world's part of one tenant: of several tenants each has the users of its own domains, the first has the rest. */
export function createDirectory(host: SandboxHost, tenant: WorldTenant): Directory {
  const collection = <V extends { id: string }>(name: string) =>
    new Collection<V>(host.eventual<string, V>(`${tenant.id}/${name}`), () => host.behaviour.consistencyDelayMs);
  const directory: Directory = {
    tenant,
    users: collection("users"),
    userByName: new Map(),
    usersByMail: new Map(),
    groups: collection("groups"),
    membershipLog: new Map(),
    devices: collection("devices"),
    applications: collection("applications"),
    servicePrincipals: collection("servicePrincipals"),
    applicationByAppId: new Map(),
    principalByAppId: new Map(),
    claimsPolicies: collection("claimsPolicies"),
    policyLinks: host.eventual(`${tenant.id}/policyLinks`),
    owners: new Map(),
    ownersHidden: new Map(),
    assignments: new Map(),
    assignmentsOfPrincipal: new Map(),
    automaticSigning: new Set(),
    deleted: new Map(),
  };
  seedPeople(directory, host);
  if (tenant === host.world.tenant) seedApplications(directory, host);
  return directory;
}

function seedPeople(directory: Directory, host: SandboxHost): void {
  const { world, clock } = host;
  const homeOf = (name: string) => {
    const domain = name.slice(name.lastIndexOf("@") + 1).toLowerCase();
    return (
      world.tenants.find(({ verifiedDomains }) => verifiedDomains.some((one) => one.toLowerCase() === domain)) ??
      world.tenant
    );
  };
  for (const one of world.users) {
    if (homeOf(one.userPrincipalName).id !== directory.tenant.id) continue;
    const [first, last] = (one.displayName ?? "").split(" ");
    const { onPremisesExtensionAttributes: extensions, ...given } = one;
    const user = newUser({
      ...given,
      id: one.id ?? stableId("user", one.userPrincipalName),
      displayName: one.displayName ?? one.userPrincipalName,
      givenName: one.givenName ?? (first || null),
      mail: one.mail === undefined ? one.userPrincipalName : one.mail,
      mailNickname: one.mailNickname ?? one.userPrincipalName.split("@")[0]!,
      surname: one.surname ?? last ?? null,
      onPremisesExtensionAttributes: { ...NO_EXTENSIONS, ...extensions },
    });
    indexUser(directory, undefined, user);
    directory.users.seed(user);
  }
  const homeless = directory.tenant === world.tenant;
  const devices = new Map(
    (homeless ? world.devices : []).map(({ id, displayName }) => [
      displayName.toLowerCase(),
      { id: id ?? stableId("device", displayName), displayName },
    ]),
  );
  for (const device of devices.values()) directory.devices.seed(device);
  const groupIds = new Map(
    world.groups.map(({ id, displayName }) => [displayName.toLowerCase(), id ?? stableId("group", displayName)]),
  );
  for (const { id: given, displayName, members = [], groups = [] } of world.groups) {
    const direct = members.map((name) => {
      const key = name.toLowerCase();
      return directory.userByName.get(key) ?? devices.get(key)?.id ?? groupIds.get(key);
    });
    const nested = groups.map((name) => groupIds.get(name.toLowerCase()));
    const known = [...direct, ...nested].filter((id) => id !== undefined);
    const named = members.length + groups.length > 0;
    if (named ? known.length === 0 : !homeless) continue;
    // Two groups may have one name.
    const id = given ?? groupIds.get(displayName.toLowerCase())!;
    directory.groups.seed(newGroup({ id, displayName, memberIds: [...new Set(known)] }, clock.now()));
  }
}

function seedApplications(directory: Directory, host: SandboxHost): void {
  const now = host.clock.now();
  for (const { displayName, identifierUris = [] } of host.world.applications) {
    const application = {
      ...newApplication(displayName, directory.tenant.verifiedDomains[0] ?? "", now),
      identifierUris,
    };
    const principal = {
      ...newServicePrincipal(application, directory.tenant.id, now),
      preferredSingleSignOnMode: "saml",
    };
    directory.applications.seed(application);
    directory.servicePrincipals.seed(principal);
    directory.applicationByAppId.set(application.appId, application.id);
    directory.principalByAppId.set(application.appId, principal.id);
  }
}

/** Keeps the two indexes of users; either side may be missing. */
export function indexUser(directory: Directory, before: User | undefined, after: User | undefined): void {
  if (before) {
    directory.userByName.delete(before.userPrincipalName.toLowerCase());
    if (before.mail) directory.usersByMail.get(before.mail.toLowerCase())?.delete(before.id);
  }
  if (!after) return;
  directory.userByName.set(after.userPrincipalName.toLowerCase(), after.id);
  if (!after.mail) return;
  const mail = after.mail.toLowerCase();
  const sharing = directory.usersByMail.get(mail);
  if (sharing) sharing.add(after.id);
  else directory.usersByMail.set(mail, new Set([after.id]));
}

/** Id of the object that a key in a path means: an object id, or an alternate key `appId='…'`, `uniqueName='…'`. */
export function objectId(directory: Directory, kind: "application" | "servicePrincipal", key: string): string {
  const [, name, value] = /^(\w+)='(.*)'$/s.exec(key) ?? [];
  if (name === undefined) return key.toLowerCase();
  let id: string | undefined;
  if (name === "appId") {
    const index = kind === "application" ? directory.applicationByAppId : directory.principalByAppId;
    id = index.get(value!.toLowerCase());
  } else if (name === "uniqueName" && kind === "application") {
    id = [...directory.applications.values()].find(({ uniqueName }) => uniqueName === value)?.id;
  }
  if (id === undefined) throw notFound(value!);
  return id;
}

/** As a reader sees it; 404 for what it does not see. */
export function seen<V extends { id: string }>(collection: Collection<V>, id: string): V {
  const object = collection.read(id.toLowerCase());
  if (!object) throw notFound(id);
  return object;
}

/** For a change: the object must have reached the replica that answers, then its newest state is what changes. */
export function changeable<V extends { id: string }>(collection: Collection<V>, id: string): V {
  seen(collection, id);
  const object = collection.get(id.toLowerCase());
  if (!object) throw notFound(id);
  return object;
}
