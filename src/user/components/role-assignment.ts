/** The persona's role for this person: an assignment of its own in the persona's application, or that of a group. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import type { Step } from "../../engine/component.ts";
import type { Assignment, Graph } from "../../providers/graph/types.ts";
import { waitingError } from "../../providers/verdicts.ts";
import { revoke } from "../removal.ts";
import { roleNameOf, type UserCall, type UserScope } from "../scope.ts";
import type { Seen, UserComponent } from "../seen.ts";

export const roleAssignment: UserComponent<"role-assignment"> = {
  condition: CONDITION.RoleAssigned,
  cloud: "entra",
  needs: ["connect-user"],
  concerns: {},
  shared: false,
  servesLogin: false,
  applies: () => true,
  observe: readAssignments,
  plan(scope, { assignments, byGroup }, compare) {
    const { graph, assignment, withdrawn, input, persona, object, call, seen } = scope;
    if (withdrawn) return [];
    // Of a move to a persona that shares the role: it was assigned before the Connect user changed.
    const left = (seen["former-assignments"]?.former ?? []).filter((one) => one.keepsRole);
    const { servicePrincipalId, principalId, appRoleId } = assignment;
    const name = `role assignment of ${input.username}`;
    const steps: Step[] = [];
    const isAssigned = byGroup || assignments.some((one) => one.appRoleId === appRoleId);
    // One row for each role of each application: that of a new persona is not there yet, and no one took it away.
    const role = `${servicePrincipalId} ${appRoleId}`;
    const differences = compare.item(
      "assigned",
      role,
      true,
      isAssigned,
      `the role of persona ${persona.metadata.name}`,
    );
    if (!isAssigned && left.length === 0)
      steps.push({
        verb: "create",
        object: name,
        why: "the user does not have the persona's role",
        differences,
        apply: () => graph.assign(servicePrincipalId, principalId, appRoleId, call),
      });
    // Only the assignment that we made goes; others in the application belong to other people.
    const ours = object.status?.appRoleAssignmentId;
    const formers = (persona.status?.formerRoles ?? []).map((one) => one.appRoleId);
    const wrong = assignments.find(
      ({ id, appRoleId: role }) => role !== appRoleId && (id === ours || formers.includes(role)),
    );
    if (wrong)
      steps.push({
        verb: "delete",
        object: name,
        why: "the persona has another role now",
        differences: [],
        maintenance: true,
        reason: "Deleted",
        apply: () => graph.unassign(servicePrincipalId, wrong.id, call),
      });
    for (const one of left)
      steps.push({
        verb: "delete",
        object: `role assignment of ${input.username} in persona ${one.persona}`,
        why: `the user moved from persona ${one.persona} to persona ${persona.metadata.name}, which share their role`,
        differences: [],
        maintenance: true,
        reason: "Deleted",
        async apply() {
          if (!(await hasRole(scope)))
            throw waitingError(REASON.WaitingForReplication, "Entra does not show the new role assignment yet", 3_000);
          await graph.unassign(one.servicePrincipalId, one.assignmentId, call);
        },
      });
    return steps;
  },
  describe({ persona, roleName }, { byGroup }) {
    const present = roleNameOf(persona);
    if (roleName !== present)
      return `The role ${roleName} is assigned, to which the Connect user is bound; the annotation connectsso.dev/recreate gives the user ${present}, and a Connect user without history`;
    return byGroup ? "A group has the persona's role" : "The persona's role is assigned";
  },
  remove: revoke,
};

async function readAssignments({
  graph,
  assignment: { servicePrincipalId, appRoleId, principalId },
  persona,
  call,
}: UserScope): Promise<Seen["role-assignment"]> {
  // A plan: the application is still to be created.
  if (!persona.status?.servicePrincipalId) return { assignments: [], byGroup: false };
  const groups = await graph.groupAssignments(servicePrincipalId, call);
  const byGroup = groups.length > 0 && (await isAssignedByGroup(graph, groups, appRoleId, principalId, call));
  return { assignments: await graph.assignmentsOf(servicePrincipalId, principalId, call), byGroup };
}

/** Whether the person has the persona's role, as Entra shows it. */
export async function hasRole(scope: UserScope): Promise<boolean> {
  const { assignments, byGroup } = await readAssignments(scope);
  return byGroup || assignments.some(({ appRoleId }) => appRoleId === scope.assignment.appRoleId);
}

/** Direct members only: Entra hands the role on to no nested group. Shared inventories, so that it costs no call per user. */
async function isAssignedByGroup(
  graph: Graph,
  groups: readonly Assignment[],
  roleId: string,
  personId: string,
  call: UserCall,
): Promise<boolean> {
  const ofRole = groups.filter(({ appRoleId }) => appRoleId === roleId);
  const members = await Promise.all(ofRole.map(({ principalId }) => graph.groupMemberIds(principalId, call)));
  return members.some((ids) => ids.includes(personId));
}
