/** The only place where personas meet SAML metadata; the rules themselves are the domain's. */
import { buildMetadata, checkMetadata, readTrust, type Trust } from "../domain/metadata.ts";

/** Metadata for AWS made of these certificates (base64 DER), once Entra's own has passed the domain's checks. */
export function providerMetadata(
  observed: string,
  tenantId: string,
  certificates: string[],
): { metadata: string } | { refused: string } {
  const check = checkMetadata(observed, { tenantId });
  if (!check.ok) return { refused: check.message };
  const loginHost = new URL(check.ssoUrls[0]!).host;
  return {
    metadata: buildMetadata({ tenantId, loginHost, certificates: certificates.map((derBase64) => ({ derBase64 })) }),
  };
}

/** Whether metadata holds this certificate (base64 DER). White space inside the element does not count. */
export function trustsCertificate(metadata: string | undefined, key: string): boolean {
  return metadata?.replace(/\s+/g, "").includes(key.replace(/\s+/g, "")) ?? false;
}

/** Undefined when it cannot be read. */
export function trustOf(metadata: string): Trust | undefined {
  try {
    return readTrust(metadata);
  } catch {
    return undefined;
  }
}

/** Thumbprints (SHA-1) by which two documents of one issuer differ; undefined when they differ in more, or one cannot be read. */
export function changeOfTrust(from: string, to: string): { added: string[]; removed: string[] } | undefined {
  try {
    const [before, after] = [readTrust(from), readTrust(to)];
    if (before.entityId !== after.entityId || before.ssoUrls.join() !== after.ssoUrls.join()) return undefined;
    const thumbprints = (trust: Trust) => trust.signingCertificates.map(({ thumbprintSha1 }) => thumbprintSha1);
    const [old, now] = [thumbprints(before), thumbprints(after)];
    return {
      added: now.filter((one) => !old.includes(one)),
      removed: old.filter((one) => !now.includes(one)),
    };
  } catch {
    return undefined;
  }
}

/** SHA-256 fingerprints of the certificates, for the plan. */
export function describeCertificates(metadata: string): string {
  try {
    return (
      readTrust(metadata)
        .signingCertificates.map((one) => one.fingerprintSha256)
        .join(", ") || "(none)"
    );
  } catch {
    return "(unreadable)";
  }
}
