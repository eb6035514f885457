/**
 * Assignments that a move leaves in the application of the former persona. They go first: a person in two applications gets two roles.
 * Where both personas share the role there is no second one, and no moment without access: the new assignment comes first, then the Connect
 * user changes, and the former assignment goes last (role-assignment.ts).
 */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import type { Step } from "../../engine/component.ts";
import { conflictError } from "../../providers/verdicts.ts";
import { formerAssignments } from "../conflicts.ts";
import type { UserScope } from "../scope.ts";
import type { FormerAssignment, UserComponent } from "../seen.ts";
import { hasRole } from "./role-assignment.ts";

export const formerAssignmentsComponent: UserComponent<"former-assignments"> = {
  condition: CONDITION.RoleAssigned,
  cloud: "entra",
  needs: ["withdrawal"],
  concerns: {},
  shared: false,
  servesLogin: false,
  applies: () => true,
  async observe(scope) {
    const user = await scope.connect.user(scope.input.username, scope.call);
    const found = await formerAssignments(scope, user);
    return found.former.some(keepsRole) ? { ...found, isAssigned: await hasRole(scope) } : found;
  },
  plan(scope, { former, conflict, isAssigned }) {
    const { graph, input, call, persona, withdrawn, assignment } = scope;
    // The user that has the Connect user is not stopped by what others assign.
    const isOwner = scope.users.some(
      ({ username, tags }) => username === input.username && tags[OWNER_TAG] === scope.owner,
    );
    if (conflict && !isOwner) throw conflictError(REASON.TwoPersonas, conflict);
    const leaves = former.filter((one) => withdrawn || !keepsRole(one));
    const steps = leaves.map((one): Step => leaveStep(scope, one));
    if (leaves.length === former.length || isAssigned) return steps;
    const { servicePrincipalId, principalId, appRoleId } = assignment;
    const from = former.find(keepsRole)!.persona;
    return [
      ...steps,
      {
        verb: "create",
        object: `role assignment of ${input.username}`,
        why: `the user moves here from persona ${from}, which shares its role with persona ${persona.metadata.name}`,
        differences: [],
        cause: "declared",
        apply: () => graph.assign(servicePrincipalId, principalId, appRoleId, call),
      },
    ];
  },
  describe: () => "",
  // They go with the role assignment, while the Connect user still shows of which persona it was.
  remove: async () => true,
};

export const keepsRole = (one: FormerAssignment): boolean => one.keepsRole === true;

function leaveStep(
  { graph, input, call }: UserScope,
  { persona, servicePrincipalId, assignmentId }: FormerAssignment,
): Step {
  return {
    verb: "delete",
    object: `role assignment of ${input.username} in persona ${persona}`,
    why: `the user moved here from persona ${persona}; if Connect now answers "Bad Request", it still holds the role of the first login: request connectsso.dev/recreate`,
    differences: [],
    maintenance: true,
    reason: "Deleted",
    apply: () => graph.unassign(servicePrincipalId, assignmentId, call),
  };
}
