/** Service principals and their token signing certificates. */
import { type Json, literal, principalPath, type TenantContext } from "./context.ts";
import { toServicePrincipal } from "./shapes.ts";
import type { Graph, ServicePrincipal } from "./types.ts";

const PRINCIPAL_FIELDS =
  "id,appId,displayName,accountEnabled,appRoleAssignmentRequired,preferredSingleSignOnMode,samlSingleSignOnSettings,loginUrl,notificationEmailAddresses,preferredTokenSigningKeyThumbprint,appRoles,tags,keyCredentials,passwordCredentials";

export function principalCalls({ client, inTurn, write }: TenantContext) {
  return {
    async getServicePrincipal(id, options) {
      const json = await client.read<Json>({
        operation: "/servicePrincipals/{id}",
        path: `${principalPath(id)}?$select=${PRINCIPAL_FIELDS}`,
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
        path: principalPath(id),
        body: patch,
        target: `service principal ${id} ${Object.keys(patch).join(",")}`,
        options,
      });
    },
    async addTokenSigningCertificate(id, certificate, options) {
      const json = await write({
        method: "POST",
        operation: "/servicePrincipals/{id}/addTokenSigningCertificate",
        path: `${principalPath(id)}/addTokenSigningCertificate`,
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
      const path = principalPath(id);
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
  } satisfies Partial<Graph>;
}
