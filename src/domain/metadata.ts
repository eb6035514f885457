/** Federation metadata: checked before it is believed, composed when two certificates must stand in it, compared by whom it trusts. */
import { createHash, X509Certificate } from "node:crypto";
import { type Difference, NONE } from "./difference.ts";
import { cloudOfLogin, type EntraCloud, issuerOf } from "./entra-clouds.ts";
import { parsePlainXml } from "./xml.ts";

export interface SigningCertificate {
  /** Upper-case hex SHA-1, as Entra names certificates. */
  thumbprintSha1: string;
  /** Upper-case hex SHA-256, for people. */
  fingerprintSha256: string;
  notAfter: Date;
  derBase64: string;
}
export interface Trust {
  entityId: string;
  signingCertificates: SigningCertificate[];
  ssoUrls: string[];
}
type MetadataCheck = ({ ok: true } & Trust) | { ok: false; reason: "MetadataRefused"; message: string };

/** What IAM asks of a SAML metadata document at the least. */
const MIN_CHARACTERS = 1000;
const METADATA_NS = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE_NS = "http://www.w3.org/2000/09/xmldsig#";

export function describeCertificate(derBase64: string): SigningCertificate {
  const der = Buffer.from(derBase64.replace(/\s/g, ""), "base64");
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    // OpenSSL's own message does not help.
    throw new Error("it holds a certificate that cannot be read");
  }
  return {
    thumbprintSha1: createHash("sha1").update(der).digest("hex").toUpperCase(),
    fingerprintSha256: createHash("sha256").update(der).digest("hex").toUpperCase(),
    notAfter: new Date(certificate.validTo),
    derBase64: der.toString("base64"),
  };
}

/** What a metadata document says, of whatever origin. Throws on anything that is not plain, parseable metadata. */
export function readTrust(xml: string): Trust {
  const document = parsePlainXml(xml);
  const root = document.documentElement;
  if (root?.namespaceURI !== METADATA_NS || root.localName !== "EntityDescriptor")
    throw new Error("it is no SAML EntityDescriptor");
  const providers = root.getElementsByTagNameNS(METADATA_NS, "IDPSSODescriptor");
  const provider = providers[0];
  if (!provider || providers.length !== 1) throw new Error("it holds no single IDPSSODescriptor");
  const certificates = new Map<string, SigningCertificate>();
  for (const key of [...provider.getElementsByTagNameNS(METADATA_NS, "KeyDescriptor")]) {
    if (key.getAttribute("use") === "encryption") continue;
    for (const element of [...key.getElementsByTagNameNS(SIGNATURE_NS, "X509Certificate")]) {
      const certificate = describeCertificate(element.textContent ?? "");
      certificates.set(certificate.fingerprintSha256, certificate);
    }
  }
  const ssoUrls = [...provider.getElementsByTagNameNS(METADATA_NS, "SingleSignOnService")].map(
    (element) => element.getAttribute("Location") ?? "",
  );
  return {
    entityId: root.getAttribute("entityID") ?? "",
    signingCertificates: [...certificates.values()].sort((a, b) =>
      a.fingerprintSha256.localeCompare(b.fingerprintSha256),
    ),
    ssoUrls: [...new Set(ssoUrls)].sort(),
  };
}

/** The metadata of one application of this tenant, or why it must not be uploaded. */
export function checkMetadata(xml: string, expected: { tenantId: string }): MetadataCheck {
  const refuse = (why: string): MetadataCheck => ({
    ok: false,
    reason: "MetadataRefused",
    message: `the federation metadata is refused: ${why}`,
  });
  let trust: Trust;
  try {
    trust = readTrust(xml);
  } catch (error) {
    return refuse((error as Error).message.split("\n")[0]!);
  }
  const [first] = trust.ssoUrls;
  const cloud = cloudOfLogin(URL.canParse(first ?? "") ? new URL(first!).host : "");
  if (trust.entityId.toLowerCase() !== issuerOf(expected.tenantId, cloud).toLowerCase())
    return refuse(`it names ${trust.entityId || "no entity"}, not the tenant ${expected.tenantId}`);
  if (trust.signingCertificates.length === 0) return refuse("it holds no signing certificate");
  const stray = trust.ssoUrls.find((url) => !isSignOnOf(cloud, expected.tenantId, url));
  if (stray !== undefined) return refuse(`it sends users to ${shown(stray)}`);
  if (trust.ssoUrls.length === 0) return refuse("it names no sign-on address");
  return { ok: true, ...trust };
}

/** Over https, on exactly a login host of the cloud (no port, no user information), and at this tenant's path. */
function isSignOnOf(cloud: EntraCloud, tenantId: string, address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return (
    url.protocol === "https:" &&
    cloud.loginHosts.includes(url.host) &&
    url.username === "" &&
    url.password === "" &&
    url.pathname.split("/")[1]?.toLowerCase() === tenantId.toLowerCase()
  );
}

/** Host and path only: user information in an address may be a password. */
const shown = (address: string): string =>
  URL.canParse(address) ? new URL(address).host + new URL(address).pathname : "something that is no address";

/** A document that trusts exactly these certificates; the same certificates in any order give the same text. At least the 1000 characters that IAM wants. */
export function buildMetadata(input: {
  tenantId: string;
  certificates: readonly { derBase64: string }[];
  loginHost?: string;
}): string {
  const host = input.loginHost ?? "login.microsoftonline.com";
  const url = `https://${host}/${input.tenantId}/saml2`;
  const service = (name: string, binding: string) =>
    `    <${name} Binding="urn:oasis:names:tc:SAML:2.0:bindings:${binding}" Location="${url}"/>`;
  const certificates = [...new Set(input.certificates.map(({ derBase64 }) => derBase64.replace(/\s/g, "")))].sort();
  const keys = certificates.map(
    (derBase64) =>
      `    <KeyDescriptor use="signing">\n      <KeyInfo xmlns="${SIGNATURE_NS}">\n        <X509Data>\n          <X509Certificate>${derBase64}</X509Certificate>\n        </X509Data>\n      </KeyInfo>\n    </KeyDescriptor>`,
  );
  const text = [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<EntityDescriptor xmlns="${METADATA_NS}" entityID="${issuerOf(input.tenantId, cloudOfLogin(host))}">`,
    '  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">',
    ...keys,
    service("SingleLogoutService", "HTTP-Redirect"),
    service("SingleSignOnService", "HTTP-Redirect"),
    service("SingleSignOnService", "HTTP-POST"),
    "  </IDPSSODescriptor>",
    "</EntityDescriptor>",
    "",
  ].join("\n");
  // White space after the document element is part of well-formed XML and says nothing.
  return text.padEnd(MIN_CHARACTERS, "\n");
}

/** Field by field whom two documents trust, equal rows included. Never the documents themselves. */
export function trustRows(desired: Trust, observedXml: string): Difference[] {
  const fieldsOf = ({ entityId, signingCertificates, ssoUrls }: Trust) => ({
    issuer: entityId,
    certificates: signingCertificates.map(({ fingerprintSha256 }) => fingerprintSha256).join(", ") || NONE,
    signIn: [...ssoUrls].sort().join(", ") || NONE,
  });
  const wanted = fieldsOf(desired);
  let found: Partial<typeof wanted> = {};
  try {
    found = fieldsOf(readTrust(observedXml));
  } catch {
    // What cannot be read trusts no one.
  }
  return (Object.keys(wanted) as (keyof typeof wanted)[]).map((field) => ({
    path: `trust.${field}`,
    desired: wanted[field],
    observed: found[field] ?? "(unreadable)",
  }));
}
