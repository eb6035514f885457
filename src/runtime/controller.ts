/** Workers over a queue: one reconcile function, two deadlines, and one place that says when to look again. */
import type { Action } from "./action.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Deadlines, type Run } from "./deadlines.ts";
import { toReconcileError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { ControllerMetrics } from "./metrics.ts";
import type { ObjectRef } from "./port.ts";
import { type AddOptions, type Item, PRIORITY, type WorkQueue } from "./queue.ts";

export interface ReconcileContext {
  /** Aborts at the first deadline and when leadership is lost; status may still be written until the second one. */
  readonly signal: AbortSignal;
  /** As the signal says; asking for the signal makes one. */
  readonly aborted: boolean;
  /** Why this reconcile runs, such as `Changed` or `Poll`. */
  readonly reason: string;
  /** Not all objects of the kind are known yet: it writes nothing anywhere, and is `postponed` when it would have to. */
  readonly early: boolean;
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

export class Controller {
  readonly #options: Required<Omit<ControllerOptions, "metrics">> & Pick<ControllerOptions, "metrics">;
  readonly #deadlines: Deadlines;
  /** Objects are looked at while they are still being listed. */
  #early = false;
  /** Looked at early, and to be looked at again. */
  #postponed: ObjectRef[] = [];
  #stopped = false;
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
    this.#deadlines = new Deadlines(this.#options);
  }

  /** Something is in work or ready to be. */
  get busy(): boolean {
    return this.#options.queue.busy;
  }

  enqueue(ref: ObjectRef, options: AddOptions): void {
    this.#options.queue.add(ref, options);
  }

  /** Reconciles run as early ones, until `start`. */
  startEarly(): void {
    this.#early = true;
    this.#work();
  }

  /** Keys may be added before: a standby's queue is full when it takes over. */
  start(): void {
    this.#early = false;
    for (const ref of this.#postponed.splice(0)) this.#again(ref);
    this.#work();
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
    this.#stopped = true;
    this.#deadlines.abortAll(reason);
  }

  #work(): void {
    if (this.#workers.length > 0) return;
    const { workers, reservedWorkers } = this.#options;
    this.#workers = Array.from({ length: workers + reservedWorkers }, (_, index) => this.#worker(index >= workers));
  }

  async #worker(changesOnly: boolean): Promise<void> {
    const { queue, clock } = this.#options;
    const which = { changesOnly };
    for (let item = await queue.take(which); item; item = await queue.take(which)) {
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
    const { queue, clock, log } = this.#options;
    const started = clock.monotonic();
    const run = this.#deadlines.begin(item.reason, started, this.#early);
    const running = this.#begin(item, run);
    try {
      this.#succeeded(item, await run.within(running), clock.monotonic() - started);
    } catch (error) {
      if (run.early) this.#postpone(item.ref);
      else this.#failed(item, error, clock.monotonic() - started);
    }
    const ended = () => {
      this.#deadlines.end(run);
      queue.done(item.key);
    };
    if (!run.givenUp) return ended();
    // It still holds its key until it returns: a key is never in work twice.
    running.then(ended, (error) => {
      ended();
      log.debug({ ...item.ref, error: String(error) }, "reconcile ended with an error");
    });
  }

  /** A function that throws before its first await is a rejection like any other. */
  #begin({ ref }: Item, run: Run): Promise<Action> {
    try {
      return this.#options.reconcile(ref, run);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #succeeded({ ref, reason }: Item, action: Action, ms: number): void {
    const { queue, metrics, log } = this.#options;
    if (action.postponed) {
      this.#postpone(ref);
      return;
    }
    queue.forget(ref);
    const after = action.requeueAfterMs;
    if (after !== undefined) queue.add(ref, { priority: PRIORITY.resync, afterMs: after, reason: "Poll" });
    metrics?.reconciled(after === undefined ? "success" : "requeue_after", ms / 1000);
    log.debug({ ...ref, reason, durationMs: Math.round(ms), requeueAfterMs: after }, "reconciled");
  }

  #postpone(ref: ObjectRef): void {
    if (this.#early) this.#postponed.push(ref);
    else this.#again(ref);
  }

  #again(ref: ObjectRef): void {
    this.#options.queue.add(ref, { priority: PRIORITY.resync, reason: "Startup" });
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
    else if (this.#stopped) log.debug(fields, "reconcile cut short");
    else log.error(fields, "reconcile failed");
  }
}

/** What Go calls a panic. */
function isProgrammingError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}
