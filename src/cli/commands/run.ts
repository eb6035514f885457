/** `connect-sso run`: the controller against a cluster. */
import { collectDefaultMetrics, Registry } from "prom-client";
import { composeClouds } from "../../controller/clouds.ts";
import { createClusterController } from "../../controller/in-cluster.ts";
import { Reactions } from "../../domain/reactions.ts";
import { createLogger, logCall } from "../../observability/log.ts";
import { createDomainMetrics } from "../../observability/metrics.ts";
import type { Manager } from "../../runtime/manager.ts";
import { duration } from "../command.ts";
import { checkClusterName, insecureAllowed } from "../options.ts";
import { VERSION } from "../version.ts";

interface RunOptions {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
  watchLabelSelector?: string;
  pollInterval: string;
  directoryInterval: string;
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

/** How long cancelled calls may take to end, milliseconds. */
const LINGER_MS = 2_000;
/** Ends with SIGINT or SIGTERM: reconciles under way finish, the lease is given back. */
export async function run(options: RunOptions): Promise<number> {
  checkClusterName(options.clusterName);
  const log = createLogger(options.logLevel);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const pollIntervalMs = duration(options.pollInterval);
  const directoryIntervalMs = duration(options.directoryInterval);
  const allowInsecure = insecureAllowed(options);
  const reactions = new Reactions();
  const metrics = createDomainMetrics({
    registry,
    reactions,
    version: VERSION,
    pollIntervalMs,
    insecure: allowInsecure,
    perUser: options.perUserMetrics,
  });
  const { clouds, massDeletionShare, close } = composeClouds({
    cluster: options.clusterName,
    pollIntervalMs,
    allowInsecure,
    settingsFile: options.config,
    log,
    onCall(call) {
      metrics.call(call);
      logCall(log, call);
    },
    // The one line of an outage: what meets an open circuit adds nothing to the log.
    onCircuit: (open, text) =>
      open ? log.error({ reason: "CircuitOpen" }, text) : log.info({ reason: "CircuitClosed" }, text),
  });
  let lost: (() => void) | undefined;
  const manager: Manager = createClusterController({
    kubeconfig: options.kubeconfig,
    context: options.context,
    namespace: options.namespace,
    labelSelector: options.watchLabelSelector,
    clouds,
    massDeletionShare,
    cluster: options.clusterName,
    pollIntervalMs,
    directoryIntervalMs,
    log,
    observer: metrics.observer,
    reactions,
    setObserver: metrics.setObserver,
    ...(options.leaderElect ? { leaseName: options.leaderElectionId } : {}),
    onLeadershipLost: () => lost?.(),
    metricsBindAddress: options.metricsBindAddress,
    healthProbeBindAddress: options.healthProbeBindAddress,
    metricsText() {
      metrics.refresh(manager.leading() ? manager.store : undefined, clouds.health());
      return registry.metrics();
    },
    registry,
    userAgent: `connect-sso/${VERSION}`,
  });
  const ended = new Promise<"stop" | "lost">((resolve) => {
    process.once("SIGINT", () => resolve("stop"));
    process.once("SIGTERM", () => resolve("stop"));
    lost = () => resolve("lost");
  });
  log.info({ version: VERSION, cluster: options.clusterName, pollIntervalMs, allowInsecure }, "starting");
  let why: Awaited<typeof ended>;
  try {
    // A signal ends it also while the API server cannot be reached.
    await Promise.race([manager.start(), ended]);
    if (manager.ready()) log.info({}, "ready");
    why = await ended;
    log.info({ why }, "stopping");
  } finally {
    await manager.stop();
    close();
    // No one waits any more for calls that still wait for a cloud.
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
  if (why === "lost") throw new Error("the leader lease was lost; another replica takes over");
  return 0;
}
