/** Federation metadata as Entra publishes it: signed, with WS-Federation roles in front of the SAML one. */
import { createHash, randomUUID } from "node:crypto";
import type { WorldTenant } from "../world.ts";
import type { SigningCertificate } from "./certificate.ts";

const ALGORITHMS = {
  exclusive: "http://www.w3.org/2001/10/xml-exc-c14n#",
  enveloped: "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
  digest: "http://www.w3.org/2001/04/xmlenc#sha256",
  signature: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
};
const DSIG = "http://www.w3.org/2000/09/xmldsig#";
const BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings";

interface MetadataInput {
  tenantId: string;
  cloud?: WorldTenant["cloud"];
  /** Signing certificates, base64 of DER. */
  certificates: string[];
  /** Whose key signs the document. */
  signer: SigningCertificate;
  fault?: "doctype" | "tooLarge" | undefined;
}

/** Every download has another ID. The text is written in canonical form, so that its digest is the digest of the document. */
const HOSTS = {
  Global: { issuer: "sts.windows.net", login: "login.microsoftonline.com" },
  USGovernment: { issuer: "sts.windows.net", login: "login.microsoftonline.us" },
  China: { issuer: "sts.chinacloudapi.cn", login: "login.partner.microsoftonline.cn" },
};

export async function federationMetadata({
  tenantId,
  cloud = "Global",
  certificates,
  signer,
  fault,
}: MetadataInput): Promise<string> {
  const id = `_${randomUUID()}`;
  const login = `https://${HOSTS[cloud].login}/${tenantId}`;
  const open = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="${id}" entityID="https://${HOSTS[cloud].issuer}/${tenantId}/">`;
  const body = `${securityTokenService(login, certificates)}${identityProvider(login, certificates)}</EntityDescriptor>`;
  const signature = await signatureOf(id, `${open}${body}`, signer);
  const doctype = fault === "doctype" ? '<!DOCTYPE EntityDescriptor [<!ENTITY x "y">]>' : "";
  const padding = fault === "tooLarge" ? `<!--${"x".repeat(12_000_000)}-->` : "";
  return `<?xml version="1.0" encoding="utf-8"?>${doctype}${open}${signature}${padding}${body}`;
}

const keyDescriptor = (der: string) =>
  `<KeyDescriptor use="signing"><KeyInfo xmlns="${DSIG}"><X509Data><X509Certificate>${der}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`;

function securityTokenService(login: string, certificates: string[]): string {
  const claim = (name: string) =>
    `<auth:ClaimType xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706" Uri="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/${name}"><auth:DisplayName>${name}</auth:DisplayName></auth:ClaimType>`;
  const claims = ["name", "givenname", "surname", "nameidentifier"].map(claim).join("");
  return (
    `<RoleDescriptor xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:SecurityTokenServiceType">` +
    `${certificates.map(keyDescriptor).join("")}<fed:ClaimTypesOffered>${claims}</fed:ClaimTypesOffered>` +
    `<fed:PassiveRequestorEndpoint><wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing"><wsa:Address>${login}/wsfed</wsa:Address></wsa:EndpointReference></fed:PassiveRequestorEndpoint></RoleDescriptor>`
  );
}

function identityProvider(login: string, certificates: string[]): string {
  const url = `${login}/saml2`;
  const endpoint = (name: string, binding: string) =>
    `<${name} Binding="${BINDINGS}:${binding}" Location="${url}"></${name}>`;
  return (
    `<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${certificates.map(keyDescriptor).join("")}` +
    endpoint("SingleLogoutService", "HTTP-Redirect") +
    endpoint("SingleSignOnService", "HTTP-Redirect") +
    `${endpoint("SingleSignOnService", "HTTP-POST")}</IDPSSODescriptor>`
  );
}

async function signatureOf(id: string, document: string, signer: SigningCertificate): Promise<string> {
  const digest = createHash("sha256").update(document).digest("base64");
  const algorithm = (name: string, uri: string) => `<${name} Algorithm="${uri}"></${name}>`;
  const inner =
    algorithm("CanonicalizationMethod", ALGORITHMS.exclusive) +
    algorithm("SignatureMethod", ALGORITHMS.signature) +
    `<Reference URI="#${id}"><Transforms>${algorithm("Transform", ALGORITHMS.enveloped)}${algorithm("Transform", ALGORITHMS.exclusive)}</Transforms>` +
    `${algorithm("DigestMethod", ALGORITHMS.digest)}<DigestValue>${digest}</DigestValue></Reference>`;
  const value = await signer.sign(`<SignedInfo xmlns="${DSIG}">${inner}</SignedInfo>`);
  return `<Signature xmlns="${DSIG}"><SignedInfo>${inner}</SignedInfo><SignatureValue>${value}</SignatureValue><KeyInfo><X509Data><X509Certificate>${signer.der}</X509Certificate></X509Data></KeyInfo></Signature>`;
}
