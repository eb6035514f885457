/** Operations on groups and their members. */
import { randomUUID } from "node:crypto";
import { contextOf, count, created, many, one, type Source } from "./answers.ts";
import { addAssignmentsOf, dropPrincipal } from "./assignments.ts";
import { directoryObject, groups, groupView, principal, type Tenant, userOf } from "./context.ts";
import { deltaOfGroups } from "./delta.ts";
import { changeable, seen } from "./directory.ts";
import { badGatewayRequest, notFound, referenceAbsent, referenceExists } from "./error.ts";
import { checked, GROUP_FIELDS, required, withoutOwnId } from "./fields.ts";
import { groupsOf, leaveAll, setMembers, transitiveMembers } from "./membership.ts";
import type { Entity } from "./odata.ts";
import { type Body, type Call, NO_CONTENT, type Router, referencedId } from "./router.ts";
import { newGroup } from "./shapes.ts";

/** Types that a list of members can be narrowed to: /members/microsoft.graph.user. */
const CASTS = ["user", "group", "device", "servicePrincipal"];

export function addGroupRoutes(router: Router, tenant: Tenant): void {
  const { directory, host } = tenant;
  router.add("GET", "/groups", (call) => many(call, "groups", groups(tenant)));
  router.add("GET", "/groups/$count", (call) => count(call, groups(tenant)));
  router.add("GET", "/groups/delta", (call) => deltaOfGroups(call, host, directory));
  router.add("GET", "/groups/{id}", (call) => one(call, "groups", groupView(seen(directory.groups, call.ids[0]!))));
  router.add("POST", "/groups", (call) => {
    const wanted = checked(call.body, GROUP_FIELDS, "Group");
    required(wanted, "Group", "displayName", "mailNickname", "mailEnabled", "securityEnabled");
    // The server overrules what does not fit (recorded).
    const unified = ((wanted.groupTypes ?? []) as string[]).includes("Unified") ? { mailEnabled: true } : {};
    const group = newGroup(
      { ...wanted, ...unified, id: randomUUID(), displayName: String(wanted.displayName) },
      host.clock.now(),
    );
    directory.groups.set(group);
    return created(call, "groups", groupView(group), directory.tenant.id, "Group");
  });
  router.add("PATCH", "/groups/{id}", (call) => {
    const old = changeable(directory.groups, call.ids[0]!);
    directory.groups.set({ ...old, ...checked(withoutOwnId(call.body, old), GROUP_FIELDS, "Group") });
    return NO_CONTENT;
  });
  router.add("DELETE", "/groups/{id}", (call) => {
    const old = changeable(directory.groups, call.ids[0]!);
    directory.groups.delete(old.id);
    dropPrincipal(directory, old.id);
    const memberOf = leaveAll(directory, old.id);
    directory.deleted.set(old.id, { type: "group", object: old, at: host.clock.now(), memberOf });
    return NO_CONTENT;
  });
  addAssignmentsOf(router, tenant, "groups", (key) => seen(directory.groups, key).id);
  addLists(router, tenant);
  addMembers(router, tenant);
}

/** Only the rows of the page are looked up and dressed. */
function listing(tenant: Tenant, call: Call, ids: () => readonly string[]): Source<Entity> {
  return {
    rows: () => ids().map((id) => directoryRow(tenant, id)),
    view: ({ id }) => rowView(tenant, String(id), call.query.get("$select")),
    filter: {
      resource: "DirectoryObject",
      properties: new Set(["id", "displayName", "userPrincipalName", "mail", "accountEnabled", "userType"]),
    },
  };
}

/** What filters and casts look at, without copies. */
function directoryRow({ directory }: Tenant, id: string): Entity {
  return directory.users.read(id) ?? directory.groups.read(id) ?? { id };
}

/** "@odata.type" is in every row, whatever was selected; `many` selects after this. */
function rowView(tenant: Tenant, id: string, fields: string | null): Entity {
  const user = fields ? tenant.directory.users.read(id) : undefined;
  if (user) return { "@odata.type": "#microsoft.graph.user", ...user };
  return directoryObject(tenant, id) ?? { "@odata.type": "#microsoft.graph.directoryObject", id };
}

/** Members and memberships: direct and transitive, whole, of one type, and counted. */
function addLists(router: Router, tenant: Tenant): void {
  const { directory } = tenant;
  const groupOf = (key: string) => seen(directory.groups, key);
  const memberships = (transitive: boolean) => (id: string) => groupsOf(directory, id, transitive);
  const lists: [set: string, idsOf: (key: string) => readonly string[], cost: number][] = [
    ["groups/{id}/members", (key) => groupOf(key).memberIds, 3],
    ["groups/{id}/transitiveMembers", (key) => transitiveMembers(directory, groupOf(key)), 5],
    ["groups/{id}/memberOf", (key) => memberships(false)(groupOf(key).id), 1],
    ["groups/{id}/transitiveMemberOf", (key) => memberships(true)(groupOf(key).id), 1],
    ["users/{id}/memberOf", (key) => memberships(false)(userOf(tenant, key).id), 1],
    ["users/{id}/transitiveMemberOf", (key) => memberships(true)(userOf(tenant, key).id), 1],
    ["servicePrincipals/{id}/memberOf", (key) => memberships(false)(principal(tenant, key).id), 1],
    ["servicePrincipals/{id}/transitiveMemberOf", (key) => memberships(true)(principal(tenant, key).id), 1],
  ];
  for (const [path, idsOf, cost] of lists) {
    const source = (call: Call, type?: string) => {
      const ids = idsOf(call.ids[0]!);
      return listing(tenant, call, () => (type ? ids.filter((id) => isOfType(tenant, id, type)) : ids));
    };
    router.add("GET", `/${path}`, (call) => many(call, "directoryObjects", source(call)), cost);
    router.add("GET", `/${path}/$count`, (call) => count(call, source(call)), cost);
    for (const type of CASTS) {
      const cast = `/${path}/microsoft.graph.${type}`;
      router.add("GET", cast, (call) => many(call, `${type}s`, source(call, type)), cost);
      router.add("GET", `${cast}/$count`, (call) => count(call, source(call, type)), cost);
    }
  }
}

function isOfType({ directory }: Tenant, id: string, type: string): boolean {
  const { users, groups, devices, servicePrincipals } = directory;
  const sets: Record<string, { read(id: string): unknown }> = {
    user: users,
    group: groups,
    device: devices,
    servicePrincipal: servicePrincipals,
  };
  return sets[type]!.read(id) !== undefined;
}

function addMembers(router: Router, tenant: Tenant): void {
  const { directory, host } = tenant;
  router.add("POST", "/groups/{id}/members/$ref", (call) => {
    const group = changeable(directory.groups, call.ids[0]!);
    const member = referencedId(call.body).toLowerCase();
    if (!CASTS.some((type) => isOfType(tenant, member, type))) throw notFound(member);
    if (group.memberIds.includes(member)) throw referenceExists("members");
    setMembers(directory, group, [...group.memberIds, member]);
    return NO_CONTENT;
  });
  router.add("DELETE", "/groups/{id}/members/{member}/$ref", (call) => {
    const group = changeable(directory.groups, call.ids[0]!);
    const member = call.ids[1]!.toLowerCase();
    if (!group.memberIds.includes(member)) throw referenceAbsent(host, "members", member);
    setMembers(
      directory,
      group,
      group.memberIds.filter((id) => id !== member),
    );
    return NO_CONTENT;
  });
  const memberGroups = (idOf: (key: string) => string) => (call: Call) => {
    const securityOnly = (call.body as Body).securityEnabledOnly;
    if (typeof securityOnly !== "boolean") throw badGatewayRequest("The parameter securityEnabledOnly is required.");
    const value = groupsOf(directory, idOf(call.ids[0]!), true).filter(
      (id) => !securityOnly || directory.groups.read(id)?.securityEnabled,
    );
    return {
      status: 200,
      headers: { location: "https://graph.microsoft.com" },
      body: { "@odata.context": contextOf(call, "Collection(Edm.String)"), value },
    };
  };
  router.add(
    "POST",
    "/users/{id}/getMemberGroups",
    memberGroups((key) => userOf(tenant, key).id),
  );
  router.add(
    "POST",
    "/groups/{id}/getMemberGroups",
    memberGroups((key) => seen(directory.groups, key).id),
  );
}
