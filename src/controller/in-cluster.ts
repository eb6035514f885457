/** The controller against a cluster. */
import { hostname } from "node:os";
import type { Registry } from "prom-client";
import { GROUP } from "../api/resources.ts";
import { Reactions } from "../domain/reactions.ts";
import type { Clouds } from "../providers/clouds.ts";
import { kubeconfigAccess, kubeconfigNamespace } from "../runtime/kubeconfig.ts";
import { createManager, type Manager } from "../runtime/manager.ts";
import { watchDirectory } from "./directory.ts";
import type { ReconcilerDeps } from "./kind.ts";
import { KINDS, reconcilerDeps, wakes } from "./kinds.ts";

interface ClusterControllerOptions {
  kubeconfig?: string;
  context?: string;
  /** Watches this namespace only. */
  namespace?: string;
  labelSelector?: string;
  clouds: Clouds;
  massDeletionShare(): number;
  /** First part of every owner tag. */
  cluster: string;
  pollIntervalMs: number;
  /** Default 30 s. */
  directoryIntervalMs?: number;
  log: ReconcilerDeps["log"];
  /** Default: nothing is measured. */
  reactions?: Reactions;
  observer?: ReconcilerDeps["observer"];
  setObserver?: ReconcilerDeps["setObserver"];
  /** Name of the lease; undefined: this process is the only one. */
  leaseName?: string;
  onLeadershipLost?(): void;
  /** `host:port`; "0" for none. */
  metricsBindAddress: string;
  healthProbeBindAddress: string;
  metricsText(): Promise<string>;
  registry: Registry;
  userAgent: string;
}

/** Label of the lease: the first part of the owner tags that its holder writes. */
export const CLUSTER_LABEL = `${GROUP}/cluster-name`;

/** Where the lease is: the namespace of the pod, or of the kubeconfig's context. */
const leaseNamespace = (access: { file?: string; context?: string }): string =>
  process.env.POD_NAMESPACE ?? kubeconfigNamespace(access) ?? "default";

/** Shared reads are taken a little before they would be too old for the next poll. */
const WARM_SHARE = 0.9;

/** Throws when the kubeconfig is not usable. Nothing runs before `start` of what it returns. */
export function createClusterController(options: ClusterControllerOptions): Manager {
  const { clouds, cluster, pollIntervalMs, log, observer, setObserver, massDeletionShare, leaseName } = options;
  const reactions = options.reactions ?? new Reactions();
  const access = { file: options.kubeconfig, context: options.context };
  let deps: ReconcilerDeps | undefined;
  const depsOf = (store: ReconcilerDeps["store"]) => {
    const directory =
      options.directoryIntervalMs === undefined ? {} : { directoryIntervalMs: options.directoryIntervalMs };
    // With a label selector, what is not in the store may exist all the same.
    const { namespace: only, labelSelector } = options;
    const sees = (namespace: string) => !labelSelector && (!only || only === namespace);
    deps ??= reconcilerDeps({
      store,
      clouds,
      cluster,
      pollIntervalMs,
      ...directory,
      log,
      observer,
      setObserver,
      reactions,
      massDeletionShare,
      sees,
    });
    return deps;
  };
  return createManager({
    access: kubeconfigAccess(access),
    namespace: options.namespace,
    labelSelector: options.labelSelector,
    kinds: KINDS.map(({ resource, indexes, workers, reservedWorkers, createReconciler, warmUp }) => ({
      resource,
      kind: resource.kind,
      indexes,
      workers,
      reservedWorkers,
      reconcile: (store) => createReconciler(depsOf(store)),
      onListed: (store) => warmUp?.(clouds, store, pollIntervalMs * WARM_SHARE),
    })),
    wakes,
    ...(leaseName
      ? {
          leaderElection: {
            identity: `${hostname()}_${process.pid}`,
            leaseName,
            namespace: leaseNamespace(access),
            labels: { [CLUSTER_LABEL]: cluster },
          },
        }
      : {}),
    onLead(store, wake) {
      const { sets, now, directoryIntervalMs } = depsOf(store);
      return watchDirectory({ clouds, store, sets, now, intervalMs: directoryIntervalMs, log, reactions, wake });
    },
    onLeadershipLost: options.onLeadershipLost,
    metricsBindAddress: options.metricsBindAddress,
    healthProbeBindAddress: options.healthProbeBindAddress,
    metricsText: options.metricsText,
    registry: options.registry,
    log,
    longestRetryMs: pollIntervalMs,
    userAgent: options.userAgent,
  });
}
