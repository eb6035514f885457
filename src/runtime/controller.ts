/** Workers over a queue: one reconcile function, two deadlines, and one place that decides when to look again. */
import type { Action } from "./action.ts";
import { type Clock, systemClock } from "./clock.ts";
import { toReconcileError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { ControllerMetrics } from "./metrics.ts";
import type { ObjectRef } from "./port.ts";
import { type AddOptions, type Item, PRIORITY, type WorkQueue } from "./queue.ts";
import { type AbortReason, type ReconcileContext, Run } from "./run.ts";
import { WorkerPool } from "./worker-pool.ts";

export type { ReconcileContext } from "./run.ts";

/**
 * Brings one object into its desired state. It is never called twice at a time for one key. What it throws is retried with the queue's
 * back-off, counted and logged; it must not throw for what its status already says.
 */
export type Reconcile = (ref: ObjectRef, context: ReconcileContext) => Promise<Action>;

interface ControllerOptions {
  name: string;
  reconcile: Reconcile;
  queue: WorkQueue;
  log: Logger;
  metrics?: ControllerMetrics;
  clock?: Clock;
  workers?: number;
  /** Further workers that take changes only, so that a person never waits for a resync. */
  reservedWorkers?: number;
  /** First deadline, for the calls of a reconcile, milliseconds. */
  deadlineMs?: number;
  /** How much later a reconcile that has not returned is given up, milliseconds. */
  graceMs?: number;
  /** The longest wait after an error, milliseconds; terminal errors wait that long at once, since they may be fixed elsewhere. */
  longestRetryMs?: number;
}

/** How long workers may keep the event loop to themselves, milliseconds. */
const LONGEST_TURN_MS = 10;

export class Controller {
  readonly #options: Required<Omit<ControllerOptions, "metrics">> & Pick<ControllerOptions, "metrics">;
  readonly #runs = new Set<Run>();
  #aborted: { reason: AbortReason; message: string } | undefined;
  #workers: Promise<void>[] = [];
  #turn: Promise<void> | undefined;
  #turnSince = 0;

  constructor(options: ControllerOptions) {
    this.#options = {
      clock: systemClock,
      workers: 4,
      reservedWorkers: 0,
      deadlineMs: 60_000,
      graceMs: 30_000,
      longestRetryMs: 300_000,
      ...options,
    };
  }

  /** A key is in work or ready. */
  get busy(): boolean {
    return this.#options.queue.busy;
  }

  enqueue(ref: ObjectRef, options: AddOptions): void {
    this.#options.queue.add(ref, options);
  }

  /** Starts the workers, once. Keys may be added before: a standby's queue is full when it takes over. */
  start(): void {
    if (this.#workers.length > 0) return;
    const { workers, reservedWorkers } = this.#options;
    const group = (pool: WorkerPool) => Array.from({ length: pool.size }, () => this.#worker(pool));
    this.#workers = [
      ...group(new WorkerPool({ size: workers })),
      ...group(new WorkerPool({ size: reservedWorkers, changesOnly: true })),
    ];
  }

  /**
   * Takes no further key and waits for what is in work, at most `drainMs`; then its signals abort. Resolves when every worker has returned
   * or its signal has aborted.
   */
  async stop(drainMs: number): Promise<void> {
    this.#options.queue.close();
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.setTimeout(resolve, drainMs);
    });
    await Promise.race([Promise.all(this.#workers), late]);
    cancel();
    this.#abort("Stopping", "the controller stops");
  }

  /** Takes no further key and aborts what is in work: another replica leads. */
  loseLeadership(): void {
    this.#options.queue.close();
    this.#abort("LeadershipLost", "the leadership was lost");
  }

  #abort(reason: AbortReason, message: string): void {
    this.#aborted = { reason, message };
    for (const run of this.#runs) run.abort(reason, message);
  }

  async #worker(pool: WorkerPool): Promise<void> {
    const { queue, clock } = this.#options;
    for (let item = await queue.take(pool); item; item = await queue.take(pool)) {
      await this.#process(item);
      // Reconciles that find everything cached never wait: without this, ten thousand of them would delay leases, probes and watches.
      if (clock.monotonic() - this.#turnSince > LONGEST_TURN_MS) await this.#nextTurn();
    }
  }

  /** One for all workers: if each waited by itself, the others would continue. */
  #nextTurn(): Promise<void> {
    this.#turn ??= new Promise((resolve) =>
      setImmediate(() => {
        this.#turn = undefined;
        this.#turnSince = this.#options.clock.monotonic();
        resolve();
      }),
    );
    return this.#turn;
  }

  async #process(item: Item): Promise<void> {
    const { queue, clock, log, reconcile } = this.#options;
    const started = clock.monotonic();
    const run = new Run({ reason: item.reason, isSweep: item.priority === PRIORITY.resync }, this.#options);
    this.#runs.add(run);
    if (this.#aborted) run.abort(this.#aborted.reason, this.#aborted.message);
    // A function that throws before its first await is a rejection like any other.
    const running = (async () => reconcile(item.ref, run))();
    try {
      this.#succeeded(item, await run.within(running), clock.monotonic() - started);
    } catch (error) {
      this.#failed(item, error, clock.monotonic() - started);
    }
    const ended = () => {
      run.end();
      this.#runs.delete(run);
      queue.done(item.key);
    };
    if (!run.isGivenUp) return ended();
    // It still holds its key until it returns: a key is never in work twice.
    queue.release(item.key);
    running.then(ended, (error) => {
      ended();
      log.debug({ ...item.ref, error: String(error) }, "reconcile ended with an error");
    });
  }

  #succeeded({ ref, reason }: Item, action: Action, ms: number): void {
    const { queue, metrics, log } = this.#options;
    queue.forget(ref);
    const after = action.requeueAfterMs;
    if (after !== undefined) queue.add(ref, { priority: PRIORITY.resync, afterMs: after, reason: "Poll" });
    metrics?.reconciled(resultOf(action), ms / 1000);
    if (action.error?.kind === "terminal") metrics?.terminal();
    log.debug({ ...ref, reason, durationMs: Math.round(ms), requeueAfterMs: after }, "reconciled");
  }

  /** The error policy: exponential back-off, not sooner than the other side asked for, not later than `longestRetryMs`. */
  #failed({ ref, priority }: Item, cause: unknown, ms: number): void {
    const { queue, metrics, log, longestRetryMs } = this.#options;
    const error = toReconcileError(cause);
    if (error.kind === "waiting" && error.retryAfterMs !== undefined) {
      const afterMs = Math.min(error.retryAfterMs, longestRetryMs);
      queue.add(ref, { priority, afterMs, reason: error.reason });
      metrics?.reconciled("requeue_after", ms / 1000);
      log.debug({ ...ref, reason: error.reason, requeueAfterMs: afterMs }, "reconcile waits");
      return;
    }
    metrics?.reconciled("error", ms / 1000);
    metrics?.unreported();
    if (error.kind === "terminal") metrics?.terminal();
    if (error.reason === "Timeout") metrics?.timeout();
    if (isProgrammingError(cause)) metrics?.panic();
    const askedMs = error.kind === "terminal" ? longestRetryMs : (error.retryAfterMs ?? 0);
    const atLeastMs = Math.min(askedMs, longestRetryMs);
    const retryMs = Math.round(queue.retry(ref, { reason: error.reason, priority, atLeastMs }));
    const fields = { ...ref, kind_of_error: error.kind, reason: error.reason, retryMs, err: error };
    if (error.kind === "conflict") log.debug(fields, "reconcile to be repeated");
    else if (this.#aborted) log.debug(fields, "reconcile cut short");
    else log.error(fields, "reconcile failed");
  }
}

/** As controller-runtime counts them: a wait is no error. */
function resultOf({ error, requeueAfterMs }: Action): "success" | "requeue_after" | "error" {
  if (error && error.kind !== "waiting") return "error";
  return requeueAfterMs === undefined ? "success" : "requeue_after";
}

/** What Go calls a panic. */
function isProgrammingError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}
