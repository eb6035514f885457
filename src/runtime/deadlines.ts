/** The deadlines of everything under way, by one timer: ten thousand reconciles a sweep would set and clear as many. */
import type { Clock } from "./clock.ts";
import { ReconcileError } from "./errors.ts";

export interface DeadlineOptions {
  clock: Clock;
  /** After which the signal aborts, milliseconds. */
  deadlineMs: number;
  /** How much later nobody waits any longer, milliseconds. */
  graceMs: number;
}

export class Deadlines {
  readonly #options: DeadlineOptions;
  /** In the order in which they began, which is that of their deadlines. */
  readonly #running = new Set<Run>();
  #cancelTimer: (() => void) | undefined;
  #aborted: Error | undefined;

  constructor(options: DeadlineOptions) {
    this.#options = options;
  }

  /** `now` in monotonic milliseconds. */
  begin(reason: string, now: number, early = false): Run {
    const run = new Run(reason, now, early);
    if (this.#aborted) run.abort(this.#aborted);
    this.#running.add(run);
    if (!this.#cancelTimer) this.#arm(now);
    return run;
  }

  end(run: Run): void {
    this.#running.delete(run);
  }

  /** What is under way and what begins later. No deadline comes after this. */
  abortAll(reason: Error): void {
    this.#aborted = reason;
    for (const run of this.#running) run.abort(reason);
    this.#cancelTimer?.();
  }

  #arm(now: number): void {
    const { clock, deadlineMs, graceMs } = this.#options;
    this.#cancelTimer = undefined;
    let next = Number.POSITIVE_INFINITY;
    for (const { since, aborted, givenUp } of this.#running) {
      if (!givenUp) next = Math.min(next, since + deadlineMs + (aborted ? graceMs : 0));
      // Whatever began later has more time than this one.
      if (!aborted) break;
    }
    if (next < Number.POSITIVE_INFINITY) this.#cancelTimer = clock.setTimeout(() => this.#due(), next - now);
  }

  #due(): void {
    const { clock, deadlineMs, graceMs } = this.#options;
    const now = clock.monotonic();
    for (const run of this.#running) {
      const age = now - run.since;
      if (age < deadlineMs) break;
      if (!run.aborted) run.abort(new Error("reconcile deadline"));
      if (age >= deadlineMs + graceMs) run.giveUp();
    }
    this.#arm(now);
  }
}

/** A reconcile under way. */
export class Run {
  readonly reason: string;
  /** Monotonic milliseconds. */
  readonly since: number;
  readonly early: boolean;
  givenUp = false;
  #controller: AbortController | undefined;
  #cause: Error | undefined;
  #onGivenUp: ((error: Error) => void) | undefined;

  constructor(reason: string, since: number, early: boolean) {
    this.reason = reason;
    this.since = since;
    this.early = early;
  }

  /** Made when it is asked for: a reconcile that finds everything in memory needs none. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#cause) this.#controller.abort(this.#cause);
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#cause !== undefined;
  }

  abort(cause: Error): void {
    this.#cause ??= cause;
    this.#controller?.abort(cause);
  }

  giveUp(): void {
    this.givenUp = true;
    this.#onGivenUp?.(new ReconcileError("transient", "Timeout", "the reconcile did not return in time"));
  }

  /** What `work` comes to, or a `Timeout` when it is given up before. */
  within<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onGivenUp = reject;
      work.then(resolve, reject);
    });
  }
}
