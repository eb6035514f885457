/** What the routes of one tenant share. */
import type { SandboxHost } from "../host.ts";
import type { Source } from "./answers.ts";
import type { Collection } from "./collection.ts";
import { type Directory, objectId, seen } from "./directory.ts";
import { notFound } from "./error.ts";
import type { Entity } from "./odata.ts";
import { withoutKeys } from "./principals.ts";
import type { Application, Group, ServicePrincipal, User } from "./shapes.ts";
import { Synchronization } from "./synchronization.ts";

export interface Tenant {
  host: SandboxHost;
  directory: Directory;
  synchronization: Synchronization;
}

export const createTenant = (host: SandboxHost, directory: Directory): Tenant => ({
  host,
  directory,
  synchronization: new Synchronization(directory, host),
});

const USER_DEFAULTS = [
  "businessPhones",
  "displayName",
  "givenName",
  "jobTitle",
  "mail",
  "mobilePhone",
  "officeLocation",
  "preferredLanguage",
  "surname",
  "userPrincipalName",
  "id",
];

/** Eleven fields without $select, id last (recorded); everything for $select to choose from. */
export function userView(user: User, fields: string | null): Entity {
  if (fields) return user;
  return Object.fromEntries(USER_DEFAULTS.map((name) => [name, user[name]]));
}

export function groupView({ memberIds: _, ...group }: Group): Entity {
  return group;
}

/** A user, group, application or service principal as a row of directoryObjects. */
export function directoryObject({ directory }: Tenant, id: string): Entity | undefined {
  const user = directory.users.read(id);
  if (user) return { "@odata.type": "#microsoft.graph.user", ...userView(user, null) };
  const group = directory.groups.read(id);
  if (group) return { "@odata.type": "#microsoft.graph.group", ...groupView(group) };
  const device = directory.devices.read(id);
  if (device) return { "@odata.type": "#microsoft.graph.device", ...device };
  const principal = directory.servicePrincipals.read(id);
  if (principal) return { "@odata.type": "#microsoft.graph.servicePrincipal", ...withoutKeys(principal) };
  const application = directory.applications.read(id);
  if (application) return { "@odata.type": "#microsoft.graph.application", ...withoutKeys(application) };
  return undefined;
}

/** By object id or by user principal name. */
export function userOf({ directory }: Tenant, key: string): User {
  const id = directory.userByName.get(key.toLowerCase());
  const user = directory.users.read(id ?? key.toLowerCase());
  if (!user) throw notFound(key);
  return user;
}

export const application = ({ directory }: Tenant, key: string): Application =>
  seen(directory.applications, objectId(directory, "application", key));
export const principal = ({ directory }: Tenant, key: string): ServicePrincipal =>
  seen(directory.servicePrincipals, objectId(directory, "servicePrincipal", key));

function byIds<T extends { id: string }>(collection: Collection<T>, ids: Iterable<string | undefined>): T[] {
  return [...ids].flatMap((id) => (id === undefined ? [] : (collection.read(id) ?? [])));
}

export function users({ directory }: Tenant): Source<User> {
  return {
    rows: () => directory.users.readAll(),
    find(property, value) {
      if (property === "id") return byIds(directory.users, [value]);
      if (property === "userPrincipalName") return byIds(directory.users, [directory.userByName.get(value)]);
      if (property === "mail") return byIds(directory.users, directory.usersByMail.get(value) ?? []);
      return undefined;
    },
    filter: {
      resource: "User",
      properties: new Set([
        "id",
        "userPrincipalName",
        "mail",
        "displayName",
        "givenName",
        "surname",
        "accountEnabled",
        "userType",
        "jobTitle",
        "mailNickname",
        "onPremisesImmutableId",
        "companyName",
        "country",
        "department",
        "employeeId",
        "employeeType",
        "officeLocation",
        "onPremisesSamAccountName",
        "preferredLanguage",
        "usageLocation",
      ]),
    },
    sortable: new Set(["displayName", "userPrincipalName"]),
  };
}

export function groups({ directory }: Tenant): Source<Group> {
  return {
    rows: () => directory.groups.readAll(),
    find: (property, value) => (property === "id" ? byIds(directory.groups, [value]) : undefined),
    view: groupView,
    filter: {
      resource: "Group",
      properties: new Set([
        "id",
        "displayName",
        "description",
        "mail",
        "mailEnabled",
        "mailNickname",
        "securityEnabled",
        "groupTypes",
      ]),
    },
    sortable: new Set(["displayName"]),
  };
}

export function applications({ directory }: Tenant): Source<Application> {
  return {
    rows: () => directory.applications.readAll(),
    find(property, value) {
      if (property === "id") return byIds(directory.applications, [value]);
      if (property === "appId") return byIds(directory.applications, [directory.applicationByAppId.get(value)]);
      return undefined;
    },
    view: withoutKeys,
    filter: {
      resource: "Application",
      properties: new Set([
        "id",
        "appId",
        "applicationTemplateId",
        "createdByAppId",
        "createdDateTime",
        "displayName",
        "identifierUris",
        "publisherDomain",
        "signInAudience",
        "tags",
        "uniqueName",
      ]),
    },
  };
}

export function servicePrincipals({ directory }: Tenant): Source<ServicePrincipal> {
  return {
    rows: () => directory.servicePrincipals.readAll(),
    find(property, value) {
      if (property === "id") return byIds(directory.servicePrincipals, [value]);
      if (property === "appId") return byIds(directory.servicePrincipals, [directory.principalByAppId.get(value)]);
      return undefined;
    },
    view: withoutKeys,
    filter: {
      resource: "ServicePrincipal",
      properties: new Set([
        "id",
        "accountEnabled",
        "appId",
        "applicationTemplateId",
        "appOwnerOrganizationId",
        "createdDateTime",
        "displayName",
        "preferredSingleSignOnMode",
        "servicePrincipalNames",
        "servicePrincipalType",
        "tags",
      ]),
    },
  };
}
