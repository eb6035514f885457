/**
 * A circuit breaker per account and API: an API that answers 401, 403 or 5xx to everything is left alone, and the whole fleet shows one
 * condition and one metric instead of thousands of error lines. A right that is missing for one write stops that write alone, and
 * only after several objects were refused: a refusal for one object says nothing about the others.
 */
import { type Clock, systemClock } from "../runtime/clock.ts";
import { CloudError } from "./errors.ts";

export interface BreakerState {
  state: "closed" | "open" | "half-open";
  /** Failures in a row. */
  failures: number;
  /** Why it opened: the reason and message of the last failure. */
  reason?: string;
  message?: string;
  /** When the next probe may go out, ms since the epoch. */
  probeAt?: number;
}

/** What a call does. */
export interface ApiCall {
  operation: string;
  write: boolean;
  /** Of a write: the object. */
  target?: string;
}

export interface Breaker {
  /**
   * Throws a transient CloudError "CircuitOpen" while the API is left alone, the refusal once more (terminal) while this write is; lets one
   * probe through when half-open.
   */
  enter(call: ApiCall): void;
  succeeded(call: ApiCall): void;
  /**
   * Only 401, 403, 5xx and missing answers count; every other error proves that the API works. Returns what the caller is to throw: the
   * error, or CircuitOpen for a read that was the probe and was refused: its object reads like all others.
   */
  failed(error: CloudError, call: ApiCall): CloudError;
  /** The call ended without an answer that says anything, for example aborted: gives the probe back. */
  abandoned(call: ApiCall): void;
  /** Of the API as a whole. */
  state(): BreakerState;
}

interface BreakerOptions {
  /** Failures in a row that open it. */
  threshold?: number;
  /** First pause; doubles with each failed probe up to `maxPauseMs`. */
  pauseMs?: number;
  maxPauseMs?: number;
  clock?: Clock;
  onChange?: CircuitListener;
}

/** Called once when something is left alone (`open`), and once when it answers again; `text` is a line for people. */
export type CircuitListener = (open: boolean, text: string) => void;

/** Objects that a write must have been refused for, before it is taken for a missing right. */
const OBJECTS = 3;

export function createBreaker(name: string, o: BreakerOptions = {}): Breaker {
  const { onChange = () => {} } = o;
  const whole = new Circuit(o);
  /** Writes that were refused for lack of a right, since they last succeeded. */
  const refused = new Map<string, { circuit: Circuit; objects: Set<string | undefined> }>();

  // Without the number of failures: a message that changes with each probe would be a status written with each probe.
  const leftAlone = (retryAfterMs: number) =>
    new CloudError(`${name} is left alone, it refused everything: ${whole.last?.message}`, {
      kind: "transient",
      reason: "CircuitOpen",
      code: whole.last?.code ?? "CircuitOpen",
      retryAfterMs,
    });

  return {
    enter(call) {
      const wait = whole.enter();
      if (wait !== undefined) throw leftAlone(wait);
      const one = refused.get(call.operation)?.circuit;
      const paused = one?.enter();
      if (!one?.last || paused === undefined) return;
      whole.abandoned();
      const { message, reason, code } = one.last;
      throw new CloudError(`${call.operation} was refused for others too and is left alone: ${message}`, {
        kind: "terminal",
        reason,
        code,
        retryAfterMs: paused,
      });
    },
    succeeded(call) {
      if (whole.close()) onChange(false, `${name} answers again`);
      const one = refused.get(call.operation);
      if (one?.circuit.close()) onChange(false, `${call.operation}, ${name}, is allowed again`);
      refused.delete(call.operation);
    },
    failed(error, call) {
      if (!call.write || !isMissingRight(error)) {
        const wasOpen = whole.state().state !== "closed";
        if (!counts(error)) {
          if (whole.close()) onChange(false, `${name} answers again`);
        } else if (whole.failed(error))
          onChange(true, `${name} is left alone, it refused everything: ${error.message}`);
        refused.get(call.operation)?.circuit.abandoned();
        const { probeAt } = whole.state();
        return call.write || !wasOpen || probeAt === undefined
          ? error
          : leftAlone(Math.max(probeAt - whole.now(), 1_000));
      }
      // Neither for nor against the API as a whole.
      whole.abandoned();
      const one = refused.get(call.operation) ?? { circuit: new Circuit(o), objects: new Set() };
      refused.set(call.operation, one);
      if (one.objects.size < OBJECTS) one.objects.add(call.target);
      if (one.circuit.failed(error, one.objects.size >= OBJECTS))
        onChange(true, `${call.operation}, ${name}, is left alone, it is refused for every object: ${error.message}`);
      return error;
    },
    abandoned(call) {
      whole.abandoned();
      refused.get(call.operation)?.circuit.abandoned();
    },
    state: () => whole.state(),
  };
}

/** A quota that is used up is refused with 403 by Graph: the API works. */
const counts = ({ status, reason }: CloudError): boolean =>
  reason !== "QuotaExceeded" && (status === undefined || status === 401 || status === 403 || status >= 500);

/** Credentials that expired or are unknown are refused with 403 as well, and nothing works with them. */
const isMissingRight = ({ status, reason }: CloudError): boolean =>
  status === 403 && (reason === "AccessDenied" || reason === "GraphForbidden");

class Circuit {
  last: CloudError | undefined;
  readonly #options: Required<Omit<BreakerOptions, "onChange">>;
  #failures = 0;
  #probeAt: number | undefined;
  #pause: number;
  #probing = false;

  constructor(o: BreakerOptions) {
    this.#options = {
      threshold: o.threshold ?? 10,
      pauseMs: o.pauseMs ?? 5_000,
      maxPauseMs: o.maxPauseMs ?? 120_000,
      clock: o.clock ?? systemClock,
    };
    this.#pause = this.#options.pauseMs;
  }

  /** Milliseconds to wait, at least a second; undefined: go. */
  enter(): number | undefined {
    if (this.#probeAt === undefined) return undefined;
    const wait = this.#probeAt - this.#options.clock.now();
    if (wait > 0 || this.#probing) return Math.max(wait, 1_000);
    this.#probing = true;
    return undefined;
  }

  /** True when it was open. */
  close(): boolean {
    const wasOpen = this.#probeAt !== undefined;
    this.#failures = 0;
    this.last = undefined;
    this.#probeAt = undefined;
    this.#pause = this.#options.pauseMs;
    this.#probing = false;
    return wasOpen;
  }

  /** True when it opens now. */
  failed(error: CloudError, mayOpen = true): boolean {
    const { threshold, maxPauseMs, clock } = this.#options;
    this.#failures += 1;
    this.last = error;
    if (this.#probing) this.#pause = Math.min(this.#pause * 2, maxPauseMs);
    const opens = this.#probeAt === undefined && mayOpen && this.#failures >= threshold;
    if (this.#probing || opens) this.#probeAt = clock.now() + this.#pause;
    this.#probing = false;
    return opens;
  }

  abandoned(): void {
    this.#probing = false;
  }

  now(): number {
    return this.#options.clock.now();
  }

  state(): BreakerState {
    const { last } = this;
    if (this.#probeAt === undefined) return { state: "closed", failures: this.#failures };
    const halfOpen = this.#probing || this.#options.clock.now() >= this.#probeAt;
    return {
      state: halfOpen ? "half-open" : "open",
      failures: this.#failures,
      reason: last?.reason,
      message: last?.message,
      probeAt: this.#probeAt,
    };
  }
}
