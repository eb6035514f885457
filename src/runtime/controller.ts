/** Workers over a queue: one reconcile function, two deadlines, and one place that says when to look again. */
import type { Action } from "./action.ts";
import { type Clock, systemClock } from "./clock.ts";
import { ReconcileError, toReconcileError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { ControllerMetrics } from "./metrics.ts";
import type { ObjectRef } from "./port.ts";
import { type AddOptions, type Item, PRIORITY, type WorkQueue } from "./queue.ts";

export interface ReconcileContext {
  /** Aborts at the first deadline and when leadership is lost; status may still be written until the second one. */
  signal: AbortSignal;
  /** Why this reconcile runs, such as `Changed` or `Poll`. */
  reason: string;
}
export type Reconcile = (ref: ObjectRef, context: ReconcileContext) => Promise<Action>;

export interface ControllerOptions {
  name: string;
  reconcile: Reconcile;
  queue: WorkQueue;
  log: Logger;
  metrics?: ControllerMetrics;
  clock?: Clock;
  workers?: number;
  /** Further workers that take changes only, so that nobody waits for a resync. */
  reservedWorkers?: number;
  /** First deadline for the calls of a reconcile, milliseconds. */
  deadlineMs?: number;
  /** How much later a reconcile that has not returned is given up, milliseconds. */
  graceMs?: number;
  /** When a terminal error is looked at again, milliseconds; a missing permission is repaired elsewhere and tells nobody. */
  terminalRetryMs?: number;
}

/** How long workers may keep the event loop to themselves, milliseconds. */
const LONGEST_TURN_MS = 10;
const TIMED_OUT = Symbol("timed out");

export class Controller {
  readonly #options: Required<Omit<ControllerOptions, "metrics">> & Pick<ControllerOptions, "metrics">;
  readonly #abort = new AbortController();
  /** Of the reconciles under way. */
  readonly #running = new Set<AbortController>();
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
      terminalRetryMs: 300_000,
      ...options,
    };
  }

  /** Something is in work or ready to be. */
  get busy(): boolean {
    return this.#options.queue.busy;
  }

  enqueue(ref: ObjectRef, options: AddOptions): void {
    this.#options.queue.add(ref, options);
  }

  /** Keys may be added before: a standby's queue is full when it takes over. */
  start(): void {
    if (this.#workers.length > 0) return;
    const { workers, reservedWorkers } = this.#options;
    this.#workers = Array.from({ length: workers + reservedWorkers }, (_, index) => this.#work(index >= workers));
  }

  /**
   * Takes no further key and waits for what is in work, at most `drainMs`; then, or at once with 0, its signals abort. Resolves when
   * every worker has returned or has been told to.
   */
  async stop(drainMs: number): Promise<void> {
    const { queue, clock } = this.#options;
    queue.close();
    const idle = Promise.all(this.#workers);
    if (drainMs <= 0) {
      this.#abortAll(new Error("leadership lost"));
      return;
    }
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.setTimeout(resolve, drainMs);
    });
    await Promise.race([idle, late]);
    cancel();
    this.#abortAll(new Error("stopping"));
  }

  #abortAll(reason: Error): void {
    this.#abort.abort(reason);
    for (const one of this.#running) one.abort(reason);
  }

  async #work(changesOnly: boolean): Promise<void> {
    const { queue, clock } = this.#options;
    for (let item = await queue.take({ changesOnly }); item; item = await queue.take({ changesOnly })) {
      await this.#process(item);
      // Reconciles that find everything cached never wait: without this, ten thousand of them would hold up leases, probes and watches.
      if (clock.monotonic() - this.#turnSince > LONGEST_TURN_MS) await this.#nextTurn();
    }
  }

  /** One for all workers: each of them waiting by itself would let the others go on. */
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
    const { queue, clock, log, reconcile, deadlineMs, graceMs } = this.#options;
    const started = clock.monotonic();
    // One controller and one timer for each: ten thousand reconciles a sweep make what they need a matter of milliseconds or of seconds.
    const deadline = new AbortController();
    if (this.#abort.signal.aborted) deadline.abort(this.#abort.signal.reason);
    this.#running.add(deadline);
    const { signal } = deadline;
    let cancelTimer = () => {};
    const givenUp = new Promise<typeof TIMED_OUT>((resolve) => {
      cancelTimer = clock.setTimeout(() => {
        deadline.abort(new Error("reconcile deadline"));
        cancelTimer = clock.setTimeout(() => resolve(TIMED_OUT), graceMs);
      }, deadlineMs);
    });
    // A function that throws before its first await is a rejection like any other.
    const running = (async () => reconcile(item.ref, { signal, reason: item.reason }))();
    let late = false;
    try {
      const action = await Promise.race([running, givenUp]);
      late = action === TIMED_OUT;
      if (action === TIMED_OUT)
        throw new ReconcileError("transient", "Timeout", "the reconcile did not return in time");
      this.#succeeded(item, action, clock.monotonic() - started);
    } catch (error) {
      this.#failed(item, error, clock.monotonic() - started);
    } finally {
      cancelTimer();
    }
    const ended = () => {
      this.#running.delete(deadline);
      queue.done(item.key);
    };
    if (!late) return ended();
    // It still holds its key until it returns: a key is never in work twice.
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
    metrics?.reconciled(after === undefined ? "success" : "requeue_after", ms / 1000);
    log.debug({ ...ref, reason, durationMs: Math.round(ms), requeueAfterMs: after }, "reconciled");
  }

  /** The error policy. Nothing is looked at sooner than its back-off. */
  #failed({ ref, priority }: Item, cause: unknown, ms: number): void {
    const { queue, metrics, log, terminalRetryMs } = this.#options;
    const error = toReconcileError(cause);
    metrics?.reconciled("error", ms / 1000);
    if (error.kind === "terminal") metrics?.terminal();
    if (error.reason === "Timeout") metrics?.timeout();
    if (isProgrammingError(cause)) metrics?.panic();
    const atLeastMs = Math.max(error.retryAfterMs ?? 0, error.kind === "terminal" ? terminalRetryMs : 0);
    const retryMs = Math.round(queue.retry(ref, { reason: error.reason, priority, atLeastMs }));
    const fields = { ...ref, kind_of_error: error.kind, reason: error.reason, retryMs, err: error };
    if (error.kind === "conflict" || error.kind === "waiting") log.debug(fields, "reconcile to be repeated");
    else if (this.#abort.signal.aborted) log.debug(fields, "reconcile cut short");
    else log.error(fields, "reconcile failed");
  }
}

/** What Go calls a panic. */
function isProgrammingError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}
