/** Provisioning: the synchronization job and its secrets, which are never logged and never kept. */
import { CloudError } from "../errors.ts";
import { type Json, principalPath, type TenantContext } from "./context.ts";
import { toJob } from "./shapes.ts";
import type { Graph, SyncJob } from "./types.ts";

/** Error codes of a 400 that speaks of the credentials; every other 400 is about our request and must show. */
const REFUSED_CREDENTIALS = /credential|unauthori[sz]ed|authenticationfail/i;

export function synchronizationCalls({ client, write }: TenantContext) {
  const job = (sp: string, id: string) => `${principalPath(sp)}/synchronization/jobs/${encodeURIComponent(id)}`;
  const credentials = (c: { accessKeyId: string; secretAccessKey: string }) => [
    { key: "ClientSecret", value: c.accessKeyId },
    { key: "SecretToken", value: c.secretAccessKey },
  ];

  return {
    syncJobs: async (id, options): Promise<SyncJob[]> =>
      (
        await client.list<Json>({
          operation: "/servicePrincipals/{id}/synchronization/jobs",
          path: `${principalPath(id)}/synchronization/jobs`,
          options,
        })
      ).map(toJob),
    syncTemplates: async (id, options) =>
      (
        await client.list<Json>({
          operation: "/servicePrincipals/{id}/synchronization/templates",
          path: `${principalPath(id)}/synchronization/templates`,
          options,
        })
      ).map((one) => ({ id: String(one.id) })),
    async createSyncJob(id, templateId, options) {
      return toJob(
        (await write({
          method: "POST",
          operation: "/servicePrincipals/{id}/synchronization/jobs",
          path: `${principalPath(id)}/synchronization/jobs`,
          body: { templateId },
          target: `provisioning job of ${id}`,
          options,
        }))!,
      );
    },
    async validateSyncCredentials(id, jobId, c, options) {
      try {
        await write({
          method: "POST",
          operation: "/servicePrincipals/{id}/synchronization/jobs/{id}/validateCredentials",
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
      await write({
        method: "PUT",
        operation: "/servicePrincipals/{id}/synchronization/secrets",
        path: `${principalPath(id)}/synchronization/secrets`,
        body: { value: credentials(c) },
        target: `provisioning secrets of ${id}`,
        options,
      });
    },
    async syncSecretKeys(id, options) {
      const all = await client.list<Json>({
        operation: "/servicePrincipals/{id}/synchronization/secrets",
        path: `${principalPath(id)}/synchronization/secrets`,
        options,
      });
      return all.filter((one) => one.value).map((one) => String(one.key));
    },
    async startSyncJob(id, jobId, options) {
      await write({
        method: "POST",
        operation: "/servicePrincipals/{id}/synchronization/jobs/{id}/start",
        path: `${job(id, jobId)}/start`,
        target: `provisioning job of ${id}`,
        options,
      });
    },
    async restartSyncJob(id, jobId, options) {
      await write({
        method: "POST",
        operation: "/servicePrincipals/{id}/synchronization/jobs/{id}/restart",
        path: `${job(id, jobId)}/restart`,
        body: { criteria: { resetScope: "Watermark, Escrows, QuarantineState" } },
        target: `provisioning job of ${id}`,
        options,
      });
    },
  } satisfies Partial<Graph>;
}
