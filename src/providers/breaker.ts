/**
 * A circuit breaker per account and API: an API that answers 403 or 5xx to everything is left alone, and the whole
 * fleet shows one condition and one metric instead of thousands of error lines.
 */
import { type Clock, systemClock } from "./clock.ts";
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

export interface Breaker {
  /** Throws a transient CloudError "CircuitOpen" while open; lets one probe through when half-open. */
  enter(): void;
  succeeded(): void;
  /** Only 403, 5xx and missing answers count; every other error proves that the API works. */
  failed(error: CloudError): void;
  /** The call ended without an answer that says anything, for example aborted: gives the probe back. */
  abandoned(): void;
  state(): BreakerState;
}

export interface BreakerOptions {
  /** Failures in a row that open it. */
  threshold?: number;
  /** First pause; doubles with each failed probe up to `maxPauseMs`. */
  pauseMs?: number;
  maxPauseMs?: number;
  clock?: Clock;
}

export function createBreaker(name: string, o: BreakerOptions = {}): Breaker {
  const { threshold = 10, pauseMs = 5_000, maxPauseMs = 120_000, clock = systemClock } = o;
  let failures = 0;
  let last: CloudError | undefined;
  let probeAt: number | undefined;
  let pause = pauseMs;
  let probing = false;

  const close = () => {
    failures = 0;
    last = undefined;
    probeAt = undefined;
    pause = pauseMs;
    probing = false;
  };

  return {
    enter() {
      if (probeAt === undefined) return;
      const wait = probeAt - clock.now();
      if (wait <= 0 && !probing) {
        probing = true;
        return;
      }
      // Without the number of failures: a message that changes with each probe would be a status written with each probe.
      throw new CloudError(`${name} is left alone, it refused everything: ${last?.message}`, {
        kind: "transient",
        reason: "CircuitOpen",
        code: last?.code ?? "CircuitOpen",
        retryAfterMs: Math.max(wait, 1_000),
      });
    },
    succeeded: close,
    failed(error) {
      const counts = error.status === undefined || error.status === 403 || error.status >= 500;
      if (!counts) return close();
      failures += 1;
      last = error;
      if (probing) pause = Math.min(pause * 2, maxPauseMs);
      if (probing || (probeAt === undefined && failures >= threshold)) probeAt = clock.now() + pause;
      probing = false;
    },
    abandoned() {
      probing = false;
    },
    state() {
      if (probeAt === undefined) return { state: "closed", failures };
      const state = probing || clock.now() >= probeAt ? "half-open" : "open";
      return { state, failures, reason: last?.reason, message: last?.message, probeAt };
    },
  };
}
