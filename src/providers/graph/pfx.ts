/** PKCS #12 (RFC 7292): one certificate and its key, encrypted with AES-256, authenticated with HMAC-SHA-256, as OpenSSL 3 writes it. */
import { createHash, createHmac, createPrivateKey, randomBytes } from "node:crypto";
import { ContentInfo, id_data } from "@peculiar/asn1-cms";
import {
  AuthenticatedSafe,
  CertBag,
  id_certBag,
  id_pkcs8ShroudedKeyBag,
  id_x509Certificate,
  MacData,
  PFX,
  PKCS12Attribute,
  SafeBag,
  SafeContents,
} from "@peculiar/asn1-pfx";
import { DigestInfo, id_sha256 } from "@peculiar/asn1-rsa";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";

const LOCAL_KEY_ID = "1.2.840.113549.1.9.21";
const MAC_ITERATIONS = 10_000;

/** `certificate` and `pkcs8` are DER. */
export function encodePfx(certificate: Buffer, pkcs8: Buffer, password: string): Buffer {
  const encryptedKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).export({
    format: "der",
    type: "pkcs8",
    cipher: "aes-256-cbc",
    passphrase: password,
  });
  const keyId = octets(createHash("sha1").update(certificate).digest());
  // Its constructor (2.11.1) does not take its own parameters.
  const attribute = Object.assign(new PKCS12Attribute(), {
    attrId: LOCAL_KEY_ID,
    attrValues: [AsnConvert.serialize(keyId)],
  });
  const bag = (bagId: string, bagValue: ArrayBuffer) =>
    data(
      new SafeContents([
        new SafeBag({
          bagId,
          bagValue,
          // The key and the certificate that carry the same id belong together.
          bagAttributes: [attribute],
        }),
      ]),
    );
  const certificateBag = new CertBag({
    certId: id_x509Certificate,
    certValue: AsnConvert.serialize(octets(certificate)),
  });
  const safe = AsnConvert.serialize(
    new AuthenticatedSafe([
      bag(id_certBag, AsnConvert.serialize(certificateBag)),
      bag(id_pkcs8ShroudedKeyBag, bytesOf(encryptedKey)),
    ]),
  );
  const salt = randomBytes(16);
  const mac = createHmac("sha256", macKey(password, salt)).update(Buffer.from(safe)).digest();
  const digestAlgorithm = new AlgorithmIdentifier({ algorithm: id_sha256, parameters: null });
  const pfx = new PFX({
    authSafe: new ContentInfo({ contentType: id_data, content: AsnConvert.serialize(new OctetString(safe)) }),
    macData: new MacData({
      mac: new DigestInfo({ digestAlgorithm, digest: octets(mac) }),
      macSalt: octets(salt),
      iterations: MAC_ITERATIONS,
    }),
  });
  return Buffer.from(AsnConvert.serialize(pfx));
}

const bytesOf = (buffer: Buffer): ArrayBuffer => new Uint8Array(buffer).buffer;
const octets = (buffer: Buffer) => new OctetString(bytesOf(buffer));
const data = (contents: SafeContents) =>
  new ContentInfo({
    contentType: id_data,
    content: AsnConvert.serialize(new OctetString(AsnConvert.serialize(contents))),
  });

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
