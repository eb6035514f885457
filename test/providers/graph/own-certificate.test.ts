/** A signing certificate made here: others can open it, and it is what it says. */
import { execFileSync } from "node:child_process";
import { createPrivateKey, createSign, createVerify, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { expect, test } from "@jest/globals";
import { makeOwnCertificate } from "../../../src/providers/graph/own-certificate.ts";

const displayName = "CN=connect-sso 2026-11-24T18:00:00.000Z";
const from = new Date("2026-11-24T18:00:00Z");
const to = new Date("2029-11-23T18:00:00Z");

test("three credentials that belong together, in the form that Graph asks for", async () => {
  const { keyCredentials, passwordCredentials } = await makeOwnCertificate({ displayName, from, to });
  const [sign, verify] = keyCredentials;
  const certificate = new X509Certificate(Buffer.from(verify!.key as string, "base64"));
  const thumbprint = Buffer.from(certificate.fingerprint.replaceAll(":", ""), "hex").toString("base64");
  const shared = {
    customKeyIdentifier: thumbprint,
    displayName,
    startDateTime: "2026-11-24T18:00:00.000Z",
    endDateTime: "2029-11-23T18:00:00.000Z",
  };
  expect(sign).toMatchObject({ ...shared, type: "X509CertAndPassword", usage: "Sign" });
  expect(verify).toMatchObject({ ...shared, type: "AsymmetricX509Cert", usage: "Verify" });
  expect(passwordCredentials).toEqual([
    { ...shared, keyId: sign!.keyId, secretText: expect.stringMatching(/^.{43}$/) },
  ]);
  expect(verify!.keyId).not.toBe(sign!.keyId);
  expect(certificate.subject).toBe(displayName);
  expect([certificate.validFromDate, certificate.validToDate]).toEqual([from, to]);
});

test("the PFX opens with its password alone, and holds the certificate's own key", async () => {
  const { keyCredentials, passwordCredentials } = await makeOwnCertificate({ displayName, from, to });
  const pfx = Buffer.from(keyCredentials[0]!.key as string, "base64");
  const passphrase = passwordCredentials[0]!.secretText as string;
  expect(() => createSecureContext({ pfx, passphrase })).not.toThrow();
  expect(() => createSecureContext({ pfx, passphrase: `${passphrase}x` })).toThrow(/mac verify/i);

  const folder = mkdtempSync(join(tmpdir(), "pfx-"));
  try {
    writeFileSync(join(folder, "one.pfx"), pfx);
    const openssl = (...options: string[]) =>
      execFileSync("openssl", ["pkcs12", "-in", join(folder, "one.pfx"), "-passin", `pass:${passphrase}`, ...options]);
    const key = createPrivateKey(openssl("-nocerts", "-nodes"));
    const { publicKey, fingerprint } = new X509Certificate(openssl("-nokeys"));
    const signature = createSign("sha256").update("assertion").sign(key);
    expect(createVerify("sha256").update("assertion").verify(publicKey, signature)).toBe(true);
    const shown = new X509Certificate(Buffer.from(keyCredentials[1]!.key as string, "base64"));
    expect(fingerprint).toBe(shown.fingerprint);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
