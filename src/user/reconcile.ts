/** The reconcile of one ConnectUser, readable from top to bottom. */
import { REASON } from "../api/reasons.ts";
import {
  CONDITION,
  type ConnectSsoPersona,
  type ConnectUser,
  FINALIZER,
  INDEX,
  PERSONA,
  USER,
} from "../api/resources.ts";
import { announcements } from "../domain/announcements.ts";
import type { RemovalGuard } from "../domain/massdeletion.ts";
import { actionOf, type Plan, told } from "../domain/plan.ts";
import { type Observer, outcomeOf } from "../observability/observer.ts";
import { howToAllow, removalAllowed } from "../persona/removals.ts";
import type { Clouds } from "../providers/clouds.ts";
import { type CallOptions, CloudError } from "../providers/errors.ts";
import { asCloudError } from "../providers/verdicts.ts";
import { type Action, awaitChange, requeueAfter, withJitter } from "../runtime/action.ts";
import { type Condition, findCondition } from "../runtime/conditions.ts";
import type { ReconcileContext } from "../runtime/controller.ts";
import { equalJson } from "../runtime/equal.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { applySteps } from "./apply.ts";
import { namedChange } from "./naming.ts";
import { type Before, planSteps, type Step } from "./plan.ts";
import { removeUser } from "./remove.ts";
import { openUserScope } from "./resolve.ts";
import { type UserPass, userStatus } from "./status.ts";

interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}
export interface UserDeps {
  store: ObjectStore;
  clouds: Clouds;
  cluster: string;
  pollIntervalMs: number;
  log: Log;
  now(): number;
  removals: RemovalGuard;
  observer?: Observer;
}

const RETRY_MS = 15_000;

export function createUserReconciler(deps: UserDeps) {
  return async (ref: { namespace: string; name: string }, ctx: ReconcileContext): Promise<Action> => {
    const object = deps.store.get<ConnectUser>(USER, ref.namespace, ref.name);
    if (!object) return awaitChange();
    // Whoever changed the object waits for us; resyncs and starts do not matter as much.
    const sweep = /resync|startup|poll/i.test(ctx.reason);
    const call = {
      // Made when it is asked for, which is when something has to be waited for.
      get signal() {
        return ctx.signal;
      },
      priority: sweep ? ("sweep" as const) : ("person" as const),
      maxAgeMs: deps.pollIntervalMs * 0.9,
    };
    const pass: UserPass = { steps: [], held: [], found: {} };
    try {
      if (object.metadata.deletionTimestamp) {
        if (!object.metadata.finalizers?.includes(FINALIZER)) return awaitChange();
        if (object.spec.deletionPolicy !== "Retain") {
          guardMassDeletion(deps, object);
          await removeUser(object, deps, call);
        }
        await deps.store.removeFinalizer(object, FINALIZER);
        deps.removals.note(`${ref.namespace}/${object.spec.personaRef.name}`, deps.now());
        return awaitChange();
      }
      if (!object.metadata.finalizers?.includes(FINALIZER)) await deps.store.addFinalizer(object, FINALIZER);
      if (object.spec.suspend) pass.suspended = true;
      else await look(pass, object, deps, call);
    } catch (error) {
      pass.error = error;
    }
    if (ctx.aborted) return requeueAfter(RETRY_MS);
    report(deps, object, pass);
    await writeStatus(deps, object, pass);
    return nextLook(deps, pass);
  };
}

/** Observe, plan, apply. */
async function look(
  pass: UserPass,
  object: ConnectUser,
  deps: UserDeps,
  call: CallOptions & { maxAgeMs?: number },
): Promise<void> {
  pass.scope = await openUserScope(object, deps, call, pass.found);
  const { desired, seen } = pass.scope;
  pass.user = seen.user;
  pass.steps = planSteps(desired, seen, beforeOf(object));
  if (object.spec.driftPolicy === "Report") pass.held = pass.steps.filter(({ change }) => change.drift);
  const wanted = pass.steps.filter((step) => !pass.held.includes(step));
  if (wanted.length === 0) return;
  pass.user = (await applySteps(wanted, pass.scope, seen.user, call)) ?? pass.user;
  pass.scope.seen = {
    user: pass.user,
    former: [],
    byGroup: seen.byGroup,
    assignments: await pass.scope.graph.assignmentsOf(
      desired.assignment.servicePrincipalId,
      desired.assignment.principalId,
      call,
    ),
  };
}

/** What an apply would do, by the same code, reads only; also while the persona is still to be made. */
export async function planUser(
  object: ConnectUser,
  deps: Omit<UserDeps, "removals">,
): Promise<Plan & { problem?: CloudError }> {
  const { namespace, name } = object.metadata;
  const resource = { kind: USER, namespace, name };
  try {
    const scope = await openUserScope(object, { ...deps, planning: true }, {});
    const steps = planSteps(scope.desired, scope.seen, beforeOf(object));
    return {
      resource,
      changes: steps.map(({ change }) => namedChange(change, scope.connect, scope.persona.metadata.name)),
    };
  } catch (error) {
    return { resource, changes: [], problem: asCloudError(error) };
  }
}

/** A difference is drift when this very spec had converged before; otherwise it is set-up or a changed spec. */
function beforeOf({ metadata, status }: ConnectUser): Before {
  const current = status?.observedGeneration === metadata.generation;
  const good = (type: string) => current && wasGood(status?.conditions as Condition[] | undefined, type);
  return {
    assignmentId: status?.appRoleAssignmentId,
    assigned: good(CONDITION.RoleAssigned),
    connectUser: good(CONDITION.ConnectUserReady),
  };
}

/** Unknown is good before and unreadable since: what was changed meanwhile is drift too. */
function wasGood(conditions: Condition[] | undefined, type: string): boolean {
  const found = findCondition(conditions, type);
  return found?.status === "True" || (found?.status === "Unknown" && found.reason !== REASON.Pending);
}

/** An emptied folder in Git must not empty a contact centre: too many at once wait for a person's word on the persona. */
function guardMassDeletion(deps: UserDeps, object: ConnectUser): void {
  const { namespace } = object.metadata;
  const { name } = object.spec.personaRef;
  const persona = deps.store.get<ConnectSsoPersona>(PERSONA, namespace, name);
  if (!persona || removalAllowed(persona)) return;
  const users = deps.store.list<ConnectUser>(USER, { index: INDEX.userByPersona, value: `${namespace}/${name}` });
  const why = deps.removals.halted(`${namespace}/${name}`, users, deps.now());
  if (!why) return;
  throw new CloudError(`${why}, so this one is not removed; ${howToAllow(namespace, name)}`, {
    kind: "terminal",
    reason: REASON.MassDeletionHalted,
    code: REASON.MassDeletionHalted,
  });
}

function report(deps: UserDeps, object: ConnectUser, pass: UserPass): void {
  const { namespace, name } = object.metadata;
  deps.observer?.plan?.({ resource: { kind: USER, namespace, name }, changes: pass.steps.map(({ change }) => change) });
  const error = pass.error === undefined ? undefined : asCloudError(pass.error);
  const complete = pass.scope !== undefined;
  if (!pass.suspended) deps.observer?.passed?.(object, { outcome: outcomeOf(error ? [error] : []), complete });
  if (error?.code === "Unexpected")
    deps.log.error({ user: `${namespace}/${name}`, error: pass.error }, "reconcile failed");
  if (pass.steps.length === 0) return;
  const onShow = new Set(object.status?.drift?.map(({ component }) => component));
  for (const { change } of pass.steps) {
    const held = pass.held.some((step) => step.change === change);
    if (error && !held) continue;
    if (change.drift && !(held && onShow.has(change.component)))
      deps.observer?.drift?.(
        { namespace, persona: object.spec.personaRef.name },
        change,
        held ? "reported" : "corrected",
      );
    if (held) continue;
    const reason = reasonOf(change);
    deps.store.event(object, {
      type: "Normal",
      reason,
      action: actionOf(change.verb),
      note: told(change),
    });
    deps.log.info(
      { user: `${namespace}/${name}`, component: change.component, reason },
      `${change.verb} ${change.component}`,
    );
  }
}

function reasonOf({ drift, verb }: Step["change"]): string {
  if (drift) return REASON.DriftCorrected;
  return verb === "create" ? REASON.Created : verb === "adopt" ? REASON.Adopted : REASON.Changed;
}

/** An API that is left alone shows on the personas and as a metric; ten thousand users that said so as well would be as many writes. */
function isLeftAlone(object: ConnectUser, { error }: UserPass): boolean {
  const waits = object.status?.observedGeneration !== object.metadata.generation;
  return !waits && error instanceof CloudError && error.reason === "CircuitOpen";
}

async function writeStatus(deps: UserDeps, object: ConnectUser, pass: UserPass): Promise<void> {
  if (isLeftAlone(object, pass)) return;
  const now = new Date(deps.now());
  const status = userStatus(object, pass, now);
  if (!equalJson(status, object.status)) {
    for (const one of announcements(object.status?.conditions, status.conditions)) deps.store.event(object, one);
    await deps.store.updateStatus(object, { ...status, ...(pass.scope ? { lastCheckedAt: now.toISOString() } : {}) });
  }
}

function nextLook(deps: UserDeps, { error, suspended, steps, held }: UserPass): Action {
  if (suspended) return awaitChange();
  if (error === undefined)
    return requeueAfter(
      withJitter(steps.length > held.length ? Math.min(5_000, deps.pollIntervalMs) : deps.pollIntervalMs),
    );
  const { kind, retryAfterMs } = asCloudError(error);
  const waits = kind === "terminal" || kind === "conflict" ? deps.pollIntervalMs : (retryAfterMs ?? RETRY_MS);
  return requeueAfter(withJitter(Math.min(waits, deps.pollIntervalMs)));
}
