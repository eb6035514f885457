/** Self-signed token signing certificates, really made: clients parse and compare them. */
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "../../x509.ts";

const ALGORITHM = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};
/** Key pairs are slow to make: a few serve all certificates, which differ by serial number. */
const pool: Promise<webcrypto.CryptoKeyPair>[] = [];
let used = 0;

export interface SigningCertificate {
  der: string;
  /** Upper-case hex SHA-1. */
  thumbprint: string;
  /** RSASSA-PKCS1-v1_5 with SHA-256, base64. */
  sign(text: string): Promise<string>;
}

export async function createCertificate(subject: string, from: Date, to: Date): Promise<SigningCertificate> {
  const slot = used++ % 4;
  pool[slot] ??= webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
  const keys = await pool[slot];
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: subject,
    serialNumber: `0${randomBytes(15).toString("hex")}`.slice(0, 30),
    notBefore: from,
    notAfter: to,
    keys: keys as never,
    signingAlgorithm: ALGORITHM,
  });
  const der = Buffer.from(certificate.rawData);
  return {
    der: der.toString("base64"),
    thumbprint: createHash("sha1").update(der).digest("hex").toUpperCase(),
    async sign(text) {
      const signature = await webcrypto.subtle.sign(ALGORITHM.name, keys.privateKey, Buffer.from(text));
      return Buffer.from(signature).toString("base64");
    },
  };
}
