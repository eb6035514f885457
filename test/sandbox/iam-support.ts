/** What the tests of the sandbox's IAM share: metadata with a real certificate, and refusals as a triple. */
import { createCertificate } from "../../src/sandbox/graph/certificate.ts";

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
