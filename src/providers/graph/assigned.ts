/** Who is assigned to an application, from the inventory that all users share. */
import { CloudError } from "../errors.ts";
import { Assignments } from "./assignments.ts";
import type { GraphRequest } from "./client.ts";
import { gone, type Json, type TenantContext } from "./context.ts";
import { path, principalPath } from "./paths.ts";
import { toAssignment } from "./shapes.ts";
import type { Assignment, Graph } from "./types.ts";

/** Assignments are objects of their own: some may be made at a time, those of one person one after the other. */
const LANES = 4;
/** An application that was not asked about for so long is gone, or its persona is: its inventory is forgotten. */
const FORGET_MS = 60 * 60_000;

export function assignmentCalls({ client, inTurn }: TenantContext) {
  const write = (servicePrincipalId: string, principalId: string, request: GraphRequest) => {
    const lane = Number.parseInt(principalId.slice(-4), 16) % LANES || 0;
    return inTurn(`${principalPath(servicePrincipalId)}/appRoleAssignedTo/${lane}`, () => client.send<Json>(request));
  };
  const inventories = new Map<string, { assignments: Assignments; asked: number }>();
  const assignmentsOf = (id: string): Assignments => {
    const now = Date.now();
    let found = inventories.get(id);
    if (!found) {
      for (const [other, { asked }] of inventories) if (asked < now - FORGET_MS) inventories.delete(other);
      found = { assignments: new Assignments(client, id), asked: now };
      inventories.set(id, found);
    }
    found.asked = now;
    return found.assignments;
  };

  return {
    assignments: (id, options) => assignmentsOf(id).all(options),
    assignmentsOf: (id, principalId, options) => assignmentsOf(id).of(principalId, options),
    groupAssignments: (id, options) => assignmentsOf(id).groups(options),
    async assign(id, principalId, appRoleId, options) {
      const request = {
        path: `${principalPath(id)}/appRoleAssignedTo`,
        target: `role of service principal ${id} to ${principalId}`,
        options,
      };
      try {
        const body = { principalId, resourceId: id, appRoleId };
        const json = await write(id, principalId, { ...request, method: "POST", body });
        const made = toAssignment(json!);
        assignmentsOf(id).wrote(made.id, made);
      } catch (error) {
        if (!(error instanceof CloudError) || (error.reason !== "AlreadyExists" && !error.outcomeUnknown)) throw error;
        const found = (await assignmentsOf(id).of(principalId, { ...options, maxAgeMs: 0 })).some(
          (one: Assignment) => one.appRoleId === appRoleId,
        );
        // The list lags: a duplicate is there although it does not show yet.
        if (!found && error.reason !== "AlreadyExists") throw error;
      }
    },
    async unassign(id, assignmentId, options) {
      await gone(() =>
        write(id, assignmentId, {
          method: "DELETE",
          path: path`/servicePrincipals/${id}/appRoleAssignedTo/${assignmentId}`,
          target: `assignment ${assignmentId}`,
          options,
        }),
      );
      assignmentsOf(id).wrote(assignmentId, undefined);
    },
  } satisfies Partial<Graph>;
}
