/** Service principals: found, changed, and brought back when only they are gone. */
import { type CallOptions, CloudError } from "../errors.ts";
import type { Json, TenantContext } from "./context.ts";
import { literal, path, principalPath } from "./paths.ts";
import { toServicePrincipal } from "./shapes.ts";
import type { Graph, ServicePrincipal } from "./types.ts";

export const PRINCIPAL_FIELDS =
  "id,appId,displayName,accountEnabled,appRoleAssignmentRequired,preferredSingleSignOnMode,samlSingleSignOnSettings,loginUrl,notificationEmailAddresses,preferredTokenSigningKeyThumbprint,appRoles,tags,keyCredentials,passwordCredentials";

const DELETED = "/directory/deletedItems/microsoft.graph.servicePrincipal";

async function findPrincipal(
  { client }: TenantContext,
  appId: string,
  options: CallOptions | undefined,
): Promise<ServicePrincipal | undefined> {
  const [first] = await client.list<Json>(`/servicePrincipals?$filter=appId eq ${literal(appId)}`, options);
  return first && toServicePrincipal(first);
}

/** Takes one object out of deletedItems, and nothing that belongs to it (directory-deleteditems-restore). */
export function restoreDeleted(
  { write }: TenantContext,
  id: string,
  target: string,
  options: CallOptions | undefined,
): Promise<Json | undefined> {
  return write({ method: "POST", path: path`/directory/deletedItems/${id}/restore`, body: {}, target, options });
}

/** See Graph.ensureServicePrincipal. */
export async function ensurePrincipal(
  context: TenantContext,
  appId: string,
  options: CallOptions | undefined,
): Promise<ServicePrincipal> {
  const { client, write } = context;
  const known = await findPrincipal(context, appId, options);
  if (known) return known;
  const deleted = await client.list<Json>(`${DELETED}?$top=100`, options);
  const gone = deleted.find((one) => one.appId === appId);
  try {
    const json = gone
      ? await restoreDeleted(context, String(gone.id), `service principal of ${appId}`, options)
      : await write({
          method: "POST",
          path: "/servicePrincipals",
          body: { appId },
          target: `service principal of ${appId}`,
          options,
        });
    return toServicePrincipal(json!);
  } catch (error) {
    if (!(error instanceof CloudError) || error.reason !== "AlreadyExists") throw error;
    throw new CloudError(`the service principal of ${appId} exists and does not show yet`, {
      kind: "waiting",
      reason: "WaitingForReplication",
      code: error.code,
      status: error.status,
      retryAfterMs: 5_000,
      cause: error,
    });
  }
}

export function principalCalls(context: TenantContext) {
  const { client, write } = context;
  return {
    async getServicePrincipal(id, options) {
      const json = await client.read<Json>(`${principalPath(id)}?$select=${PRINCIPAL_FIELDS}`, options);
      return json && toServicePrincipal(json);
    },
    findServicePrincipal: (appId, options) => findPrincipal(context, appId, options),
    ensureServicePrincipal: (appId, options) => ensurePrincipal(context, appId, options),
    async patchServicePrincipal(id, patch, options) {
      await write({
        method: "PATCH",
        path: principalPath(id),
        body: patch,
        target: `service principal ${id} ${Object.keys(patch).join(",")}`,
        options,
      });
    },
  } satisfies Partial<Graph>;
}
