/** One reconcile under way: what it may still do, and for how long. */
import type { Clock } from "./clock.ts";
import { ReconcileError } from "./errors.ts";

/** Why a reconcile has to stop. */
export type AbortReason = "Deadline" | "Stopping" | "LeadershipLost";

/** The reason of an aborted `signal`. */
class Aborted extends Error {
  readonly reason: AbortReason;

  constructor(reason: AbortReason, message: string) {
    super(message);
    this.name = "Aborted";
    this.reason = reason;
  }
}

export interface ReconcileContext {
  /** Why this reconcile runs, such as `Changed` or `Poll`. */
  readonly reason: string;
  /** A resync or a start: no person waits for it. */
  readonly isSweep: boolean;
  /** For all calls: aborts at `deadline`, at the end of a stop, and when leadership is lost. Its reason is an `Aborted`. */
  readonly signal: AbortSignal;
  readonly aborted: boolean;
  readonly abortReason: AbortReason | undefined;
  /**
   * Unix milliseconds at which `signal` aborts. The reconcile is given up only `graceMs` later: in between it writes its status, by calls that
   * do not take `signal`.
   */
  readonly deadline: number;
  /** False once leadership was lost: another replica writes now, and this one writes nothing more, its status included. */
  readonly mayWrite: boolean;
}

export class Run implements ReconcileContext {
  readonly reason: string;
  readonly isSweep: boolean;
  readonly deadline: number;
  readonly #controller = new AbortController();
  readonly #givenUp = Promise.withResolvers<never>();
  #cancelTimer: () => void;
  #abortReason: AbortReason | undefined;
  isGivenUp = false;

  constructor(
    { reason, isSweep }: { reason: string; isSweep: boolean },
    options: { clock: Clock; deadlineMs: number; graceMs: number },
  ) {
    const { clock, deadlineMs, graceMs } = options;
    this.reason = reason;
    this.isSweep = isSweep;
    this.deadline = clock.now() + deadlineMs;
    this.#cancelTimer = clock.setTimeout(() => {
      this.abort("Deadline", `the reconcile took longer than ${deadlineMs / 1000} s`);
      this.#cancelTimer = clock.setTimeout(() => this.#giveUp(), graceMs);
    }, deadlineMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.signal.aborted;
  }

  get abortReason(): AbortReason | undefined {
    return this.#abortReason;
  }

  get mayWrite(): boolean {
    return this.#abortReason !== "LeadershipLost";
  }

  /** A lost leadership replaces an earlier reason; any other keeps the first. */
  abort(reason: AbortReason, message: string): void {
    if (this.#abortReason === undefined || reason === "LeadershipLost") this.#abortReason = reason;
    this.#controller.abort(new Aborted(reason, message));
  }

  /** What `work` comes to, or a `Timeout` when it has not returned `graceMs` after the deadline. */
  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#givenUp.promise]);
  }

  end(): void {
    this.#cancelTimer();
  }

  #giveUp(): void {
    this.isGivenUp = true;
    this.#givenUp.reject(new ReconcileError("transient", "Timeout", "the reconcile did not return in time"));
  }
}
