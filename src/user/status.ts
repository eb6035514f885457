/** Status of a ConnectUser as a pure function of the object and what a pass brought. */
import { REASON } from "../api/reasons.ts";
import { ANNOTATIONS, CONDITION, type ConnectUser, type ConnectUserStatus } from "../api/resources.ts";
import type { ConnectUserView } from "../providers/aws/types.ts";
import type { CloudError } from "../providers/errors.ts";
import { asCloudError } from "../providers/verdicts.ts";
import { type Condition, type ConditionInput, findCondition, mergeConditions } from "../runtime/conditions.ts";
import { named } from "./naming.ts";
import type { Step, UserComponent } from "./plan.ts";
import type { Found, UserScope } from "./resolve.ts";

export interface UserPass {
  scope?: UserScope;
  found: Found;
  /** What was found to be done. */
  steps: Step[];
  /** Held back by `driftPolicy: Report`. */
  held: Step[];
  /** The Connect user after the pass. */
  user?: ConnectUserView | undefined;
  error?: unknown;
  suspended?: boolean;
}

const CONFLICTS: readonly string[] = [REASON.TwoPersonas];

export function userStatus(object: ConnectUser, pass: UserPass, now: Date): ConnectUserStatus {
  const old = object.status ?? {};
  const error = pass.error === undefined ? undefined : asCloudError(pass.error);
  const conditions = conditionsOf(object, pass, error);
  for (const one of conditions) one.observedGeneration = object.metadata.generation;
  const looked = pass.scope !== undefined && error === undefined;
  const recreate = object.metadata.annotations?.[ANNOTATIONS.recreate];
  const reconcile = object.metadata.annotations?.[ANNOTATIONS.reconcile];
  const handled = {
    ...(looked && recreate ? { recreate } : {}),
    // A look that failed was one: why is in the conditions.
    ...(!pass.suspended && reconcile ? { reconcile } : {}),
  };
  return {
    ...old,
    observedGeneration: object.metadata.generation,
    conditions: mergeConditions(old.conditions as Condition[] | undefined, conditions, now),
    ...pass.found,
    ...(pass.scope ? resolved(pass.scope, pass.user, old) : {}),
    ...(looked ? { drift: driftRows(old, pass, now) } : {}),
    ...(Object.keys(handled).length > 0 ? { handledRequests: { ...old.handledRequests, ...handled } } : {}),
  };
}

function resolved(
  { desired, person, persona, seen }: UserScope,
  user: ConnectUserView | undefined,
  old: ConnectUserStatus,
): Partial<ConnectUserStatus> {
  const current = user ?? seen.user;
  const assignment = seen.assignments.find(({ appRoleId }) => appRoleId === desired.assignment.appRoleId);
  return {
    username: desired.input.username,
    entraObjectId: person.id,
    connectUserId: current?.id,
    connectUserArn: current?.arn,
    appRoleAssignmentId: assignment?.id ?? old.appRoleAssignmentId,
    userAccessUrl: persona.status?.userAccessUrl,
  };
}

function conditionsOf(object: ConnectUser, pass: UserPass, error: CloudError | undefined): ConditionInput[] {
  const before = object.status?.conditions as Condition[] | undefined;
  if (pass.suspended) {
    const kept = [CONDITION.RoleAssigned, CONDITION.ConnectUserReady, CONDITION.Conflict, CONDITION.Drifted].map(
      (type) => keep(before, type, REASON.Suspended),
    );
    return [
      {
        type: CONDITION.Ready,
        status: "False",
        reason: REASON.Suspended,
        message: "spec.suspend is true: nothing is looked at",
      },
      { type: CONDITION.Reconciling, status: "False", reason: REASON.Suspended, message: "nothing under way" },
      { type: CONDITION.Stalled, status: "False", reason: REASON.Suspended, message: "nothing needs a person" },
      ...kept,
    ];
  }
  const stalled = error !== undefined && (error.kind === "terminal" || error.kind === "conflict");
  const conflict = error !== undefined && CONFLICTS.includes(error.reason);
  const message = error?.message ?? "the user can sign in";
  return [
    { type: CONDITION.Ready, status: error ? "False" : "True", reason: error?.reason ?? REASON.Converged, message },
    {
      type: CONDITION.Reconciling,
      status: error && !stalled ? "True" : "False",
      reason: error && !stalled ? error.reason : REASON.Converged,
      message: error && !stalled ? message : "nothing under way",
    },
    {
      type: CONDITION.Stalled,
      status: stalled ? "True" : "False",
      reason: stalled ? error.reason : REASON.Converged,
      message: stalled ? message : "nothing needs a person",
    },
    component(before, pass, error, CONDITION.RoleAssigned, "roleAssignment", "the persona's role is assigned"),
    component(before, pass, error, CONDITION.ConnectUserReady, "connectUser", "the Connect user is as declared"),
    conflict
      ? { type: CONDITION.Conflict, status: "True", reason: error.reason, message }
      : error && !pass.scope
        ? keep(before, CONDITION.Conflict, REASON.Pending)
        : {
            type: CONDITION.Conflict,
            status: "False",
            reason: REASON.NoConflict,
            message: "no other persona of the instance has this user",
          },
    drifted(before, pass, error),
  ];
}

function component(
  before: Condition[] | undefined,
  pass: UserPass,
  error: CloudError | undefined,
  type: string,
  name: UserComponent,
  good: string,
): ConditionInput {
  const held = pass.held.filter(({ change }) => change.component === name);
  if (held.length > 0)
    return {
      type,
      status: "True",
      reason: REASON.DriftFound,
      message: `${held.length} difference(s) left, see status.drift`,
    };
  if (!error) return { type, status: "True", reason: REASON.UpToDate, message: good };
  if (
    error.kind === "terminal" ||
    error.kind === "conflict" ||
    pass.steps.some(({ change }) => change.component === name)
  )
    return { type, status: "False", reason: error.reason, message: error.message };
  // A failed look says nothing about what was good before; what was never good stays so.
  return (findCondition(before, type)?.status ?? "False") !== "False"
    ? { type, status: "Unknown", reason: error.reason, message: error.message }
    : { type, status: "False", reason: error.reason, message: error.message };
}

function keep(before: Condition[] | undefined, type: string, reason: string): ConditionInput {
  const old = findCondition(before, type);
  return old
    ? { type, status: old.status, reason: old.reason, message: old.message }
    : { type, status: "Unknown", reason, message: "not looked at yet" };
}

function drifted(before: Condition[] | undefined, pass: UserPass, error: CloudError | undefined): ConditionInput {
  const type = CONDITION.Drifted;
  const drift = pass.steps.filter(({ change }) => change.drift);
  if (pass.held.length > 0)
    return {
      type,
      status: "True",
      reason: REASON.DriftFound,
      message: `${pass.held.length} change(s) found and left, see status.drift`,
    };
  if (drift.length > 0)
    return {
      type,
      status: "True",
      reason: error ? REASON.DriftFound : REASON.DriftCorrected,
      message: `${drift.length} change(s) found${error ? "" : " and set back"}, see status.drift`,
    };
  if (error) return keep(before, type, REASON.Pending);
  return { type, status: "False", reason: REASON.NoDrift, message: "nothing was changed behind the controller's back" };
}

function driftRows(old: ConnectUserStatus, pass: UserPass, now: Date): ConnectUserStatus["drift"] {
  const name = (path: string, value: string) => named(pass.scope?.connect, path, value);
  return pass.steps
    .filter(({ change }) => change.drift)
    .flatMap(({ change }) =>
      change.differences.map(({ path, desired, observed }) => ({
        component: change.component,
        path,
        desired: name(path, desired).slice(0, 400),
        observed: name(path, observed).slice(0, 400),
      })),
    )
    .slice(0, 20)
    .map((row) => ({
      ...row,
      since:
        old.drift?.find((one) => one.component === row.component && one.path === row.path)?.since ?? now.toISOString(),
    }));
}
