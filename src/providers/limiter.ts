/**
 * Client-side quotas: one token bucket per key (API, account or tenant, region and operation). What a person waits for goes
 * before sweeps. A 429 halves the rate; successes bring it back slowly (additive increase, multiplicative decrease).
 */
import { type Clock, systemClock } from "./clock.ts";
import type { CallOptions } from "./errors.ts";

export interface Quota {
  /** Calls per second. */
  rate: number;
  burst: number;
}

/** One bucket as it is now. */
export interface LimiterState {
  /** As given to `take`. */
  key: string;
  /** Calls per second that are allowed now; below the quota's after a 429. */
  rate: number;
  quota: Quota;
  /** Calls that may go out at once. */
  tokens: number;
  /** Calls that wait for their turn. */
  waiting: { person: number; sweep: number };
}

export interface Limiter {
  /**
   * Resolves when the call may go out, with what is to be called once it was answered; rejects with the signal's reason when aborted
   * first. `cost` in tokens, default 1.
   */
  take(key: string, o?: CallOptions, cost?: number): Promise<() => void>;
  /**
   * The cloud answered 429: halve the rate, and send nothing for `retryAfterMs`. Calls that were sent (`sentAt`, the clock's time) before the
   * rate was last halved say nothing new: a burst that is refused as one halves it once.
   */
  throttled(key: string, retryAfterMs?: number, sentAt?: number): void;
  succeeded(key: string): void;
  states(): LimiterState[];
}

interface Waiter {
  cost: number;
  go(): void;
}

/** A rate never falls below this share of its quota, or nothing would ever find out that the storm is over. */
const LOWEST_SHARE = 1 / 16;
/**
 * Share of a quota that is made use of, and calls of a burst that are left out: on their way calls bunch up, and the cloud counts
 * when they arrive.
 */
const USED_SHARE = 0.98;
const LEFT_OUT = 1;
/**
 * How far the shortest way there and back is forgotten with each answer: the network may have changed, but a minute in which all were slow
 * must not pass for the way itself.
 */
const FORGOTTEN = 1.0002;
/** A sweep that waits gets a call after so many of people's. */
const SWEEP_AFTER = 15;
/** Share of the quota that comes back per second of successes: from half to whole in ten seconds. */
const RECOVERY_PER_SECOND = 0.05;

class TokenBucket {
  quota: Quota;
  rate: number;
  readonly #clock: Clock;
  readonly #waiting: Record<"person" | "sweep", Set<Waiter>> = { person: new Set(), sweep: new Set() };
  #tokens: number;
  #refilledAt: number;
  #pausedUntil = 0;
  #halvedAt = Number.NEGATIVE_INFINITY;
  /** Calls of people since a sweep's last one, while a sweep waits. */
  #ahead = 0;
  #recoveredAt: number;
  #cancelTimer: (() => void) | undefined;
  #inFlight = 0;
  /** Shortest time from a call to its answer, milliseconds. */
  #shortest: number | undefined;

  constructor(quota: Quota, clock: Clock) {
    this.quota = quota;
    this.rate = this.#highest;
    this.#clock = clock;
    this.#tokens = this.#burst;
    this.#refilledAt = clock.now();
    this.#recoveredAt = clock.now();
  }

  /** The quota may be another one since the settings were read anew. */
  adjust(quota: Quota): void {
    if (quota.rate === this.quota.rate && quota.burst === this.quota.burst) return;
    this.#refill();
    this.quota = quota;
    this.rate = this.#highest;
    this.#tokens = Math.min(this.#tokens, this.#burst);
  }

  get #highest(): number {
    return this.quota.rate * USED_SHARE;
  }

  get #burst(): number {
    return Math.max(1, this.quota.burst - LEFT_OUT);
  }

  tokens(): number {
    this.#refill();
    return this.#tokens;
  }

  waiting(): LimiterState["waiting"] {
    return { person: this.#waiting.person.size, sweep: this.#waiting.sweep.size };
  }

  take({ signal, priority = "person" }: CallOptions, cost: number): Promise<() => void> {
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
        // What costs more than the bucket holds goes out when it is full.
        cost: Math.min(cost, this.#burst),
        go: () => {
          signal?.removeEventListener("abort", abort);
          resolve(this.#goes());
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      queue.add(waiter);
      this.#serve();
    });
  }

  throttled(retryAfterMs: number, sentAt = Number.POSITIVE_INFINITY): void {
    this.#refill();
    const now = this.#clock.now();
    if (sentAt > this.#halvedAt) {
      this.rate = Math.max(this.rate / 2, this.quota.rate * LOWEST_SHARE);
      this.#halvedAt = now;
    }
    this.#tokens = 0;
    this.#recoveredAt = now;
    this.#pausedUntil = Math.max(this.#pausedUntil, now + retryAfterMs);
  }

  succeeded(): void {
    if (this.rate >= this.#highest) return;
    this.#refill();
    const now = this.#clock.now();
    // At most one second's worth per success: an idle hour is no evidence that the quota is back.
    const seconds = Math.min((now - this.#recoveredAt) / 1000, 1);
    this.#recoveredAt = now;
    this.rate = Math.min(this.#highest, this.rate + this.quota.rate * RECOVERY_PER_SECOND * seconds);
  }

  #goes(): () => void {
    const since = this.#clock.now();
    let answered = false;
    this.#inFlight++;
    return () => {
      if (answered) return;
      answered = true;
      // Before it counts as answered: nothing was saved up while it was held up.
      this.#refill();
      this.#inFlight--;
      const took = Math.max(0, this.#clock.now() - since);
      this.#shortest = Math.min(took, (this.#shortest ?? took) * FORGOTTEN);
      this.#serve();
    };
  }

  /**
   * Calls that may be on their way at once: the cloud's burst, or what the length of the way explains. More of them are held up
   * somewhere, and what is held up arrives all at once, where the cloud counts it.
   */
  get #mostInFlight(): number {
    return Math.max(this.quota.burst, this.#explained + 1);
  }

  /** Calls that are on their way because of its length alone. */
  get #explained(): number {
    return Math.ceil((this.rate * (this.#shortest ?? 0)) / 1000);
  }

  /** What may be saved up: a call that is held up is counted when it arrives, which may be just before its answer. */
  get #most(): number {
    return Math.max(0, this.#burst - Math.max(0, this.#inFlight - this.#explained));
  }

  #refill(): void {
    const now = this.#clock.now();
    // A clock that was set back must not take tokens away.
    const seconds = Math.max(0, now - Math.max(this.#refilledAt, this.#pausedUntil)) / 1000;
    this.#refilledAt = now;
    this.#tokens = Math.min(this.#most, this.#tokens + seconds * this.rate);
  }

  #serve(): void {
    this.#refill();
    for (let queue = this.#next(); queue; queue = this.#next()) {
      const [waiter] = queue as Set<Waiter> & [Waiter];
      if (this.#inFlight >= this.#mostInFlight) return;
      // 1e-9: rounding of the refill must not cost a timer of its own.
      if (this.#tokens < waiter.cost - 1e-9 || this.#clock.now() < this.#pausedUntil) {
        this.#wakeLater(waiter.cost);
        return;
      }
      this.#tokens -= waiter.cost;
      this.#ahead = queue === this.#waiting.person && this.#waiting.sweep.size > 0 ? this.#ahead + 1 : 0;
      queue.delete(waiter);
      waiter.go();
    }
  }

  /** People first; but thousands of their changes must not keep a sweep from ever seeing anything. */
  #next(): Set<Waiter> | undefined {
    const { person, sweep } = this.#waiting;
    if (sweep.size > 0 && (person.size === 0 || this.#ahead >= SWEEP_AFTER)) return sweep;
    return person.size > 0 ? person : undefined;
  }

  /** One timer, for whoever is next: somebody with a smaller or more urgent call may have come since. */
  #wakeLater(cost: number): void {
    this.#cancelTimer?.();
    const pause = Math.max(0, this.#pausedUntil - this.#clock.now());
    const refill = (Math.max(0, cost - this.#tokens) / this.rate) * 1000;
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
    } else found.adjust(quotaOf(key));
    return found;
  };
  return {
    take: (key, o = {}, cost = 1) => bucket(key).take(o, cost),
    throttled: (key, retryAfterMs = 0, sentAt) => bucket(key).throttled(retryAfterMs, sentAt),
    succeeded: (key) => bucket(key).succeeded(),
    states: () =>
      [...buckets].map(([key, one]) => ({
        key,
        rate: one.rate,
        quota: one.quota,
        tokens: one.tokens(),
        waiting: one.waiting(),
      })),
  };
}
