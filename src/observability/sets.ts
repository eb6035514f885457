/** Gauges of ConnectUserSets, read off the objects at each scrape. Sets have series of their own; no person has one. */
import { Gauge, Histogram, type Registry } from "prom-client";
import { type ConnectUserSet, SET } from "../api/resources.ts";
import { PASSAGES, type Passage, type SetObserver } from "../set/passages.ts";
import type { Objects } from "./objects.ts";

const STATES = ["found", "matched", "members", "ready", "leaving", "held", "leftOut"] as const;
const SORTS = ["removals", "moves", "grants"] as const;

export function createSetMetrics(registry: Registry) {
  const gauges: Gauge[] = [];
  const gauge = (name: string, help: string, ...labels: string[]) => {
    const made = new Gauge({ name, help, labelNames: ["namespace", "set", ...labels], registers: [registry] });
    gauges.push(made);
    return made;
  };
  const condition = gauge(
    "connectsso_set_condition",
    "Conditions of a ConnectUserSet: 1 for the status that a condition has, 0 for the two others.",
    "type",
    "status",
  );
  const people = gauge(
    "connectsso_set_people",
    "People of a set by state, as in status.people; states overlap.",
    "state",
  );
  const held = gauge("connectsso_set_held_changes", "Changes that wait for an approval of their list.", "sort");
  const heldSince = gauge(
    "connectsso_set_held_since_timestamp_seconds",
    "Since when this list of changes waits for its approval; absent when none does.",
  );
  const read = gauge(
    "connectsso_set_source_read_timestamp_seconds",
    "When the directory was last read to its end for a set; the creation of the set until then. Does not move while it cannot be read.",
  );

  const suspended = gauge("connectsso_set_suspended", "1 while spec.suspend holds a set still, else 0.");
  const oldest = gauge(
    "connectsso_set_oldest_change_timestamp_seconds",
    "Since when the oldest joiner, mover or leaver waits whose change is under way; absent when none is. What is held is not among them, nor the first expansion.",
    "change",
  );
  const duration = new Histogram({
    name: "connectsso_set_change_duration_seconds",
    help: "From the reading of the directory that showed a joiner, mover or leaver until the person can sign in, or is gone. The reading comes within one directory interval.",
    labelNames: ["namespace", "set", "change"],
    buckets: [1, 2.5, 5, 10, 15, 30, 45, 60, 120, 300, 900, 3600],
    registers: [registry],
  });
  /** By set, as `namespace/name`. */
  const underWay = new Map<string, Partial<Record<Passage, number>>>();
  const observed = new Map<string, { namespace: string; set: string }>();

  function setOne({ metadata, spec, status }: ConnectUserSet, readAt: number | undefined): void {
    const key = { namespace: metadata.namespace, set: metadata.name };
    for (const { type, status: found } of status?.conditions ?? [])
      for (const one of ["True", "False", "Unknown"])
        condition.set({ ...key, type, status: one }, one === found ? 1 : 0);
    for (const state of STATES) people.set({ ...key, state }, status?.people?.[state] ?? 0);
    // With mode Plan the list is a plan and waits for no approval.
    const pending = spec.mode === "Plan" ? undefined : status?.pending;
    for (const sort of SORTS) held.set({ ...key, sort }, pending?.[sort] ?? 0);
    if (pending?.since) heldSince.set(key, Date.parse(pending.since) / 1000);
    const at = readAt ?? Date.parse(metadata.creationTimestamp ?? "");
    if (!Number.isNaN(at)) read.set(key, at / 1000);
    suspended.set(key, spec.suspend ? 1 : 0);
    for (const change of PASSAGES) {
      const since = underWay.get(`${key.namespace}/${key.set}`)?.[change];
      if (since !== undefined) oldest.set({ ...key, change }, since / 1000);
    }
  }

  /** Series and memory of sets that are gone. */
  function keep(sets: ReadonlySet<string>): void {
    for (const key of underWay.keys()) if (!sets.has(key)) underWay.delete(key);
    for (const [key, labels] of observed) {
      if (sets.has(key)) continue;
      observed.delete(key);
      for (const change of PASSAGES) duration.remove({ ...labels, change });
    }
  }

  const observer: SetObserver = {
    passed({ namespace, name: set }, change, durationMs) {
      observed.set(`${namespace}/${set}`, { namespace, set });
      duration.observe({ namespace, set, change }, durationMs / 1000);
    },
    underWay: ({ namespace, name }, since) => void underWay.set(`${namespace}/${name}`, since),
  };

  return {
    observer,
    /** `checkedAt`: when this process last compared an object with the clouds, by uid, in ms. */
    set(objects: Objects, checkedAt: ReadonlyMap<string, number>): void {
      for (const one of gauges) one.reset();
      const sets = objects.list<ConnectUserSet>(SET);
      for (const set of sets) setOne(set, checkedAt.get(set.metadata.uid));
      keep(new Set(sets.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)));
    },
    clear(): void {
      for (const one of gauges) one.reset();
      keep(new Set());
    },
  };
}
