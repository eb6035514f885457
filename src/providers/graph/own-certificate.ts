/**
 * A token signing certificate made here, for clouds whose Graph does not make any: the form of "Configure SAML-based single sign-on"
 * (Microsoft Graph, option 2). A PFX with the private key to sign, the certificate alone to verify, and the password of the PFX.
 * The key leaves this process once and is kept nowhere.
 */
import { createHash, randomBytes, randomUUID, webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "../../x509.ts";
import type { Json } from "./context.ts";
import { encodePfx } from "./pfx.ts";

const ALGORITHM = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/** What a PATCH of the service principal adds to its lists. */
interface OwnCertificate {
  keyCredentials: Json[];
  passwordCredentials: Json[];
}

export async function makeOwnCertificate(c: { displayName: string; from: Date; to: Date }): Promise<OwnCertificate> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // A name with a time in it has characters that a distinguished name would have to escape: as a structure it needs none.
    name: [{ CN: [c.displayName.replace(/^CN=/, "")] }],
    // Positive, and unique by chance: RFC 5280 4.1.2.2.
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    notBefore: c.from,
    notAfter: c.to,
    keys: keys as never,
    signingAlgorithm: ALGORITHM,
  });
  const der = Buffer.from(certificate.rawData);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const password = randomBytes(32).toString("base64url");
  const shared = {
    // As Entra itself names those it makes, so that both kinds are read alike.
    customKeyIdentifier: createHash("sha1").update(der).digest("base64"),
    displayName: c.displayName,
    startDateTime: c.from.toISOString(),
    endDateTime: c.to.toISOString(),
  };
  const signKeyId = randomUUID();
  const pfx = encodePfx(der, pkcs8, password);
  return {
    keyCredentials: [
      { ...shared, keyId: signKeyId, type: "X509CertAndPassword", usage: "Sign", key: pfx.toString("base64") },
      { ...shared, keyId: randomUUID(), type: "AsymmetricX509Cert", usage: "Verify", key: der.toString("base64") },
    ],
    passwordCredentials: [{ ...shared, keyId: signKeyId, secretText: password }],
  };
}
