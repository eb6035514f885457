/** What a user's status says beside what every kind's says. Pure. */
import { REASON } from "../api/reasons.ts";
import { ANNOTATIONS, CONDITION, type ConnectUser, type ConnectUserStatus } from "../api/resources.ts";
import type { KindStatus, PassResult, Resting } from "../engine/kind.ts";
import { unchecked } from "../engine/status.ts";
import type { ConditionInput } from "../runtime/conditions.ts";
import type { UserScope } from "./scope.ts";
import { ROLE_TAG } from "./tags.ts";

/** As the schema says. */
const MOST_STRAYS = 20;

export function userStatus(
  object: ConnectUser,
  result: PassResult<UserScope>,
  personaRemarks: string[],
): KindStatus<ConnectUser> {
  const recreate = object.metadata.annotations?.[ANNOTATIONS.recreate];
  const isDone = result.scope !== undefined && result.pass !== undefined && failureOf(result) === undefined;
  return {
    fields: result.scope ? resolved(result.scope, object.status ?? {}) : {},
    conditions: [conflict(object, result)],
    remarks: [...(result.scope ? remarksOf(result.scope) : []), ...personaRemarks],
    ...(result.scope?.withdrawn ? { resting: restingOf(result.scope) } : {}),
    ...(isDone && recreate ? { handledRequests: { recreate: recreate.slice(0, 253) } } : {}),
  };
}

/** Reason of what kept the pass from its end; the first one counts. */
function failureOf({ reason, pass }: PassResult<UserScope>): { reason: string; message: string } | undefined {
  if (reason) return { reason, message: "" };
  for (const outcome of pass?.outcomes.values() ?? [])
    if (outcome.state === "failed") return { reason: outcome.failure.reason, message: outcome.failure.message };
  return undefined;
}

function remarksOf({ person, withdrawn, conflict, users, input, seen }: UserScope): string[] {
  const others = conflict ?? seen["former-assignments"]?.conflict;
  const strays = straysOf(users, input.username);
  return [
    ...(others ? [others] : []),
    ...(strays.length > 0 && seen["connect-user"]?.user
      ? [`The person has further Connect users that carry our tag: ${strays.join(", ")}; delete them in Amazon Connect`]
      : []),
    ...(person && !person.accountEnabled && !withdrawn
      ? ["The account is disabled in Entra, and keeps its access (whenDisabled: Keep)"]
      : []),
  ];
}

const straysOf = (users: UserScope["users"], username: string): string[] =>
  users.flatMap((one) => (one.username === username ? [] : [one.username])).sort();

function restingOf({ withdrawn, found, object }: UserScope): Resting {
  const { message } = found.sessions ?? object.status?.sessions ?? {};
  return {
    reason: withdrawn!.reason,
    message: message
      ? `${withdrawn!.message}; ${message.charAt(0).toLowerCase()}${message.slice(1)}`
      : withdrawn!.message,
    conditions: [CONDITION.RoleAssigned],
  };
}

function resolved(
  { input, persona, assignment, withdrawn, users, seen, recreate, roleName }: UserScope,
  old: ConnectUserStatus,
): Partial<ConnectUserStatus> {
  const user = seen["connect-user"] ? seen["connect-user"].user : undefined;
  const found = seen["role-assignment"]?.assignments.find(({ appRoleId }) => appRoleId === assignment.appRoleId);
  const strays = user ? straysOf(users, input.username).slice(0, MOST_STRAYS) : [];
  // Until a former user is replaced, and while it is: quick connects are known by its id.
  const kept = user ?? users[0] ?? (recreate ? { id: old.connectUserId, arn: old.connectUserArn } : undefined);
  return {
    username: input.username,
    entraObjectId: assignment.principalId,
    connectUserId: seen["connect-user"] ? kept?.id : old.connectUserId,
    connectUserArn: seen["connect-user"] ? kept?.arn : old.connectUserArn,
    appRoleAssignmentId: withdrawn && seen.withdrawal ? undefined : (found?.id ?? old.appRoleAssignmentId),
    strays: strays.length > 0 ? strays : undefined,
    roleName: user?.tags[ROLE_TAG] ?? roleName,
    userAccessUrl: persona.status?.userAccessUrl,
  };
}

function conflict(object: ConnectUser, result: PassResult<UserScope>): ConditionInput {
  const type = CONDITION.Conflict;
  const standing = result.scope?.conflict ?? result.scope?.seen["former-assignments"]?.conflict;
  const message = result.reason === REASON.TwoPersonas ? result.message : (conflictIn(result) ?? standing);
  if (message) return { type, status: "True", reason: REASON.TwoPersonas, message };
  if (!result.pass?.read.has("former-assignments")) return unchecked(object.status?.conditions, type);
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
