/** The port `Graph` over one tenant. Writes of one application or service principal go one after the other: Graph loses updates otherwise. */
import { type CallOptions, CloudError } from "../errors.ts";
import type { GraphClient, GraphRequest } from "./client.ts";
import { Assignments, People } from "./people.ts";
import { toApplication, toAssignment, toJob, toServicePrincipal } from "./shapes.ts";
import type {
  Application,
  AppRole,
  Assignment,
  ClaimsMappingPolicy,
  EntraGroup,
  Graph,
  ServicePrincipal,
  SyncJob,
} from "./types.ts";

type Json = Record<string, unknown>;
const PRINCIPAL_FIELDS =
  "id,appId,displayName,accountEnabled,appRoleAssignmentRequired,preferredSingleSignOnMode,samlSingleSignOnSettings,loginUrl,notificationEmailAddresses,preferredTokenSigningKeyThumbprint,appRoles,tags,keyCredentials,passwordCredentials";

/** Groups whose members are remembered; the oldest goes first. */
const MEMBERS_KEPT = 200;

const literal = (value: string) => encodeURIComponent(`'${value.replaceAll("'", "''")}'`);

export interface TenantOptions {
  tenantId: string;
  client: GraphClient;
  /** Of the login service, for example https://login.microsoftonline.com. */
  loginUrl: string;
  timeoutMs?: number;
}

export function createTenant({ tenantId, client, loginUrl, timeoutMs = 15_000 }: TenantOptions): Graph {
  const people = new People(client);
  const assignments = new Map<string, Assignments>();
  const members = new Map<string, { ids: string[]; at: number }>();
  const locks = new Map<string, Promise<unknown>>();
  const assignmentsOf = (id: string): Assignments => {
    const found = assignments.get(id) ?? new Assignments(client, id);
    assignments.set(id, found);
    return found;
  };
  const inTurn = async <T>(key: string, run: () => Promise<T>): Promise<T> => {
    const before = locks.get(key) ?? Promise.resolve();
    const mine = before.then(run, run);
    const settled = mine.catch(() => undefined);
    locks.set(key, settled);
    try {
      return await mine;
    } finally {
      if (locks.get(key) === settled) locks.delete(key);
    }
  };
  const write = (request: GraphRequest) =>
    inTurn(request.path.split("/").slice(0, 3).join("/"), () => client.send<Json>(request));
  const application = (id: string) => `/applications/${id}`;
  const principal = (id: string) => `/servicePrincipals/${id}`;
  const listApplications = (path: string, operation: string, options?: CallOptions) =>
    client.list<Json>({ operation, path, options }).then((all) => all.map(toApplication));
  const job = (sp: string, id: string) => `${principal(sp)}/synchronization/jobs/${encodeURIComponent(id)}`;
  const credentials = (c: { accessKeyId: string; secretAccessKey: string }) => [
    { key: "ClientSecret", value: c.accessKeyId },
    { key: "SecretToken", value: c.secretAccessKey },
  ];

  return {
    tenantId,
    now: () => client.now(),

    async instantiate(templateId, displayName, options) {
      try {
        const json = await client.send<{ application: Json; servicePrincipal: Json }>({
          method: "POST",
          operation: "/applicationTemplates/{id}/instantiate",
          path: `/applicationTemplates/${templateId}/instantiate`,
          body: { displayName },
          target: displayName,
          options,
        });
        return {
          application: toApplication(json!.application),
          servicePrincipal: toServicePrincipal(json!.servicePrincipal),
        };
      } catch (error) {
        // A 404 here has been seen although the objects were made.
        if (error instanceof CloudError && error.status === 404)
          throw new CloudError(error.message, { ...error, kind: "waiting", outcomeUnknown: true, cause: error });
        throw error;
      }
    },
    async getApplication(id, options) {
      const json = await client.read<Json>({ operation: "/applications/{id}", path: application(id), options });
      return json && toApplication(json);
    },
    async findApplications(filter, options) {
      const clause =
        "displayName" in filter
          ? `displayName eq ${literal(filter.displayName)}`
          : "appId" in filter
            ? `appId eq ${literal(filter.appId)}`
            : "identifierUri" in filter
              ? `identifierUris/any(x:x eq ${literal(filter.identifierUri)})`
              : "identifierUriPrefix" in filter
                ? `identifierUris/any(x:startswith(x,${literal(filter.identifierUriPrefix)}))`
                : "tag" in filter
                  ? `tags/any(x:x eq ${literal(filter.tag)})`
                  : `applicationTemplateId eq ${literal(filter.templateId)}`;
      return listApplications(`/applications?$filter=${clause}&$top=100`, "/applications", options);
    },
    async patchApplication(id, patch, options) {
      const body: Json = {
        ...patch,
        ...(patch.appRoles ? { appRoles: patch.appRoles.map((role: AppRole) => ({ ...role })) } : {}),
      };
      await write({
        method: "PATCH",
        operation: "/applications/{id}",
        path: application(id),
        body,
        target: `application ${id} ${Object.keys(patch).join(",")}`,
        options,
      });
    },
    async deleteApplication(id, options) {
      await gone(() =>
        write({
          method: "DELETE",
          operation: "/applications/{id}",
          path: application(id),
          target: `application ${id}`,
          options,
        }),
      );
    },
    async findDeletedApplications(filter, options) {
      const all = await listApplications(
        "/directory/deletedItems/microsoft.graph.application?$top=100",
        "/directory/deletedItems/microsoft.graph.application",
        options,
      );
      return all.filter((one: Application) =>
        "displayName" in filter ? one.displayName === filter.displayName : one.tags.includes(filter.tag),
      );
    },
    async owners(kind, id, options) {
      const segment = kind === "application" ? "applications" : "servicePrincipals";
      const all = await client.list<Json>({
        operation: `/${segment}/{id}/owners`,
        path: `/${segment}/${id}/owners?$select=id`,
        options,
      });
      return all.map((owner) => String(owner.id));
    },

    async getServicePrincipal(id, options) {
      const json = await client.read<Json>({
        operation: "/servicePrincipals/{id}",
        path: `${principal(id)}?$select=${PRINCIPAL_FIELDS}`,
        options,
      });
      return json && toServicePrincipal(json);
    },
    async findServicePrincipal(appId, options): Promise<ServicePrincipal | undefined> {
      const [first] = await client.list<Json>({
        operation: "/servicePrincipals",
        path: `/servicePrincipals?$filter=appId eq ${literal(appId)}`,
        options,
      });
      return first && toServicePrincipal(first);
    },
    async patchServicePrincipal(id, patch, options) {
      await write({
        method: "PATCH",
        operation: "/servicePrincipals/{id}",
        path: principal(id),
        body: patch,
        target: `service principal ${id} ${Object.keys(patch).join(",")}`,
        options,
      });
    },
    async addTokenSigningCertificate(id, certificate, options) {
      const json = await write({
        method: "POST",
        operation: "/servicePrincipals/{id}/addTokenSigningCertificate",
        path: `${principal(id)}/addTokenSigningCertificate`,
        body: certificate,
        target: `service principal ${id} ${certificate.displayName}`,
        options,
      });
      return {
        thumbprint: String(json!.thumbprint).toUpperCase(),
        keyId: String(json!.keyId),
        key: String(json!.key),
        endDateTime: String(json!.endDateTime),
      };
    },
    async removeSigningCertificates(id, thumbprints, options) {
      const gone = new Set(thumbprints.map((one) => one.toUpperCase()));
      const path = principal(id);
      await inTurn(path, async () => {
        const json = await client.read<Json>({
          operation: "/servicePrincipals/{id}",
          path: `${path}?$select=${PRINCIPAL_FIELDS}`,
          options,
        });
        if (!json) return;
        const view = toServicePrincipal(json);
        const doomed = new Set(
          [...view.keyCredentials, ...view.passwordCredentials]
            .filter(({ thumbprint }) => thumbprint && gone.has(thumbprint))
            .map(({ keyId }) => keyId),
        );
        if (doomed.size === 0) return;
        // Kept entries go without `key`: the service keeps theirs (by keyId), and a certificate never travels needlessly.
        const kept = (name: string) => (json[name] as Json[]).filter(({ keyId }) => !doomed.has(String(keyId)));
        const body = { keyCredentials: kept("keyCredentials"), passwordCredentials: kept("passwordCredentials") };
        await client.send({
          method: "PATCH",
          operation: "/servicePrincipals/{id}",
          path,
          body,
          target: `service principal ${id} remove certificates`,
          options,
        });
      });
    },

    assignments: (id, options) => assignmentsOf(id).all(options),
    assignmentsOf: (id, principalId, options) => assignmentsOf(id).of(principalId, options),
    async assign(id, principalId, appRoleId, options) {
      const request = {
        operation: "/servicePrincipals/{id}/appRoleAssignedTo",
        path: `${principal(id)}/appRoleAssignedTo`,
        target: `role of service principal ${id} to ${principalId}`,
        options,
      };
      try {
        const json = await write({ ...request, method: "POST", body: { principalId, resourceId: id, appRoleId } });
        const made = toAssignment(json!);
        assignmentsOf(id).wrote(made.id, made);
      } catch (error) {
        if (!(error instanceof CloudError) || (error.reason !== "AlreadyExists" && !error.outcomeUnknown)) throw error;
        const found = (await assignmentsOf(id).of(principalId, { ...options, maxAgeMs: 0 })).some(
          (one: Assignment) => one.appRoleId === appRoleId,
        );
        // The list lags: a duplicate is there although it does not show yet.
        if (!found && error.reason !== "AlreadyExists") throw error;
      }
    },
    async unassign(id, assignmentId, options) {
      await gone(() =>
        write({
          method: "DELETE",
          operation: "/servicePrincipals/{id}/appRoleAssignedTo/{id}",
          path: `${principal(id)}/appRoleAssignedTo/${assignmentId}`,
          target: `assignment ${assignmentId}`,
          options,
        }),
      );
      assignmentsOf(id).wrote(assignmentId, undefined);
    },

    user: (key, options) => people.find("objectId" in key ? key.objectId : key.userPrincipalName, options),
    async findGroups(filter, options) {
      if ("id" in filter) {
        const json = await client.read<Json>({
          operation: "/groups/{id}",
          path: `/groups/${filter.id}?$select=id,displayName`,
          options,
        });
        return json ? [toGroup(json)] : [];
      }
      return (
        await client.list<Json>({
          operation: "/groups",
          path: `/groups?$filter=displayName eq ${literal(filter.displayName)}&$select=id,displayName`,
          options,
        })
      ).map(toGroup);
    },
    async groupMemberIds(id, options) {
      const cached = members.get(id);
      if (cached && Date.now() - cached.at < (options?.maxAgeMs ?? 0)) return cached.ids;
      const at = Date.now();
      const all = await client.list<Json>({
        operation: "/groups/{id}/members",
        path: `/groups/${id}/members?$select=id&$top=999`,
        options,
      });
      const ids = all.map((one) => String(one.id));
      members.delete(id);
      members.set(id, { ids, at });
      if (members.size > MEMBERS_KEPT) members.delete(members.keys().next().value!);
      return ids;
    },

    claimsPoliciesOf: async (id, options) =>
      (
        await client.list<Json>({
          operation: "/servicePrincipals/{id}/claimsMappingPolicies",
          path: `${principal(id)}/claimsMappingPolicies`,
          options,
        })
      ).map(toClaimsPolicy),
    findClaimsPolicies: async (displayName, options) =>
      (
        await client.list<Json>({
          operation: "/policies/claimsMappingPolicies",
          path: `/policies/claimsMappingPolicies?$filter=displayName eq ${literal(displayName)}`,
          options,
        })
      ).map(toClaimsPolicy),
    async createClaimsPolicy(policy, options) {
      const json = await client.send<Json>({
        method: "POST",
        operation: "/policies/claimsMappingPolicies",
        path: "/policies/claimsMappingPolicies",
        body: { ...policy, isOrganizationDefault: false },
        target: policy.displayName,
        options,
      });
      return toClaimsPolicy(json!);
    },
    async updateClaimsPolicy(id, { definition }, options) {
      await client.send({
        method: "PATCH",
        operation: "/policies/claimsMappingPolicies/{id}",
        path: `/policies/claimsMappingPolicies/${id}`,
        body: { definition },
        target: `claims policy ${id}`,
        options,
      });
    },
    async deleteClaimsPolicy(id, options) {
      await gone(() =>
        client.send({
          method: "DELETE",
          operation: "/policies/claimsMappingPolicies/{id}",
          path: `/policies/claimsMappingPolicies/${id}`,
          target: `claims policy ${id}`,
          options,
        }),
      );
    },
    async attachClaimsPolicy(id, policyId, options) {
      const base = client.baseUrl;
      await write({
        method: "POST",
        operation: "/servicePrincipals/{id}/claimsMappingPolicies/$ref",
        path: `${principal(id)}/claimsMappingPolicies/$ref`,
        body: { "@odata.id": `${base}/v1.0/policies/claimsMappingPolicies/${policyId}` },
        target: `claims policy ${policyId} on ${id}`,
        options,
      });
    },
    async detachClaimsPolicy(id, policyId, options) {
      await gone(() =>
        write({
          method: "DELETE",
          operation: "/servicePrincipals/{id}/claimsMappingPolicies/{id}/$ref",
          path: `${principal(id)}/claimsMappingPolicies/${policyId}/$ref`,
          target: `claims policy ${policyId} on ${id}`,
          options,
        }),
      );
    },

    syncJobs: async (id, options): Promise<SyncJob[]> =>
      (
        await client.list<Json>({
          operation: "/servicePrincipals/{id}/synchronization/jobs",
          path: `${principal(id)}/synchronization/jobs`,
          options,
        })
      ).map(toJob),
    syncTemplates: async (id, options) =>
      (
        await client.list<Json>({
          operation: "/servicePrincipals/{id}/synchronization/templates",
          path: `${principal(id)}/synchronization/templates`,
          options,
        })
      ).map((one) => ({ id: String(one.id) })),
    async createSyncJob(id, templateId, options) {
      return toJob(
        (await write({
          method: "POST",
          operation: "/servicePrincipals/{id}/synchronization/jobs",
          path: `${principal(id)}/synchronization/jobs`,
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
        path: `${principal(id)}/synchronization/secrets`,
        body: { value: credentials(c) },
        target: `provisioning secrets of ${id}`,
        options,
      });
    },
    async syncSecretKeys(id, options) {
      const all = await client.list<Json>({
        operation: "/servicePrincipals/{id}/synchronization/secrets",
        path: `${principal(id)}/synchronization/secrets`,
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

    federationMetadata: (appId, options) =>
      fetchMetadata(
        `${loginUrl}/${tenantId}/federationmetadata/2007-06/federationmetadata.xml?appid=${encodeURIComponent(appId)}`,
        timeoutMs,
        options,
      ),
  };
}

const toGroup = (json: Json): EntraGroup => ({
  id: String(json.id),
  displayName: String(json.displayName ?? ""),
});
const toClaimsPolicy = (json: Json): ClaimsMappingPolicy => ({
  id: String(json.id),
  displayName: String(json.displayName ?? ""),
  definition: (json.definition as string[] | undefined) ?? [],
});

/** Error codes of a 400 that speaks of the credentials; every other 400 is about our request and must show. */
const REFUSED_CREDENTIALS = /credential|unauthori[sz]ed|authenticationfail/i;

/** Not found is done. */
async function gone(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof CloudError && error.status === 404)) throw error;
  }
}

const METADATA_BYTES = 1024 * 1024;

/** No token, no redirect, and no more than 1 MiB is read. */
async function fetchMetadata(url: string, timeoutMs: number, options: CallOptions = {}): Promise<string> {
  const fail = (message: string, status?: number) =>
    new CloudError(`federation metadata: ${message}`, {
      kind: status === 400 || status === 404 ? "waiting" : "transient",
      reason: "MetadataUnavailable",
      code: "Metadata",
      status,
      retryAfterMs: 5_000,
    });
  let response: Response;
  try {
    response = await fetch(url, {
      redirect: "error",
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(options.signal ? [options.signal] : [])]),
    });
  } catch {
    throw fail("no answer");
  }
  if (!response.ok) throw fail(`HTTP ${response.status}`, response.status);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > METADATA_BYTES)
        throw new CloudError("federation metadata is refused: it is larger than 1 MiB", {
          kind: "terminal",
          reason: "MetadataRefused",
          code: "MetadataTooLarge",
        });
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof CloudError) throw error;
    throw fail("the answer was cut");
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(chunks));
}
