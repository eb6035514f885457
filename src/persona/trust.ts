/** The only place where personas meet SAML metadata; the rules themselves are the domain's. */
import { buildMetadata, checkMetadata, describeTrust, sameTrust } from "../domain/metadata.ts";

/** Metadata for AWS made of these certificates (base64 DER), once Entra's own has passed the domain's checks. */
export function providerMetadata(
  observed: string,
  tenantId: string,
  certificates: string[],
): { metadata: string } | { refused: string } {
  try {
    checkMetadata(observed, { tenantId });
  } catch (error) {
    return { refused: (error as Error).message };
  }
  const loginHost = /Location="https?:\/\/([^/"]+)\//.exec(observed)?.[1] ?? "login.microsoftonline.com";
  return { metadata: buildMetadata({ tenantId, loginHost, certificates }) };
}

/** Whether metadata holds this certificate (base64 DER). White space inside the element does not count. */
export function trustsCertificate(metadata: string | undefined, key: string): boolean {
  return metadata !== undefined && metadata.replace(/\s+/g, "").includes(key.replace(/\s+/g, ""));
}

export function equalTrust(a: string, b: string): boolean {
  return sameTrust(a, b);
}

/** Fingerprints of the certificates, for events and differences. */
export function describeCertificates(metadata: string): string {
  return String(describeTrust(metadata));
}
