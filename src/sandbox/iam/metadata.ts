/** What IAM refuses in SAML metadata. */
import { createHash, X509Certificate } from "node:crypto";
import { DOMParser } from "@xmldom/xmldom";
import { IamError, invalid } from "./error.ts";

const METADATA = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE = "http://www.w3.org/2000/09/xmldsig#";
const LEAST_CHARACTERS = 1000;
const MOST_CHARACTERS = 10_000_000;
const KEYS_PER_PROVIDER = 10;
const LEAST_RSA_BITS = 1024;

/**
 * Reads SAML metadata as CreateSAMLProvider does. Refuses a byte order mark, a document type, XML that does not parse, no
 * identity provider, no readable certificate, an RSA key below 1024 bits, more than ten keys (IAM User Guide, "Create a SAML
 * identity provider" and "Troubleshoot SAML federation").
 */
export function checkMetadata(document: string): void {
  const constraint = (text: string) =>
    invalid(`1 validation error detected: Value at 'sAMLMetadataDocument' failed to satisfy constraint: ${text}`);
  if (document.length < LEAST_CHARACTERS)
    throw constraint(`Member must have length greater than or equal to ${LEAST_CHARACTERS}`);
  if (document.length > MOST_CHARACTERS)
    throw constraint(`Member must have length less than or equal to ${MOST_CHARACTERS}`);
  if (!isUsable(document)) throw new IamError("InvalidInput", "Could not parse metadata", 400);
}

const rootOf = (document: string) => new DOMParser().parseFromString(document, "text/xml").documentElement;

/** Base64 of the DER of every signing certificate. */
export function certificatesOf(document: string): string[] {
  return [...(rootOf(document)?.getElementsByTagNameNS(SIGNATURE, "X509Certificate") ?? [])].map(
    (node) => node.textContent ?? "",
  );
}

export function issuerOf(document: string): string {
  return rootOf(document)?.getAttribute("entityID") ?? "";
}

/** SHA-256 of each signing certificate's public key, by the entity that names it. The service model gives no form of the hash. */
export function keyHashesOf(document: string): { IssuerURL: string; KeyHashes: string[] }[] {
  const hashes = certificatesOf(document).map((base64) =>
    createHash("sha256")
      .update(certificateOf(base64).publicKey.export({ type: "spki", format: "der" }))
      .digest("hex"),
  );
  return [{ IssuerURL: issuerOf(document), KeyHashes: [...new Set(hashes)] }];
}

const certificateOf = (base64: string) => new X509Certificate(Buffer.from(base64.replace(/\s/g, ""), "base64"));

function isUsable(document: string): boolean {
  if (document.startsWith("\uFEFF") || /<!(DOCTYPE|ENTITY)/i.test(document)) return false;
  try {
    const parser = new DOMParser({
      onError: (level, message) => {
        if (level !== "warning") throw new Error(message);
      },
    });
    const root = parser.parseFromString(document, "text/xml").documentElement;
    if (root?.namespaceURI !== METADATA || !["EntityDescriptor", "EntitiesDescriptor"].includes(root.localName ?? ""))
      return false;
    if (root.localName === "EntityDescriptor" && !root.getAttribute("entityID")) return false;
    const provider = root.getElementsByTagNameNS(METADATA, "IDPSSODescriptor").item(0);
    if (!provider || provider.getElementsByTagNameNS(METADATA, "SingleSignOnService").length === 0) return false;
    const certificates = [...provider.getElementsByTagNameNS(SIGNATURE, "X509Certificate")].map(
      (node) => node.textContent ?? "",
    );
    return certificates.length > 0 && certificates.length <= KEYS_PER_PROVIDER && certificates.every(isStrongEnough);
  } catch {
    return false;
  }
}

function isStrongEnough(base64: string): boolean {
  const key = certificateOf(base64).publicKey;
  return key.asymmetricKeyType !== "rsa" || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_RSA_BITS;
}
