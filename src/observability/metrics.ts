/**
 * The domain's metrics. Names follow the Prometheus conventions (seconds, `_total`, `_timestamp_seconds`); labels name custom
 * resources only, never people. Series vanish with their object.
 */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type ConnectSsoPersona, type ConnectUser, PERSONA } from "../api/resources.ts";
import type { CallRecord } from "../providers/errors.ts";

const OBJECT = ["kind", "namespace", "name"] as const;
type Status = "True" | "False" | "Unknown";

export interface DomainMetrics {
  call(call: CallRecord): void;
  /** Sets all series of an object to what its status says. */
  object(object: ConnectSsoPersona | ConnectUser): void;
  forget(kind: string, namespace: string, name: string): void;
  driftHandled(kind: string, component: string, action: "corrected" | "reported"): void;
}

/** A ConnectUser that is well has no series: ten thousand of them would be 120,000 lines in every scrape. */
function isAmiss({ type, status }: { type: string; status: string }): boolean {
  return type === "Ready" ? status !== "True" : ["Stalled", "Drifted", "Conflict"].includes(type) && status === "True";
}

export function createDomainMetrics(registry: Registry, version: string): DomainMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: readonly string[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  gauge("connectsso_build_info", "Always 1; the version is a label.", ["version"]).set({ version }, 1);
  const condition = gauge(
    "connectsso_condition",
    "1 for the status a condition has, 0 for the others. Of ConnectUsers only what is amiss: not Ready, Stalled, Drifted, Conflict.",
    [...OBJECT, "type", "status"],
  );
  const drift = gauge("connectsso_drift_detected", "1 while a component is not as declared.", [...OBJECT, "component"]);
  const driftTotal = new Counter({
    name: "connectsso_drift_total",
    help: "Drifts found, by what was done about them.",
    labelNames: ["kind", "component", "action"],
    registers,
  });
  const checked = gauge(
    "connectsso_drift_last_check_timestamp_seconds",
    "When a persona was last compared with the clouds.",
    ["namespace", "name"],
  );
  const certificate = gauge(
    "connectsso_signing_certificate_expiration_timestamp_seconds",
    "End of the active signing certificate.",
    ["namespace", "name"],
  );
  const keyCreated = gauge(
    "connectsso_access_key_created_timestamp_seconds",
    "Creation of the access key that Entra holds.",
    ["namespace", "name"],
  );
  const keyUsed = gauge(
    "connectsso_access_key_last_used_timestamp_seconds",
    "Last use of the access key that Entra holds.",
    ["namespace", "name"],
  );
  const job = gauge("connectsso_sync_job_state", "1 for the state of Entra's provisioning job.", [
    "namespace",
    "name",
    "state",
  ]);
  const jobSuccess = gauge(
    "connectsso_sync_last_success_timestamp_seconds",
    "End of the last good run of Entra's provisioning job.",
    ["namespace", "name"],
  );
  const importWait = gauge(
    "connectsso_role_import_waiting_since_timestamp_seconds",
    "Since when the role is awaited in the application.",
    ["namespace", "name"],
  );
  const users = gauge("connectsso_users", "ConnectUsers of a persona by state.", ["namespace", "name", "state"]);
  const requests = new Counter({
    name: "connectsso_api_requests_total",
    help: "Calls to the clouds by operation and HTTP status.",
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
    help: "Duration of calls to the clouds.",
    labelNames: ["api"],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });

  const timestamps: [Gauge, (persona: ConnectSsoPersona) => string | undefined][] = [
    [checked, (persona) => persona.status?.lastCheckedAt],
    [certificate, (persona) => persona.status?.certificate?.expiresAt],
    [keyCreated, (persona) => persona.status?.accessKey?.createdAt],
    [keyUsed, (persona) => persona.status?.accessKey?.lastUsedAt],
    [jobSuccess, (persona) => persona.status?.syncJob?.lastSuccessAt],
    [importWait, (persona) => persona.status?.roleImportWaitingSince],
  ];
  /** What is exported of each object, so that it can be taken back without a search. */
  const series = new Map<string, { conditions: string[]; components: string[]; jobState?: string }>();

  function forget(kind: string, namespace: string, name: string): void {
    const key = `${kind}/${namespace}/${name}`;
    const known = series.get(key);
    if (!known) return;
    series.delete(key);
    for (const type of known.conditions)
      for (const status of ["True", "False", "Unknown"]) condition.remove({ kind, namespace, name, type, status });
    for (const component of known.components) drift.remove({ kind, namespace, name, component });
    if (kind !== PERSONA) return;
    for (const [metric] of timestamps) metric.remove({ namespace, name });
    if (known.jobState) job.remove({ namespace, name, state: known.jobState });
    for (const state of ["total", "ready", "conflicted"]) users.remove({ namespace, name, state });
  }

  function object(resource: ConnectSsoPersona | ConnectUser): void {
    const { kind, metadata, status } = resource;
    const { namespace, name } = metadata;
    forget(kind, namespace, name);
    if (!status) return;
    const conditions = (status.conditions ?? []).filter((one) => kind === PERSONA || isAmiss(one));
    for (const { type, status: state } of conditions) {
      for (const one of ["True", "False", "Unknown"] satisfies Status[])
        condition.set({ kind, namespace, name, type, status: one }, one === state ? 1 : 0);
    }
    const components = [...new Set((status.drift ?? []).map(({ component }) => component))];
    for (const component of components) drift.set({ kind, namespace, name, component }, 1);
    const entry = {
      conditions: conditions.map(({ type }) => type),
      components,
      jobState: undefined as string | undefined,
    };
    if (kind === PERSONA) {
      const persona = resource as ConnectSsoPersona;
      for (const [metric, read] of timestamps) {
        const value = read(persona);
        if (value) metric.set({ namespace, name }, Date.parse(value) / 1000);
      }
      entry.jobState = persona.status?.syncJob?.state;
      if (entry.jobState) job.set({ namespace, name, state: entry.jobState }, 1);
      const counts = persona.status?.users;
      if (counts)
        for (const state of ["total", "ready", "conflicted"] as const)
          users.set({ namespace, name, state }, counts[state] ?? 0);
    }
    series.set(`${kind}/${namespace}/${name}`, entry);
  }

  return {
    object,
    forget,
    driftHandled: (kind, component, action) => driftTotal.inc({ kind, component, action }),
    call(record) {
      requests.inc({ api: record.api, operation: record.operation, code: record.code });
      if (record.throttled) throttled.inc({ api: record.api, operation: record.operation });
      duration.observe({ api: record.api }, record.durationMs / 1000);
    },
  };
}
