/**
 * List and watch as an explicit state machine: Empty -> (list) -> Listed -> (watch) -> Listed … A list is asked for at once from servers
 * that have it in memory, and page by page from others; either way it is read object by object. A cut, timed-out or silent watch is
 * resumed from the last resourceVersion; an expired one, or an event that could not be read, goes back to Empty. It never gives up and
 * never rejects; only `stop` ends it.
 */

import { backoff } from "./backoff.ts";
import type { ObjectCache } from "./cache.ts";
import type { KubeClient, Resource, WatchEvent } from "./client.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { isExpired, KubeApiError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { KubeObject } from "./port.ts";

/** A server that asks for a longer wait is asked again after this time, milliseconds. */
const LONGEST_ASKED_MS = 60_000;

interface WatcherOptions {
  client: KubeClient;
  resource: Resource;
  cache: ObjectCache;
  log: Logger;
  clock?: Clock;
  namespace?: string;
  labelSelector?: string;
  /** Objects per page, of servers that are asked for pages. */
  pageSize?: number;
  /** Silence after which a connection counts as dead, milliseconds. Bookmarks come about once a minute. */
  idleMs?: number;
  /** First and longest wait after a failure, milliseconds. */
  backoffMs?: { base: number; max: number };
  onSynced?: () => void;
}

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;
  /** Undefined is the state Empty: the next step is a list. */
  #resourceVersion: string | undefined;
  #failures = 0;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Starts once; a second call is without effect. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when the connection is closed and the cache changes no more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list();
        else await this.#watch(this.#resourceVersion);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error);
      }
    }
  }

  async #list(): Promise<void> {
    const { client, resource, cache, namespace, labelSelector, pageSize } = this.#options;
    const { signal } = this.#stop;
    cache.listBegin();
    const list = client.list(resource, { namespace, labelSelector, pageSize, signal });
    let next = await list.next();
    for (; !next.done; next = await list.next()) {
      cache.listPage(next.value.map((item) => withKind(resource, item)));
    }
    if (signal.aborted) return;
    cache.listCommit();
    this.#resourceVersion = next.value;
    this.#failures = 0;
    this.#options.onSynced?.();
  }

  async #watch(resourceVersion: string): Promise<void> {
    const { client, resource, namespace, labelSelector, idleMs } = this.#options;
    const started = this.#clock.monotonic();
    const events = client.watch(resource, {
      resourceVersion,
      namespace,
      labelSelector,
      // Spread, so that a fleet of watches does not come back all at once.
      timeoutSeconds: 240 + Math.floor(Math.random() * 50),
      idleMs: idleMs ?? 90_000,
      signal: this.#stop.signal,
    });
    let seen = 0;
    for await (const event of events) {
      if (this.#stop.signal.aborted) return;
      seen++;
      this.#apply(event);
      this.#failures = 0;
    }
    // A server that accepts and ends at once must not be asked in a tight loop.
    if (seen === 0 && this.#clock.monotonic() - started < 1_000)
      throw new KubeApiError(500, "WatchEnded", `${resource.plural}: the watch ended at once`);
  }

  #apply({ type, object }: WatchEvent): void {
    if (type !== "BOOKMARK") this.#options.cache.applyEvent(type, object);
    this.#resourceVersion = object.metadata.resourceVersion;
  }

  async #recover(error: unknown): Promise<void> {
    const { log, resource, backoffMs } = this.#options;
    const expired = isExpired(error);
    // What could not be read may have been a change: only a list shows it.
    if (expired || (error instanceof KubeApiError && error.reason === "MalformedEvent"))
      this.#resourceVersion = undefined;
    // An API server that restarted may refuse an old resourceVersion without saying 410; after some failures list again.
    if (this.#failures >= 3 && error instanceof KubeApiError && error.code < 500) this.#resourceVersion = undefined;
    const asked = error instanceof KubeApiError ? (error.retryAfterMs ?? 0) : 0;
    const wait =
      expired && this.#failures === 0
        ? 0
        : Math.max(Math.min(asked, LONGEST_ASKED_MS), backoff(this.#failures, backoffMs ?? { base: 500, max: 30_000 }));
    this.#failures++;
    const fields = { resource: resource.plural, error: describe(error), waitMs: Math.round(wait) };
    if (this.#failures > 2) log.warn(fields, "watch failed");
    else log.debug(fields, "watch interrupted");
    await sleep(this.#clock, wait, this.#stop.signal);
  }
}

/** Items of a list of built-in objects carry neither apiVersion nor kind. */
function withKind({ group, version, kind }: Resource, item: KubeObject): KubeObject {
  return item.kind ? item : Object.assign(item, { apiVersion: group ? `${group}/${version}` : version, kind });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
