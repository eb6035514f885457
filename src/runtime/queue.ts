/**
 * The work queue: each key at most once in it and at most once in work, ready keys by priority and then namespace by namespace in turn, delayed
 * keys on a heap, back-off per key. A key that is added while in work is added again when its work is done.
 */
import { backoff } from "./backoff.ts";
import { type Clock, systemClock } from "./clock.ts";
import { FairLine } from "./fair-line.ts";
import type { ObjectRef } from "./port.ts";
import { WorkerPool } from "./worker-pool.ts";

/** A person waits for a change, and none for a resync. */
export const PRIORITY = { change: 0, resync: -100 } as const;
const PRIORITIES = [PRIORITY.change, PRIORITY.resync];

export interface QueueMetrics {
  added(): void;
  retried(): void;
  /** Seconds between ready and taken. */
  waited(seconds: number): void;
  worked(seconds: number): void;
}

export interface AddOptions {
  priority?: number;
  afterMs?: number;
  /** Why, for the log line of the reconcile. */
  reason: string;
}

export interface Item {
  readonly key: string;
  readonly ref: ObjectRef;
  priority: number;
  reason: string;
  /** Monotonic milliseconds from which on it may be taken. */
  readyAt: number;
}

type Taker = (item: Item | undefined) => void;

/** For callers that are not workers of a controller: takes everything. */
const ANY = new WorkerPool({ size: Number.MAX_SAFE_INTEGER });

export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics | undefined;
  readonly #backoff: { base: number; max: number };
  readonly #random: () => number;
  readonly #onDrained: (() => void) | undefined;
  /** Every key that waits, ready or delayed. */
  readonly #items = new Map<string, Item>();
  readonly #ready = new Map<number, FairLine<Item>>(PRIORITIES.map((priority) => [priority, new FairLine()]));
  readonly #delayed = new DelayHeap();
  readonly #working = new Map<string, { namespace: string; since: number; pool: WorkerPool | undefined }>();
  readonly #dirty = new Map<string, Item>();
  readonly #failures = new Map<string, number>();
  /** Workers that wait. */
  readonly #takers = new Map<WorkerPool, Taker[]>();
  #cancelTimer: (() => void) | undefined;
  /** What the timer is for. */
  #armed: Item | undefined;
  #closed = false;

  constructor(
    options: {
      clock?: Clock;
      metrics?: QueueMetrics;
      /** Milliseconds; 5 s up to 5 min when absent. */
      backoffMs?: { base: number; max: number };
      random?: () => number;
      /** Nothing is ready and nothing in work: what waits is delayed. */
      onDrained?: () => void;
    } = {},
  ) {
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics;
    this.#backoff = options.backoffMs ?? { base: 5_000, max: 300_000 };
    this.#random = options.random ?? Math.random;
    this.#onDrained = options.onDrained;
  }

  static key({ kind, namespace, name }: ObjectRef): string {
    return `${kind}/${namespace}/${name}`;
  }

  /** Keys that may be taken now. */
  get ready(): number {
    let count = 0;
    for (const list of this.#ready.values()) count += list.size;
    return count;
  }

  get busy(): boolean {
    return this.#working.size > 0 || this.ready > 0;
  }

  /** Keys of a priority that may be taken now. */
  depth(priority: number): number {
    return this.#readyOf(priority).size;
  }

  /** Keys that wait, delayed ones included. */
  get size(): number {
    return this.#items.size;
  }

  /** Keys in work. */
  get working(): number {
    return this.#working.size;
  }

  /** How long each key in work has been so, in seconds. */
  workingSeconds(): number[] {
    const now = this.#clock.monotonic();
    return [...this.#working.values()].map(({ since }) => (now - since) / 1000);
  }

  /** A key that waits already keeps the higher priority and the earlier time. */
  add(ref: ObjectRef, options: AddOptions): void {
    if (this.#closed) return;
    const key = WorkQueue.key(ref);
    const readyAt = this.#clock.monotonic() + (options.afterMs ?? 0);
    const { priority = PRIORITY.change, reason } = options;
    const next: Item = { key, ref, priority, reason, readyAt };
    if (this.#working.has(key)) {
      const old = this.#dirty.get(key);
      this.#dirty.set(key, old ? merge(old, next) : next);
      return;
    }
    this.#metrics?.added();
    const old = this.#items.get(key);
    // A key that is ready keeps its place.
    if (old && old.readyAt <= this.#clock.monotonic() && old.priority >= priority) return;
    if (old) this.#readyOf(old.priority).delete(ref.namespace, old);
    this.#enqueue(old ? merge(old, next) : next);
    this.#dispatch();
  }

  /** Adds after the key's own back-off, which grows with each failure in a row, and never sooner than `atLeastMs`. Returns the wait. */
  retry(ref: ObjectRef, options: { reason: string; priority?: number; atLeastMs?: number }): number {
    const key = WorkQueue.key(ref);
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics?.retried();
    const afterMs = Math.max(options.atLeastMs ?? 0, backoff(failures, { ...this.#backoff, random: this.#random }));
    this.add(ref, { ...options, afterMs });
    return afterMs;
  }

  /** The key succeeded, or its object is gone: the next failure starts from `base`. */
  forget(ref: ObjectRef): void {
    if (this.#failures.size > 0) this.#failures.delete(WorkQueue.key(ref));
  }

  /** The next key, in work from now on; undefined when the queue is closed. */
  take(pool: WorkerPool = ANY): Promise<Item | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const now = this.#clock.monotonic();
    this.#ripen(now);
    const item = this.#next(pool);
    if (item) return Promise.resolve(this.#begin(item, pool, now));
    this.#arm(now);
    const { promise, resolve } = Promise.withResolvers<Item | undefined>();
    const waiting = this.#takers.get(pool);
    if (waiting) waiting.push(resolve);
    else this.#takers.set(pool, [resolve]);
    return promise;
  }

  /** The worker of this key is free for others, while the key stays in work until it is `done`. */
  release(key: string): void {
    const work = this.#working.get(key);
    work?.pool?.end(work.namespace);
    if (work) work.pool = undefined;
  }

  /** Ends the work on a key; adds it again when it became dirty meanwhile. */
  done(key: string): void {
    const work = this.#working.get(key);
    if (!work) return;
    this.#working.delete(key);
    work.pool?.end(work.namespace);
    this.#metrics?.worked((this.#clock.monotonic() - work.since) / 1000);
    const dirty = this.#dirty.get(key);
    this.#dirty.delete(key);
    if (this.#closed) return;
    if (dirty) {
      this.#metrics?.added();
      this.#enqueue(dirty);
    }
    // Also when nothing was added: a namespace that was passed over may have its turn now.
    this.#dispatch();
    if (!this.busy) this.#onDrained?.();
  }

  /** Takers get undefined, waiting keys are dropped; keys in work may still be `done`. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#items.clear();
    this.#dirty.clear();
    for (const list of this.#ready.values()) list.clear();
    for (const takers of this.#takers.values()) for (const taker of takers.splice(0)) taker(undefined);
  }

  #enqueue(item: Item): void {
    this.#items.set(item.key, item);
    if (item.readyAt > this.#clock.monotonic()) this.#delayed.push(item);
    else this.#readyOf(item.priority).add(item.ref.namespace, item);
  }

  #readyOf(priority: number): FairLine<Item> {
    const list = this.#ready.get(priority);
    if (!list) throw new Error(`unknown priority ${priority}`);
    return list;
  }

  /** Delayed keys whose time has come are ready. */
  #ripen(now: number): void {
    for (
      let top = this.#delayed.peek();
      top && (top.readyAt <= now || !this.#isCurrent(top));
      top = this.#delayed.peek()
    ) {
      this.#delayed.pop();
      if (this.#isCurrent(top)) this.#readyOf(top.priority).add(top.ref.namespace, top);
    }
  }

  #next(pool: WorkerPool): Item | undefined {
    for (const priority of pool.changesOnly ? [PRIORITY.change] : PRIORITIES) {
      const item = this.#readyOf(priority).take((namespace) => pool.accepts(namespace));
      if (item) return item;
    }
    return undefined;
  }

  /** Gives what is ready to the workers that wait; changes go to those who take nothing else, as long as there are any. */
  #dispatch(): void {
    const now = this.#clock.monotonic();
    this.#ripen(now);
    for (const changesOnly of [true, false])
      for (const [pool, takers] of this.#takers) {
        if (pool.changesOnly !== changesOnly) continue;
        while (takers.length > 0) {
          const item = this.#next(pool);
          if (!item) break;
          takers.shift()!(this.#begin(item, pool, now));
        }
      }
    this.#arm(now);
  }

  #begin(item: Item, pool: WorkerPool, now: number): Item {
    const { namespace } = item.ref;
    this.#items.delete(item.key);
    this.#working.set(item.key, { namespace, since: now, pool });
    pool.begin(namespace);
    this.#metrics?.waited(Math.max(0, now - item.readyAt) / 1000);
    return item;
  }

  /** One timer, for the earliest delayed key. */
  #arm(now: number): void {
    const top = this.#delayed.peek();
    if (top === this.#armed) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#armed = this.#closed ? undefined : top;
    if (!this.#armed) return;
    this.#cancelTimer = this.#clock.setTimeout(() => {
      this.#armed = undefined;
      this.#dispatch();
    }, this.#armed.readyAt - now);
  }

  /** A heap entry is stale once its key was added again or taken. */
  #isCurrent(item: Item): boolean {
    return this.#items.get(item.key) === item;
  }
}

function merge(old: Item, next: Item): Item {
  const sooner = next.readyAt < old.readyAt || next.priority > old.priority ? next : old;
  return {
    ...sooner,
    priority: Math.max(old.priority, next.priority),
    readyAt: Math.min(old.readyAt, next.readyAt),
  };
}

/** Binary heap by `readyAt`. */
class DelayHeap {
  readonly #heap: Item[] = [];

  peek(): Item | undefined {
    return this.#heap[0];
  }

  push(item: Item): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.readyAt <= item.readyAt) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.readyAt < heap[child]!.readyAt) child++;
      if (heap[child]!.readyAt >= last.readyAt) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
