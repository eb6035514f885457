/** What a user's status says beside what every kind's says. Pure. */
import { REASON } from "../api/reasons.ts";
import { ANNOTATIONS, CONDITION, type ConnectUser, type ConnectUserStatus } from "../api/resources.ts";
import type { KindStatus, PassResult } from "../engine/kind.ts";
import { type ConditionInput, findCondition } from "../runtime/conditions.ts";
import type { UserScope } from "./scope.ts";

export function userStatus(
  object: ConnectUser,
  result: PassResult<UserScope>,
  personaRemarks: string[],
): KindStatus<ConnectUser> {
  const { recreate, reconcile } = {
    recreate: object.metadata.annotations?.[ANNOTATIONS.recreate],
    reconcile: object.metadata.annotations?.[ANNOTATIONS.reconcile],
  };
  const isDone = result.scope !== undefined && result.pass !== undefined && failureOf(result) === undefined;
  return {
    fields: result.scope ? resolved(result.scope, object.status ?? {}) : {},
    conditions: [conflict(object, result)],
    remarks: personaRemarks,
    handledRequests: {
      ...(isDone && recreate ? { recreate: recreate.slice(0, 253) } : {}),
      // A look that failed was one: why is in the conditions.
      ...(!result.suspended && reconcile ? { reconcile: reconcile.slice(0, 253) } : {}),
    },
  };
}

/** Reason of what kept the pass from its end; the first one counts. */
function failureOf({ reason, pass }: PassResult<UserScope>): { reason: string; message: string } | undefined {
  if (reason) return { reason, message: "" };
  for (const outcome of pass?.outcomes.values() ?? [])
    if (outcome.state === "failed") return { reason: outcome.failure.reason, message: outcome.failure.message };
  return undefined;
}

function resolved(
  { input, person, persona, assignment, seen }: UserScope,
  old: ConnectUserStatus,
): Partial<ConnectUserStatus> {
  const user = seen["connect-user"] ? seen["connect-user"].user : undefined;
  const found = seen["role-assignment"]?.assignments.find(({ appRoleId }) => appRoleId === assignment.appRoleId);
  return {
    username: input.username,
    entraObjectId: person.id,
    connectUserId: seen["connect-user"] ? user?.id : old.connectUserId,
    connectUserArn: seen["connect-user"] ? user?.arn : old.connectUserArn,
    appRoleAssignmentId: found?.id ?? old.appRoleAssignmentId,
    userAccessUrl: persona.status?.userAccessUrl,
  };
}

function conflict(object: ConnectUser, result: PassResult<UserScope>): ConditionInput {
  const type = CONDITION.Conflict;
  const message = result.reason === REASON.TwoPersonas ? result.message : conflictIn(result);
  if (message) return { type, status: "True", reason: REASON.TwoPersonas, message };
  const before = findCondition(object.status?.conditions, type);
  if (!result.pass?.read.has("former-assignments")) {
    if (before) return { type, status: before.status, reason: before.reason, message: before.message };
    return { type, status: "Unknown", reason: REASON.Pending, message: "Not checked yet" };
  }
  return {
    type,
    status: "False",
    reason: REASON.NoConflict,
    message: "No other persona of the instance has this user",
  };
}

function conflictIn({ pass }: PassResult<UserScope>): string | undefined {
  const outcome = pass?.outcomes.get("former-assignments");
  return outcome?.state === "failed" && outcome.failure.reason === REASON.TwoPersonas
    ? outcome.failure.message
    : undefined;
}
