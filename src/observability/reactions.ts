/** How soon access follows the directory. Counted from the reading before the one that showed a change: the change cannot be older. */
import { Gauge, Histogram, type Registry } from "prom-client";
import { DIRECTIONS, type Reactions } from "../domain/reactions.ts";

/** Seconds. */
const BUCKETS = [5, 15, 30, 45, 60, 120, 300, 900, 3600];

/** Returns what is to be called before each scrape. */
export function createReactionMetrics(registry: Registry, reactions: Reactions | undefined): () => void {
  const labelNames = ["direction"] as const;
  const took = new Histogram({
    name: "connectsso_access_change_duration_seconds",
    help: "From a change in Entra (at the earliest: the reading before the one that showed it) to the role assigned, or taken away and sessions ended.",
    labelNames,
    buckets: BUCKETS,
    registers: [registry],
  });
  const pending = new Gauge({
    name: "connectsso_access_change_pending_since_timestamp_seconds",
    help: "The oldest change in Entra that access does not follow yet; absent when there is none.",
    labelNames,
    registers: [registry],
  });
  for (const direction of DIRECTIONS) took.zero({ direction });
  if (reactions) reactions.onSettled = (direction, seconds) => took.observe({ direction }, seconds);
  return () => {
    pending.reset();
    for (const direction of DIRECTIONS) {
      const since = reactions?.oldest(direction);
      if (since !== undefined) pending.set({ direction }, since / 1000);
    }
  };
}
