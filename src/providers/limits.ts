/** Quotas by limiter key: the clouds' documented defaults, or what the settings say of raised ones. */
import type { Quota } from "./limiter.ts";

export interface QuotaSettings {
  connect?: Quota;
  iam?: Quota;
  graph?: Quota;
  graphWrites?: Quota;
  /** By AWS operation. */
  operations?: Record<string, Quota>;
}

/** Two a second and a burst of five for every operation. Source: Amazon Connect service quotas, API throttling. */
const CONNECT: Quota = { rate: 2, burst: 5 };
/** IAM documents nothing; 429s show the rest. */
const IAM: Quota = { rate: 10, burst: 20 };
/**
 * Graph counts in windows: 3,500 resource units in ten seconds and 3,000 writes in 150 for the smallest tenant. Burst plus rate times
 * window stays below, so that no window is ever full. Source: Microsoft Graph throttling limits, identity and access.
 */
const GRAPH: Quota = { rate: 200, burst: 1_500 };
const GRAPH_WRITES: Quota = { rate: 6, burst: 2_000 };

/** `key` is `<api>/<scope…>/<operation>`. */
export function quotaOf(key: string, settings: QuotaSettings): Quota {
  const api = key.slice(0, key.indexOf("/"));
  const operation = key.slice(key.lastIndexOf("/") + 1);
  if (api === "graph")
    return operation === "write" ? (settings.graphWrites ?? GRAPH_WRITES) : (settings.graph ?? GRAPH);
  const raised = settings.operations?.[operation];
  if (raised) return raised;
  return api === "connect" ? (settings.connect ?? CONNECT) : (settings.iam ?? IAM);
}
