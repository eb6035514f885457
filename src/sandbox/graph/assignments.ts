/** App role assignments: who may sign in to an application, in which role. */
import { randomUUID } from "node:crypto";
import type { EventualMap, SandboxHost } from "../host.ts";
import { contextOf, many, one } from "./answers.ts";
import { principal, type Tenant } from "./context.ts";
import { type Directory, seen } from "./directory.ts";
import { badRequest, notFound } from "./error.ts";
import { type Body, type Call, NO_CONTENT, type Router } from "./router.ts";
import { type Assignment, wholeSeconds } from "./shapes.ts";

const DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000";

/** Role and principal must have reached the replica that answers; until then they count as wrong. */
export function assign(directory: Directory, host: SandboxHost, principalKey: string, body: Body): Assignment {
  const resource = seen(directory.servicePrincipals, principalKey);
  const principalId = String(body.principalId ?? "").toLowerCase();
  const appRoleId = String(body.appRoleId ?? "").toLowerCase();
  const user = directory.users.read(principalId);
  const group = directory.groups.read(principalId);
  const client = directory.servicePrincipals.read(principalId);
  const role = resource.appRoles.find(({ id }) => id.toLowerCase() === appRoleId);
  const fitting =
    appRoleId === DEFAULT_ACCESS
      ? resource.appRoles.length === 0
      : role?.isEnabled === true && role.allowedMemberTypes.includes(client ? "Application" : "User");
  const principal = user ?? group ?? client;
  if (String(body.resourceId ?? "").toLowerCase() !== resource.id || !principal || !fitting)
    throw badRequest("Not a valid reference update.");
  const own = [...(directory.assignmentsOfPrincipal.get(principalId)?.values() ?? [])];
  if (own.some((one) => one.resourceId === resource.id && one.appRoleId === appRoleId))
    throw badRequest(
      host.behaviour.open.duplicateAssignment === "permission"
        ? "Permission being assigned already exists on the object"
        : "EntitlementGrant entry already exists.",
    );
  const assignment: Assignment = {
    id: Buffer.from(randomUUID().replaceAll("-", "") + randomUUID().replaceAll("-", ""), "hex").toString("base64url"),
    deletedDateTime: null,
    appRoleId,
    createdDateTime: wholeSeconds(host.clock.now()),
    principalDisplayName: principal.displayName,
    principalId,
    principalType: user ? "User" : group ? "Group" : "ServicePrincipal",
    resourceDisplayName: resource.displayName,
    resourceId: resource.id,
  };
  assignmentsOf(directory, host, resource.id).set(assignment.id, assignment);
  const mine = directory.assignmentsOfPrincipal.get(principalId);
  const entry = { resourceId: resource.id, appRoleId };
  if (mine) mine.set(assignment.id, entry);
  else directory.assignmentsOfPrincipal.set(principalId, new Map([[assignment.id, entry]]));
  return assignment;
}

function unassign(directory: Directory, host: SandboxHost, resourceId: string, id: string): void {
  const all = assignmentsOf(directory, host, resourceId);
  const assignment = all.get(id);
  if (!assignment) throw notFound(id);
  all.delete(id);
  directory.assignmentsOfPrincipal.get(assignment.principalId)?.delete(id);
}

/** All assignments of one application's service principal; reads of the map lag. */
function assignmentsOf(directory: Directory, host: SandboxHost, resourceId: string): EventualMap<string, Assignment> {
  const known = directory.assignments.get(resourceId);
  if (known) return known;
  const all = host.eventual<string, Assignment>(`${resourceId}/appRoleAssignedTo`);
  directory.assignments.set(resourceId, all);
  return all;
}

/** What readers see of one user's or group's assignments. */
function assignmentsOfPrincipal(directory: Directory, principalId: string): Assignment[] {
  const entries = directory.assignmentsOfPrincipal.get(principalId) ?? new Map();
  return [...entries].flatMap(([id, { resourceId }]) => directory.assignments.get(resourceId)?.read(id) ?? []);
}

/** Forgets all assignments of one application. */
export function dropAssignments(directory: Directory, host: SandboxHost, resourceId: string): void {
  for (const { id } of [...assignmentsOf(directory, host, resourceId).values()])
    unassign(directory, host, resourceId, id);
}

/** A principal that is gone has no assignments. */
export function dropPrincipal(directory: Directory, principalId: string): void {
  for (const [id, { resourceId }] of directory.assignmentsOfPrincipal.get(principalId) ?? [])
    directory.assignments.get(resourceId)?.delete(id);
  directory.assignmentsOfPrincipal.delete(principalId);
}

/** Both sides of one relationship: …/appRoleAssignedTo of the application, …/appRoleAssignments of user, group or client. */
export function addAssignmentRoutes(router: Router, tenant: Tenant): void {
  const { directory, host } = tenant;
  const path = "/servicePrincipals/{id}/appRoleAssignedTo";
  const context = (id: string) => `servicePrincipals('${id}')/appRoleAssignedTo`;
  const of = (call: Call) => principal(tenant, call.ids[0]!).id;
  const all = (id: string) => assignmentsOf(directory, host, id);
  router.add("GET", path, (call) => many(call, context(of(call)), { rows: () => all(of(call)).readAll() }));
  router.add("POST", path, (call) => assigned(tenant, call, of(call), context(of(call))));
  router.add("GET", `${path}/{assignment}`, (call) => {
    const assignment = all(of(call)).read(call.ids[1]!);
    if (!assignment) throw notFound(call.ids[1]!);
    return one(call, context(of(call)), assignment);
  });
  router.add("DELETE", `${path}/{assignment}`, (call) => {
    unassign(directory, host, of(call), call.ids[1]!);
    return NO_CONTENT;
  });
  addAssignmentsOf(router, tenant, "servicePrincipals", (key) => principal(tenant, key).id);
}

/** …/appRoleAssignments below a principal. `{id}` may be the resource as well: Microsoft's SAML tutorial writes it so. */
export function addAssignmentsOf(router: Router, tenant: Tenant, set: string, idOf: (key: string) => string): void {
  const { directory, host } = tenant;
  const path = `/${set}/{id}/appRoleAssignments`;
  const context = (id: string) => `${set}('${id}')/appRoleAssignments`;
  const find = (call: Call) => {
    const assignment = assignmentsOfPrincipal(directory, idOf(call.ids[0]!)).find(({ id }) => id === call.ids[1]);
    if (!assignment) throw notFound(call.ids[1]!);
    return assignment;
  };
  router.add("GET", path, (call) => {
    const id = idOf(call.ids[0]!);
    return many(call, context(id), { rows: () => assignmentsOfPrincipal(directory, id) });
  });
  router.add("POST", path, (call) => {
    const id = idOf(call.ids[0]!);
    const { principalId, resourceId } = call.body;
    if (![principalId, resourceId].some((one) => String(one).toLowerCase() === id))
      throw badRequest("Not a valid reference update.");
    return assigned(tenant, call, String(resourceId ?? ""), context(id));
  });
  router.add("GET", `${path}/{assignment}`, (call) => one(call, context(idOf(call.ids[0]!)), find(call)));
  router.add("DELETE", `${path}/{assignment}`, (call) => {
    const { id, resourceId } = find(call);
    unassign(directory, host, resourceId, id);
    return NO_CONTENT;
  });
}

function assigned({ directory, host }: Tenant, call: Call, resourceId: string, context: string) {
  const assignment = assign(directory, host, resourceId, call.body);
  return { status: 201, body: { "@odata.context": contextOf(call, `${context}/$entity`), ...assignment } };
}
