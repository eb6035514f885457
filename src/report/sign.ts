/** A detached signature that `openssl dgst -sha256 -verify` checks. */
import { createPrivateKey, type KeyObject, sign } from "node:crypto";

/** From PEM, RSA or elliptic curve. Throws one line that says what is wrong; never with a part of the key. */
export function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Error("it is not a private key in PEM without a passphrase");
  }
  if (key.asymmetricKeyType !== "rsa" && key.asymmetricKeyType !== "ec")
    throw new Error(`it is a key of type ${key.asymmetricKeyType}; use RSA or an elliptic curve such as P-256`);
  return key;
}

/** SHA-256 with RSA (PKCS #1 v1.5) or ECDSA (DER). */
export const signatureOf = (text: string, key: KeyObject): Buffer => sign("sha256", Buffer.from(text), key);
