/**
 * The work queue: each key at most once in it and at most once in work, ready keys by priority and then by age, delayed keys on a heap,
 * back-off per key. A key that is added while in work is added again when its work is done.
 */
import { backoff, type Clock, systemClock } from "./clock.ts";
import type { ObjectRef } from "./port.ts";

/** Somebody is waiting for a change; nobody waits for a resync. */
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
  /** It is on the list of what may be taken. */
  ready: boolean;
}

type Taker = (item: Item | undefined) => void;

export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics | undefined;
  readonly #backoff: { base: number; cap: number };
  readonly #random: () => number;
  readonly #onDrained: (() => void) | undefined;
  /** Every key that waits, ready or delayed. */
  readonly #items = new Map<string, Item>();
  readonly #ready = new Map<number, ReadyList>(PRIORITIES.map((priority) => [priority, new ReadyList()]));
  readonly #delayed = new DelayHeap();
  readonly #working = new Map<string, number>();
  readonly #dirty = new Map<string, Item>();
  readonly #failures = new Map<string, number>();
  /** Whoever takes anything, and whoever takes changes only. */
  readonly #takers: Taker[] = [];
  readonly #reserved: Taker[] = [];
  #cancelTimer: (() => void) | undefined;
  /** What the timer is for. */
  #armed: Item | undefined;
  #closed = false;

  constructor(
    options: {
      clock?: Clock;
      metrics?: QueueMetrics;
      backoffMs?: { base: number; cap: number };
      random?: () => number;
      /** Nothing is ready and nothing in work: what waits is delayed. */
      onDrained?: () => void;
    } = {},
  ) {
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics;
    this.#backoff = options.backoffMs ?? { base: 1_000, cap: 60_000 };
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
    return [...this.#working.values()].map((since) => (now - since) / 1000);
  }

  /** A key that waits already keeps the higher priority and the earlier time. */
  add(ref: ObjectRef, options: AddOptions): void {
    if (this.#closed) return;
    const key = WorkQueue.key(ref);
    const readyAt = this.#clock.monotonic() + (options.afterMs ?? 0);
    const { priority = PRIORITY.change, reason } = options;
    const next: Item = { key, ref, priority, reason, readyAt, ready: false };
    if (this.#working.has(key)) {
      const old = this.#dirty.get(key);
      this.#dirty.set(key, old ? merge(old, next) : next);
      return;
    }
    this.#metrics?.added();
    const old = this.#items.get(key);
    // It keeps its place.
    if (old?.ready && old.priority >= priority) return;
    if (old) this.#readyOf(old.priority).remove(old);
    this.#enqueue(old ? merge(old, next) : next);
    this.#dispatch();
  }

  /** Adds after the key's own back-off: `base`, doubled with each failure in a row up to `cap`, never sooner than `atLeastMs`. */
  retry(ref: ObjectRef, options: { reason: string; priority?: number; atLeastMs?: number }): number {
    const key = WorkQueue.key(ref);
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics?.retried();
    const { base, cap } = this.#backoff;
    const afterMs = Math.max(options.atLeastMs ?? 0, backoff(failures, base, cap, this.#random));
    this.add(ref, { ...options, afterMs });
    return afterMs;
  }

  /** The key succeeded, or its object is gone: the next failure starts from `base`. */
  forget(ref: ObjectRef): void {
    if (this.#failures.size > 0) this.#failures.delete(WorkQueue.key(ref));
  }

  /**
   * The next key, in work from now on; undefined when the queue is closed. `changesOnly` is for workers that are kept free for somebody
   * who waits, while resyncs hold all the others up.
   */
  take(options: { changesOnly?: boolean } = {}): Item | undefined | Promise<Item | undefined> {
    if (this.#closed) return undefined;
    const now = this.#clock.monotonic();
    this.#ripen(now);
    // Whoever came before would have taken it: nobody waits for what is ready.
    for (const priority of options.changesOnly ? [PRIORITY.change] : PRIORITIES) {
      const item = this.#readyOf(priority).take();
      if (item) return this.#begun(item, now);
    }
    this.#arm(now);
    return new Promise((resolve) => (options.changesOnly ? this.#reserved : this.#takers).push(resolve));
  }

  /** Ends the work on a key; adds it again when it became dirty meanwhile. */
  done(key: string): void {
    const since = this.#working.get(key);
    if (since === undefined) return;
    this.#working.delete(key);
    this.#metrics?.worked((this.#clock.monotonic() - since) / 1000);
    const dirty = this.#dirty.get(key);
    this.#dirty.delete(key);
    if (this.#closed) return;
    if (dirty) {
      this.#metrics?.added();
      this.#enqueue(dirty);
      this.#dispatch();
    }
    if (!this.busy) this.#onDrained?.();
  }

  /** Takers get undefined, waiting keys are dropped; keys in work may still be `done`. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#items.clear();
    this.#dirty.clear();
    for (const list of this.#ready.values()) list.clear();
    for (const taker of [...this.#takers.splice(0), ...this.#reserved.splice(0)]) taker(undefined);
  }

  #enqueue(item: Item): void {
    this.#items.set(item.key, item);
    if (item.readyAt > this.#clock.monotonic()) this.#delayed.push(item);
    else this.#readyOf(item.priority).add(item);
  }

  #readyOf(priority: number): ReadyList {
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
      if (this.#isCurrent(top)) this.#readyOf(top.priority).add(top);
    }
  }

  /** What is ready goes to those who wait. */
  #dispatch(): void {
    const now = this.#clock.monotonic();
    this.#ripen(now);
    for (const priority of PRIORITIES) {
      const list = this.#readyOf(priority);
      while (list.size > 0) {
        const taker = (priority === PRIORITY.change ? this.#reserved.shift() : undefined) ?? this.#takers.shift();
        if (!taker) break;
        taker(this.#begun(list.take()!, now));
      }
    }
    this.#arm(now);
  }

  #begun(item: Item, now: number): Item {
    this.#items.delete(item.key);
    this.#working.set(item.key, now);
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

  /** A heap entry is stale once its key was added anew or taken. */
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
    ready: false,
  };
}

/** First in, first out. Not a Set: one that loses its first members is searched for the next from its beginning. */
class ReadyList {
  #items: Item[] = [];
  #first = 0;
  size = 0;

  add(item: Item): void {
    item.ready = true;
    this.#items.push(item);
    this.size++;
  }

  /** It stays where it is, and is passed over. */
  remove(item: Item): void {
    if (!item.ready) return;
    item.ready = false;
    this.size--;
  }

  take(): Item | undefined {
    while (this.#first < this.#items.length) {
      const item = this.#items[this.#first++]!;
      if (!item.ready) continue;
      this.remove(item);
      if (this.#first * 2 > this.#items.length) this.#tidy();
      return item;
    }
    this.#tidy();
    return undefined;
  }

  clear(): void {
    this.#first = this.#items.length;
    this.size = 0;
    this.#tidy();
  }

  /** Half of the list at least has been taken, so that tidying up costs each of them one move. */
  #tidy(): void {
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
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
