/** The persona's role for this person: an assignment of its own in the persona's application, or that of a group. */
import { CONDITION } from "../../api/resources.ts";
import type { Step } from "../../engine/component.ts";
import type { Assignment, Graph } from "../../providers/graph/types.ts";
import { revoke } from "../removal.ts";
import type { UserCall } from "../scope.ts";
import type { UserComponent } from "../seen.ts";

export const roleAssignment: UserComponent<"role-assignment"> = {
  condition: CONDITION.RoleAssigned,
  cloud: "entra",
  needs: ["connect-user"],
  concerns: {},
  shared: false,
  servesLogin: false,
  applies: () => true,
  async observe({ graph, assignment: { servicePrincipalId, appRoleId, principalId }, persona, call }) {
    // A plan: the application is still to be created.
    if (!persona.status?.servicePrincipalId) return { assignments: [], byGroup: false };
    const groups = await graph.groupAssignments(servicePrincipalId, call);
    const byGroup = groups.length > 0 && (await isAssignedByGroup(graph, groups, appRoleId, principalId, call));
    return { assignments: await graph.assignmentsOf(servicePrincipalId, principalId, call), byGroup };
  },
  plan({ graph, assignment, withdrawn, input, persona, object, call }, { assignments, byGroup }, compare) {
    if (withdrawn) return [];
    const { servicePrincipalId, principalId, appRoleId } = assignment;
    const name = `role assignment of ${input.username}`;
    const steps: Step[] = [];
    const isAssigned = byGroup || assignments.some((one) => one.appRoleId === appRoleId);
    const differences = compare.differ(
      "assigned",
      appRoleId,
      isAssigned ? appRoleId : undefined,
      () => `the role of persona ${persona.metadata.name}`,
    );
    if (!isAssigned)
      steps.push({
        verb: "create",
        object: name,
        why: "the user does not have the persona's role",
        differences,
        apply: () => graph.assign(servicePrincipalId, principalId, appRoleId, call),
      });
    // Only the assignment that we made goes; others in the application belong to other people.
    const ours = object.status?.appRoleAssignmentId;
    const wrong = assignments.find(({ id, appRoleId: role }) => id === ours && role !== appRoleId);
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
    return steps;
  },
  describe: (_, { byGroup }) => (byGroup ? "A group has the persona's role" : "The persona's role is assigned"),
  remove: revoke,
};

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
