/**
 * Client-side quotas: one token bucket for each API, account or tenant, region and operation.
 *
 * - The rate follows AIMD: a 429 halves it (multiplicative decrease), successes raise it again (additive increase), never above the quota.
 * - The cloud counts a call when it arrives, not when it is sent. Calls that are held up on their way arrive together, so no more are in
 *   flight than the burst, or than the bandwidth-delay product: the rate times the minimum round-trip time.
 * - Calls that a person waits for go before sweeps; within each, tenants take turns.
 */
import { type Clock, systemClock } from "../runtime/clock.ts";
import { FairLine } from "../runtime/fair-line.ts";
import { type CallOptions, CloudError } from "./errors.ts";

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
   * Resolves when the call may go out, with a function to call once it was answered. Rejects with the signal's reason when that aborts first,
   * and with a throttled CloudError while the cloud asks for a pause that is too long to wait for. `cost` in tokens, default 1.
   */
  take(key: string, o?: CallOptions, cost?: number): Promise<() => void>;
  /**
   * The cloud answered 429: halves the rate, and sends nothing for `retryAfterMs`, but not longer than `longestPauseMs`. Calls that were sent
   * (`sentAt`, the clock's monotonic time) before the rate was last halved change nothing: a burst that is refused as one halves it once.
   */
  throttled(key: string, retryAfterMs?: number, sentAt?: number): void;
  succeeded(key: string): void;
  states(): LimiterState[];
}

interface LimiterOptions {
  clock?: Clock;
  /** Retry-After beyond this is cut, milliseconds: a cloud that asks for a month is asked again. The poll interval; 5 min when absent. */
  longestPauseMs?: number;
}

type Priority = "person" | "sweep";

interface Waiter {
  tenant: string;
  cost: number;
  go(): void;
  fail(error: Error): void;
}

/** A call waits for a shorter pause; during a longer one it fails at once, so that its worker is free and its status is written. */
const LONGEST_PATIENCE_MS = 30_000;

/** The rate never falls below this share of its quota, or no call would show that the quota is back. */
const LOWEST_SHARE = 1 / 16;
/** What is left of a quota for jitter on the way: this share of the rate, and one call of the burst. */
const USED_SHARE = 0.98;
const UNUSED_BURST = 1;
/** The minimum round-trip time grows by this factor with each answer, so that it follows a network that has become slower. */
const MIN_RTT_AGING = 1.0002;
/** While people wait, a sweep gets every sixteenth call. */
const PEOPLE_PER_SWEEP = 15;
/** Additive increase: this share of the quota for each second of successes, so that half of it is back in ten seconds. */
const RECOVERY_PER_SECOND = 0.05;
/** Tokens; rounding of the refill is not worth a timer. */
const EPSILON = 1e-9;

class TokenBucket {
  quota: Quota;
  rate: number;
  readonly #clock: Clock;
  readonly #longestPauseMs: number;
  readonly #waiting: Record<Priority, FairLine<Waiter>> = { person: new FairLine(), sweep: new FairLine() };
  #tokens: number;
  #refilledAt: number;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #halvedAt = Number.NEGATIVE_INFINITY;
  #raisedAt: number;
  #inFlight = 0;
  /** Milliseconds; undefined before the first answer. */
  #minRtt: number | undefined;
  /** People's calls since the last one of a sweep, while a sweep waits. */
  #peopleInRow = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(quota: Quota, { clock = systemClock, longestPauseMs = 300_000 }: LimiterOptions) {
    this.quota = quota;
    this.rate = this.#highestRate;
    this.#clock = clock;
    this.#longestPauseMs = longestPauseMs;
    this.#tokens = this.#burst;
    this.#refilledAt = this.#raisedAt = clock.monotonic();
  }

  /** The settings may have changed the quota. */
  adjust(quota: Quota): void {
    if (quota.rate === this.quota.rate && quota.burst === this.quota.burst) return;
    this.#refill();
    this.quota = quota;
    this.rate = this.#highestRate;
    this.#tokens = Math.min(this.#tokens, this.#burst);
  }

  state(): Omit<LimiterState, "key"> {
    this.#refill();
    const { person, sweep } = this.#waiting;
    return {
      rate: this.rate,
      quota: this.quota,
      tokens: this.#tokens,
      waiting: { person: person.size, sweep: sweep.size },
    };
  }

  take({ signal, priority = "person", tenant = "" }: CallOptions, cost: number): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const pause = this.#pausedUntil - this.#clock.monotonic();
      if (pause > LONGEST_PATIENCE_MS) return reject(paused(pause));
      const line = this.#waiting[priority];
      const abort = () => {
        line.delete(tenant, waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        tenant,
        // A call that costs more than the bucket holds goes out when it is full.
        cost: Math.min(cost, this.#burst),
        go: () => {
          signal?.removeEventListener("abort", abort);
          resolve(this.#send());
        },
        fail(error) {
          signal?.removeEventListener("abort", abort);
          reject(error);
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      line.add(tenant, waiter);
      this.#serve();
    });
  }

  throttled(retryAfterMs: number, sentAt = Number.POSITIVE_INFINITY): void {
    this.#refill();
    const now = this.#clock.monotonic();
    if (sentAt > this.#halvedAt) {
      this.rate = Math.max(this.rate / 2, this.quota.rate * LOWEST_SHARE);
      this.#halvedAt = now;
    }
    this.#tokens = 0;
    this.#raisedAt = now;
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(retryAfterMs, this.#longestPauseMs));
    const pause = this.#pausedUntil - now;
    if (pause <= LONGEST_PATIENCE_MS) return;
    for (const line of Object.values(this.#waiting))
      for (let waiter = line.take(); waiter; waiter = line.take()) waiter.fail(paused(pause));
  }

  succeeded(): void {
    if (this.rate >= this.#highestRate) return;
    this.#refill();
    const now = this.#clock.monotonic();
    // At most one second's worth for each success: an idle hour does not show that the quota is back.
    const seconds = Math.min((now - this.#raisedAt) / 1000, 1);
    this.#raisedAt = now;
    this.rate = Math.min(this.#highestRate, this.rate + this.quota.rate * RECOVERY_PER_SECOND * seconds);
  }

  get #highestRate(): number {
    return this.quota.rate * USED_SHARE;
  }

  get #burst(): number {
    return Math.max(1, this.quota.burst - UNUSED_BURST);
  }

  /** Calls that are in flight at this rate when nothing delays them. */
  get #bandwidthDelayProduct(): number {
    return Math.ceil((this.rate * (this.#minRtt ?? 0)) / 1000);
  }

  get #mostInFlight(): number {
    return Math.max(this.quota.burst, this.#bandwidthDelayProduct + 1);
  }

  /** Tokens that may be saved up. A call that is held up may be counted just before its answer, so it keeps its token until then. */
  get #mostTokens(): number {
    const heldUp = Math.max(0, this.#inFlight - this.#bandwidthDelayProduct);
    return Math.max(0, this.#burst - heldUp);
  }

  #send(): () => void {
    const sentAt = this.#clock.monotonic();
    let answered = false;
    this.#inFlight++;
    return () => {
      if (answered) return;
      answered = true;
      // First, while it still counts as in flight: while it was held up, nothing was saved.
      this.#refill();
      this.#inFlight--;
      const rtt = this.#clock.monotonic() - sentAt;
      this.#minRtt = Math.min(rtt, (this.#minRtt ?? rtt) * MIN_RTT_AGING);
      this.#serve();
    };
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    const seconds = Math.max(0, now - Math.max(this.#refilledAt, this.#pausedUntil)) / 1000;
    this.#refilledAt = now;
    this.#tokens = Math.min(this.#mostTokens, this.#tokens + seconds * this.rate);
  }

  #serve(): void {
    this.#refill();
    for (let line = this.#nextLine(); line; line = this.#nextLine()) {
      if (this.#inFlight >= this.#mostInFlight) return;
      const { cost } = line.peek()!;
      if (this.#tokens < cost - EPSILON || this.#clock.monotonic() < this.#pausedUntil) {
        this.#serveLater(cost);
        return;
      }
      this.#tokens -= cost;
      const sweepWaits = this.#waiting.sweep.size > 0;
      this.#peopleInRow = line === this.#waiting.person && sweepWaits ? this.#peopleInRow + 1 : 0;
      line.take()!.go();
    }
  }

  #nextLine(): FairLine<Waiter> | undefined {
    const { person, sweep } = this.#waiting;
    if (sweep.size > 0 && (person.size === 0 || this.#peopleInRow >= PEOPLE_PER_SWEEP)) return sweep;
    return person.size > 0 ? person : undefined;
  }

  /** One timer, for the next in line; a smaller or more urgent call that comes before it fires is considered when it comes. */
  #serveLater(cost: number): void {
    this.#cancelTimer?.();
    const pause = Math.max(0, this.#pausedUntil - this.#clock.monotonic());
    const refill = (Math.max(0, cost - this.#tokens) / this.rate) * 1000;
    this.#cancelTimer = this.#clock.setTimeout(
      () => {
        this.#cancelTimer = undefined;
        this.#serve();
      },
      Math.ceil(pause + refill),
    );
  }
}

function paused(ms: number): CloudError {
  return new CloudError("the cloud asked for a pause; see Retry-After", {
    kind: "throttled",
    reason: "Throttled",
    code: "Paused",
    retryAfterMs: ms,
  });
}

export function createLimiter(quotaOf: (key: string) => Quota, options: LimiterOptions = {}): Limiter {
  const buckets = new Map<string, TokenBucket>();
  const bucket = (key: string): TokenBucket => {
    const quota = quotaOf(key);
    const found = buckets.get(key) ?? new TokenBucket(quota, options);
    buckets.set(key, found);
    found.adjust(quota);
    return found;
  };
  return {
    take: (key, o = {}, cost = 1) => bucket(key).take(o, cost),
    throttled: (key, retryAfterMs = 0, sentAt) => bucket(key).throttled(retryAfterMs, sentAt),
    succeeded: (key) => bucket(key).succeeded(),
    states: () => [...buckets].map(([key, one]) => ({ key, ...one.state() })),
  };
}
