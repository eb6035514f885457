/** The reconcile of one ConnectSsoPersona, readable from top to bottom. */
import { REASON } from "../api/reasons.ts";
import {
  type ConnectSsoPersona,
  type ConnectSsoPersonaStatus,
  type ConnectUser,
  FINALIZER,
  INDEX,
  PERSONA,
  USER,
} from "../api/resources.ts";
import { announcements } from "../domain/announcements.ts";
import { RemovalGuard } from "../domain/massdeletion.ts";
import { actionOf, type Change, type Plan, told } from "../domain/plan.ts";
import { type Observer, outcomeOf } from "../observability/observer.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { CloudError } from "../providers/errors.ts";
import { asCloudError, terminalError } from "../providers/verdicts.ts";
import { type Action, awaitChange, requeueAfter, withJitter } from "../runtime/action.ts";
import type { ReconcileContext } from "../runtime/controller.ts";
import { equalJson } from "../runtime/equal.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { COMPONENTS } from "./components/index.ts";
import { converge, type Pass } from "./converge.ts";
import { preflight } from "./preflight.ts";
import { lookAtRemovals } from "./removals.ts";
import { removePersona } from "./remove.ts";
import { type InFlight, type Memory, openScope } from "./scope.ts";
import { type PassResult, personaStatus } from "./status.ts";

interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}
export interface PersonaDeps {
  store: ObjectStore;
  clouds: Clouds;
  cluster: string;
  pollIntervalMs: number;
  log: Log;
  now(): number;
  removals: RemovalGuard;
  observer?: Observer;
}

/** Rotation under way and corrected drift are looked at again soon. */
const SOON_MS = 5_000;
const RETRY_MS = 15_000;

export function createPersonaReconciler(deps: PersonaDeps) {
  const memories = new Map<string, Memory>();
  return async (ref: { namespace: string; name: string }, ctx: ReconcileContext): Promise<Action> => {
    let object = deps.store.get<ConnectSsoPersona>(PERSONA, ref.namespace, ref.name);
    if (!object) return awaitChange();
    const { uid } = object.metadata;
    const memory = memories.get(uid) ?? {};
    memories.set(uid, memory);
    const users = usersOf(deps.store, object);
    const result: PassResult = { removals: lookAtRemovals(deps.removals, object, users, deps.now()) };
    try {
      object = await begin(deps, object, result, users, memory);
      if (object.metadata.deletionTimestamp) {
        await removeOrRetain(deps, object, users, memory, ctx.signal);
        memories.delete(uid);
        return awaitChange();
      }
      if (!object.metadata.finalizers?.includes(FINALIZER)) await deps.store.addFinalizer(object, FINALIZER);
      if (object.spec.suspend) result.suspended = true;
      else {
        result.scope = await openScope(object, scopeDeps(deps, object), memory, { signal: ctx.signal });
        await preflight(result.scope);
        result.pass = await converge(result.scope, COMPONENTS, "apply");
        // Nothing of its own is there, but all of its users: that Connect is down is said here once, and not by each of them.
        await result.scope.connect.answers(result.scope.call);
      }
    } catch (error) {
      result.error = error;
    }
    if (ctx.aborted) return requeueAfter(SOON_MS);
    report(deps, object, result);
    await writeStatus(deps, object, result, users);
    return nextLook(deps, result);
  };
}

/** Velero puts it on what it restores, which then has neither status nor finalizer and looks new. */
const RESTORED_LABEL = "velero.io/restore-name";

/**
 * A status before the finalizer, and so before anything is made: a process that dies early leaves an object of which it is known that
 * nothing was asked for. One that was worked on, and has no status, has lost it: then something may be under way, and that must be
 * known to the next process too.
 */
async function begin(
  deps: PersonaDeps,
  object: ConnectSsoPersona,
  { removals }: PassResult,
  users: ConnectUser[],
  memory: Memory,
): Promise<ConnectSsoPersona> {
  const { namespace, name, finalizers = [], labels = {}, deletionTimestamp } = object.metadata;
  const worked = finalizers.includes(FINALIZER);
  if (object.status?.observedGeneration !== undefined || (deletionTimestamp && !worked)) return object;
  const now = new Date(deps.now());
  const status = personaStatus(object, { removals, suspended: object.spec.suspend }, users, now);
  if (worked || labels[RESTORED_LABEL]) memory.inFlight = { ...memory.inFlight, unknownSince: now.toISOString() };
  const { inFlight } = memory;
  await deps.store.updateStatus(object, { ...status, ...(inFlight ? { inFlight } : {}) });
  return deps.store.get<ConnectSsoPersona>(PERSONA, namespace, name) ?? object;
}

/** What an apply would do, by the same code, reads only. */
export interface PersonaPlan extends Plan {
  /** Why it stops: something that only a person can mend, or that cannot be read. What comes before it is in `changes`. */
  problem?: CloudError;
  /** Status as it would read now; users' plans stand on it. */
  status: ConnectSsoPersonaStatus;
}

export async function planPersona(
  object: ConnectSsoPersona,
  deps: Omit<PersonaDeps, "removals">,
): Promise<PersonaPlan> {
  const { namespace, name } = object.metadata;
  const removals = lookAtRemovals(new RemovalGuard(0), object, [], 0);
  const result: PassResult = { removals };
  try {
    result.scope = await openScope(object, { ...scopeDeps(deps, object), persist: () => Promise.resolve() }, {}, {});
    await preflight(result.scope);
    result.pass = await converge(result.scope, COMPONENTS, "plan");
  } catch (error) {
    result.error = error;
  }
  const problem = errorsOf(result).find(({ kind }) => kind !== "waiting");
  return {
    resource: { kind: PERSONA, namespace, name },
    // Components that wait for nothing are looked at side by side: told in the blog's order, every time.
    changes: COMPONENTS.flatMap(({ name: component }) =>
      (result.pass?.changes ?? []).filter((change) => change.component === component),
    ),
    ...(problem ? { problem } : {}),
    status: personaStatus(object, result, usersOf(deps.store, object), new Date(deps.now())),
  };
}

/** The store's newest status plus what is about to be asked for. Throws when it cannot be written: then nothing is asked for. */
function persistIn({ store }: Pick<PersonaDeps, "store">, { metadata: { namespace, name } }: ConnectSsoPersona) {
  return async (inFlight: InFlight): Promise<void> => {
    const current = store.get<ConnectSsoPersona>(PERSONA, namespace, name);
    if (current) await store.updateStatus(current, { ...current.status, inFlight });
  };
}

function scopeDeps(deps: Omit<PersonaDeps, "removals">, object: ConnectSsoPersona) {
  return { ...deps, persist: persistIn(deps, object), peer: peerIn(deps, object) };
}

function peerIn({ store }: Pick<PersonaDeps, "store">, { metadata, spec }: ConnectSsoPersona) {
  return (entraObjectId: string): string | undefined => {
    const value = entraObjectId.toLowerCase();
    for (const user of store.list<ConnectUser>(USER, { index: INDEX.userByEntraUser, value })) {
      const { namespace, name, deletionTimestamp } = user.metadata;
      const persona = store.get<ConnectSsoPersona>(PERSONA, namespace, user.spec.personaRef.name);
      if (!persona || persona.metadata.uid === metadata.uid || deletionTimestamp) continue;
      if (persona.spec.instanceArn !== spec.instanceArn) continue;
      return `ConnectUser ${namespace}/${name} of persona ${persona.metadata.name}`;
    }
    return undefined;
  };
}

function usersOf(store: ObjectStore, { metadata }: ConnectSsoPersona): ConnectUser[] {
  return store.list<ConnectUser>(USER, { index: INDEX.userByPersona, value: `${metadata.namespace}/${metadata.name}` });
}

/** Retain asks nothing of the clouds, so it needs no credentials. */
async function removeOrRetain(
  deps: PersonaDeps,
  object: ConnectSsoPersona,
  users: ConnectUser[],
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  if (!object.metadata.finalizers?.includes(FINALIZER)) return;
  // Also with Retain: without the persona, nobody would hold back a mass deletion of its users.
  if (users.length > 0)
    throw terminalError(
      REASON.HasUsers,
      `${users.length} ConnectUser(s) refer to this persona, which goes after them; delete them or move them to another`,
    );
  if (object.spec.deletionPolicy === "Delete") {
    const scope = await openScope(object, scopeDeps(deps, object), memory, { signal });
    await removePersona(scope, deps.store);
  }
  await deps.store.removeFinalizer(object, FINALIZER);
}

function report(deps: PersonaDeps, object: ConnectSsoPersona, result: PassResult): void {
  const { pass } = result;
  const { namespace, name } = object.metadata;
  const outcome = outcomeOf(errorsOf(result));
  if (!result.suspended) deps.observer?.passed?.(object, { outcome, complete: pass !== undefined && readsAll(pass) });
  if (!pass) return;
  deps.observer?.plan?.({ resource: { kind: PERSONA, namespace, name }, changes: pass.changes });
  for (const { change, security, maintenance } of pass.corrected) {
    const reason = security ? REASON.SecurityDriftCorrected : reasonOf(change, maintenance);
    const note = security ? `${security}; it is set back` : told(change);
    deps.store.event(object, { type: security ? "Warning" : "Normal", reason, action: actionOf(change.verb), note });
    deps.log.info({ persona: `${namespace}/${name}`, component: change.component, reason }, note);
    if (change.drift) deps.observer?.drift?.({ namespace, persona: name }, change, "corrected");
  }
  const onShow = new Set(object.status?.drift?.map(({ component, path }) => `${component} ${path}`));
  const isNew = ({ component, object: what, differences }: Change) =>
    (differences.length > 0 ? differences.map(({ path }) => path) : [what]).some(
      (path) => !onShow.has(`${component} ${path}`),
    );
  for (const { change, security } of pass.barred)
    if (security && isNew(change))
      deps.store.event(object, {
        type: "Warning",
        reason: REASON.SecurityDriftFound,
        action: actionOf(change.verb),
        note: `${security}; it is left, because the object is no longer this persona's`,
      });
  const left =
    object.spec.driftPolicy === "Report"
      ? pass.changes.filter(({ drift }) => drift)
      : pass.barred.map(({ change }) => change);
  for (const change of left)
    if (isNew(change)) deps.observer?.drift?.({ namespace, persona: name }, change, "reported");
}

/** A component that could not be read, or stands behind one, may have drifted unseen. One that waits is known to be incomplete. */
function readsAll({ outcomes }: Pass): boolean {
  return [...outcomes.values()].every(
    (one) => one.state !== "failed" || one.observed || asCloudError(one.error).kind === "waiting",
  );
}

function errorsOf({ error, pass }: PassResult): CloudError[] {
  return [
    ...(error === undefined ? [] : [error]),
    ...[...(pass?.outcomes.values() ?? [])].flatMap((one) => (one.state === "failed" ? [one.error] : [])),
  ].map(asCloudError);
}

function reasonOf({ verb, drift, component }: Pass["changes"][number], maintenance: boolean): string {
  if (drift) return REASON.DriftCorrected;
  if (maintenance) return component === "provisioning" ? REASON.KeyRotating : REASON.CertificateRotating;
  return {
    create: REASON.Created,
    adopt: REASON.Adopted,
    update: REASON.Changed,
    delete: REASON.Changed,
    wait: REASON.Changed,
  }[verb];
}

async function writeStatus(
  deps: PersonaDeps,
  object: ConnectSsoPersona,
  result: PassResult,
  users: ConnectUser[],
): Promise<void> {
  const now = new Date(deps.now());
  const status = personaStatus(object, result, users, now);
  // Compared with what the store has now: a call in flight was noted there during the pass.
  const { namespace, name } = object.metadata;
  if (!equalJson(status, deps.store.get<ConnectSsoPersona>(PERSONA, namespace, name)?.status)) {
    for (const one of announcements(object.status?.conditions, status.conditions)) deps.store.event(object, one);
    await deps.store.updateStatus(object, { ...status, ...(result.pass ? { lastCheckedAt: now.toISOString() } : {}) });
  }
}

function nextLook(deps: PersonaDeps, result: PassResult): Action {
  const { pass, suspended, scope } = result;
  if (suspended) return awaitChange();
  const waits = errorsOf(result).map(
    ({ kind, retryAfterMs }) =>
      retryAfterMs ?? (kind === "terminal" || kind === "conflict" ? deps.pollIntervalMs : RETRY_MS),
  );
  const rotates = waits.length === 0 && scope?.seen.certificate?.next;
  if (pass?.corrected.length || rotates || scope?.memory.pendingKey) waits.push(SOON_MS);
  return requeueAfter(withJitter(Math.min(deps.pollIntervalMs, ...waits)));
}
