/**
 * The reconcile of every kind, readable from top to bottom: open, deleting?, finalizer, suspended?, references, components, one status
 * write, when to look again.
 *
 * Guarantees: the spec is never written; every pass that was not stopped ends with a status; nothing is written while the resource is
 * suspended; an object in a cloud is created only after the status says that the history has begun.
 * Assumptions: one worker at a time has the object; the store shows own writes at once.
 */
import { REASON } from "../api/reasons.ts";
import { ANNOTATIONS, requestName } from "../api/resources.ts";
import { isoSeconds } from "../domain/duration.ts";
import { type Action, awaitChange, requeueAfter, withJitter } from "../runtime/action.ts";
import { mergeConditions } from "../runtime/conditions.ts";
import type { ReconcileContext } from "../runtime/controller.ts";
import { equalJson } from "../runtime/equal.ts";
import { ReconcileError } from "../runtime/errors.ts";
import { announcements } from "./announcements.ts";
import type { Change, Plan } from "./change.ts";
import { removalOrder, type Scope } from "./component.ts";
import { converge, type Pass } from "./converge.ts";
import { type Failure, failureOf, gravestKind, isStalled, nextLook } from "./errors.ts";
import { Fights } from "./fights.ts";
import type { Kind, OpenContext, PassResult, Resource, ResourceStatus } from "./kind.ts";
import { type ReportDeps, reportChanges } from "./report.ts";
import { conditionsOf, driftRows, type Ended, failuresOf } from "./status.ts";

export interface EngineDeps extends ReportDeps {
  pollIntervalMs: number;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** After a change and while something is expected, milliseconds. */
const SOON_MS = 5_000;
/** First look for a write that is not readable yet; most are within a second, some take minutes. */
const UNREADABLE_MS = 500;
const UNREADABLE_MOST_MS = 10_000;

const SUSPENDED = { reason: REASON.Suspended, message: "spec.suspend is true: nothing is checked or changed" };

/** What the process remembers of one object. */
interface Entry<M> {
  uid: string;
  memory: M;
  /** Passes in a row that failed transiently. */
  attempts: number;
  /** Passes in a row that ended because a write was not readable yet. */
  unreadable: number;
  fights: Fights;
  /** When each component was last compared, milliseconds since the epoch. */
  comparedAt: Map<string, number>;
  /** Since when the process knows the object. */
  since: number;
}

export function createReconciler<R extends Resource, S extends Scope<Seen>, Seen, X, M>(
  kind: Kind<R, S, Seen, X, M>,
  deps: EngineDeps,
) {
  const known = new Map<string, Entry<M>>();
  return async (ref: { namespace: string; name: string }, ctx: ReconcileContext): Promise<Action> => {
    const key = `${ref.namespace}/${ref.name}`;
    const object = deps.store.get<R & { spec: unknown }>(kind.kind, ref.namespace, ref.name);
    if (!object) {
      known.delete(key);
      return awaitChange();
    }
    let entry = known.get(key);
    if (entry?.uid !== object.metadata.uid) {
      entry = {
        uid: object.metadata.uid,
        memory: kind.newMemory(),
        attempts: 0,
        unreadable: 0,
        fights: new Fights(),
        comparedAt: new Map(),
        since: deps.now(),
      };
      known.set(key, entry);
    }
    return new Run(kind, deps, object, entry, ctx).run();
  };
}

class Run<R extends Resource, S extends Scope<Seen>, Seen, X, M> {
  readonly #kind: Kind<R, S, Seen, X, M>;
  readonly #deps: EngineDeps;
  readonly #entry: Entry<M>;
  readonly #ctx: ReconcileContext;
  #object: R;
  #scope: S | undefined;
  #pass: Pass | undefined;
  #failure: Failure | undefined;
  #suspended: Ended["suspended"];
  /** Fields that were corrected many times in a row. */
  #recurring: string[] = [];
  readonly #found: Partial<NonNullable<R["status"]>> = {};
  #lastPersisted: Promise<void> = Promise.resolve();

  constructor(kind: Kind<R, S, Seen, X, M>, deps: EngineDeps, object: R, entry: Entry<M>, ctx: ReconcileContext) {
    this.#kind = kind;
    this.#deps = deps;
    this.#object = object;
    this.#entry = entry;
    this.#ctx = ctx;
  }

  async run(): Promise<Action> {
    const { metadata } = this.#object;
    try {
      if (metadata.deletionTimestamp && !metadata.finalizers?.includes(this.#kind.finalizer)) return awaitChange();
      this.#suspended = this.#object.spec.suspend ? SUSPENDED : this.#kind.suspended?.(this.#object);
      await this.#begin();
      if (metadata.deletionTimestamp) {
        if (!this.#suspended) return await this.#remove();
      } else {
        await this.#deps.store.addFinalizer(this.#object, this.#kind.finalizer);
        if (!this.#suspended) await this.#converge();
      }
    } catch (error) {
      this.#failure = failureOf(error);
    }
    if (this.#isStopped) return requeueAfter(SOON_MS);
    this.#report();
    await this.#writeStatus();
    return this.#next();
  }

  /** The process ends, or another replica leads: nothing more is written. A deadline is no reason to stay silent. */
  get #isStopped(): boolean {
    const { abortReason } = this.#ctx;
    return abortReason !== undefined && abortReason !== "Deadline";
  }

  /** A status before the finalizer, and so before anything is made: then it is known of an object that nothing was asked for. */
  async #begin(): Promise<void> {
    const { status, metadata } = this.#object;
    if (status?.observedGeneration !== undefined) return;
    const fields = this.#kind.begin?.(this.#object, this.#entry.memory);
    if (!fields) return;
    await this.#deps.store.updateStatus(this.#object, { ...this.#status(), ...fields });
    this.#object =
      this.#deps.store.get<R & { spec: unknown }>(this.#kind.kind, metadata.namespace, metadata.name) ?? this.#object;
  }

  #context(planning = false): OpenContext<R, M> {
    return {
      signal: this.#ctx.signal,
      priority: this.#ctx.isSweep ? "sweep" : "person",
      memory: this.#entry.memory,
      found: this.#found,
      planning,
      persist: async (fields) => {
        await this.#persist(fields);
        this.#requireKept(fields);
      },
    };
  }

  /** A definition that is older than this program drops the fields that it does not know, and with them what must not be forgotten. */
  #requireKept(fields: object): void {
    const { namespace, name } = this.#object.metadata;
    const kept = this.#deps.store.get<R>(this.#kind.kind, namespace, name)?.status as
      | Record<string, unknown>
      | undefined;
    const isDropped = ([field, value]: [string, unknown]) => value !== undefined && kept![field] === undefined;
    const dropped = kept && Object.entries(fields).find(isDropped);
    if (dropped)
      throw new ReconcileError(
        "terminal",
        REASON.StatusNotKept,
        `The API server does not keep status.${dropped[0]}: its custom resource definitions are older than this program; apply those of this version (crds/)`,
      );
  }

  /** One after the other: components run side by side, and two writes from one version would be a conflict with ourselves. */
  #persist(fields: object): Promise<void> {
    const mine = this.#lastPersisted.then(() => this.#persistNow(fields));
    this.#lastPersisted = mine.catch(() => {});
    return mine;
  }

  async #persistNow(fields: object): Promise<void> {
    const { namespace, name } = this.#object.metadata;
    const current = this.#deps.store.get<R & { spec: unknown }>(this.#kind.kind, namespace, name);
    if (current) await this.#deps.store.updateStatus(current, { ...current.status, ...fields });
  }

  async #converge(): Promise<void> {
    this.#scope = await this.#kind.open(this.#object, this.#context());
    this.#pass = await converge(this.#scope, this.#kind.components, {
      mode: "apply",
      ledger: this.#object.status?.lastApplied,
      disputed: this.#kind.disputed,
      persist: (lastApplied) => this.#persist({ lastApplied }),
      unreadableAgainMs: () => Math.min(UNREADABLE_MOST_MS, UNREADABLE_MS * 2 ** ++this.#entry.unreadable),
    });
    if (![...this.#pass.outcomes.values()].some(({ state }) => state === "failed")) this.#entry.unreadable = 0;
    const now = this.#deps.now();
    for (const name of this.#pass.read) this.#entry.comparedAt.set(name, now);
    this.#recurring = this.#entry.fights.note(this.#pass.changes, now, 2 * this.#deps.pollIntervalMs);
    await this.#kind.after?.(this.#scope, this.#pass);
  }

  async #remove(): Promise<Action> {
    const { removal } = this.#kind;
    await removal.hold(this.#object);
    if (!removal.retains(this.#object)) {
      try {
        const scope = await removal.open(this.#object, this.#context());
        const absent: string[] = [];
        for (const name of removalOrder(this.#kind.components)) {
          const component = this.#kind.components[name as keyof Seen & string];
          const removed = await component.remove(scope);
          if (removed === false) absent.push(name);
          else if (removed !== true) this.#tellKept(removed.kept);
        }
        await removal.after?.(scope, absent);
      } catch (error) {
        if (!isStalled(failureOf(error)) || !removal.neverMade(this.#object)) throw error;
      }
    }
    await this.#deps.store.removeFinalizer(this.#object, this.#kind.finalizer);
    removal.done?.(this.#object);
    return awaitChange();
  }

  #tellKept(note: string): void {
    const { kind, metadata } = this.#object;
    this.#deps.store.event(this.#object, { type: "Warning", reason: REASON.Kept, action: "Delete", note });
    this.#deps.log.warn({ kind, resource: `${metadata.namespace}/${metadata.name}`, reason: REASON.Kept }, note);
  }

  #ended(): Ended {
    return {
      ...(this.#pass ? { pass: this.#pass } : {}),
      ...(this.#failure ? { failure: this.#failure } : {}),
      ...(this.#suspended ? { suspended: this.#suspended } : {}),
      ...(this.#recurring.length > 0 ? { recurring: this.#recurring } : {}),
    };
  }

  #report(): void {
    const { kind, metadata } = this.#object;
    const { observer, log } = this.#deps;
    const failures = failuresOf(this.#ended());
    if (!this.#suspended)
      observer?.passEnded?.(this.#object, {
        outcome: gravestKind(failures) ?? "success",
        complete: this.#pass !== undefined && readsAll(this.#pass),
      });
    for (const { classified, error } of failures)
      if (!classified)
        log.error({ kind, resource: `${metadata.namespace}/${metadata.name}`, err: error }, "reconcile failed");
    if (!this.#pass) return;
    const { changes } = this.#pass;
    observer?.plan?.({
      resource: { kind: this.#kind.kind, namespace: metadata.namespace, name: metadata.name },
      changes,
    });
    reportChanges(this.#deps, this.#object, changes, this.#kind.labels(this.#object));
  }

  #status(): ResourceStatus {
    return statusOf(this.#kind, this.#object, this.#result(), this.#ended(), {
      found: this.#found,
      now: new Date(this.#deps.now()),
      isStale: (component) =>
        this.#deps.now() - (this.#entry.comparedAt.get(component) ?? this.#entry.since) > 2 * this.#deps.pollIntervalMs,
    });
  }

  #result(): PassResult<S> {
    return {
      ...(this.#scope ? { scope: this.#scope } : {}),
      ...(this.#pass ? { pass: this.#pass } : {}),
      suspended: this.#suspended !== undefined,
      ...(this.#failure ? { reason: this.#failure.reason, message: this.#failure.message } : {}),
    };
  }

  async #writeStatus(): Promise<void> {
    const { namespace, name, generation } = this.#object.metadata;
    const before = this.#object.status;
    if (
      this.#failure &&
      before?.observedGeneration === generation &&
      this.#kind.isReportedElsewhere?.(this.#object, this.#failure.reason)
    )
      return;
    const status = this.#status();
    // Compared with what the store has now: a call in flight may have been noted there during the pass.
    if (equalJson(status, this.#deps.store.get<R & { spec: unknown }>(this.#kind.kind, namespace, name)?.status))
      return;
    for (const one of announcements(before?.conditions, status.conditions)) this.#deps.store.event(this.#object, one);
    const lastCheckedTime = isoSeconds(this.#deps.now());
    await this.#deps.store.updateStatus(this.#object, { ...status, ...(this.#pass ? { lastCheckedTime } : {}) });
  }

  #next(): Action {
    if (this.#suspended) return awaitChange();
    const failures = failuresOf(this.#ended());
    const transient = failures.some(({ kind }) => kind === "transient");
    this.#entry.attempts = transient ? this.#entry.attempts + 1 : 0;
    const { pollIntervalMs } = this.#deps;
    const waits = [nextLook(failures, this.#entry.attempts, pollIntervalMs)];
    // In a fight each side is only made quicker by the other: the poll interval is soon enough.
    if (this.#recurring.length === 0 && this.#pass?.changes.some(({ fate }) => fate === "applied")) waits.push(SOON_MS);
    const expected =
      this.#scope && failures.length === 0 ? this.#kind.expects?.(this.#scope, this.#entry.memory) : undefined;
    if (expected !== undefined) waits.push(expected);
    const error = failures.find(({ kind }) => kind === gravestKind(failures));
    return requeueAfter(withJitter(Math.min(...waits)), error);
  }
}

/** A component that could not be read, or is behind one, may have drifted unseen. One that waits is known to be incomplete. */
function readsAll({ outcomes }: Pass): boolean {
  return [...outcomes.values()].every(
    (one) => one.state !== "failed" || one.observed || one.failure.kind === "waiting",
  );
}

/** Status as a pure function of the object and of what a pass brought. */
function statusOf<R extends Resource, S extends Scope<Seen>, Seen, X, M>(
  kind: Kind<R, S, Seen, X, M>,
  object: R,
  result: PassResult<S>,
  ended: Ended,
  p: { found: object; now: Date; isStale(component: string): boolean },
): ResourceStatus {
  const old: ResourceStatus = object.status ?? {};
  const { generation, deletionTimestamp } = object.metadata;
  const own = kind.status(object, result);
  const components = Object.entries(kind.components as Record<string, { condition: string; mustBeRead?: boolean }>);
  const general = conditionsOf(
    {
      conditions: old.conditions,
      drift: old.drift,
      generation,
      observedGeneration: old.observedGeneration,
      driftPolicy: object.spec.driftPolicy ?? "Correct",
      deleting: deletionTimestamp !== undefined,
      components: components.map(([name, { condition, mustBeRead }]) => ({ name, condition, mustBeRead })),
      readyMessage: kind.readyMessage,
      remarks: own.remarks ?? [],
      ...(own.resting ? { resting: own.resting } : {}),
      isStale: p.isStale,
    },
    ended,
  );
  // Ready, Reconciling, Stalled, Drifted; then the kind's own; then the components in the blog's order.
  const conditions = [...general.slice(0, 4), ...own.conditions, ...general.slice(4)].map((one) => ({
    ...one,
    observedGeneration: generation,
  }));
  // A pass that failed answers the request all the same: why it failed is in the conditions.
  const request = result.suspended ? undefined : object.metadata.annotations?.[ANNOTATIONS.reconcile];
  const handledRequests = {
    ...old.handledRequests,
    ...own.handledRequests,
    ...(request ? { [requestName(ANNOTATIONS.reconcile)]: request.slice(0, 253) } : {}),
  };
  return {
    ...old,
    ...p.found,
    ...own.fields,
    observedGeneration: generation,
    conditions: mergeConditions(old.conditions, conditions, p.now),
    ...(ended.pass ? { drift: driftRows(old.drift, ended.pass, p.now), lastApplied: ended.pass.ledger } : {}),
    ...(Object.keys(handledRequests).length > 0 ? { handledRequests } : {}),
  };
}

export interface PlanResult<R extends Resource> extends Plan {
  /** Why it stops: something that only a person can fix, or that cannot be read. What comes before it is in `changes`. */
  problem?: Failure;
  /** What Ready names although nothing is to be done. */
  remarks: string[];
  /** Status as it would read now; plans of other resources build on it. */
  status: NonNullable<R["status"]>;
}

/** What an apply would do, by the same code, reads only; also while what it needs is still to be made. */
export async function planOnce<R extends Resource, S extends Scope<Seen>, Seen, X, M>(
  kind: Kind<R, S, Seen, X, M>,
  object: R,
  now: number,
): Promise<PlanResult<R>> {
  const { namespace, name } = object.metadata;
  let pass: Pass | undefined;
  let scope: S | undefined;
  let failure: Failure | undefined;
  const found = {};
  try {
    const memory = kind.newMemory();
    const persist = async () => {};
    scope = await kind.open(object, { signal: undefined, priority: "person", memory, found, planning: true, persist });
    pass = await converge(scope, kind.components, {
      mode: "plan",
      ledger: object.status?.lastApplied,
      disputed: kind.disputed,
      unreadableAgainMs: () => UNREADABLE_MS,
    });
    await kind.after?.(scope, pass);
  } catch (error) {
    failure = failureOf(error);
  }
  const ended: Ended = { ...(pass ? { pass } : {}), ...(failure ? { failure } : {}) };
  const problem = failuresOf(ended).find(({ kind: kindOf }) => kindOf !== "waiting");
  const result: PassResult<S> = { ...(scope ? { scope } : {}), ...(pass ? { pass } : {}), suspended: false };
  return {
    resource: { kind: kind.kind, namespace, name },
    // Components that wait for nothing are observed in parallel; the plan has them in the declared order.
    changes: Object.keys(kind.components).flatMap((component): Change[] =>
      (pass?.changes ?? []).filter((change) => change.component === component),
    ),
    ...(problem ? { problem } : {}),
    remarks: kind.status(object, result).remarks ?? [],
    status: statusOf(kind, object, result, ended, { found, now: new Date(now), isStale: () => false }) as NonNullable<
      R["status"]
    >,
  };
}
