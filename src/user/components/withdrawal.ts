/**
 * The account is disabled or deleted in Entra, or its name belongs to somebody else: the persona's role goes first, then running sessions
 * end. Nothing of it waits for anything else.
 */

import { CONDITION } from "../../api/resources.ts";
import { isoSeconds } from "../../domain/duration.ts";
import type { Step } from "../../engine/component.ts";
import type { ConnectUserView } from "../../providers/aws/types.ts";
import { terminalError } from "../../providers/verdicts.ts";
import { appRolesOf, type UserScope } from "../scope.ts";
import type { UserComponent } from "../seen.ts";

export const withdrawal: UserComponent<"withdrawal"> = {
  condition: CONDITION.RoleAssigned,
  cloud: "entra",
  needs: [],
  concerns: {},
  shared: false,
  servesLogin: false,
  applies: ({ withdrawn }) => withdrawn !== undefined,
  async observe({ graph, persona, assignment: { servicePrincipalId, principalId }, users, call }) {
    const assignments = persona.status?.servicePrincipalId
      ? await graph.assignmentsOf(servicePrincipalId, principalId, call)
      : [];
    return { assignments, users };
  },
  plan(scope, { assignments, users }, compare) {
    const { withdrawn, graph, object, input, assignment, persona, call } = scope;
    const roles = appRolesOf(persona.status).add(assignment.appRoleId);
    const ours = assignments.filter(
      ({ id, appRoleId }) => roles.has(appRoleId) || id === object.status?.appRoleAssignmentId,
    );
    const steps: Step[] = ours.map(({ id }) => ({
      verb: "delete",
      object: `role assignment of ${input.username}`,
      why: withdrawn!.message,
      differences: [],
      maintenance: true,
      reason: "AccessRevoked",
      apply: () => graph.unassign(assignment.servicePrincipalId, id, call),
    }));
    // The ledger knows that they were ended; once access is back it forgets.
    const done = compare.applied("sessions").length > 0;
    const rows = compare.differ("sessions", "ended", done ? "ended" : "not ended");
    if (!done && users.length > 0 && object.spec.endSessions !== false)
      steps.push({
        verb: "update",
        object: `sessions of ${input.username}`,
        why: withdrawn!.message,
        differences: rows,
        maintenance: true,
        reason: "SessionsEnded",
        apply: () => endSessions(scope, users),
      });
    const { reason, message, isFinal } = withdrawn!;
    return isFinal ? { steps, problem: terminalError(reason, message) } : steps;
  },
  describe: ({ withdrawn }) => withdrawn!.message,
  // Deletion takes the role with the role assignment.
  remove: async () => true,
};

/** What becomes of them is in the status, and a refusal in an event: it is no reason to stop. */
export async function endSessions(
  { connect, call, found, store, object }: UserScope,
  users: readonly ConnectUserView[],
): Promise<"refused" | undefined> {
  const results = await Promise.all(users.map((user) => connect.endSessions(user, call)));
  const refused = results.find((one) => !one.ended);
  if (!refused || refused.ended) {
    found.sessions = { endedTime: isoSeconds(new Date()), message: "Running sessions were ended" };
    return undefined;
  }
  found.sessions = { message: notEnded("Running sessions", refused) };
  store.event(object, { ...NOT_ENDED, note: notEnded(`Running sessions of ${users[0]!.username}`, refused) });
  return "refused";
}

export const NOT_ENDED = { type: "Warning", reason: "SessionsNotEnded", action: "EndSessions" } as const;
export const notEnded = (what: string, { reason, message }: { reason: string; message: string }): string =>
  `${what} could not be ended (${reason}: ${message}); they last up to 12 hours`;
