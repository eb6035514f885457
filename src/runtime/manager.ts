/**
 * A controller process against a cluster. Watchers fill caches and queues on every replica (warm standby); workers run on the one that
 * leads; a stop lets them finish, gives the lease back and only then ends the rest.
 */
import { hostname } from "node:os";
import type { Registry } from "prom-client";
import { ObjectCache } from "./cache.ts";
import { type Change, dispatch, type Wakes } from "./changes.ts";
import { KubeClient, type Resource } from "./client.ts";
import { sleep, systemClock } from "./clock.ts";
import { Controller, type Reconcile } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { KubeStore } from "./kube-store.ts";
import { LeaderElector } from "./leader.ts";
import type { Logger } from "./logger.ts";
import { createRuntimeMetrics } from "./metrics.ts";
import type { IndexFunction, KubeObject, ObjectRef, ObjectStore } from "./port.ts";
import { type Endpoint, serve } from "./probes.ts";
import { PRIORITY, WorkQueue } from "./queue.ts";
import { type AccessProvider, Transport } from "./transport.ts";
import { Watcher } from "./watcher.ts";

export interface ManagedKind {
  resource: Resource;
  kind: string;
  indexes: Record<string, IndexFunction>;
  /** Called once; the store is filled by the time the function runs. */
  reconcile(store: ObjectStore): Reconcile;
  /** Reconciles at the same time; 4 when absent. */
  workers?: number;
  /** Further ones that take changes only. */
  reservedWorkers?: number;
  /** Called once, when this kind was listed; others may not be yet, and nothing is reconciled before they are. */
  onListed?(store: ObjectStore): void;
}

export interface ManagerOptions {
  access: AccessProvider;
  /** Watches this namespace only; every namespace when absent. */
  namespace?: string;
  labelSelector?: string;
  kinds: ManagedKind[];
  wakes?: Wakes;
  /** Absent: this process is the only one. */
  leaderElection?: { identity: string; leaseName: string; namespace: string; labels?: Record<string, string> };
  /** Called when this process begins to lead, with a way to have an object looked at; what it returns is closed with the workers. */
  onLead?(store: ObjectStore, wake: (ref: ObjectRef) => void): { close(): void };
  /** The lease was lost, and the workers stop. The process should end; it takes no part in an election again. */
  onLeadershipLost?(): void;
  /** `host:port`; "0" or absent for none. */
  metricsBindAddress?: string;
  healthProbeBindAddress?: string;
  metricsText(): Promise<string>;
  registry: Registry;
  log: Logger;
  userAgent?: string;
  /** How long a stop waits for reconciles under way, milliseconds. */
  drainMs?: number;
  /** The longest wait after an error, milliseconds; the poll interval. 5 min when absent. */
  longestRetryMs?: number;
}

export interface Manager {
  store: ObjectStore;
  /** Resolves when the endpoints listen and the caches are filled; whether this process leads shows later. */
  start(): Promise<void>;
  /** Idempotent. Resolves when everything is closed. */
  stop(): Promise<void>;
  /** The caches are filled and nothing is stopping: also true of a standby. */
  ready(): boolean;
  leading(): boolean;
  /** Where the endpoints listen. */
  addresses(): { metrics?: string; health?: string };
}

/** How long a stop waits for events to be written; they are worth no more. */
const FLUSH_MS = 3_000;

export function createManager(options: ManagerOptions): Manager {
  return new ClusterManager(options);
}

class ClusterManager implements Manager {
  readonly store: KubeStore;
  readonly #options: ManagerOptions;
  readonly #transport: Transport;
  readonly #events: EventRecorder;
  readonly #watchers: Watcher[] = [];
  readonly #controllers = new Map<string, Controller>();
  readonly #caches = new Map<string, { resource: Resource; cache: ObjectCache }>();
  readonly #elector: LeaderElector | undefined;
  readonly #setLeader: (leading: boolean) => void;
  /** Resolves when every cache is filled, or when a stop came first. */
  readonly #synced = Promise.withResolvers<void>();
  #metrics: Endpoint | undefined;
  #health: Endpoint | undefined;
  readonly #listed = new Set<ManagedKind>();
  /** Every cache is filled. */
  #warm = false;
  #leading = false;
  #led: { close(): void } | undefined;
  /** When this began; undefined once everything has been reconciled. */
  #firstPassSince: number | undefined;
  #lost = false;
  #stopping: Promise<void> | undefined;

  constructor(options: ManagerOptions) {
    this.#options = options;
    const { access, kinds, registry, log, leaderElection } = options;
    const metrics = createRuntimeMetrics(registry);
    const { userAgent } = options;
    this.#transport = new Transport({ access, onRequest: metrics.request, ...(userAgent ? { userAgent } : {}) });
    const client = new KubeClient(this.#transport);
    const controller = `${kinds[0]?.resource.group || "core"}/controller`;
    const instance = leaderElection?.identity ?? hostname();
    this.#events = new EventRecorder({ client, log, controller, instance });
    this.store = new KubeStore({ client, events: this.#events, kinds: this.#caches });
    for (const kind of kinds) this.#add(kind, client, metrics);
    const leaseName = leaderElection?.leaseName ?? "none";
    this.#setLeader = (leading) => {
      this.#leading = leading;
      metrics.leader(leaseName, leading);
    };
    this.#setLeader(false);
    if (leaderElection)
      this.#elector = new LeaderElector({
        ...leaderElection,
        client,
        log,
        onElected: () => this.#lead(),
        onLost: () => this.#loseLead(),
      });
  }

  async start(): Promise<void> {
    const { metricsBindAddress, healthProbeBindAddress, metricsText, registry } = this.#options;
    this.#metrics = await serve(metricsBindAddress ?? "0", {
      "/metrics": async () => ({ status: 200, text: await metricsText(), type: registry.contentType }),
    });
    const says = (good: boolean) => ({ status: good ? 200 : 500, text: good ? "ok" : "not ok" });
    this.#health = await serve(healthProbeBindAddress ?? "0", {
      "/healthz": async () => says(!this.#lost),
      "/readyz": async () => says(this.ready()),
    });
    this.#firstPassSince = systemClock.monotonic();
    for (const watcher of this.#watchers) watcher.start();
    await this.#synced.promise;
    if (this.#stopping) return;
    if (this.#elector) this.#elector.start();
    else this.#lead();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  ready(): boolean {
    return !this.#stopping && !this.#lost && this.#warm;
  }

  leading(): boolean {
    return this.#leading;
  }

  addresses(): { metrics?: string; health?: string } {
    return {
      ...(this.#metrics ? { metrics: this.#metrics.address } : {}),
      ...(this.#health ? { health: this.#health.address } : {}),
    };
  }

  #add(managed: ManagedKind, client: KubeClient, metrics: ReturnType<typeof createRuntimeMetrics>): void {
    const { log, namespace, labelSelector, longestRetryMs = 300_000 } = this.#options;
    const { resource, kind, indexes, workers = 4, reservedWorkers = 0 } = managed;
    const queue = new WorkQueue({
      metrics: metrics.queue(kind),
      onDrained: () => this.#drained(),
      backoffMs: { base: Math.min(5_000, longestRetryMs), max: longestRetryMs },
    });
    const controller = new Controller({
      name: kind,
      reconcile: managed.reconcile(this.store),
      queue,
      log,
      metrics: metrics.controller(kind, workers + reservedWorkers, queue),
      workers,
      reservedWorkers,
      longestRetryMs,
    });
    const cache: ObjectCache = new ObjectCache({
      group: resource.group,
      indexes,
      onChange: (change) => this.#changed(managed, change),
    });
    this.#controllers.set(kind, controller);
    this.#caches.set(kind, { resource, cache });
    this.#watchers.push(
      new Watcher({
        client,
        resource,
        cache,
        log,
        ...(namespace ? { namespace } : {}),
        ...(labelSelector ? { labelSelector } : {}),
        onSynced: () => this.#hasListed(managed),
      }),
    );
  }

  #changed(managed: ManagedKind, change: Change): void {
    // The first list: every object is reconciled once all kinds are known.
    if (this.#warm)
      dispatch(change, this.store, this.#options.wakes, (ref, options) =>
        this.#controllers.get(ref.kind)?.enqueue(ref, options),
      );
    else if (change.after) this.#enqueueStartup(managed.kind, change.after.metadata);
  }

  /** Writes a line once everything was reconciled after a start. */
  #drained(): void {
    const busy = [...this.#controllers.values()].some((controller) => controller.busy);
    if (busy || !this.#leading || this.#firstPassSince === undefined) return;
    const seconds = Number(((systemClock.monotonic() - this.#firstPassSince) / 1000).toFixed(3));
    this.#options.log.info({ objects: this.#objects(), seconds }, "every object was reconciled once");
    this.#firstPassSince = undefined;
  }

  #objects(): number {
    return [...this.#caches.values()].reduce((sum, { cache }) => sum + cache.size, 0);
  }

  #enqueueStartup(kind: string, { namespace, name }: KubeObject["metadata"]): void {
    this.#controllers.get(kind)?.enqueue({ kind, namespace, name }, { reason: "Startup", priority: PRIORITY.resync });
  }

  /** Called after every list, after the listeners of its changes. */
  #hasListed(managed: ManagedKind): void {
    if (this.#warm) return;
    if (!this.#listed.has(managed)) managed.onListed?.(this.store);
    this.#listed.add(managed);
    if (this.#listed.size < this.#options.kinds.length) return;
    this.#warm = true;
    this.#synced.resolve();
  }

  #lead(): void {
    if (this.#stopping) return;
    this.#setLeader(true);
    for (const controller of this.#controllers.values()) controller.start();
    this.#led = this.#options.onLead?.(this.store, (ref) =>
      this.#controllers.get(ref.kind)?.enqueue(ref, { reason: "Related" }),
    );
    this.#drained();
  }

  #loseLead(): void {
    this.#led?.close();
    this.#lost = true;
    this.#setLeader(false);
    for (const controller of this.#controllers.values()) controller.loseLeadership();
    this.#options.onLeadershipLost?.();
  }

  async #stop(): Promise<void> {
    this.#led?.close();
    this.#synced.resolve();
    const drainMs = this.#lost ? 0 : (this.#options.drainMs ?? 20_000);
    await Promise.all([...this.#controllers.values()].map((controller) => controller.stop(drainMs)));
    const flushed = new AbortController();
    void this.#events.flush().then(() => flushed.abort());
    await sleep(systemClock, FLUSH_MS, flushed.signal);
    await this.#elector?.stop();
    this.#setLeader(false);
    await Promise.all(this.#watchers.map((watcher) => watcher.stop()));
    await this.#transport.close();
    await Promise.all([this.#metrics?.close(), this.#health?.close()]);
  }
}
