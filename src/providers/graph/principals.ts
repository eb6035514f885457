/** Service principals and their token signing certificates. */
import { type CallOptions, CloudError } from "../errors.ts";
import { type Json, literal, principalPath, type TenantContext } from "./context.ts";
import { toServicePrincipal } from "./shapes.ts";
import type { Graph, ServicePrincipal } from "./types.ts";

const PRINCIPAL_FIELDS =
  "id,appId,displayName,accountEnabled,appRoleAssignmentRequired,preferredSingleSignOnMode,samlSingleSignOnSettings,loginUrl,notificationEmailAddresses,preferredTokenSigningKeyThumbprint,appRoles,tags,keyCredentials,passwordCredentials";

/** A certificate that was made here is not taken, in a cloud that makes none itself. */
export const UPLOAD_REFUSED = "CertificateUploadRefused";

interface Credentials {
  keyCredentials: Json[];
  passwordCredentials: Json[];
}
const credentialsOf = (json: Json, name: keyof Credentials) => (json[name] ?? []) as Json[];

/** The action exists in Microsoft's global cloud only (absent from the descriptions of all national ones). */
function isMissingInCloud(error: unknown): boolean {
  return (
    error instanceof CloudError &&
    (error.status === 400 || error.status === 404 || error.status === 405 || error.status === 501) &&
    /segment|not supported|not implemented/i.test(error.message)
  );
}

export function principalCalls({ client, inTurn, write }: TenantContext) {
  /** Both lists are replaced by a PATCH: read and written in one turn. What was read back goes without a key that is not shown: the service keeps its own. */
  const changeCredentials = (
    id: string,
    deed: string,
    options: CallOptions | undefined,
    change: (json: Json) => Credentials | undefined | Promise<Credentials>,
  ) =>
    inTurn(principalPath(id), async () => {
      const path = principalPath(id);
      const operation = "/servicePrincipals/{id}";
      const json = await client.read<Json>({ operation, path: `${path}?$select=${PRINCIPAL_FIELDS}`, options });
      const body = json && (await change(json));
      if (!body) return;
      await client.send({
        method: "PATCH",
        operation,
        path,
        body,
        target: `service principal ${id} ${deed}`,
        options,
      });
    });

  async function upload(
    id: string,
    { displayName, endDateTime }: { displayName: string; endDateTime: string },
    options: CallOptions | undefined,
  ): Promise<void> {
    const { makeOwnCertificate } = await import("./own-certificate.ts");
    try {
      await changeCredentials(id, displayName, options, async (json) => {
        const keys = credentialsOf(json, "keyCredentials");
        // The one made last begins last, although our idea of the cloud's time is a second out.
        const begun = keys.map(({ startDateTime }) => Date.parse(String(startDateTime)) + 1);
        const from = new Date(Math.max(client.now().getTime(), ...begun));
        const made = await makeOwnCertificate({ displayName, from, to: new Date(endDateTime) });
        return {
          keyCredentials: [...keys, ...made.keyCredentials],
          passwordCredentials: [...credentialsOf(json, "passwordCredentials"), ...made.passwordCredentials],
        };
      });
    } catch (error) {
      if (!(error instanceof CloudError) || error.kind !== "terminal" || error.outcomeUnknown) throw error;
      const { message, status, reason } = error;
      throw new CloudError(message, { kind: "terminal", reason, code: UPLOAD_REFUSED, status, cause: error });
    }
  }

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
      try {
        await write({
          method: "POST",
          operation: "/servicePrincipals/{id}/addTokenSigningCertificate",
          path: `${principalPath(id)}/addTokenSigningCertificate`,
          body: certificate,
          target: `service principal ${id} ${certificate.displayName}`,
          options,
        });
      } catch (error) {
        if (!isMissingInCloud(error)) throw error;
        await upload(id, certificate, options);
      }
    },
    async removeSigningCertificates(id, thumbprints, options) {
      const gone = new Set(thumbprints.map((one) => one.toUpperCase()));
      await changeCredentials(id, "remove certificates", options, (json) => {
        const view = toServicePrincipal(json);
        const doomed = new Set(
          [...view.keyCredentials, ...view.passwordCredentials]
            .filter(({ thumbprint }) => thumbprint && gone.has(thumbprint))
            .map(({ keyId }) => keyId),
        );
        if (doomed.size === 0) return undefined;
        const kept = (list: Json[]) => list.filter(({ keyId }) => !doomed.has(String(keyId)));
        return {
          keyCredentials: kept(credentialsOf(json, "keyCredentials")),
          passwordCredentials: kept(credentialsOf(json, "passwordCredentials")),
        };
      });
    },
  } satisfies Partial<Graph>;
}
