/** Operations on users, and on directory objects of any kind by id. */
import { randomUUID } from "node:crypto";
import { contextOf, count, created, many, one } from "./answers.ts";
import { addAssignmentsOf, dropPrincipal } from "./assignments.ts";
import { directoryObject, type Tenant, userOf, users, userView } from "./context.ts";
import { delta } from "./delta.ts";
import { changeable, indexUser } from "./directory.ts";
import { badRequest, objectConflict } from "./error.ts";
import { checked, required, USER_FIELDS, withoutOwnId } from "./fields.ts";
import { leaveAll } from "./membership.ts";
import type { Entity } from "./odata.ts";
import { type Body, type Call, NO_CONTENT, type Router } from "./router.ts";
import { NO_EXTENSIONS, newUser, type User } from "./shapes.ts";

const MOST_IDS = 1000;

export function addUserRoutes(router: Router, tenant: Tenant): void {
  const { directory, host } = tenant;
  const fields = (call: Call) => call.query.get("$select");
  const view = (call: Call, user: User) => userView(user, fields(call));
  router.add("GET", "/users", (call) => many(call, "users", { ...users(tenant), view: (user) => view(call, user) }), 2);
  router.add("GET", "/users/$count", (call) => count(call, users(tenant)), 2);
  router.add(
    "GET",
    "/users/delta",
    (call) => delta(call, host, "users", directory.users, (user) => userView(user, "all"), directory),
    2,
  );
  router.add("GET", "/users/{id}", (call) => one(call, "users", view(call, userOf(tenant, call.ids[0]!))), 2);
  router.add("POST", "/users", (call) => {
    const wanted = settable(checked(call.body, USER_FIELDS, "User"), undefined);
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
    const wanted = checked(withoutOwnId(call.body, old), USER_FIELDS, "User");
    put(tenant, old, { ...old, ...settable(wanted, old) });
    return NO_CONTENT;
  });
  // Into deletedItems for 30 days; groups and applications lose the user at once.
  router.add("DELETE", "/users/{id}", (call) => {
    const old = changeable(directory.users, userOf(tenant, call.ids[0]!).id);
    indexUser(directory, old, undefined);
    directory.users.delete(old.id);
    dropPrincipal(directory, old.id);
    const memberOf = leaveAll(directory, old.id);
    directory.deleted.set(old.id, { type: "user", object: old, at: host.clock.now(), memberOf });
    return NO_CONTENT;
  });
  addAssignmentsOf(router, tenant, "users", (key) => userOf(tenant, key).id);
  addGetByIds(router, tenant);
}

/** What is kept of a body: no password, and extension attributes one by one. */
function settable({ passwordProfile: _, ...wanted }: Body, old: User | undefined): Body {
  const extensions = wanted.onPremisesExtensionAttributes as Record<string, unknown> | null | undefined;
  if (!extensions) return wanted;
  for (const [name, value] of Object.entries(extensions))
    if (!Object.hasOwn(NO_EXTENSIONS, name) || !(value === null || typeof value === "string"))
      throw badRequest(`Invalid property '${name}'.`);
  const before = (old?.onPremisesExtensionAttributes ?? NO_EXTENSIONS) as object;
  return { ...wanted, onPremisesExtensionAttributes: { ...before, ...extensions } };
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

function addGetByIds(router: Router, tenant: Tenant): void {
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
