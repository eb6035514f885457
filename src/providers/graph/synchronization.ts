/** Provisioning: the synchronization job and its secrets, which are never logged and never kept. */
import { CloudError } from "../errors.ts";
import type { GraphRequest } from "./client.ts";
import type { Json, TenantContext } from "./context.ts";
import { path, principalPath } from "./paths.ts";
import { toJob } from "./shapes.ts";
import type { Graph, SyncJob } from "./types.ts";

/** Error codes of a 400 that is about the credentials; every other 400 is about our request and must show. */
const REFUSED_CREDENTIALS = /credential|unauthori[sz]ed|authenticationfail/i;

/**
 * How long provisioning may take to know a new service principal. Until then it answers 403, with the words for a missing permission, and
 * 409. Source: terraform-provider-azuread internal/services/synchronization, which retries both on every call.
 */
const KNOWN_WITHIN_MS = 300_000;
const LOOK_AGAIN_MS = 10_000;

/**
 * Turns what provisioning answers about a service principal that it does not know yet into waiting. One replica may know it before
 * another, so that an answer to one call promises none to the next.
 */
function createPatience(now: () => number) {
  /** When each service principal was first asked about. */
  const firstCall = new Map<string, number>();
  return async <T>(id: string, run: () => Promise<T>): Promise<T> => {
    const since = firstCall.get(id) ?? now();
    firstCall.set(id, since);
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      // Deleted: restored, it is new again.
      if (error.status === 404) firstCall.delete(id);
      const isEarly = now() - since < KNOWN_WITHIN_MS;
      if (!isEarly || (error.status !== 403 && error.status !== 409)) throw error;
      throw new CloudError(
        `Entra's provisioning refuses service principal ${id}: it does not know it yet, or a permission is missing (${error.message})`,
        { ...error, kind: "waiting", reason: "WaitingForReplication", retryAfterMs: LOOK_AGAIN_MS, cause: error },
      );
    }
  };
}

export function synchronizationCalls({ client, write: send }: TenantContext) {
  const patiently = createPatience(() => client.now().getTime());
  const job = (sp: string, id: string) => path`/servicePrincipals/${sp}/synchronization/jobs/${id}`;
  const list = (id: string, what: string, options: GraphRequest["options"]) =>
    client.list<Json>(`${principalPath(id)}/synchronization/${what}`, options);
  const write = (id: string, request: GraphRequest) => patiently(id, () => send(request));
  const credentials = (c: { accessKeyId: string; secretAccessKey: string }) => [
    { key: "ClientSecret", value: c.accessKeyId },
    { key: "SecretToken", value: c.secretAccessKey },
  ];

  return {
    syncJobs: async (id, options): Promise<SyncJob[]> =>
      (await patiently(id, () => list(id, "jobs", options))).map(toJob),
    syncTemplates: async (id, options) =>
      (await patiently(id, () => list(id, "templates", options))).map((one) => ({ id: String(one.id) })),
    async createSyncJob(id, templateId, options) {
      return toJob(
        (await write(id, {
          method: "POST",
          path: `${principalPath(id)}/synchronization/jobs`,
          body: { templateId },
          target: `provisioning job of ${id}`,
          options,
        }))!,
      );
    },
    async validateSyncCredentials(id, jobId, c, options) {
      try {
        await write(id, {
          method: "POST",
          path: `${job(id, jobId)}/validateCredentials`,
          body: { credentials: credentials(c) },
          target: `provisioning job of ${id}`,
          options,
        });
        return true;
      } catch (error) {
        if (error instanceof CloudError && error.status === 400 && REFUSED_CREDENTIALS.test(error.code)) return false;
        throw error;
      }
    },
    async putSyncSecrets(id, c, options) {
      await write(id, {
        method: "PUT",
        path: `${principalPath(id)}/synchronization/secrets`,
        body: { value: credentials(c) },
        target: `provisioning secrets of ${id}`,
        options,
      });
    },
    async syncSecretKeys(id, options) {
      try {
        const all = await list(id, "secrets", options);
        return all.filter((one) => one.value).map((one) => String(one.key));
      } catch (error) {
        // The permissions reference is silent about this read; nothing else depends on it.
        if (error instanceof CloudError && error.status === 403) return undefined;
        throw error;
      }
    },
    async deleteSyncJob(id, jobId, options) {
      try {
        await write(id, {
          method: "DELETE",
          path: job(id, jobId),
          target: `provisioning job of ${id}`,
          options,
        });
      } catch (error) {
        if (!(error instanceof CloudError) || error.status !== 404) throw error;
      }
    },
    async startSyncJob(id, jobId, options) {
      await write(id, {
        method: "POST",
        path: `${job(id, jobId)}/start`,
        target: `provisioning job of ${id}`,
        options,
      });
    },
    async restartSyncJob(id, jobId, options) {
      await write(id, {
        method: "POST",
        path: `${job(id, jobId)}/restart`,
        body: { criteria: { resetScope: "Watermark, Escrows, QuarantineState" } },
        target: `provisioning job of ${id}`,
        options,
      });
    },
  } satisfies Partial<Graph>;
}
