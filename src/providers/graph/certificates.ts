/** Token signing certificates of service principals: made, uploaded, removed. */
import { type CallOptions, CloudError } from "../errors.ts";
import type { Json, TenantContext } from "./context.ts";
import { principalPath } from "./paths.ts";
import { PRINCIPAL_FIELDS } from "./principals.ts";
import { toServicePrincipal } from "./shapes.ts";
import type { Graph, ServicePrincipal } from "./types.ts";

/** A certificate that was made here is not taken, in a cloud that makes none itself. */
export const UPLOAD_REFUSED = "CertificateUploadRefused";

interface Credentials {
  keyCredentials: Json[];
  passwordCredentials: Json[];
}

/**
 * The lists as a PATCH must send them back: as shown, and with an explicit null for what is never shown. An entry that brings its key
 * along is refused (Azure/AzureStack-Tools GraphAPI, azure-cli#14551; live in terraform-provider-microsoft365#3491).
 */
function keptCredentials(json: Json): Credentials {
  const list = (name: keyof Credentials) => (json[name] ?? []) as Json[];
  return {
    keyCredentials: list("keyCredentials").map((one) => ({ ...one, key: null })),
    passwordCredentials: list("passwordCredentials").map((one) => ({ ...one, secretText: null })),
  };
}

/** The action exists in Microsoft's global cloud only (absent from the descriptions of all national ones). */
function isMissingInCloud(error: unknown): boolean {
  return (
    error instanceof CloudError &&
    (error.status === 400 || error.status === 404 || error.status === 405 || error.status === 501) &&
    /segment|not supported|not implemented/i.test(error.message)
  );
}

export function certificateCalls({ client, inTurn, write }: TenantContext) {
  /** A PATCH replaces both lists, so they are read and written in one turn. `change` sees the certificates, and returns undefined when nothing is to change. */
  const changeCredentials = (
    id: string,
    what: string,
    options: CallOptions | undefined,
    change: (seen: ServicePrincipal, kept: Credentials) => Credentials | undefined | Promise<Credentials>,
  ) =>
    inTurn(principalPath(id), async () => {
      const path = principalPath(id);
      // Certificates are shown to who selects them; the lists to send back are those of a plain read.
      const [selected, plain] = await Promise.all([
        client.read<Json>(`${path}?$select=${PRINCIPAL_FIELDS}`, options),
        client.read<Json>(path, options),
      ]);
      const body = selected && plain && (await change(toServicePrincipal(selected), keptCredentials(plain)));
      if (!body) return;
      const target = `service principal ${id} ${what}`;
      await client.send({ method: "PATCH", path, body, target, options });
    });

  async function upload(
    id: string,
    { displayName, endDateTime }: { displayName: string; endDateTime: string },
    options: CallOptions | undefined,
  ): Promise<void> {
    const { makeOwnCertificate } = await import("./own-certificate.ts");
    try {
      await changeCredentials(id, displayName, options, async (seen, kept) => {
        // The one made last begins last, although our idea of the cloud's time is a second out.
        const begun = seen.keyCredentials.map(({ startDateTime }) => Date.parse(startDateTime) + 1_000);
        const from = new Date(Math.max(client.now().getTime(), ...begun));
        const made = await makeOwnCertificate({ displayName, from, to: new Date(endDateTime) });
        return {
          keyCredentials: [...kept.keyCredentials, ...made.keyCredentials],
          passwordCredentials: [...kept.passwordCredentials, ...made.passwordCredentials],
        };
      });
    } catch (error) {
      if (!(error instanceof CloudError) || error.kind !== "terminal" || error.outcomeUnknown) throw error;
      const { message, status, reason } = error;
      throw new CloudError(message, { kind: "terminal", reason, code: UPLOAD_REFUSED, status, cause: error });
    }
  }

  return {
    async addTokenSigningCertificate(id, certificate, options) {
      try {
        await write({
          method: "POST",
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
      const unwanted = new Set(thumbprints.map((one) => one.toUpperCase()));
      await changeCredentials(id, "remove certificates", options, (seen, kept) => {
        const keyIds = new Set(
          [...seen.keyCredentials, ...seen.passwordCredentials]
            .filter(({ thumbprint }) => thumbprint && unwanted.has(thumbprint))
            .map(({ keyId }) => keyId),
        );
        if (keyIds.size === 0) return undefined;
        const active = seen.preferredTokenSigningKeyThumbprint;
        // A switch that Entra does not show yet: without its certificate no one could sign in.
        if (active && unwanted.has(active))
          throw new CloudError(`certificate ${active} still signs, so it is not removed yet`, {
            kind: "waiting",
            reason: "WaitingForReplication",
            code: "CertificateInUse",
            retryAfterMs: 5_000,
          });
        const left = (list: Json[]) => list.filter(({ keyId }) => !keyIds.has(String(keyId)));
        return {
          keyCredentials: left(kept.keyCredentials),
          passwordCredentials: left(kept.passwordCredentials),
        };
      });
    },
  } satisfies Partial<Graph>;
}
