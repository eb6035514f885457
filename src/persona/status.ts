/** What a persona's status says beside what every kind's says. Pure. */

import { REASON } from "../api/reasons.ts";
import {
  ANNOTATIONS,
  CONDITION,
  type ConnectSsoPersona,
  type ConnectSsoPersonaStatus,
  type ConnectUser,
  requestName,
} from "../api/resources.ts";
import { counted } from "../domain/text.ts";
import type { KindStatus, PassResult } from "../engine/kind.ts";
import { type ConditionInput, findCondition, isTrue } from "../runtime/conditions.ts";
import type { Removals } from "./removals.ts";
import { handledRotations, resolved } from "./resolved.ts";
import type { PersonaScope } from "./scope.ts";

type Status = ConnectSsoPersonaStatus;

export function personaStatus(
  object: ConnectSsoPersona,
  result: PassResult<PersonaScope>,
  users: ConnectUser[],
  removals: Removals,
): KindStatus<ConnectSsoPersona> {
  const { condition, admitted, handled } = removals;
  const conflicts = conflict(users, result, object.status ?? {});
  return {
    fields: {
      ...(result.scope ? resolved(result.scope) : {}),
      users: countUsers(users),
      removals: admitted.length > 0 ? admitted : undefined,
      ...(result.scope?.profiles ? { securityProfiles: result.scope.profiles.rows } : {}),
    },
    conditions: [conflicts, condition],
    remarks: [
      ...(conflicts.status === "True" ? [conflicts.message] : []),
      ...(result.scope?.profiles?.problem
        ? [`What the security profiles permit is not watched: ${result.scope.profiles.problem}`]
        : []),
      ...(result.scope?.remark ? [result.scope.remark] : []),
    ],
    handledRequests: {
      ...(result.scope ? handledRotations(result.scope) : {}),
      ...(handled ? { [requestName(ANNOTATIONS.allowMassDeletion)]: handled } : {}),
    },
  };
}

/** Users of this persona whom another persona of the instance has as well, and users of others that are assigned to this application. */
function conflict(users: ConnectUser[], { scope }: PassResult<PersonaScope>, old: Status): ConditionInput {
  const type = CONDITION.Conflict;
  const names = conflicted(users).map(({ metadata }) => metadata.name);
  if (names.length > 0) {
    const message = `${counted(names.length, "user")} ${names.length === 1 ? "belongs" : "belong"} to another persona of the instance as well, so nothing new is granted: ${list(names.sort())}; their own conditions say which`;
    return { type, status: "True", reason: REASON.UsersConflict, message };
  }
  const strangers = scope?.seen.assignments?.strangers;
  if (strangers && strangers.length > 0) {
    const message = `assigned to this application, and declared under another persona of the instance: ${list(strangers)}; remove the assignment or the ConnectUser`;
    return { type, status: "True", reason: REASON.AssignedHere, message };
  }
  const before = findCondition(old.conditions, type);
  // The assignments were not read this time.
  if (!strangers && before?.reason === REASON.AssignedHere)
    return { type, status: before.status, reason: before.reason, message: before.message };
  return { type, status: "False", reason: REASON.NoConflict, message: "No user belongs to another persona as well" };
}

const list = (names: string[]) => `${names.slice(0, 5).join(", ")}${names.length > 5 ? "…" : ""}`;

const conflicted = (users: ConnectUser[]) =>
  users.filter(({ status }) => isTrue(status?.conditions, CONDITION.Conflict));

function countUsers(users: ConnectUser[]): Status["users"] {
  const ready = users.filter(({ status }) => isTrue(status?.conditions, CONDITION.Ready)).length;
  const removing = users.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length;
  return {
    total: users.length,
    ready,
    conflicted: conflicted(users).length,
    summary: `${ready}/${users.length}`,
    removing,
  };
}
