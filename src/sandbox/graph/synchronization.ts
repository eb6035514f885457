/** Entra's provisioning of the AWS gallery application: it imports IAM roles into the service principal, every 40 minutes or so. */
import { randomUUID } from "node:crypto";
import type { EventualMap, SandboxHost } from "../host.ts";
import { type Directory, stableId } from "./directory.ts";
import { badRequest, GraphError, notFound } from "./error.ts";
import type { Body } from "./router.ts";
import { type AppRole, type ServicePrincipal, wholeSeconds } from "./shapes.ts";

const DAY_MS = 86_400_000;
/** A job that stays in quarantine is disabled after four weeks. */
const QUARANTINE_LIMIT_MS = 28 * DAY_MS;
const MOST_LOGS = 1_000;
const NEVER = "0001-01-01T00:00:00Z";
/** An imported value is `roleArn,providerArn`; both together must be shorter. */
const MAX_ARN_PAIR = 240;
const SECRET_KEYS = new Set([
  "ClientSecret",
  "SecretToken",
  "BaseAddress",
  "AppKey",
  "SyncAll",
  "SyncNotificationSettings",
]);
const RESET_FLAGS = new Set([
  "None",
  "ConnectorDataStore",
  "Escrows",
  "Watermark",
  "QuarantineState",
  "Full",
  "ForceDeletes",
]);

interface Execution {
  activityIdentifier: string;
  countEntitled: number;
  countEntitledForProvisioning: number;
  countEscrowed: number;
  countEscrowedRaw: number;
  countExported: number;
  countExports: number;
  countImported: number;
  countImportedDeltas: number;
  countImportedReferenceDeltas: number;
  error: SynchronizationError | null;
  state: "Succeeded" | "Failed" | "EntryLevelErrors";
  timeBegan: string;
  timeEnded: string;
}
interface SynchronizationError {
  code: string;
  message: string;
  tenantActionable: boolean;
}
interface Quarantine {
  currentBegan: string;
  error: SynchronizationError;
  nextAttempt: string;
  reason: "EncounteredQuarantineException";
  seriesBegan: string;
  seriesCount: number;
}

interface SyncJob {
  [name: string]: unknown;
  id: string;
  templateId: string;
  schedule: { expiration: null; interval: string; state: "Active" | "Disabled" | "Paused" };
  status: {
    code: "NotConfigured" | "NotRun" | "Active" | "Paused" | "Quarantine";
    countSuccessiveCompleteFailures: number;
    escrowsPruned: boolean;
    lastExecution: Execution | null;
    lastSuccessfulExecution: Execution | null;
    lastSuccessfulExecutionWithExports: null;
    progress: [];
    quarantine: Quarantine | null;
    steadyStateFirstAchievedTime: string;
    steadyStateLastAchievedTime: string;
    synchronizedEntryCountByType: { key: string; value: number }[];
    troubleshootingUrl: null;
  };
  synchronizationJobSettings: { name: string; value: string }[];
}
interface Secret {
  [name: string]: unknown;
  key: string;
  value: string;
}

export class Synchronization {
  readonly #host: SandboxHost;
  readonly #directory: Directory;
  /** By service principal. Jobs are replaced, never changed in place. */
  readonly #jobs = new Map<string, SyncJob>();
  /** Further jobs of the same template, which never run. */
  readonly #idle = new Map<string, SyncJob[]>();
  /** The newest first. */
  readonly #logs: Body[] = [];
  readonly #secrets: EventualMap<string, Map<string, string>>;
  readonly #timers = new Map<string, () => void>();

  constructor(directory: Directory, host: SandboxHost) {
    this.#directory = directory;
    this.#host = host;
    this.#secrets = host.eventual(`${directory.tenant.id}/synchronizationSecrets`);
  }

  jobs(principalId: string): SyncJob[] {
    const job = this.#jobs.get(principalId);
    return job ? [job, ...(this.#idle.get(principalId) ?? [])] : [];
  }

  /** What GET /auditLogs/provisioning shows. */
  logs(): readonly Body[] {
    return this.#logs;
  }

  job(principalId: string, id: string): SyncJob {
    const job = this.#jobs.get(principalId);
    if (job?.id !== id) throw notFound(id);
    return job;
  }

  create(principalId: string, templateId: unknown): SyncJob {
    if (templateId !== "aws") throw badRequest(`The synchronization template '${String(templateId)}' does not exist.`);
    const existing = this.#jobs.get(principalId);
    if (existing && this.#host.behaviour.open.repeatedSynchronizationJob === "same") return existing;
    const job: SyncJob = {
      id: `aws.${this.#directory.tenant.id.replaceAll("-", "")}.${randomUUID()}`,
      templateId,
      schedule: { expiration: null, interval: "P10675199DT2H48M5.4775807S", state: "Disabled" },
      status: {
        code: "NotConfigured",
        countSuccessiveCompleteFailures: 0,
        escrowsPruned: false,
        lastExecution: null,
        lastSuccessfulExecution: null,
        lastSuccessfulExecutionWithExports: null,
        progress: [],
        quarantine: null,
        steadyStateFirstAchievedTime: NEVER,
        steadyStateLastAchievedTime: NEVER,
        synchronizedEntryCountByType: [],
        troubleshootingUrl: null,
      },
      synchronizationJobSettings: [],
    };
    if (existing) this.#idle.set(principalId, [...(this.#idle.get(principalId) ?? []), job]);
    else this.#jobs.set(principalId, job);
    return job;
  }

  remove(principalId: string, id: string): void {
    const idle = this.#idle.get(principalId) ?? [];
    if (idle.some((one) => one.id === id)) {
      this.#idle.set(
        principalId,
        idle.filter((one) => one.id !== id),
      );
      return;
    }
    this.job(principalId, id);
    this.#cancel(principalId);
    this.#jobs.delete(principalId);
  }

  /** Values are masked: a secret cannot be read back. */
  secrets(principalId: string): Secret[] {
    return [...(this.#secrets.read(principalId)?.keys() ?? [])].map((key) => ({ key, value: "*" }));
  }

  /** An empty value removes a secret. */
  putSecrets(principalId: string, value: unknown): void {
    const all = new Map(this.#secrets.get(principalId));
    for (const secret of secretsOf(value)) {
      if (secret.value === "") all.delete(secret.key);
      else all.set(secret.key, secret.value);
    }
    this.#secrets.set(principalId, all);
  }

  validate(principalId: string, body: { credentials?: unknown; useSavedCredentials?: unknown }): void {
    const given =
      body.useSavedCredentials === true
        ? this.#secrets.get(principalId)
        : new Map(secretsOf(body.credentials).map(({ key, value }) => [key, value]));
    if (!this.#visibleRoles(given)) throw new GraphError(400, INVALID.code, INVALID.message);
  }

  /** Takes a job out of pause and out of quarantine. The first cycle takes as long as every other. */
  start(principalId: string, id: string): void {
    const job = this.job(principalId, id);
    const running = job.schedule.state === "Active" && job.status.code !== "Quarantine";
    if (running) return;
    this.#activate(principalId, job);
  }

  restart(principalId: string, id: string, scope: unknown): void {
    const flags = String(scope ?? "None")
      .split(",")
      .map((flag) => flag.trim());
    const unknown = flags.find((flag) => !RESET_FLAGS.has(flag));
    if (unknown !== undefined) throw badRequest(`Invalid value '${unknown}' specified for property 'resetScope'.`);
    const job = this.job(principalId, id);
    const stillQuarantined =
      job.status.code === "Quarantine" && !flags.includes("QuarantineState") && !flags.includes("Full");
    if (!stillQuarantined) this.#activate(principalId, job);
  }

  pause(principalId: string, id: string): void {
    const job = this.job(principalId, id);
    this.#cancel(principalId);
    this.#jobs.set(principalId, {
      ...job,
      schedule: { ...job.schedule, state: "Paused" },
      status: { ...job.status, code: "Paused" },
    });
  }

  #activate(principalId: string, job: SyncJob): void {
    this.#jobs.set(principalId, {
      ...job,
      schedule: { ...job.schedule, interval: "PT40M", state: "Active" },
      status: {
        ...job.status,
        code: job.status.lastSuccessfulExecution ? "Active" : "NotRun",
        countSuccessiveCompleteFailures: 0,
        quarantine: null,
      },
    });
    this.#schedule(principalId, this.#host.behaviour.roleImportIntervalMs);
  }

  #schedule(principalId: string, ms: number): void {
    this.#cancel(principalId);
    this.#timers.set(
      principalId,
      this.#host.clock.setTimer(ms, () => this.#cycle(principalId)),
    );
  }

  #cancel(principalId: string): void {
    this.#timers.get(principalId)?.();
    this.#timers.delete(principalId);
  }

  /** What iam:ListRoles shows with the saved key; undefined when AWS refuses it. */
  #visibleRoles(secrets: Map<string, string> | undefined) {
    const seen = this.#host.shared.iam?.rolesVisibleTo(
      secrets?.get("ClientSecret") ?? "",
      secrets?.get("SecretToken") ?? "",
    );
    return seen && "roles" in seen ? seen.roles : undefined;
  }

  #cycle(principalId: string): void {
    const job = this.#jobs.get(principalId);
    const principal = this.#directory.servicePrincipals.get(principalId);
    if (!job) return;
    // Deleted for now: the job runs again once the service principal is restored.
    const roles = principal && this.#visibleRoles(this.#secrets.get(principalId));
    if (!principal) this.#schedule(principalId, this.#host.behaviour.roleImportIntervalMs);
    else if (roles) this.#import(principal, job, importable(roles));
    else this.#quarantine(principalId, job);
  }

  #import(principal: ServicePrincipal, job: SyncJob, values: string[]): void {
    const wanted = new Set(values);
    const disables = this.#host.behaviour.open.roleImportOfChangedRole === "disables";
    const isGone = (role: AppRole) => role.origin === "ServicePrincipal" && !wanted.has(role.value ?? "");
    const kept = disables
      ? principal.appRoles.map((role) => (isGone(role) ? { ...role, isEnabled: false } : role))
      : principal.appRoles.filter((role) => !isGone(role));
    const present = new Set(kept.map(({ value }) => value));
    const added = values.filter((value) => !present.has(value)).map((value) => importedRole(principal.id, value));
    const lost = principal.appRoles.filter((role) => isGone(role) && (role.isEnabled || !disables));
    if (added.length + lost.length > 0)
      this.#directory.servicePrincipals.set({ ...principal, appRoles: [...kept, ...added] });
    const now = wholeSeconds(this.#host.clock.now());
    const changes = added.length + lost.length;
    for (const { value } of added) this.#log(principal, job, "create", value, now);
    for (const { value } of lost) this.#log(principal, job, disables ? "disable" : "delete", value, now);
    const execution = executionOf("Succeeded", now, values.length, changes, null);
    const { status } = job;
    this.#jobs.set(principal.id, {
      ...job,
      status: {
        ...status,
        code: "Active",
        countSuccessiveCompleteFailures: 0,
        lastExecution: execution,
        lastSuccessfulExecution: execution,
        quarantine: null,
        steadyStateFirstAchievedTime:
          status.steadyStateFirstAchievedTime === NEVER ? now : status.steadyStateFirstAchievedTime,
        steadyStateLastAchievedTime: now,
        synchronizedEntryCountByType: [{ key: "Role", value: values.length }],
      },
    });
    this.#schedule(principal.id, this.#host.behaviour.roleImportIntervalMs);
  }

  #log(principal: ServicePrincipal, job: SyncJob, action: string, value: string | null, now: string): void {
    const identity = { id: value, displayName: value, identityType: "Role", details: {} };
    this.#logs.unshift({
      id: randomUUID(),
      activityDateTime: now,
      changeId: randomUUID(),
      cycleId: randomUUID(),
      durationInMilliseconds: 0,
      jobId: job.id,
      modifiedProperties: [],
      provisioningAction: action,
      provisioningStatusInfo: { status: "success", errorInformation: null },
      provisioningSteps: [],
      servicePrincipal: { id: principal.id, displayName: principal.displayName },
      sourceIdentity: identity,
      targetIdentity: identity,
      tenantId: this.#directory.tenant.id,
    });
    if (this.#logs.length > MOST_LOGS) this.#logs.pop();
  }

  /** Daily attempts, for four weeks. */
  #quarantine(principalId: string, job: SyncJob): void {
    const time = this.#host.clock.now();
    const now = wholeSeconds(time);
    const before = job.status.quarantine;
    const began = before?.currentBegan ?? now;
    const over = time.getTime() - Date.parse(began) >= QUARANTINE_LIMIT_MS;
    this.#jobs.set(principalId, {
      ...job,
      schedule: { ...job.schedule, state: over ? "Disabled" : "Active" },
      status: {
        ...job.status,
        code: "Quarantine",
        countSuccessiveCompleteFailures: job.status.countSuccessiveCompleteFailures + 1,
        lastExecution: executionOf("Failed", now, 0, 0, INVALID),
        quarantine: {
          currentBegan: began,
          error: INVALID,
          nextAttempt: over ? NEVER : wholeSeconds(new Date(time.getTime() + DAY_MS)),
          reason: "EncounteredQuarantineException",
          seriesBegan: before?.seriesBegan ?? now,
          seriesCount: (before?.seriesCount ?? 0) + 1,
        },
      },
    });
    if (over) this.#cancel(principalId);
    else this.#schedule(principalId, DAY_MS);
  }
}

const INVALID: SynchronizationError = {
  code: "AmazonWebServicesInvalidCredentials",
  message:
    "We received this unexpected response from your application: The security token included in the request is invalid.",
  tenantActionable: true,
};

function secretsOf(value: unknown): Secret[] {
  if (!Array.isArray(value)) throw badRequest("A list of key and value pairs is required.");
  for (const pair of value as Partial<Secret>[]) {
    if (typeof pair.key !== "string" || !SECRET_KEYS.has(pair.key))
      throw badRequest("Invalid key specified for property 'secrets' of resource 'synchronization'.");
    if (typeof pair.value !== "string")
      throw badRequest("Invalid value specified for property 'secrets' of resource 'synchronization'.");
  }
  return value as Secret[];
}

/** Only roles that trust exactly one SAML provider, when the two ARNs together are short enough (amazon-web-service-tutorial). */
function importable(roles: { arn: string; samlProviderArns: string[] }[]): string[] {
  return roles
    .filter(
      ({ arn, samlProviderArns }) =>
        samlProviderArns.length === 1 && arn.length + samlProviderArns[0]!.length < MAX_ARN_PAIR,
    )
    .map(({ arn, samlProviderArns }) => `${arn},${samlProviderArns[0]}`);
}

function importedRole(principalId: string, value: string): AppRole {
  const names = value.split(",").map((arn) => arn.slice(arn.lastIndexOf("/") + 1));
  return {
    allowedMemberTypes: ["User"],
    description: names[0]!,
    displayName: names.join(","),
    id: stableId(principalId, value),
    isEnabled: true,
    origin: "ServicePrincipal",
    value,
  };
}

function executionOf(
  state: Execution["state"],
  time: string,
  imported: number,
  changes: number,
  error: SynchronizationError | null,
): Execution {
  return {
    activityIdentifier: randomUUID(),
    countEntitled: imported,
    countEntitledForProvisioning: imported,
    countEscrowed: 0,
    countEscrowedRaw: 0,
    countExported: 0,
    countExports: 0,
    countImported: imported,
    countImportedDeltas: changes,
    countImportedReferenceDeltas: 0,
    error,
    state,
    timeBegan: time,
    timeEnded: time,
  };
}
