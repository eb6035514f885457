/** Gauges of ConnectUserSets, read off the objects at each scrape. Sets have series of their own; no person has one. */
import { Gauge, type Registry } from "prom-client";
import { type ConnectUserSet, SET } from "../api/resources.ts";
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
  }

  return {
    /** `checkedAt`: when this process last compared an object with the clouds, by uid, in ms. */
    set(objects: Objects, checkedAt: ReadonlyMap<string, number>): void {
      for (const one of gauges) one.reset();
      for (const set of objects.list<ConnectUserSet>(SET)) setOne(set, checkedAt.get(set.metadata.uid));
    },
    clear(): void {
      for (const one of gauges) one.reset();
    },
  };
}
