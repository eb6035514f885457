/** `connect-sso run`: the controller against a cluster. */
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { collectDefaultMetrics, Registry } from "prom-client";
import { GROUP, PERSONA, USER, VERSION } from "../../api/resources.ts";
import { loadLate } from "../../controller/late.ts";
import { warmInventories, warmPeople } from "../../controller/warm-up.ts";
import { INDEXES, matters, related } from "../../controller/watches.ts";
import { createLogger, logCall } from "../../observability/log.ts";
import { createDomainMetrics } from "../../observability/metrics.ts";
import { kubeconfigAccess, kubeconfigNamespace } from "../../runtime/kubeconfig.ts";
import { createManager, type Manager } from "../../runtime/manager.ts";
import type { ObjectStore } from "../../runtime/port.ts";
import { duration } from "../command.ts";
import { insecureAllowed } from "../options.ts";
import { VERSION as PROGRAM_VERSION } from "../version.ts";

export interface RunOptions {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
  watchLabelSelector?: string;
  pollInterval: string;
  metricsBindAddress: string;
  perUserMetrics: boolean;
  healthProbeBindAddress: string;
  leaderElect: boolean;
  leaderElectionId: string;
  logLevel: string;
  clusterName: string;
  config?: string;
  allowInsecureEndpoints: boolean;
}

/** How long calls that were told to stop may take to end, milliseconds. */
const LINGER_MS = 2_000;
/** How long requests to the API server may take to get out before the clouds' clients are loaded, milliseconds. */
const LONGEST_HEAD_START_MS = 50;

/** Ends with SIGINT or SIGTERM: reconciles under way finish, the lease is given back. */
export async function run(options: RunOptions): Promise<number> {
  const version = PROGRAM_VERSION;
  const log = createLogger(options.logLevel);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const pollIntervalMs = duration(options.pollInterval);
  const allowInsecure = insecureAllowed(options);
  const metrics = createDomainMetrics({
    registry,
    version,
    pollIntervalMs,
    insecure: allowInsecure,
    perUser: options.perUserMetrics,
  });
  const asked = Promise.withResolvers<void>();
  const late = loadLate(Promise.race([asked.promise, sleep(LONGEST_HEAD_START_MS)]), {
    cluster: options.clusterName,
    pollIntervalMs,
    allowInsecure,
    settingsFile: options.config,
    log,
    observer: metrics.observer,
    onCall(call) {
      metrics.call(call);
      logCall(log, call);
    },
    // The one line of an outage: who meets a circuit that is open says nothing more in the log.
    onCircuit: (open, text) =>
      open ? log.error({ reason: "CircuitOpen" }, text) : log.info({ reason: "CircuitClosed" }, text),
  });
  const kind = (name: typeof PERSONA | typeof USER, plural: string, workers: number, reservedWorkers: number) => ({
    resource: { group: GROUP, version: VERSION, plural, kind: name },
    kind: name,
    indexes: INDEXES[name]!,
    workers,
    reservedWorkers,
    reconcile: (store: ObjectStore) => late.reconcile(name, store),
  });
  void late.loaded.then(
    () => log.debug({}, "clients of the clouds are loaded"),
    () => {},
  );
  let lost: (() => void) | undefined;
  const access = { file: options.kubeconfig, context: options.context };
  const manager: Manager = createManager({
    access: kubeconfigAccess(access),
    namespace: options.namespace,
    labelSelector: options.watchLabelSelector,
    kinds: [
      {
        ...kind(PERSONA, "connectssopersonas", 4, 2),
        onListed(store) {
          // The list of users was asked for at the same time.
          asked.resolve();
          warmInventories(late.clouds, store, pollIntervalMs * 0.9);
        },
      },
      {
        ...kind(USER, "connectusers", 16, 16),
        onListed: (store) => warmPeople(late.clouds, store, pollIntervalMs * 0.9),
      },
    ],
    related: (object, store, before) => {
      const sameSpec = before?.metadata.generation === object.metadata.generation;
      if (before && sameSpec && !matters(object.kind, before.status, object.status)) return [];
      return related(object, store);
    },
    ...(options.leaderElect
      ? {
          leaderElection: {
            identity: `${hostname()}_${process.pid}`,
            leaseName: options.leaderElectionId,
            namespace: process.env.POD_NAMESPACE ?? kubeconfigNamespace(access) ?? "default",
          },
        }
      : {}),
    onLeadershipLost: () => lost?.(),
    metricsBindAddress: options.metricsBindAddress,
    healthProbeBindAddress: options.healthProbeBindAddress,
    metricsText() {
      metrics.refresh(manager.leading() ? manager.store : undefined, late.clouds.health());
      return registry.metrics();
    },
    registry,
    log,
    longestRetryMs: pollIntervalMs,
    userAgent: `connect-sso/${version}`,
  });
  const ended = new Promise<"stop" | "lost">((resolve) => {
    process.once("SIGINT", () => resolve("stop"));
    process.once("SIGTERM", () => resolve("stop"));
    lost = () => resolve("lost");
  });
  log.info({ version, cluster: options.clusterName, pollIntervalMs, allowInsecure }, "starting");
  let why: Awaited<typeof ended>;
  try {
    // A signal ends it also while the API server cannot be reached.
    await Promise.race([Promise.all([manager.start(), late.loaded]), ended]);
    if (manager.ready()) log.info({}, "ready");
    why = await ended;
    log.info({ why }, "stopping");
  } finally {
    await manager.stop();
    late.close();
    // What still waits for an answer of a cloud has nobody who waits for it.
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
  if (why === "lost") throw new Error("the leader lease was lost; another replica goes on");
  return 0;
}
