/**
 * Leader election by a Lease. Whether another's lease has run out is measured with our own monotonic clock from the moment its record was
 * last seen to change; clocks of other machines are never compared. Our own is lost early, at `renewDeadlineMs`, so that we have stopped
 * before anybody else may start.
 */
import type { KubeClient, Resource } from "./client.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { isConflict, isNotFound } from "./errors.ts";
import { microTime } from "./events.ts";
import type { Logger } from "./logger.ts";

export const LEASES: Resource = { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };

/** A stop waits this long for the lease to be given back, with an API server that may have gone as well. */
const RELEASE_MS = 3_000;

interface Lease {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; resourceVersion?: string; labels?: Record<string, string> };
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

interface LeaderOptions {
  client: KubeClient;
  log: Logger;
  /** Unique per process; the process whose identity is in the lease leads. */
  identity: string;
  leaseName: string;
  namespace: string;
  /** Of the lease: by them others find out who works here. */
  labels?: Record<string, string>;
  clock?: Clock;
  /** How long others wait for a silent holder, milliseconds. */
  leaseDurationMs?: number;
  /** How long we continue without a successful renewal, milliseconds; shorter than `leaseDurationMs`. */
  renewDeadlineMs?: number;
  /** Between renewals, milliseconds. */
  retryMs?: number;
  /** The same while another leads: half of this passes on average between a clean stop and the next leader. */
  standbyMs?: number;
  onElected: () => void;
  /** Called at once when the lease is lost, never after `stop`. The election ends with it. */
  onLost: () => void;
}

export class LeaderElector {
  readonly #options: Required<LeaderOptions>;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;
  #leading = false;
  /** A claim was sent, whether or not its answer came. */
  #mayHold = false;
  #cancelDeadline = () => {};
  /** The other's record as last seen, and when it was seen first. */
  #observed: { record: string; at: number } | undefined;

  constructor(options: LeaderOptions) {
    this.#options = {
      clock: systemClock,
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryMs: 1_000,
      standbyMs: 400,
      labels: {},
      ...options,
    };
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Takes part from now on; a second call is without effect. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Call when the work is done: gives a held lease back, so that a standby need not wait for it to run out. */
  async stop(): Promise<void> {
    this.#leading = false;
    this.#cancelDeadline();
    this.#stop.abort();
    await this.#loop;
    if (this.#mayHold) await this.#release();
    this.#mayHold = false;
  }

  async #run(): Promise<void> {
    const { clock, log, retryMs, standbyMs } = this.#options;
    const { signal } = this.#stop;
    log.debug({ identity: this.#options.identity }, "candidate for leadership");
    while (!signal.aborted) {
      const started = clock.monotonic();
      try {
        if (await this.#acquireOrRenew()) this.#held(started);
        else if (this.#leading) this.#lost("another holds the lease");
      } catch (error) {
        // Of two that wrote at the same time one gets 409; the next look shows which.
        if (!signal.aborted && !isConflict(error)) log.warn({ error: String(error) }, "lease not renewed");
      }
      await sleep(clock, (this.#leading ? retryMs : Math.min(standbyMs, retryMs)) * (0.9 + Math.random() / 5), signal);
    }
  }

  /** True when the lease is ours now. */
  async #acquireOrRenew(): Promise<boolean> {
    const { client, clock, identity, leaseName, namespace, labels, leaseDurationMs } = this.#options;
    const call = { signal: this.#stop.signal, timeoutMs: Math.max(1_000, this.#options.renewDeadlineMs / 2) };
    const now = microTime(clock.now());
    const claim = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: now,
      renewTime: now,
    };
    const lease = await this.#read(call);
    if (!lease) {
      this.#mayHold = true;
      const metadata = { name: leaseName, namespace, labels };
      const spec = { ...claim, leaseTransitions: 0 };
      await client.create(
        LEASES,
        namespace,
        { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec },
        call,
      );
      return true;
    }
    const spec = lease.spec ?? {};
    const ours = spec.holderIdentity === identity;
    if (!ours && spec.holderIdentity && !this.#hasRunOut(spec)) return false;
    const taken = ours
      ? { ...spec, leaseDurationSeconds: claim.leaseDurationSeconds, renewTime: now }
      : { ...spec, ...claim, leaseTransitions: (spec.leaseTransitions ?? 0) + 1 };
    this.#mayHold = true;
    // With the resourceVersion that was read: of two that take it, one gets 409.
    const metadata = { ...lease.metadata, labels: { ...lease.metadata.labels, ...labels } };
    await client.replace(LEASES, namespace, leaseName, { ...lease, metadata, spec: taken }, call);
    return true;
  }

  async #read(call: { signal?: AbortSignal; timeoutMs: number }): Promise<Lease | undefined> {
    const { client, namespace, leaseName } = this.#options;
    try {
      return await client.get<Lease>(LEASES, namespace, leaseName, call);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #hasRunOut(spec: NonNullable<Lease["spec"]>): boolean {
    const { clock, leaseDurationMs } = this.#options;
    const record = `${spec.holderIdentity} ${spec.renewTime} ${spec.leaseTransitions}`;
    const now = clock.monotonic();
    if (this.#observed?.record !== record) this.#observed = { record, at: now };
    const durationMs = spec.leaseDurationSeconds ? spec.leaseDurationSeconds * 1000 : leaseDurationMs;
    return now - this.#observed.at >= durationMs;
  }

  /** Counted from before the request was sent: the others may have seen it from then on. */
  #held(since: number): void {
    const { clock, renewDeadlineMs, identity, log, onElected } = this.#options;
    if (this.#stop.signal.aborted) return;
    this.#cancelDeadline();
    const left = renewDeadlineMs - (clock.monotonic() - since);
    this.#cancelDeadline = clock.setTimeout(() => this.#lost("not renewed in time"), Math.max(0, left));
    if (this.#leading) return;
    this.#leading = true;
    log.info({ identity }, "leading");
    onElected();
  }

  #lost(reason: string): void {
    if (this.#stop.signal.aborted) return;
    this.#leading = false;
    this.#mayHold = false;
    this.#cancelDeadline();
    this.#stop.abort();
    this.#options.log.error({ identity: this.#options.identity, reason }, "leadership lost");
    this.#options.onLost();
  }

  async #release(): Promise<void> {
    const { client, clock, identity, leaseName, namespace, log } = this.#options;
    const call = { timeoutMs: 2_000, signal: AbortSignal.timeout(RELEASE_MS) };
    try {
      const lease = await this.#read(call);
      if (lease?.spec?.holderIdentity !== identity) return;
      const now = microTime(clock.now());
      const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
      await client.replace(LEASES, namespace, leaseName, { ...lease, spec }, call);
    } catch (error) {
      // It runs out by itself.
      log.debug({ error: String(error) }, "lease not given back");
    }
  }
}
