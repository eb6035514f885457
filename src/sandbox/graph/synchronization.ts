/** Entra's provisioning of the AWS gallery application: it imports IAM roles into the service principal, every 40 minutes or so. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import { type Directory, stableId } from "./directory.ts";
import { badRequest, GraphError, notFound } from "./error.ts";

export interface SyncJob {
  id: string;
  templateId: string;
  schedule: { expiration: null; interval: string; state: "Active" | "Disabled" | "Paused" };
  status: {
    code: "NotConfigured" | "NotRun" | "Active" | "Paused" | "Quarantine";
    countSuccessiveCompleteFailures: number;
    lastExecution: Record<string, unknown> | null;
    lastSuccessfulExecution: Record<string, unknown> | null;
    quarantine: Record<string, unknown> | null;
    steadyStateFirstAchievedTime: string;
  };
}

const DAY = 86_400_000;

export class Synchronization {
  readonly #host: SandboxHost;
  readonly #directory: Directory;
  readonly #jobs = new Map<string, SyncJob[]>();
  readonly #secrets = new Map<string, Map<string, string>>();
  readonly #timers = new Map<string, () => void>();

  constructor(directory: Directory, host: SandboxHost) {
    this.#directory = directory;
    this.#host = host;
  }

  jobs(spId: string): SyncJob[] {
    return this.#jobs.get(spId) ?? [];
  }

  job(spId: string, id: string): SyncJob {
    const job = this.jobs(spId).find((one) => one.id === id);
    if (!job) throw notFound(id);
    return job;
  }

  create(spId: string, templateId: string): SyncJob {
    if (templateId !== "aws") throw badRequest(`Template ${templateId} is not supported by this application.`);
    const existing = this.jobs(spId)[0];
    if (existing) return existing;
    const job: SyncJob = {
      id: `aws.${randomUUID().replaceAll("-", "")}.${randomUUID()}`,
      templateId,
      schedule: { expiration: null, interval: "P10675199DT2H48M5.4775807S", state: "Disabled" },
      status: {
        code: "NotConfigured",
        countSuccessiveCompleteFailures: 0,
        lastExecution: null,
        lastSuccessfulExecution: null,
        quarantine: null,
        steadyStateFirstAchievedTime: "0001-01-01T00:00:00Z",
      },
    };
    this.#jobs.set(spId, [job]);
    return job;
  }

  /** Values are masked: nobody reads a secret back. */
  secrets(spId: string): { key: string; value: string }[] {
    return [...(this.#secrets.get(spId) ?? [])].map(([key]) => ({ key, value: "*" }));
  }

  putSecrets(spId: string, pairs: { key: string; value: string }[]): void {
    const all = this.#secrets.get(spId) ?? new Map<string, string>();
    for (const { key, value } of pairs) {
      if (value === "") all.delete(key);
      else all.set(key, value);
    }
    this.#secrets.set(spId, all);
  }

  validate(
    spId: string,
    body: { credentials?: { key: string; value: string }[]; useSavedCredentials?: boolean },
  ): void {
    const given = new Map((body.credentials ?? []).map(({ key, value }) => [key, value]));
    const all = body.useSavedCredentials ? (this.#secrets.get(spId) ?? given) : given;
    if (this.#roles(all) === undefined)
      throw new GraphError(
        400,
        "CredentialValidationFailure",
        "We received this unexpected response from your application: The security token included in the request is invalid.",
      );
  }

  start(spId: string, id: string): void {
    const job = this.job(spId, id);
    job.schedule = { ...job.schedule, interval: "PT40M", state: "Active" };
    job.status = { ...job.status, code: job.status.lastExecution ? "Active" : "NotRun", quarantine: null };
    this.#schedule(spId, job, this.#host.behaviour.roleImportIntervalMs);
  }

  pause(spId: string, id: string): void {
    const job = this.job(spId, id);
    job.schedule = { ...job.schedule, state: "Paused" };
    job.status = { ...job.status, code: "Paused" };
    this.#timers.get(id)?.();
  }

  remove(spId: string, id: string): void {
    this.job(spId, id);
    this.#timers.get(id)?.();
    this.#jobs.delete(spId);
  }

  #schedule(spId: string, job: SyncJob, ms: number): void {
    this.#timers.get(job.id)?.();
    this.#timers.set(
      job.id,
      this.#host.clock.setTimer(ms, () => this.#run(spId, job)),
    );
  }

  #roles(secrets: Map<string, string>) {
    const seen = this.#host.shared.iam?.rolesVisibleTo(
      secrets.get("ClientSecret") ?? "",
      secrets.get("SecretToken") ?? "",
    );
    return seen && "roles" in seen ? seen.roles : undefined;
  }

  #run(spId: string, job: SyncJob): void {
    const sp = this.#directory.servicePrincipals.get(spId);
    if (!sp) return;
    const now = this.#host.clock.now().toISOString();
    const roles = this.#roles(this.#secrets.get(spId) ?? new Map());
    if (!roles) {
      const began = (job.status.quarantine?.["currentBegan"] as string | undefined) ?? now;
      const expired = Date.parse(now) - Date.parse(began) > 28 * DAY;
      job.status = {
        ...job.status,
        code: "Quarantine",
        countSuccessiveCompleteFailures: job.status.countSuccessiveCompleteFailures + 1,
        lastExecution: {
          activityIdentifier: randomUUID(),
          countImported: 0,
          state: "Failed",
          timeBegan: now,
          timeEnded: now,
        },
        quarantine: {
          currentBegan: began,
          nextAttempt: new Date(Date.parse(now) + DAY).toISOString(),
          reason: "EncounteredQuarantineException",
          seriesBegan: began,
          seriesCount: job.status.countSuccessiveCompleteFailures + 1,
          error: {
            code: "InvalidCredentials",
            message: "The security token included in the request is invalid.",
            tenantActionable: true,
          },
        },
      };
      if (expired) job.schedule = { ...job.schedule, state: "Disabled" };
      else this.#schedule(spId, job, DAY);
      return;
    }
    // Only roles that trust exactly one SAML provider, with ARNs of fewer than 240 characters together.
    const values = roles
      .filter(
        ({ arn, samlProviderArns }) => samlProviderArns.length === 1 && arn.length + samlProviderArns[0]!.length < 240,
      )
      .map(({ arn, samlProviderArns }) => `${arn},${samlProviderArns[0]}`);
    const own = sp.appRoles.filter(
      ({ origin, value }) => origin !== "ServicePrincipal" || values.includes(value ?? ""),
    );
    const added = values
      .filter((value) => !own.some((role) => role.value === value))
      .map((value) => ({
        allowedMemberTypes: ["User"],
        description: value.split(",")[0]!.split("/").at(-1)!,
        displayName: value
          .split(",")
          .map((arn) => arn.split("/").at(-1))
          .join(","),
        id: stableId(spId, value),
        isEnabled: true,
        origin: "ServicePrincipal",
        value,
      }));
    if (added.length > 0 || own.length !== sp.appRoles.length)
      this.#directory.servicePrincipals.set(spId, { ...sp, appRoles: [...own, ...added] });
    const execution = {
      activityIdentifier: randomUUID(),
      countImported: values.length,
      countImportedDeltas: added.length,
      state: "Succeeded",
      timeBegan: now,
      timeEnded: now,
    };
    job.status = {
      ...job.status,
      code: "Active",
      countSuccessiveCompleteFailures: 0,
      lastExecution: execution,
      lastSuccessfulExecution: execution,
      quarantine: null,
    };
    this.#schedule(spId, job, this.#host.behaviour.roleImportIntervalMs);
  }
}
