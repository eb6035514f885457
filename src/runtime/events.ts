/**
 * Events of events.k8s.io/v1. The same event again raises `series.count` instead of making another; a token bucket per object keeps one
 * unlucky object from filling etcd. Namespaces are served in turn. No work waits for an event: one that cannot be written is dropped.
 */
import type { KubeClient, Resource } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { isNotFound } from "./errors.ts";
import { FairLine } from "./fair-line.ts";
import type { Logger } from "./logger.ts";
import type { KubeObject, ObjectEvent } from "./port.ts";

export const EVENTS: Resource = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };

/** An event seen again within this time belongs to the series (client-go: 6 minutes). */
const SERIES_MS = 6 * 60_000;
/** Per object: this many at once, then one per refill (client-go: 25 and 5 minutes). */
const BURST = 25;
const REFILL_MS = 5 * 60_000;
/** Of one namespace. */
const MAX_PENDING = 1_000;
const MAX_NOTE = 1_000;
/** What a terminal would obey: kubectl before 1.26 prints notes as they are. */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

interface Series {
  name: string;
  namespace: string;
  count: number;
  lastSeen: number;
  created: boolean;
}
interface Pending {
  series: Series;
  object: KubeObject;
  event: ObjectEvent;
  at: number;
}

export class EventRecorder {
  readonly #client: KubeClient;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #controller: string;
  readonly #instance: string;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  /** By series, so that a burst of one event becomes one write. */
  readonly #pending = new Map<Series, Pending>();
  readonly #line = new FairLine<Series>();
  #draining: Promise<void> | undefined;
  #sweptAt = 0;

  /** `controller` such as `example.com/manager`, `instance` such as the pod's name. */
  constructor(options: { client: KubeClient; log: Logger; controller: string; instance: string; clock?: Clock }) {
    this.#client = options.client;
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#controller = options.controller;
    this.#instance = options.instance;
  }

  record(object: KubeObject, event: ObjectEvent): void {
    const now = this.#clock.monotonic();
    this.#sweep(now);
    const { uid, namespace, name } = object.metadata;
    const key = [uid, event.type, event.reason, event.action, event.note].join("\0");
    let series = this.#series.get(key);
    if (series && now - series.lastSeen <= SERIES_MS) {
      series.count++;
      series.lastSeen = now;
    } else {
      const unique = `${this.#clock.now().toString(16)}${Math.floor(Math.random() * 2 ** 32).toString(16)}`;
      series = { name: `${name.slice(0, 200)}.${unique}`, namespace, count: 1, lastSeen: now, created: false };
      this.#series.set(key, series);
    }
    if (!this.#pending.has(series) && (this.#line.sizeOf(namespace) >= MAX_PENDING || !this.#spend(uid, now))) return;
    this.#pending.set(series, { series, object, event, at: this.#clock.now() });
    this.#line.add(namespace, series);
    this.#draining ??= this.#drain();
  }

  /** Resolves when what was recorded has been sent or dropped. */
  async flush(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    // Events recorded in one go are gathered first.
    await Promise.resolve();
    for (let series = this.#line.take(); series; series = this.#line.take()) {
      const pending = this.#pending.get(series)!;
      this.#pending.delete(series);
      try {
        await this.#send(pending);
      } catch (error) {
        this.#log.debug({ reason: pending.event.reason, error: String(error) }, "event dropped");
      }
    }
    this.#draining = undefined;
  }

  async #send({ series, object, event, at }: Pending): Promise<void> {
    const { count, namespace, name } = series;
    const options = { timeoutMs: 5_000 };
    const stamp = microTime(at);
    if (series.created) {
      try {
        const body = { series: { count, lastObservedTime: stamp } };
        await this.#client.patch(EVENTS, namespace, name, { type: "merge", body }, options);
        return;
      } catch (error) {
        // The API server keeps events for an hour only, and it may have been deleted.
        if (!isNotFound(error)) throw error;
      }
    }
    const { apiVersion, kind, metadata } = object;
    const body = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace },
      eventTime: stamp,
      reportingController: this.#controller,
      reportingInstance: this.#instance.slice(0, 128),
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: event.note.replace(UNSAFE, "\u{fffd}").slice(0, MAX_NOTE),
      regarding: {
        apiVersion,
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      },
      ...(count > 1 ? { series: { count, lastObservedTime: stamp } } : {}),
    };
    await this.#client.create(EVENTS, namespace, body, options);
    series.created = true;
  }

  #spend(uid: string, now: number): boolean {
    const bucket = this.#buckets.get(uid) ?? { tokens: BURST, at: now };
    bucket.tokens = Math.min(BURST, bucket.tokens + (now - bucket.at) / REFILL_MS);
    bucket.at = now;
    this.#buckets.set(uid, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  /** Forgets ended series and full buckets, so that memory follows what happens now. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < SERIES_MS) return;
    this.#sweptAt = now;
    for (const [key, { lastSeen }] of this.#series) if (now - lastSeen > SERIES_MS) this.#series.delete(key);
    for (const [uid, { tokens, at }] of this.#buckets)
      if (tokens + (now - at) / REFILL_MS >= BURST) this.#buckets.delete(uid);
  }
}

/** metav1.MicroTime. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
