/** Assignments that a move leaves in the application of the former persona. They go first: a person in two applications gets two roles. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { conflictError } from "../../providers/verdicts.ts";
import { formerAssignments } from "../conflicts.ts";
import type { UserComponent } from "../seen.ts";

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
    return formerAssignments(scope, user);
  },
  plan(scope, { former, conflict }) {
    const { graph, input, call } = scope;
    // The user that has the Connect user is not stopped by what others assign.
    const isOwner = scope.users.some(
      ({ username, tags }) => username === input.username && tags[OWNER_TAG] === scope.owner,
    );
    if (conflict && !isOwner) throw conflictError(REASON.TwoPersonas, conflict);
    return former.map(({ persona, servicePrincipalId, assignmentId }) => ({
      verb: "delete",
      object: `role assignment of ${input.username} in persona ${persona}`,
      why: `the user moved here from persona ${persona}; if Connect now answers "Bad Request", it still holds the role of the first login: request connectsso.dev/recreate`,
      differences: [],
      maintenance: true,
      reason: "Deleted",
      apply: () => graph.unassign(servicePrincipalId, assignmentId, call),
    }));
  },
  describe: () => "",
  // They go with the role assignment, while the Connect user still shows of which persona it was.
  remove: async () => true,
};
