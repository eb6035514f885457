/** Who is assigned to an application, from the inventory that all users share. */
import { CloudError } from "../errors.ts";
import { Assignments } from "./assignments.ts";
import { gone, principalPath, type TenantContext } from "./context.ts";
import { toAssignment } from "./shapes.ts";
import type { Assignment, Graph } from "./types.ts";

export function assignmentCalls({ client, write }: TenantContext) {
  const assignments = new Map<string, Assignments>();
  const assignmentsOf = (id: string): Assignments => {
    const found = assignments.get(id) ?? new Assignments(client, id);
    assignments.set(id, found);
    return found;
  };

  return {
    assignments: (id, options) => assignmentsOf(id).all(options),
    assignmentsOf: (id, principalId, options) => assignmentsOf(id).of(principalId, options),
    groupAssignments: (id, options) => assignmentsOf(id).groups(options),
    async assign(id, principalId, appRoleId, options) {
      const request = {
        operation: "/servicePrincipals/{id}/appRoleAssignedTo",
        path: `${principalPath(id)}/appRoleAssignedTo`,
        target: `role of service principal ${id} to ${principalId}`,
        options,
      };
      try {
        const json = await write({ ...request, method: "POST", body: { principalId, resourceId: id, appRoleId } });
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
        write({
          method: "DELETE",
          operation: "/servicePrincipals/{id}/appRoleAssignedTo/{id}",
          path: `${principalPath(id)}/appRoleAssignedTo/${assignmentId}`,
          target: `assignment ${assignmentId}`,
          options,
        }),
      );
      assignmentsOf(id).wrote(assignmentId, undefined);
    },
  } satisfies Partial<Graph>;
}
