/** Status as a pure function of the object, what a pass brought, and the users in the store. */
import { REASON } from "../api/reasons.ts";
import {
  ANNOTATIONS,
  CONDITION,
  type ConnectSsoPersona,
  type ConnectSsoPersonaStatus,
  type ConnectUser,
  requestName,
} from "../api/resources.ts";
import { asCloudError } from "../providers/verdicts.ts";
import { type ConditionInput, findCondition, isTrue, mergeConditions } from "../runtime/conditions.ts";
import type { ComponentName } from "./component.ts";
import { COMPONENTS } from "./components/index.ts";
import type { Outcome, Pass } from "./converge.ts";
import type { Removals } from "./removals.ts";
import { resolved } from "./resolved.ts";
import type { PersonaScope } from "./scope.ts";

/** How the pass ended: components' outcomes, or one error or state that concerns the whole persona. */
export interface PassResult {
  scope?: PersonaScope;
  pass?: Pass;
  error?: unknown;
  suspended?: boolean;
  removals: Removals;
}

type Status = ConnectSsoPersonaStatus;

const MOST_ROWS = 20;

export function personaStatus(object: ConnectSsoPersona, result: PassResult, users: ConnectUser[], now: Date): Status {
  const old = object.status ?? {};
  const generation = object.metadata.generation;
  const components = componentConditions(old, result, old.observedGeneration === generation);
  const { condition, handled } = result.removals;
  const drift = result.pass ? driftRows(old, result.pass, now) : old.drift;
  const conditions = [
    ...summary(object, result, components, drift?.length ?? 0),
    conflict(users, result, old),
    condition,
    ...components,
  ].map((one) => ({
    ...one,
    observedGeneration: generation,
  }));
  const scoped: Status = { ...old, ...(result.scope ? resolved(result.scope) : {}) };
  // A look that failed before it began was one all the same: why is in the conditions.
  const looked = result.suspended ? undefined : object.metadata.annotations?.[ANNOTATIONS.reconcile]?.slice(0, 253);
  const requests = {
    ...(looked ? { [requestName(ANNOTATIONS.reconcile)]: looked } : {}),
    ...(handled ? { [requestName(ANNOTATIONS.allowMassDeletion)]: handled } : {}),
  };
  return {
    ...scoped,
    observedGeneration: generation,
    conditions: mergeConditions(old.conditions, conditions, now),
    users: countUsers(users),
    ...(result.pass ? { drift } : {}),
    ...(Object.keys(requests).length > 0 ? { handledRequests: { ...scoped.handledRequests, ...requests } } : {}),
  };
}

/** Users of this persona whom another persona of the instance has as well, and users of others that are assigned to this application. */
function conflict(users: ConnectUser[], { scope }: PassResult, old: Status): ConditionInput {
  const type = CONDITION.Conflict;
  const names = conflicted(users).map(({ metadata }) => metadata.name);
  if (names.length > 0) {
    const message = `${names.length} user(s) belong to another persona of the instance as well and are granted nothing new: ${list(names.sort())}; their own conditions say which`;
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
  return { type, status: "False", reason: REASON.NoConflict, message: "no user belongs to another persona as well" };
}

const list = (names: string[]) => `${names.slice(0, 5).join(", ")}${names.length > 5 ? "…" : ""}`;

const conflicted = (users: ConnectUser[]) =>
  users.filter(({ status }) => isTrue(status?.conditions, CONDITION.Conflict));

/** `sameSpec`: the old status speaks of this very spec, so what was good then is only unread now, not unmade. */
function componentConditions(old: Status, { pass, error }: PassResult, sameSpec: boolean): ConditionInput[] {
  const types = [...new Set(COMPONENTS.map(({ condition }) => condition))];
  return types.map((type) => {
    const before = findCondition(old.conditions, type);
    if (!pass) {
      if (before) return { type, status: before.status, reason: before.reason, message: before.message };
      return {
        type,
        status: "Unknown",
        reason: REASON.Pending,
        message: error ? "not looked at, see Ready" : "not looked at yet",
      };
    }
    const members = COMPONENTS.filter(({ condition }) => condition === type);
    const each = members.map(({ name }) =>
      componentCondition(type, pass.outcomes.get(name)!, sameSpec && wasGood(before)),
    );
    return (
      each.find(({ status }) => status === "False") ?? each.find(({ status }) => status === "Unknown") ?? joined(each)
    );
  });
}

function wasGood(before: { status: string; reason: string } | undefined): boolean {
  return before?.status === "True" || (before?.status === "Unknown" && before.reason !== REASON.Pending);
}

function joined(each: ConditionInput[]): ConditionInput {
  const real = each.filter(({ reason }) => reason !== REASON.NotApplicable);
  const special = real.find(({ reason }) => reason !== REASON.UpToDate) ?? real[0];
  return !special ? each[0]! : { ...special, message: real.map(({ message }) => message).join("; ") };
}

function componentCondition(type: string, outcome: Outcome, wasTrue: boolean): ConditionInput {
  switch (outcome.state) {
    case "ready":
      return { type, status: "True", reason: outcome.reason ?? REASON.UpToDate, message: outcome.message };
    case "held":
      return { type, status: "True", reason: REASON.DriftFound, message: outcome.message };
    case "absent":
      return { type, status: "True", reason: REASON.NotApplicable, message: "not needed in this mode" };
    case "waiting": {
      const status = wasTrue ? "Unknown" : "False";
      return { type, status, reason: REASON.WaitingFor, message: `waits for ${outcome.on}` };
    }
    case "failed": {
      const { reason, message, kind } = asCloudError(outcome.error);
      const unreadable = wasTrue && !outcome.observed && (kind === "transient" || kind === "throttled");
      // Repaired, and not shown yet: what stands on it, and was changed as well, must still count as drift.
      const settling = wasTrue && reason === REASON.WaitingForReplication;
      return { type, status: unreadable || settling ? "Unknown" : "False", reason, message };
    }
  }
}

function summary(
  object: ConnectSsoPersona,
  result: PassResult,
  components: ConditionInput[],
  rows: number,
): ConditionInput[] {
  const errors = [
    ...(result.error === undefined ? [] : [result.error]),
    ...[...(result.pass?.outcomes.values() ?? [])].flatMap((one) => (one.state === "failed" ? [one.error] : [])),
  ].map(asCloudError);
  const stalled = errors.find(({ kind }) => kind === "terminal" || kind === "conflict");
  const open = components.find(({ status }) => status !== "True");
  const first = stalled ?? errors[0];
  const ready = !result.suspended && !first && !open;
  const reason = result.suspended ? REASON.Suspended : (first?.reason ?? open?.reason ?? REASON.Converged);
  const message = result.suspended
    ? "spec.suspend is true: nothing is looked at"
    : (first?.message ?? open?.message ?? "single sign-on is as declared");
  const held = result.pass?.changes.filter(({ drift }) => drift) ?? [];
  const left = object.spec.driftPolicy === "Report" ? held.length : (result.pass?.barred.length ?? 0);
  const moving = !ready && !stalled && !result.suspended;
  return [
    { type: CONDITION.Ready, status: ready ? "True" : "False", reason, message },
    {
      type: CONDITION.Reconciling,
      status: moving ? "True" : "False",
      reason: moving ? reason : REASON.Converged,
      message: moving ? message : "nothing under way",
    },
    {
      type: CONDITION.Stalled,
      status: stalled ? "True" : "False",
      reason: stalled?.reason ?? REASON.Converged,
      message: stalled?.message ?? "nothing needs a person",
    },
    drifted(object, held.length, left, result.pass === undefined || (held.length === 0 && rows > 0)),
  ];
}

/** `unread`: what drifted, or might have, could not be compared this time. */
function drifted(object: ConnectSsoPersona, count: number, left: number, unread: boolean): ConditionInput {
  const type = CONDITION.Drifted;
  const before = findCondition(object.status?.conditions, type);
  if (unread && before) return { type, status: before.status, reason: before.reason, message: before.message };
  if (unread) return { type, status: "Unknown", reason: REASON.Pending, message: "not looked at yet" };
  if (count === 0)
    return {
      type,
      status: "False",
      reason: REASON.NoDrift,
      message: "nothing was changed behind the controller's back",
    };
  const reason = left > 0 ? REASON.DriftFound : REASON.DriftCorrected;
  const done = left === 0 ? "set back" : left === count ? "left" : `${left} of them left`;
  return { type, status: "True", reason, message: `${count} change(s) found and ${done}, see status.drift` };
}

function driftRows(old: Status, pass: Pass, now: Date): Status["drift"] {
  const rows = pass.changes
    .filter(({ drift }) => drift)
    .flatMap(({ component, object, differences }) =>
      (differences.length > 0 ? differences : [{ path: object, desired: "present", observed: "absent" }]).map(
        (one) => ({ component, ...one }),
      ),
    )
    .slice(0, MOST_ROWS)
    .map((row) => ({ ...row, desired: row.desired.slice(0, 400), observed: row.observed.slice(0, 400) }));
  // Drift does not end because its component cannot be read, or waits for another one.
  const unread = (old.drift ?? []).filter(
    ({ component }) =>
      pass.outcomes.get(component as ComponentName)?.state !== "absent" && !pass.read.has(component as ComponentName),
  );
  return [
    ...unread,
    ...rows.map((row) => {
      const known = old.drift?.find(({ component, path }) => component === row.component && path === row.path);
      return { ...row, since: known?.since ?? now.toISOString() };
    }),
  ].slice(0, MOST_ROWS);
}

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
