/** Calls to the clouds, and how the clouds look from here: quotas, circuit breakers, inventories. Read at each scrape, without a call. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { CloudHealth } from "../providers/clouds.ts";
import type { CallRecord } from "../providers/errors.ts";

export function createCallMetrics(registry: Registry) {
  const registers = [registry];
  const requests = new Counter({
    name: "connectsso_api_requests_total",
    help: "Calls to the clouds by operation and HTTP status; code error: no answer came.",
    labelNames: ["api", "operation", "code"],
    registers,
  });
  const throttled = new Counter({
    name: "connectsso_api_throttled_total",
    help: "Calls that a cloud refused for rate.",
    labelNames: ["api", "operation"],
    registers,
  });
  const duration = new Histogram({
    name: "connectsso_api_request_duration_seconds",
    help: "From sending a call to its answer; waiting for a quota is not part of it.",
    labelNames: ["api"],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  return (record: CallRecord) => {
    const { api, operation, code } = record;
    requests.inc({ api, operation, code });
    throttled.inc({ api, operation }, record.throttled ? 1 : 0);
    duration.observe({ api }, record.durationMs / 1000);
  };
}

const CIRCUIT = ["closed", "half-open", "open"] as const;

export function createCloudMetrics(registry: Registry) {
  const gauges: Gauge[] = [];
  const gauge = (name: string, help: string, ...labelNames: string[]) => {
    const made = new Gauge({ name, help, labelNames, registers: [registry] });
    gauges.push(made);
    return made;
  };
  const bucket = ["api", "scope", "region", "operation"];
  const rate = gauge(
    "connectsso_limiter_rate",
    "Calls per second that the controller allows itself now; below the quota after the cloud refused some.",
    ...bucket,
  );
  const quota = gauge("connectsso_limiter_quota_rate", "Calls per second of the quota it keeps to.", ...bucket);
  const tokens = gauge("connectsso_limiter_tokens", "Calls that may go out at once.", ...bucket);
  const waiting = gauge(
    "connectsso_limiter_waiting",
    "Calls that wait for their turn: for a person, or for a sweep over everything.",
    ...bucket,
    "priority",
  );
  const circuit = gauge(
    "connectsso_circuit_breaker_state",
    "1 for the state of the circuit breaker of an API in an account or tenant, 0 for others. Open: it is left alone.",
    "api",
    "scope",
    "state",
  );
  const inventory = gauge(
    "connectsso_inventory_read_timestamp_seconds",
    "When all users of a Connect instance were last read; only for instances that have ConnectUsers.",
    "scope",
    "region",
    // Not "instance": that label is Prometheus' own.
    "connect_instance",
  );

  return (health: CloudHealth, instances: ReadonlySet<string>) => {
    for (const one of gauges) one.reset();
    for (const state of health.limiters) {
      const [api = "", scope = "", ...rest] = state.key.split("/");
      const labels = { api, scope, region: rest.length > 1 ? rest[0]! : "", operation: rest.at(-1) ?? "" };
      rate.set(labels, state.rate);
      quota.set(labels, state.quota.rate);
      tokens.set(labels, state.tokens);
      for (const priority of ["person", "sweep"] as const)
        waiting.set({ ...labels, priority }, state.waiting[priority]);
    }
    for (const [key, { state }] of health.breakers) {
      const [api = "", scope = ""] = key.split("/");
      for (const one of CIRCUIT) circuit.set({ api, scope, state: one }, one === state ? 1 : 0);
    }
    for (const [arn, readAt] of health.inventories) {
      if (!instances.has(arn)) continue;
      const [, , , region = "", scope = "", resource = ""] = arn.split(":");
      inventory.set({ scope, region, connect_instance: resource.replace("instance/", "") }, readAt / 1000);
    }
  };
}
