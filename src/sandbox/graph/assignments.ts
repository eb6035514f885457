/** App role assignments: who may sign in to an application, in which role. */
import { randomUUID } from "node:crypto";
import type { EventualMap, SandboxHost } from "../host.ts";
import { type Directory, seen } from "./directory.ts";
import { badRequest, notFound } from "./error.ts";
import type { Body } from "./router.ts";
import type { Assignment } from "./shapes.ts";

const DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000";

/** Role and principal must have reached the replica that answers; until then they count as wrong. */
export function assign(directory: Directory, host: SandboxHost, principalKey: string, body: Body): Assignment {
  const resource = seen(directory.servicePrincipals, principalKey);
  const principalId = String(body.principalId ?? "").toLowerCase();
  const appRoleId = String(body.appRoleId ?? "").toLowerCase();
  const user = directory.users.read(principalId);
  const group = directory.groups.read(principalId);
  const role = resource.appRoles.find(({ id }) => id.toLowerCase() === appRoleId);
  const fitting =
    appRoleId === DEFAULT_ACCESS
      ? resource.appRoles.length === 0
      : role?.isEnabled === true && role.allowedMemberTypes.includes("User");
  const principal = user ?? group;
  if (String(body.resourceId ?? "").toLowerCase() !== resource.id || !principal || !fitting)
    throw badRequest("Not a valid reference update.");
  const own = [...(directory.assignmentsOfPrincipal.get(principalId)?.values() ?? [])];
  if (own.some((one) => one.resourceId === resource.id && one.appRoleId === appRoleId))
    throw badRequest("Permission being assigned already exists on the object");
  const assignment: Assignment = {
    id: Buffer.from(randomUUID().replaceAll("-", "") + randomUUID().replaceAll("-", ""), "hex").toString("base64url"),
    deletedDateTime: null,
    appRoleId,
    createdDateTime: host.clock.now().toISOString(),
    principalDisplayName: principal.displayName,
    principalId,
    principalType: user ? "User" : "Group",
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

export function unassign(directory: Directory, host: SandboxHost, resourceId: string, id: string): void {
  const all = assignmentsOf(directory, host, resourceId);
  const assignment = all.get(id);
  if (!assignment) throw notFound(id);
  all.delete(id);
  directory.assignmentsOfPrincipal.get(assignment.principalId)?.delete(id);
}

/** All assignments of one application's service principal; reads of the map lag. */
export function assignmentsOf(
  directory: Directory,
  host: SandboxHost,
  resourceId: string,
): EventualMap<string, Assignment> {
  const known = directory.assignments.get(resourceId);
  if (known) return known;
  const all = host.eventual<string, Assignment>(`${resourceId}/appRoleAssignedTo`);
  directory.assignments.set(resourceId, all);
  return all;
}

/** What readers see of one user's or group's assignments. */
export function assignmentsOfPrincipal(directory: Directory, principalId: string): Assignment[] {
  const entries = directory.assignmentsOfPrincipal.get(principalId) ?? new Map();
  return [...entries].flatMap(([id, { resourceId }]) => directory.assignments.get(resourceId)?.read(id) ?? []);
}

/** A principal that is gone has no assignments. */
export function dropPrincipal(directory: Directory, principalId: string): void {
  for (const [id, { resourceId }] of directory.assignmentsOfPrincipal.get(principalId) ?? [])
    directory.assignments.get(resourceId)?.delete(id);
  directory.assignmentsOfPrincipal.delete(principalId);
}
