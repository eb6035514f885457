/** What the tests of the sandbox's IAM share: metadata with a real certificate, and refusals as a triple. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { createCertificate } from "../../src/sandbox/graph/certificate.ts";
import { ADMIN } from "../../src/sandbox/server.ts";

const { der } = await createCertificate("CN=Sandbox", new Date("2026-01-01"), new Date("2029-01-01"));

/** SAML metadata of an identity provider, over 1000 characters as IAM wants it. */
export function metadataDocument(entityId: string): string {
  return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${der}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://login.microsoftonline.com/common/saml2"/></IDPSSODescriptor></EntityDescriptor>`;
}

/** Name, HTTP status and message of the error that a call must end with. */
export async function failure(call: Promise<unknown>): Promise<[name: string, status: number, message: string]> {
  try {
    await call;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return [name, $metadata?.httpStatusCode ?? 0, message];
  }
  throw new Error("the call was expected to be refused");
}

/** A request of the query protocol, signed by the administrator, byte for byte as its fields say; `headers` go over the signed ones. */
export async function postSigned(
  url: string,
  service: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { host, hostname, pathname } = new URL(url);
  const signer = new SignatureV4({ credentials: ADMIN, region: "us-east-1", service, sha256: Sha256 });
  const request = {
    method: "POST",
    protocol: "http:",
    hostname,
    path: pathname,
    headers: { host, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  };
  const signed = await signer.sign(request);
  return fetch(url, { method: "POST", headers: { ...signed.headers, ...headers }, body: request.body });
}

export class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = typeof secret === "object" ? new Uint8Array(secret as ArrayBuffer) : secret;
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}
