/**
 * Gauges that are read off the objects at each scrape, so that they vanish with them and are right at once after a restart.
 *
 * Personas have series of their own. ConnectUsers are counted per persona: ten thousand of them would be a hundred thousand series, and
 * their names are as a rule names or addresses of people, which do not belong into a metrics store that many can read for months.
 * `--per-user-metrics` names those that are not healthy, at most MOST_USERS.
 */
import { Gauge, type Registry } from "prom-client";
import { REASON } from "../api/reasons.ts";
import { CONDITION, type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../api/resources.ts";
import { durationSeconds } from "../domain/duration.ts";
import { keyAgeMs } from "../domain/key-age.ts";
import { findCondition, isTrue } from "../runtime/conditions.ts";
import type { KubeObject } from "../runtime/port.ts";
import { PERSONA_SERIES, type PersonaKey } from "./drift.ts";

export interface Objects {
  list<T extends KubeObject>(kind: string): T[];
}

const STATES = ["ready", "waiting", "stalled", "conflict", "suspended", "removing"] as const;
const JOB_STATES = ["NotConfigured", "NotRun", "Active", "Paused", "Quarantine"] as const;
/** Of the opt-in series per user; the counts include all. */
const MOST_USERS = 500;

export function createObjectMetrics(registry: Registry, perUser: boolean) {
  const gauges: Gauge[] = [];
  const gauge = (name: string, help: string, ...labels: string[]) => {
    const made = new Gauge({ name, help, labelNames: ["namespace", "persona", ...labels], registers: [registry] });
    gauges.push(made);
    return made;
  };
  const condition = gauge(
    "connectsso_condition",
    "Conditions of a persona: 1 for the status that a condition has, 0 for the two others.",
    "type",
    "status",
  );
  const drifted = gauge(
    "connectsso_drift_detected",
    "1 while a component of a persona is known not to be as declared, else 0.",
    "component",
    "concern",
  );
  const suspended = gauge("connectsso_suspended", "1 while spec.suspend holds a persona still, else 0.");
  const timestamps = timestampGauges(gauge);
  const job = gauge("connectsso_sync_job_state", "1 for the state of Entra's provisioning job, 0 for others.", "state");
  const users = gauge("connectsso_users", "ConnectUsers of a persona by state; each is counted once.", "state");
  const usersDrifted = gauge(
    "connectsso_users_drifted",
    "ConnectUsers of a persona of which a component is known not to be as declared.",
    "component",
    "concern",
  );
  const halted = gauge("connectsso_removals_halted", "ConnectUsers whose removal the mass-deletion guard holds back.");
  const user = perUser
    ? gauge(
        "connectsso_user_condition",
        "1 for each condition of a ConnectUser that is not healthy (--per-user-metrics).",
        "user",
        "type",
      )
    : undefined;

  function setPersona(persona: ConnectSsoPersona, checkedAt: number | undefined): void {
    const { metadata, spec, status } = persona;
    const key = { namespace: metadata.namespace, persona: metadata.name };
    for (const { type, status: found } of status?.conditions ?? [])
      for (const one of ["True", "False", "Unknown"])
        condition.set({ ...key, type, status: one }, one === found ? 1 : 0);
    for (const [component, concerns] of Object.entries(PERSONA_SERIES))
      for (const concern of concerns) drifted.set({ ...key, component, concern }, 0);
    for (const { component, concern } of status?.drift ?? []) drifted.set({ ...key, component, concern }, 1);
    suspended.set(key, spec.suspend ? 1 : 0);
    for (const [metric, read] of timestamps) {
      const value = read(persona, checkedAt);
      if (value !== undefined && !Number.isNaN(value)) metric.set(key, value / 1000);
    }
    const state = status?.syncJob?.state;
    if (state)
      for (const one of new Set([...JOB_STATES, state])) job.set({ ...key, state: one }, one === state ? 1 : 0);
    for (const one of STATES) users.set({ ...key, state: one }, 0);
    halted.set(key, 0);
  }

  function setUsers(all: ConnectUser[]): void {
    let named = 0;
    // Counted first and set once: a gauge looks its series up at every call.
    const counts = new Map<string, { labels: { namespace: string; persona: string; state: string }; count: number }>();
    for (const one of all) {
      const { namespace } = one.metadata;
      const persona = one.spec.personaRef.name;
      const state = stateOf(one);
      const counted = counts.get(`${namespace}/${persona}/${state}`);
      if (counted) counted.count++;
      else counts.set(`${namespace}/${persona}/${state}`, { labels: { namespace, persona, state }, count: 1 });
      const key = { namespace, persona };
      const rows = one.status?.drift?.length
        ? new Set(one.status.drift.map((row) => `${row.component} ${row.concern}`))
        : [];
      for (const row of rows) {
        const [component, concern] = row.split(" ") as [string, string];
        usersDrifted.inc({ ...key, component, concern }, 1);
      }
      if (isHalted(one)) halted.inc(key, 1);
      const amiss = user ? amissOf(one) : [];
      if (amiss.length === 0 || ++named > MOST_USERS) continue;
      for (const type of amiss) user!.set({ ...key, user: one.metadata.name, type }, 1);
    }
    for (const { labels, count } of counts.values()) users.set(labels, count);
  }

  return {
    /** `checkedAt`: when this process last compared a persona with the clouds, by uid, in ms. Returns the personas that there are. */
    set(objects: Objects, checkedAt: ReadonlyMap<string, number>): Map<string, PersonaKey> {
      for (const one of gauges) one.reset();
      const personas = objects.list<ConnectSsoPersona>(PERSONA);
      for (const persona of personas) setPersona(persona, checkedAt.get(persona.metadata.uid));
      setUsers(objects.list<ConnectUser>(USER));
      return new Map(
        personas.map(({ metadata: { namespace, name } }) => [`${namespace}/${name}`, { namespace, persona: name }]),
      );
    },
    /** No series at all: the metrics of a standby replica. */
    clear(): void {
      for (const one of gauges) one.reset();
    },
  };
}

type Timestamp = [Gauge, (persona: ConnectSsoPersona, checkedAt: number | undefined) => number | undefined];

/** In ms; undefined: no series. */
function timestampGauges(gauge: (name: string, help: string) => Gauge): Timestamp[] {
  const at = (time: string | undefined) => (time ? Date.parse(time) : undefined);
  const plus = (time: number | undefined, ms: number) => (time === undefined ? undefined : time + ms);
  return [
    [
      gauge(
        "connectsso_drift_last_check_timestamp_seconds",
        "When all of a persona was last read and compared; its creation until then. Does not move while a cloud cannot be read.",
      ),
      ({ metadata, status }, checkedAt) => checkedAt ?? at(status?.lastCheckedTime ?? metadata.creationTimestamp),
    ],
    [
      gauge("connectsso_signing_certificate_expiration_timestamp_seconds", "End of the active signing certificate."),
      ({ status }) => at(status?.certificate?.expirationTime),
    ],
    [
      gauge(
        "connectsso_signing_certificate_rotation_due_timestamp_seconds",
        "From when on the controller replaces the active signing certificate (rotateBefore).",
      ),
      ({ spec, status }) =>
        plus(
          at(status?.certificate?.expirationTime),
          -durationSeconds(spec.application.signingCertificate.rotateBefore) * 1000,
        ),
    ],
    [
      gauge("connectsso_access_key_created_timestamp_seconds", "Creation of the access key that Entra holds."),
      ({ status }) => at(status?.accessKey?.creationTime),
    ],
    [
      gauge(
        "connectsso_access_key_rotation_due_timestamp_seconds",
        "From when on the controller replaces the access key (accessKeyMaxAge).",
      ),
      ({ spec, status }) => plus(at(status?.accessKey?.creationTime), keyAgeMs(spec)),
    ],
    [
      gauge(
        "connectsso_access_key_last_used_timestamp_seconds",
        "Last use of the access key that Entra holds, as reported by IAM; its creation until the first one.",
      ),
      ({ status }) => at(status?.accessKey?.lastUsedTime ?? status?.accessKey?.creationTime),
    ],
    [
      gauge("connectsso_sync_last_success_timestamp_seconds", "End of the last good run of Entra's provisioning job."),
      ({ status }) => at(status?.syncJob?.lastSuccessTime),
    ],
    [
      gauge(
        "connectsso_role_import_waiting_since_timestamp_seconds",
        "Since when the controller has been waiting for the role in the application; absent when it is there.",
      ),
      ({ status }) => at(status?.roleImportWaitingSince),
    ],
    [
      gauge(
        "connectsso_security_profile_gained_timestamp_seconds",
        "When a security profile that the persona grants was last found to permit more than before; absent when it never did.",
      ),
      ({ status }) => {
        const times = status?.securityProfiles?.flatMap(({ gainedTime }) => at(gainedTime) ?? []) ?? [];
        return times.length > 0 ? Math.max(...times) : undefined;
      },
    ],
    [
      gauge("connectsso_deletion_timestamp_seconds", "When the deletion of a persona was asked for; absent otherwise."),
      ({ metadata }) => at(metadata.deletionTimestamp),
    ],
  ];
}

function stateOf({ metadata, spec, status }: ConnectUser): (typeof STATES)[number] {
  if (metadata.deletionTimestamp) return "removing";
  if (spec.suspend) return "suspended";
  if (isTrue(status?.conditions, CONDITION.Conflict)) return "conflict";
  if (isTrue(status?.conditions, CONDITION.Stalled)) return "stalled";
  if (isTrue(status?.conditions, CONDITION.Ready)) return "ready";
  const reason = findCondition(status?.conditions, CONDITION.Ready)?.reason;
  return reason !== undefined && ON_PURPOSE.includes(reason) ? "suspended" : "waiting";
}

/** Not Ready because somebody said so: the persona is suspended, or the account is disabled in Entra. */
const ON_PURPOSE: readonly string[] = [REASON.Suspended, REASON.PersonaSuspended, REASON.EntraUserDisabled];

function isHalted({ metadata, status }: ConnectUser): boolean {
  const reason = findCondition(status?.conditions, CONDITION.Ready)?.reason;
  return metadata.deletionTimestamp !== undefined && reason === REASON.MassDeletionHalted;
}

function amissOf({ status, spec }: ConnectUser): string[] {
  if (spec.suspend) return [];
  const bad = [CONDITION.Stalled, CONDITION.Drifted, CONDITION.Conflict].filter((type) =>
    isTrue(status?.conditions, type),
  );
  return isTrue(status?.conditions, CONDITION.Ready) ? bad : ["NotReady", ...bad];
}
