/**
 * Client-side quotas: one token bucket per key (account, region and operation). What a person waits for goes before
 * sweeps. A 429 halves the rate; successes bring it back slowly (additive increase, multiplicative decrease).
 */
import { type Clock, systemClock } from "./clock.ts";
import type { CallOptions } from "./errors.ts";

export interface Quota {
  /** Calls per second. */
  rate: number;
  burst: number;
}

export interface Limiter {
  /** Resolves when the call may go out; rejects with the signal's reason when aborted first. */
  take(key: string, o?: CallOptions): Promise<void>;
  /** The cloud answered 429: halve the rate, and send nothing for `retryAfterMs`. */
  throttled(key: string, retryAfterMs?: number): void;
  succeeded(key: string): void;
  /** Calls per second that are allowed now. */
  rate(key: string): number;
}

interface Waiter {
  go(): void;
}

/** A rate never falls below this share of its quota, or nothing would ever find out that the storm is over. */
const LOWEST_SHARE = 1 / 16;
/** Share of the quota that comes back per second of successes: from half to whole in ten seconds. */
const RECOVERY_PER_SECOND = 0.05;

class TokenBucket {
  readonly quota: Quota;
  rate: number;
  readonly #clock: Clock;
  readonly #waiting: Record<"person" | "sweep", Set<Waiter>> = { person: new Set(), sweep: new Set() };
  #tokens: number;
  #refilledAt: number;
  #pausedUntil = 0;
  #recoveredAt: number;
  #cancelTimer: (() => void) | undefined;

  constructor(quota: Quota, clock: Clock) {
    this.quota = quota;
    this.rate = quota.rate;
    this.#clock = clock;
    this.#tokens = quota.burst;
    this.#refilledAt = clock.now();
    this.#recoveredAt = clock.now();
  }

  take({ signal, priority = "person" }: CallOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const queue = this.#waiting[priority];
      const abort = () => {
        queue.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        go() {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      queue.add(waiter);
      this.#serve();
    });
  }

  throttled(retryAfterMs: number): void {
    this.#refill();
    this.rate = Math.max(this.rate / 2, this.quota.rate * LOWEST_SHARE);
    this.#tokens = 0;
    const now = this.#clock.now();
    this.#recoveredAt = now;
    this.#pausedUntil = Math.max(this.#pausedUntil, now + retryAfterMs);
  }

  succeeded(): void {
    if (this.rate >= this.quota.rate) return;
    this.#refill();
    const now = this.#clock.now();
    // At most one second's worth per success: an idle hour is no evidence that the quota is back.
    const seconds = Math.min((now - this.#recoveredAt) / 1000, 1);
    this.#recoveredAt = now;
    this.rate = Math.min(this.quota.rate, this.rate + this.quota.rate * RECOVERY_PER_SECOND * seconds);
  }

  #refill(): void {
    const now = this.#clock.now();
    // A clock that was set back must not take tokens away.
    const seconds = Math.max(0, now - Math.max(this.#refilledAt, this.#pausedUntil)) / 1000;
    this.#refilledAt = now;
    this.#tokens = Math.min(this.quota.burst, this.#tokens + seconds * this.rate);
  }

  #serve(): void {
    this.#refill();
    for (const queue of [this.#waiting.person, this.#waiting.sweep]) {
      for (const waiter of queue) {
        // 1e-9: rounding of the refill must not cost a timer of its own.
        if (this.#tokens < 1 - 1e-9 || this.#clock.now() < this.#pausedUntil) {
          this.#wakeLater();
          return;
        }
        this.#tokens -= 1;
        queue.delete(waiter);
        waiter.go();
      }
    }
  }

  #wakeLater(): void {
    if (this.#cancelTimer) return;
    const pause = Math.max(0, this.#pausedUntil - this.#clock.now());
    const refill = (Math.max(0, 1 - this.#tokens) / this.rate) * 1000;
    this.#cancelTimer = this.#clock.after(Math.ceil(pause + refill), () => {
      this.#cancelTimer = undefined;
      this.#serve();
    });
  }
}

export function createLimiter(quotaOf: (key: string) => Quota, clock: Clock = systemClock): Limiter {
  const buckets = new Map<string, TokenBucket>();
  const bucket = (key: string): TokenBucket => {
    let found = buckets.get(key);
    if (!found) {
      found = new TokenBucket(quotaOf(key), clock);
      buckets.set(key, found);
    }
    return found;
  };
  return {
    take: (key, o = {}) => bucket(key).take(o),
    throttled: (key, retryAfterMs = 0) => bucket(key).throttled(retryAfterMs),
    succeeded: (key) => bucket(key).succeeded(),
    rate: (key) => bucket(key).rate,
  };
}
