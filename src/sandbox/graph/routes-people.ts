/** Operations on users and groups. */
import { randomUUID } from "node:crypto";
import { contextOf, created, many, one, type Source } from "./answers.ts";
import { assignmentsOfPrincipal, dropPrincipal } from "./assignments.ts";
import { directoryObject, groups, groupView, type Tenant, users, userView } from "./context.ts";
import { delta } from "./delta.ts";
import { changeable, indexUser, seen } from "./directory.ts";
import { badGatewayRequest, badRequest, notFound, objectConflict } from "./error.ts";
import { checked, GROUP_FIELDS, required, USER_FIELDS } from "./fields.ts";
import type { Entity } from "./odata.ts";
import { type Body, type Call, NO_CONTENT, type Router, referencedId } from "./router.ts";
import { type Group, newGroup, newUser, type User } from "./shapes.ts";

const MOST_IDS = 1000;

export function addPeopleRoutes(router: Router, tenant: Tenant): void {
  addUsers(router, tenant);
  addGroups(router, tenant);
  addMembers(router, tenant);
  router.add("POST", "/directoryObjects/getByIds", (call) => {
    const { ids, types } = call.body as { ids?: unknown; types?: unknown };
    if (!Array.isArray(ids) || ids.length === 0) throw badRequest("The ids are required.");
    if (ids.length > MOST_IDS) throw badRequest(`The number of ids must not exceed ${MOST_IDS}.`);
    const wanted = Array.isArray(types) ? new Set(types.map((type) => `#microsoft.graph.${type}`)) : undefined;
    const rows = ids
      .map((id) => directoryObject(tenant, String(id).toLowerCase()))
      .filter((row): row is Entity => row !== undefined);
    const value = wanted ? rows.filter((row) => wanted.has(String(row["@odata.type"]))) : rows;
    return { status: 200, body: { "@odata.context": contextOf(call, "directoryObjects"), value } };
  });
}

function addUsers(router: Router, tenant: Tenant): void {
  const { directory, host } = tenant;
  const fields = (call: Call) => call.query.get("$select");
  router.add(
    "GET",
    "/users",
    (call) => many(call, "users", { ...users(tenant), view: (user) => userView(user, fields(call)) }),
    2,
  );
  router.add(
    "GET",
    "/users/delta",
    (call) => delta(call, host, "users", directory.users, (user) => userView(user, "all")),
    2,
  );
  router.add(
    "GET",
    "/users/{id}",
    (call) => one(call, "users", userView(userOf(tenant, call.ids[0]!), fields(call))),
    2,
  );
  router.add("POST", "/users", (call) => {
    const { passwordProfile: _, ...wanted } = checked(call.body, USER_FIELDS, "User");
    required(
      call.body,
      "User",
      "accountEnabled",
      "displayName",
      "mailNickname",
      "passwordProfile",
      "userPrincipalName",
    );
    const user = newUser({ ...wanted, id: randomUUID(), userPrincipalName: String(wanted.userPrincipalName) });
    put(tenant, undefined, user);
    return created(call, "users", { id: user.id, ...userView(user, null) }, directory.tenant.id, "User");
  });
  router.add("PATCH", "/users/{id}", (call) => {
    const old = changeable(directory.users, userOf(tenant, call.ids[0]!).id);
    const { passwordProfile: _, ...wanted } = checked(call.body, USER_FIELDS, "User");
    put(tenant, old, { ...old, ...wanted });
    return NO_CONTENT;
  });
  router.add("DELETE", "/users/{id}", (call) => {
    const old = changeable(directory.users, userOf(tenant, call.ids[0]!).id);
    indexUser(directory, old, undefined);
    directory.users.delete(old.id);
    dropPrincipal(directory, old.id);
    for (const group of directory.groups.values())
      if (group.memberIds.includes(old.id))
        directory.groups.set({ ...group, memberIds: group.memberIds.filter((id) => id !== old.id) });
    return NO_CONTENT;
  });
  router.add("GET", "/users/{id}/appRoleAssignments", (call) => {
    const { id } = userOf(tenant, call.ids[0]!);
    return many(call, `users('${id}')/appRoleAssignments`, { rows: () => assignmentsOfPrincipal(directory, id) });
  });
}

/** By object id or by user principal name. */
function userOf({ directory }: Tenant, key: string): User {
  const id = directory.userByName.get(key.toLowerCase());
  const user = directory.users.read(id ?? key.toLowerCase());
  if (!user) throw notFound(key);
  return user;
}

function put({ directory }: Tenant, old: User | undefined, user: User): void {
  const [, domain = ""] = /@([^@]+)$/.exec(user.userPrincipalName) ?? [];
  if (!directory.tenant.verifiedDomains.some((one) => one.toLowerCase() === domain.toLowerCase()))
    throw badRequest(
      "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
    );
  const holder = directory.userByName.get(user.userPrincipalName.toLowerCase());
  if (holder !== undefined && holder !== user.id) throw objectConflict("userPrincipalName");
  indexUser(directory, old, user);
  directory.users.set(user);
}

function addGroups(router: Router, tenant: Tenant): void {
  const { directory, host } = tenant;
  router.add("GET", "/groups", (call) => many(call, "groups", groups(tenant)));
  router.add("GET", "/groups/delta", (call) => delta(call, host, "groups", directory.groups, groupView));
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
    directory.groups.set({
      ...changeable(directory.groups, call.ids[0]!),
      ...checked(call.body, GROUP_FIELDS, "Group"),
    });
    return NO_CONTENT;
  });
  router.add("DELETE", "/groups/{id}", (call) => {
    const { id } = changeable(directory.groups, call.ids[0]!);
    directory.groups.delete(id);
    dropPrincipal(directory, id);
    return NO_CONTENT;
  });
  router.add("GET", "/groups/{id}/appRoleAssignments", (call) => {
    const { id } = seen(directory.groups, call.ids[0]!);
    return many(call, `groups('${id}')/appRoleAssignments`, { rows: () => assignmentsOfPrincipal(directory, id) });
  });
}

function addMembers(router: Router, tenant: Tenant): void {
  const { directory } = tenant;
  /** Only the rows of the page are looked up and dressed. */
  const listing = (call: Call, ids: () => readonly string[]): Source<Entity> => ({
    rows: () => ids().map((id) => ({ id })),
    view: ({ id }) => memberView(tenant, String(id), call.query.get("$select")),
  });
  router.add(
    "GET",
    "/groups/{id}/members",
    (call) => {
      const group = seen(directory.groups, call.ids[0]!);
      return many(
        call,
        "directoryObjects",
        listing(call, () => group.memberIds),
      );
    },
    3,
  );
  router.add(
    "GET",
    "/groups/{id}/transitiveMembers",
    (call) => {
      const group = seen(directory.groups, call.ids[0]!);
      return many(
        call,
        "directoryObjects",
        listing(call, () => transitive(tenant, group)),
      );
    },
    5,
  );
  router.add("POST", "/groups/{id}/members/$ref", (call) => {
    const group = changeable(directory.groups, call.ids[0]!);
    const member = referencedId(call.body).toLowerCase();
    if (!directory.users.read(member) && !directory.groups.read(member)) throw notFound(member);
    if (group.memberIds.includes(member))
      throw badRequest(
        "One or more added object references already exist for the following modified properties: 'members'.",
      );
    directory.groups.set({ ...group, memberIds: [...group.memberIds, member] });
    return NO_CONTENT;
  });
  router.add("DELETE", "/groups/{id}/members/{member}/$ref", (call) => {
    const group = changeable(directory.groups, call.ids[0]!);
    const member = call.ids[1]!.toLowerCase();
    if (!group.memberIds.includes(member)) throw notFound(member);
    directory.groups.set({ ...group, memberIds: group.memberIds.filter((id) => id !== member) });
    return NO_CONTENT;
  });
  const memberGroups = (what: "users" | "groups") => (call: Call) => {
    const securityOnly = (call.body as Body).securityEnabledOnly;
    if (typeof securityOnly !== "boolean") throw badGatewayRequest("The parameter securityEnabledOnly is required.");
    const { id } = what === "users" ? userOf(tenant, call.ids[0]!) : seen(directory.groups, call.ids[0]!);
    const value = directory.groups
      .readAll()
      .filter((group) => (!securityOnly || group.securityEnabled) && transitive(tenant, group).includes(id))
      .map((group) => group.id);
    return {
      status: 200,
      headers: { location: "https://graph.microsoft.com" },
      body: { "@odata.context": contextOf(call, "Collection(Edm.String)"), value },
    };
  };
  router.add("POST", "/users/{id}/getMemberGroups", memberGroups("users"));
  router.add("POST", "/groups/{id}/getMemberGroups", memberGroups("groups"));
}

function memberView(tenant: Tenant, id: string, fields: string | null): Entity {
  const user = fields ? tenant.directory.users.read(id) : undefined;
  // "@odata.type" is in every row, whatever was selected; `many` selects after this.
  if (user) return { "@odata.type": "#microsoft.graph.user", ...user };
  return directoryObject(tenant, id) ?? { "@odata.type": "#microsoft.graph.directoryObject", id };
}

/** Members of members, each once; a circle of groups ends. */
function transitive({ directory }: Tenant, group: Group): string[] {
  const found = new Set<string>();
  const open = [...group.memberIds];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(directory.groups.read(id)?.memberIds ?? []));
  }
  return [...found];
}
