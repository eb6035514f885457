/** Certificates and passwords of applications and service principals. */
import { createHash, randomUUID } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { SandboxHost } from "../host.ts";
import type { WorldTenant } from "../world.ts";
import { createCertificate } from "./certificate.ts";
import type { Directory } from "./directory.ts";
import { badRequest, invalidValue, notFound } from "./error.ts";
import { checkAppManagement, checkNewKey, checkNewPassword } from "./management.ts";
import type { Body } from "./router.ts";
import { type KeyCredential, type PasswordCredential, type ServicePrincipal, wholeSeconds } from "./shapes.ts";

const DAY_MS = 86_400_000;
/** Three years, one of them a leap year. */
const MAX_LIFETIME_MS = (3 * 365 + 1) * DAY_MS;

/** Upper-case hex SHA-1 of the certificate. `customKeyIdentifier` is whatever the uploader made of it, so it says nothing. */
function thumbprintOf({ key }: { key: string | null }): string {
  return createHash("sha1")
    .update(Buffer.from(key ?? "", "base64"))
    .digest("hex")
    .toUpperCase();
}

/** What both kinds of upload need to know of the world. */
interface Upload {
  tenant: WorldTenant;
  /** An absent key or secretText of a kept entry is refused, too. */
  explicitNull: boolean;
  now: Date;
}

export const uploadTo = ({ tenant }: Directory, { behaviour, clock }: SandboxHost): Upload => ({
  tenant,
  explicitNull: behaviour.open.keptCredentialWithoutKey === "refused",
  now: clock.now(),
});

const KEY_FIELDS = ["customKeyIdentifier", "displayName", "endDateTime", "startDateTime", "type", "usage"] as const;
const PASSWORD_FIELDS = ["customKeyIdentifier", "displayName", "endDateTime", "startDateTime", "hint"] as const;

/**
 * An entry that exists comes back as it was shown, with null for what is never shown (Azure/AzureStack-Tools GraphAPI, azure-cli#14551,
 * microsoft-graph-docs#3579).
 */
function checkKept<T extends { keyId: string }>(
  known: T,
  given: Partial<T>,
  secret: keyof T & string,
  fields: readonly (keyof T & string)[],
  { explicitNull }: Upload,
): void {
  if (given[secret] === undefined ? explicitNull : given[secret] !== null)
    throw badRequest(`Existing credential with KeyId '${known.keyId}' must be sent back with null value.`);
  const same = (a: unknown, b: unknown) =>
    a === b || (typeof a === "string" && typeof b === "string" && Date.parse(a) === Date.parse(b));
  if (fields.some((name) => given[name] !== undefined && !same(given[name], known[name])))
    throw badRequest(`Update to existing credential with KeyId '${known.keyId}' is not allowed.`);
}

/**
 * The list that a PATCH asks for: entries known by keyId stay as they are, new ones must bring a key. A key to sign with is a PFX that the
 * password of the same id, in the same request, opens; it is never shown.
 */
export function uploadedKeys(
  old: KeyCredential[],
  given: unknown,
  upload: Upload,
  passwords: unknown = [],
): KeyCredential[] {
  return (given as Partial<KeyCredential>[]).map((entry) => {
    const known = old.find(({ keyId }) => keyId === entry.keyId);
    if (known) {
      checkKept(known, entry, "key", KEY_FIELDS, upload);
      return known;
    }
    if (!entry.key || !entry.usage || !entry.type) throw invalidValue("keyCredentials", "KeyCredential");
    if (TYPE_OF[entry.usage] !== entry.type) throw invalidValue("keyCredentials", "KeyCredential");
    if (entry.usage === "Sign") checkPfx(entry, passwords as Partial<PasswordCredential>[]);
    const startDateTime = asGiven(entry.startDateTime, upload.now);
    const endDateTime = asGiven(entry.endDateTime, new Date(upload.now.getTime() + 365 * DAY_MS));
    checkNewKey(upload.tenant, Date.parse(endDateTime) - Date.parse(startDateTime));
    return {
      // Any bytes: the SHA-1 in hex when nothing is given (recorded).
      customKeyIdentifier: entry.customKeyIdentifier ?? thumbprintOf({ key: entry.key }),
      displayName: entry.displayName ?? null,
      endDateTime,
      key: entry.usage === "Sign" ? null : entry.key,
      keyId: entry.keyId ?? randomUUID(),
      startDateTime,
      type: entry.type,
      usage: entry.usage,
    };
  });
}

/** A time as Graph shows it: without a fraction where none was given. */
function asGiven(given: string | undefined, fallback: Date): string {
  return given === undefined ? wholeSeconds(fallback) : given.replace(/\.0+Z$/, "Z");
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
  upload: Upload,
): PasswordCredential[] {
  return (given as Partial<PasswordCredential>[]).map((entry) => {
    const known = old.find(({ keyId }) => keyId === entry.keyId);
    if (known) {
      checkKept(known, entry, "secretText", PASSWORD_FIELDS, upload);
      return known;
    }
    const key = keys.find(({ keyId, usage }) => keyId === entry.keyId && usage === "Sign");
    if (!key) throw badRequest("New password credentials must be generated using service actions.");
    checkNewPassword(upload.tenant, Date.parse(key.endDateTime) - Date.parse(key.startDateTime));
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
  checkAppManagement(directory, host, end.getTime() - start.getTime());
  const { der, thumbprint } = await createCertificate(displayName, start, end);
  const customKeyIdentifier = Buffer.from(thumbprint, "hex").toString("base64");
  const shared = {
    customKeyIdentifier,
    displayName,
    startDateTime: wholeSeconds(start),
    endDateTime: wholeSeconds(end),
  };
  const signKeyId = randomUUID();
  const principal = directory.servicePrincipals.get(id);
  if (!principal) throw notFound(id);
  directory.servicePrincipals.set({
    ...principal,
    keyCredentials: [
      ...principal.keyCredentials,
      { ...shared, key: null, keyId: signKeyId, type: "X509CertAndPassword", usage: "Sign" },
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

/**
 * Certificates (base64 of DER) that may sign now: the active one. None: the tenant's own key signs. `automatic`: the service chooses
 * while no certificate is preferred.
 */
export function signingCertificates(
  principal: ServicePrincipal,
  now: Date,
  automatic: boolean,
): { active: string[]; inactive: string[] } {
  const usable = principal.keyCredentials.filter(({ usage, key }) => usage === "Verify" && key !== null);
  const valid = usable.filter(({ endDateTime }) => new Date(endDateTime) > now);
  const preferred = principal.preferredTokenSigningKeyThumbprint?.toUpperCase();
  const named = usable.find((key) => thumbprintOf(key) === preferred);
  // The newest instead of one that has expired. A thumbprint of no certificate is taken, and signs nothing.
  const replaced = named !== undefined || (preferred === undefined && automatic);
  const chosen = named && valid.includes(named) ? named : replaced ? valid.at(-1) : undefined;
  return {
    active: chosen ? [chosen.key!] : [],
    inactive: valid.filter((key) => key !== chosen).map(({ key }) => key!),
  };
}
