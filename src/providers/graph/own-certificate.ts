/**
 * A token signing certificate made here, for clouds whose Graph does not make any: the form of "Configure SAML-based single sign-on"
 * (Microsoft Graph, option 2). A PFX with the private key to sign, the certificate alone to verify, and the password of the PFX.
 * The key leaves this process once and is kept nowhere.
 */
import { createHash, createHmac, createPrivateKey, randomBytes, randomUUID, webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "../../x509.ts";
import type { Json } from "./context.ts";

const ALGORITHM = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/** What a PATCH of the service principal adds to its lists. */
export interface OwnCertificate {
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

const OID = {
  data: "1.2.840.113549.1.7.1",
  shroudedKeyBag: "1.2.840.113549.1.12.10.1.2",
  certificateBag: "1.2.840.113549.1.12.10.1.3",
  x509Certificate: "1.2.840.113549.1.9.22.1",
  localKeyId: "1.2.840.113549.1.9.21",
  sha256: "2.16.840.1.101.3.4.2.1",
};
const MAC_ITERATIONS = 10_000;

/** PKCS #12 (RFC 7292): one certificate and its key, encrypted with AES-256, authenticated with HMAC-SHA-256, as OpenSSL 3 writes it. */
export function encodePfx(certificate: Buffer, pkcs8: Buffer, password: string): Buffer {
  const shrouded = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).export({
    format: "der",
    type: "pkcs8",
    cipher: "aes-256-cbc",
    passphrase: password,
  });
  const keyId = octets(createHash("sha1").update(certificate).digest());
  const attributes = set(sequence(oid(OID.localKeyId), set(keyId)));
  const certificateBag = sequence(oid(OID.x509Certificate), explicit(octets(certificate)));
  const safe = sequence(
    contents(sequence(sequence(oid(OID.certificateBag), explicit(certificateBag), attributes))),
    contents(sequence(sequence(oid(OID.shroudedKeyBag), explicit(shrouded), attributes))),
  );
  const salt = randomBytes(16);
  const mac = createHmac("sha256", macKey(password, salt)).update(safe).digest();
  const digest = sequence(sequence(oid(OID.sha256), der(0x05)), octets(mac));
  return sequence(integer(3), contents(safe), sequence(digest, octets(salt), integer(MAC_ITERATIONS)));
}

/** RFC 7292 appendix B, for a key as long as the digest: one block, hashed again and again. */
function macKey(password: string, salt: Buffer): Buffer {
  const BLOCK = 64;
  const MAC_KEY = 3;
  const repeated = (bytes: Buffer) => Buffer.alloc(Math.ceil(bytes.length / BLOCK) * BLOCK, bytes);
  // A BMPString with its end, big endian.
  const text = Buffer.from(`${password}\0`, "utf16le").swap16();
  let key: Buffer = Buffer.concat([Buffer.alloc(BLOCK, MAC_KEY), repeated(salt), repeated(text)]);
  for (let i = 0; i < MAC_ITERATIONS; i++) key = createHash("sha256").update(key).digest();
  return key;
}

function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), body]);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length]), bytes, body]);
}
const sequence = (...content: Buffer[]) => der(0x30, ...content);
const set = (...content: Buffer[]) => der(0x31, ...content);
const octets = (bytes: Buffer) => der(0x04, bytes);
const explicit = (content: Buffer) => der(0xa0, content);
const contents = (data: Buffer) => sequence(oid(OID.data), explicit(octets(data)));

/** Not negative, below 2^31. */
function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  const first = bytes.findIndex((byte, index) => byte !== 0 || index === 4);
  // A leading bit that is set would make it negative.
  return der(0x02, bytes.subarray(bytes[first]! >= 0x80 ? first - 1 : first));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const base128 = (value: number): number[] => {
    const groups = [value & 0x7f];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    return groups;
  };
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}
