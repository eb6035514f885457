/** An identity provider made of samlp, which shares no code with ours: responses as Entra sends them, signed with a key of its own. */
import "reflect-metadata";
import { generateKeyPairSync, webcrypto } from "node:crypto";
import { cryptoProvider, X509CertificateGenerator } from "@peculiar/x509";
import samlp from "samlp";

cryptoProvider.set(webcrypto as never);
const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

export const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
export const ENDPOINT = "https://signin.aws.amazon.com/saml";
export const ROLE = "arn:aws:iam::111122223333:role/connect-sso/connect-sso-team-agents";
export const PROVIDER = "arn:aws:iam::111122223333:saml-provider/connect-sso-team-agents";
const ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes";

export interface Identity {
  key: string;
  /** PEM. */
  certificate: string;
  derBase64: string;
}

export async function createIdentity(years = 3): Promise<Identity> {
  const pair = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const der = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const keys = {
    privateKey: await webcrypto.subtle.importKey("pkcs8", der(pair.privateKey), RSA, true, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("spki", der(pair.publicKey), RSA, true, ["verify"]),
  };
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Microsoft Azure Federated SSO Certificate",
    serialNumber: "01",
    notBefore: new Date("2026-01-01T00:00:00Z"),
    notAfter: new Date(`${2026 + years}-01-01T00:00:00Z`),
    keys: keys as never,
    signingAlgorithm: RSA,
  });
  return {
    key: pair.privateKey,
    certificate: certificate.toString("pem"),
    derBase64: Buffer.from(certificate.rawData).toString("base64"),
  };
}

export interface Wanted {
  /** Full attribute names; undefined leaves one out. */
  attributes?: Record<string, unknown>;
  roleSessionName?: string;
  role?: string | string[];
  nameId?: string;
  options?: object;
}

/** The XML of a response of now. */
export function respond(identity: Identity, wanted: Wanted = {}): Promise<string> {
  const name = wanted.roleSessionName ?? "jane@example.com";
  const claims: Record<string, unknown> = {
    [`${ATTRIBUTES}/Role`]: wanted.role ?? `${ROLE},${PROVIDER}`,
    [`${ATTRIBUTES}/RoleSessionName`]: name,
    [`${ATTRIBUTES}/SessionDuration`]: "28800",
    ...wanted.attributes,
  };
  for (const key of Object.keys(claims)) if (claims[key] === undefined) delete claims[key];
  return new Promise((resolve, reject) => {
    samlp.getSamlResponse(
      {
        issuer: `https://sts.windows.net/${TENANT}/`,
        cert: identity.certificate,
        key: identity.key,
        audience: ENDPOINT,
        recipient: ENDPOINT,
        destination: ENDPOINT,
        signatureAlgorithm: "rsa-sha256",
        digestAlgorithm: "sha256",
        profileMapper: () => ({
          getClaims: () => claims,
          getNameIdentifier: () => ({
            nameIdentifier: wanted.nameId ?? name,
            nameIdentifierFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
          }),
        }),
        ...wanted.options,
      },
      {},
      (error, response) => (error ? reject(error) : resolve(response)),
    );
  });
}

export const base64 = (xml: string): string => Buffer.from(xml).toString("base64");

/** Federation metadata with this identity's certificate, as IAM takes it. */
export const metadataOf = ({ derBase64 }: Identity): string =>
  `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sts.windows.net/${TENANT}/"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${derBase64}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://login.microsoftonline.com/common/saml2"/></IDPSSODescriptor></EntityDescriptor>`;
