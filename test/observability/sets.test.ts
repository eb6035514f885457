import { expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { createSetMetrics } from "../../src/observability/sets.ts";
import type { KubeObject } from "../../src/runtime/port.ts";

const set = (mode: "Apply" | "Plan") => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUserSet",
  metadata: { name: "staff", namespace: "cc", uid: "u", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { mode },
  status: {
    conditions: [{ type: "ChangesHeld", status: "True" }],
    people: { found: 12, matched: 10, members: 9, ready: 8, leaving: 1, held: 6, leftOut: 2 },
    pending: {
      hash: "h",
      since: "2026-01-02T00:00:00Z",
      removals: 6,
      moves: 0,
      grants: 0,
      sample: [{ who: "jane@example.com" }],
    },
  },
});
async function scrape(objects: object[], checkedAt = new Map<string, number>()): Promise<string> {
  const registry = new Registry();
  const metrics = createSetMetrics(registry);
  metrics.set({ list: <T extends KubeObject>() => objects as T[] }, checkedAt);
  return (await registry.metrics()).replaceAll(/^#.*\n/gm, "");
}

test("people by state, what is held and since when, the age of the source, conditions; no name of a person", async () => {
  const text = await scrape([set("Apply")], new Map([["u", Date.parse("2026-01-03T00:00:00Z")]]));
  const labels = 'namespace="cc",set="staff"';
  for (const line of [
    `connectsso_set_people{${labels},state="leaving"} 1`,
    `connectsso_set_people{${labels},state="leftOut"} 2`,
    `connectsso_set_held_changes{${labels},sort="removals"} 6`,
    `connectsso_set_held_since_timestamp_seconds{${labels}} ${Date.parse("2026-01-02T00:00:00Z") / 1000}`,
    `connectsso_set_source_read_timestamp_seconds{${labels}} ${Date.parse("2026-01-03T00:00:00Z") / 1000}`,
    `connectsso_set_condition{${labels},type="ChangesHeld",status="True"} 1`,
    `connectsso_set_condition{${labels},type="ChangesHeld",status="False"} 0`,
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).not.toContain("jane");
});

test("a plan waits for no approval, and a source that was never read is as old as its set", async () => {
  const text = await scrape([set("Plan")]);
  expect(text).toContain('sort="removals"} 0');
  expect(text).not.toContain("held_since");
  expect(text).toContain(
    `read_timestamp_seconds{namespace="cc",set="staff"} ${Date.parse("2026-01-01T00:00:00Z") / 1000}`,
  );
});

test("series go with their set", async () => {
  expect((await scrape([])).trim()).toBe("");
});

test("how long a change took, and since when the oldest waits; gone with the set", async () => {
  const registry = new Registry();
  const metrics = createSetMetrics(registry);
  const [at, cc] = [Date.parse("2026-01-03T00:00:00Z"), { namespace: "cc", name: "staff" }];
  metrics.observer.passed?.(cc, "join", 12_000);
  metrics.observer.underWay?.(cc, { leave: at });
  const scrapeOf = async (objects: object[]) => {
    metrics.set({ list: <T extends KubeObject>() => objects as T[] }, new Map());
    return registry.metrics();
  };
  const text = await scrapeOf([set("Apply")]);
  const labels = 'namespace="cc",set="staff"';
  for (const line of [
    `connectsso_set_change_duration_seconds_bucket{le="10",${labels},change="join"} 0`,
    `connectsso_set_change_duration_seconds_bucket{le="15",${labels},change="join"} 1`,
    `connectsso_set_change_duration_seconds_sum{${labels},change="join"} 12`,
    `connectsso_set_oldest_change_timestamp_seconds{${labels},change="leave"} ${at / 1000}`,
    `connectsso_set_suspended{${labels}} 0`,
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).not.toContain('oldest_change_timestamp_seconds{namespace="cc",set="staff",change="join"}');
  expect((await scrapeOf([])).replaceAll(/^#.*\n/gm, "").trim()).toBe("");
});
