/**
 * The domain's metrics. Names follow the Prometheus conventions (seconds, `_total`, `_timestamp_seconds`). Labels come from closed sets
 * and name personas, accounts and tenants, never people. docs/metrics.md is generated from what is registered here.
 */
import { Counter, Gauge, type Registry } from "prom-client";
import { type ConnectSsoPersona, type ConnectUser, PERSONA, SET, USER } from "../api/resources.ts";
import type { Reactions } from "../domain/reactions.ts";
import { CAUSES, type Change } from "../engine/change.ts";
import type { Observer, PassEnd } from "../engine/report.ts";
import type { CloudHealth } from "../providers/clouds.ts";
import type { CallRecord } from "../providers/errors.ts";
import type { SetObserver } from "../set/passages.ts";
import { createCallMetrics, createCloudMetrics } from "./calls.ts";
import { createDriftMetrics } from "./drift.ts";
import { createObjectMetrics, type Objects } from "./objects.ts";
import { createReactionMetrics } from "./reactions.ts";
import { createSetMetrics } from "./sets.ts";

export interface DomainMetrics {
  call(call: CallRecord): void;
  observer: Observer;
  setObserver: SetObserver;
  /** Before each scrape: gauges as objects and clouds are now. Without objects (a standby) none of them has a series. */
  refresh(objects: Objects | undefined, health: CloudHealth): void;
}

export interface MetricsOptions {
  registry: Registry;
  version: string;
  pollIntervalMs: number;
  /** Endpoints that are not https are accepted. */
  insecure: boolean;
  /** Name unhealthy ConnectUsers. Their names may be names of people. */
  perUser: boolean;
  /** Undefined: nothing is measured, and the metrics exist all the same. */
  reactions?: Reactions;
}

const FATES: Change["fate"][] = ["applied", "held", "barred", "failed", "pending"];
const OUTCOMES: PassEnd["outcome"][] = ["success", "terminal", "conflict", "transient", "throttled", "waiting"];

export function createDomainMetrics(options: MetricsOptions): DomainMetrics {
  const { registry } = options;
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  gauge("connectsso_build_info", "Always 1; the version is a label.", "version").set({ version: options.version }, 1);
  gauge("connectsso_poll_interval_seconds", "How often the clouds are compared with the specs.").set(
    options.pollIntervalMs / 1000,
  );
  gauge(
    "connectsso_insecure_endpoints_allowed",
    "1 when endpoints that are not https are accepted, as for a sandbox.",
  ).set(options.insecure ? 1 : 0);
  const passes = new Counter({
    name: "connectsso_reconciles_total",
    help: "Ended reconciles by what became of them, in more detail than controller_runtime_reconcile_total.",
    labelNames: ["kind", "outcome"],
    registers: [registry],
  });
  for (const kind of [PERSONA, SET, USER]) for (const outcome of OUTCOMES) passes.inc({ kind, outcome }, 0);
  const changes = new Counter({
    name: "connectsso_changes_total",
    help: "Changes of cloud objects by what caused them and what became of them; each is counted once.",
    labelNames: ["kind", "cause", "fate"],
    registers: [registry],
  });
  for (const kind of [PERSONA, SET, USER])
    for (const cause of CAUSES) for (const fate of FATES) changes.inc({ kind, cause, fate }, 0);
  const objectMetrics = createObjectMetrics(registry, options.perUser);
  const setMetrics = createSetMetrics(registry);
  const drift = createDriftMetrics(registry);
  const reactionMetrics = createReactionMetrics(registry, options.reactions);
  const cloudMetrics = createCloudMetrics(registry);
  /** When a persona or set was last compared, by uid, ms. Status does not say it: in a quiet world it is not written. */
  const checkedAt = new Map<string, number>();

  return {
    call: createCallMetrics(registry),
    observer: {
      // Edits of users of a set show as its events; the series of a persona are about clouds.
      drift: (where, change, action) => {
        if (where.persona !== "") drift.drift(where, change, action);
      },
      change: (kind, { cause, fate }) => changes.inc({ kind, cause, fate }),
      passEnded({ kind, metadata }, { outcome, complete }) {
        passes.inc({ kind, outcome });
        if (complete && kind !== USER) checkedAt.set(metadata.uid, Date.now());
      },
    },
    setObserver: setMetrics.observer,
    refresh(objects, health) {
      cloudMetrics(health, instancesInUse(objects));
      reactionMetrics();
      if (!objects) {
        objectMetrics.clear();
        return setMetrics.clear();
      }
      setMetrics.set(objects, checkedAt);
      drift.keep(objectMetrics.set(objects, checkedAt));
      const uids = new Set([PERSONA, SET].flatMap((kind) => objects.list(kind)).map(({ metadata }) => metadata.uid));
      for (const uid of checkedAt.keys()) if (!uids.has(uid)) checkedAt.delete(uid);
    },
  };
}

/** Instances whose users are read regularly; the inventory of another one may be as old as it likes. */
function instancesInUse(objects: Objects | undefined): Set<string> {
  const awake = (objects?.list<ConnectSsoPersona>(PERSONA) ?? []).filter(({ spec }) => !spec.suspend);
  const instanceOf = new Map(
    awake.map(({ metadata: { namespace, name }, spec }) => [`${namespace}/${name}`, spec.instanceArn]),
  );
  const used = new Set<string>();
  const instances = new Set(instanceOf.values()).size;
  for (const { metadata, spec } of objects?.list<ConnectUser>(USER) ?? []) {
    if (used.size === instances) break;
    const arn = spec.suspend ? undefined : instanceOf.get(`${metadata.namespace}/${spec.personaRef.name}`);
    if (arn !== undefined) used.add(arn);
  }
  return used;
}
