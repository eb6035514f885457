/** Certificates and passwords of applications and service principals. */
import { createHash, randomUUID } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { SandboxHost } from "../host.ts";
import { createCertificate } from "./certificate.ts";
import type { Directory } from "./directory.ts";
import { badRequest, invalidValue, notFound } from "./error.ts";
import type { Body } from "./router.ts";
import type { KeyCredential, PasswordCredential, ServicePrincipal } from "./shapes.ts";

const DAY_MS = 86_400_000;
/** Three years, one of them a leap year. */
const MAX_LIFETIME_MS = (3 * 365 + 1) * DAY_MS;

/** Upper-case hex SHA-1 of a credential's certificate: certificates made here carry it in base64, uploaded ones in hex. */
export function thumbprintOf({ customKeyIdentifier }: { customKeyIdentifier: string | null }): string {
  const identifier = customKeyIdentifier ?? "";
  if (/^[0-9A-Fa-f]{40}$/.test(identifier)) return identifier.toUpperCase();
  return Buffer.from(identifier, "base64").toString("hex").toUpperCase();
}

/**
 * The list that a PATCH asks for: entries known by keyId keep their key, new ones must bring one. A key to sign with is a PFX that the
 * password of the same id, in the same request, opens; it is never shown.
 */
export function uploadedKeys(old: KeyCredential[], given: unknown, passwords: unknown = []): KeyCredential[] {
  return (given as Partial<KeyCredential>[]).map((entry) => {
    const known = old.find(({ keyId }) => keyId === entry.keyId);
    if (known) return known;
    if (!entry.key || !entry.usage || !entry.type) throw invalidValue("keyCredentials", "KeyCredential");
    if (TYPE_OF[entry.usage] !== entry.type) throw invalidValue("keyCredentials", "KeyCredential");
    if (entry.usage === "Sign") checkPfx(entry, passwords as Partial<PasswordCredential>[]);
    const sha1 = createHash("sha1").update(Buffer.from(entry.key, "base64")).digest("hex").toUpperCase();
    return {
      customKeyIdentifier: entry.customKeyIdentifier ?? sha1,
      displayName: entry.displayName ?? null,
      endDateTime: entry.endDateTime ?? new Date(Date.now() + 365 * DAY_MS).toISOString(),
      key: entry.usage === "Sign" ? null : entry.key,
      keyId: entry.keyId ?? randomUUID(),
      startDateTime: entry.startDateTime ?? new Date().toISOString(),
      type: entry.type,
      usage: entry.usage,
    };
  });
}

const TYPE_OF: Record<string, string> = { Sign: "X509CertAndPassword", Verify: "AsymmetricX509Cert" };

function checkPfx(
  { key, keyId, customKeyIdentifier }: Partial<KeyCredential>,
  passwords: Partial<PasswordCredential>[],
): void {
  const password = passwords.find((one) => one.keyId === keyId && one.customKeyIdentifier === customKeyIdentifier);
  try {
    if (keyId === undefined || !password?.secretText) throw new Error("no password");
    createSecureContext({ pfx: Buffer.from(key!, "base64"), passphrase: password.secretText });
  } catch {
    throw invalidValue("keyCredentials", "KeyCredential");
  }
}

/** Passwords are made by the service, except the one that opens an uploaded signing key (it has the key's id). */
export function uploadedPasswords(
  old: PasswordCredential[],
  given: unknown,
  keys: KeyCredential[],
): PasswordCredential[] {
  return (given as Partial<PasswordCredential>[]).map((entry) => {
    const known = old.find(({ keyId }) => keyId === entry.keyId);
    if (known) return known;
    const key = keys.find(({ keyId, usage }) => keyId === entry.keyId && usage === "Sign");
    if (!key) throw badRequest("New password credentials must be generated using service actions.");
    return {
      customKeyIdentifier: key.customKeyIdentifier,
      displayName: entry.displayName ?? null,
      endDateTime: entry.endDateTime ?? key.endDateTime,
      hint: null,
      keyId: key.keyId,
      secretText: null,
      startDateTime: entry.startDateTime ?? key.startDateTime,
    };
  });
}

/**
 * Adds a self-signed certificate: two key credentials and a password credential with one customKeyIdentifier. Not idempotent:
 * every call adds another one, none is active. The answer's keyId is the signing key's.
 */
export async function addTokenSigningCertificate(
  directory: Directory,
  host: SandboxHost,
  id: string,
  body: Body,
): Promise<Body> {
  const displayName = body.displayName;
  if (typeof displayName !== "string" || !/^CN=./.test(displayName))
    throw invalidValue("displayName", "selfSignedCertificate");
  const start = host.clock.now();
  const end = endOf(body.endDateTime, start);
  const { der, thumbprint } = await createCertificate(displayName, start, end);
  const customKeyIdentifier = Buffer.from(thumbprint, "hex").toString("base64");
  const shared = {
    customKeyIdentifier,
    displayName,
    startDateTime: start.toISOString(),
    endDateTime: end.toISOString(),
  };
  const signKeyId = randomUUID();
  const principal = directory.servicePrincipals.get(id);
  if (!principal) throw notFound(id);
  directory.servicePrincipals.set({
    ...principal,
    keyCredentials: [
      ...principal.keyCredentials,
      { ...shared, key: der, keyId: signKeyId, type: "X509CertAndPassword", usage: "Sign" },
      { ...shared, key: der, keyId: randomUUID(), type: "AsymmetricX509Cert", usage: "Verify" },
    ],
    passwordCredentials: [
      ...principal.passwordCredentials,
      { ...shared, hint: null, keyId: signKeyId, secretText: null },
    ],
  });
  return { ...shared, key: der, keyId: signKeyId, thumbprint, type: "AsymmetricX509Cert", usage: "Verify" };
}

function endOf(given: unknown, start: Date): Date {
  if (given === undefined || given === null) return new Date(start.getTime() + 3 * 365 * DAY_MS);
  const end = new Date(String(given));
  const lifetime = end.getTime() - start.getTime();
  if (!(lifetime > 0 && lifetime <= MAX_LIFETIME_MS)) throw invalidValue("endDateTime", "selfSignedCertificate");
  return end;
}

/** Certificates (base64 of DER) that may sign now: the active one, or the newest when that has expired. Empty: the tenant's own key signs. */
export function signingCertificates(principal: ServicePrincipal, now: Date): { active: string[]; inactive: string[] } {
  const usable = principal.keyCredentials.filter(({ usage, key }) => usage === "Verify" && key !== null);
  const valid = usable.filter(({ endDateTime }) => new Date(endDateTime) > now);
  const preferred = principal.preferredTokenSigningKeyThumbprint?.toUpperCase();
  const chosen = valid.find((key) => thumbprintOf(key) === preferred) ?? (preferred ? valid.at(-1) : undefined);
  return {
    active: chosen ? [chosen.key!] : [],
    inactive: valid.filter((key) => key !== chosen).map(({ key }) => key!),
  };
}
