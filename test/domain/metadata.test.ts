import type { webcrypto } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";
import { buildMetadata, checkMetadata, readTrust, trustRows } from "../../src/domain/metadata.ts";

const TENANT = "7d1a0000-0000-4000-8000-000000000001";
const OTHER = "8d1a0000-0000-4000-8000-000000000001";
let one = "";
let two = "";

async function certificate(name: string): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const made = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
  });
  return Buffer.from(made.rawData).toString("base64");
}
const metadata = (...certificates: string[]) =>
  buildMetadata({ tenantId: TENANT, certificates: certificates.map((derBase64) => ({ derBase64 })) });

beforeAll(async () => {
  [one, two] = await Promise.all([certificate("one"), certificate("two")]);
});

describe("checkMetadata", () => {
  test.each([
    ["as it comes", (xml: string) => xml],
    ["with a byte order mark", (xml: string) => `\uFEFF${xml}`],
    ["with the tenant in capitals", (xml: string) => xml.replaceAll(TENANT, TENANT.toUpperCase())],
  ])("takes it %s", (_, change) => {
    expect(checkMetadata(change(metadata(one)), { tenantId: TENANT })).toMatchObject({ ok: true });
  });

  test.each(["login.microsoftonline.us", "login.chinacloudapi.cn", "login.partner.microsoftonline.cn"])(
    "takes that of a national cloud, %s, and builds it alike",
    (loginHost) => {
      const xml = buildMetadata({ tenantId: TENANT, loginHost, certificates: [{ derBase64: one }] });
      const host = loginHost.endsWith(".cn") ? "sts.chinacloudapi.cn" : "sts.windows.net";
      expect(checkMetadata(xml, { tenantId: TENANT })).toMatchObject({
        ok: true,
        entityId: `https://${host}/${TENANT}/`,
      });
    },
  );

  const login = "https://login.microsoftonline.com";
  test.each<[string, (xml: string) => string, string]>([
    ["a DOCTYPE", (xml) => xml.replace("<Entity", "<!DOCTYPE a><Entity"), "document type"],
    ["an entity", (xml) => xml.replace("<Entity", "<!ENTITY x 'y'><Entity"), "entity"],
    ["UTF-16", (xml) => xml.replace('"utf-8"', '"utf-16"'), "not UTF-8"],
    ["NUL", (xml) => [...xml].join("\0"), "document type"],
    ["another tenant", (xml) => xml.replace(`net/${TENANT}`, `net/${OTHER}`), "not the tenant"],
    ["another host", (xml) => xml.replaceAll(login, "https://login.evil.example"), "login.evil.example"],
    ["a host that begins alike", (xml) => xml.replaceAll(login, `${login}.evil.example`), "evil.example"],
    ["another tenant's sign-on", (xml) => xml.replaceAll(`com/${TENANT}`, `com/${OTHER}`), OTHER],
    ["another cloud's sign-on", (xml) => xml.replaceAll(login, "https://login.chinacloudapi.cn"), "not the tenant"],
    [
      "two clouds",
      (xml) => xml.replace(`HTTP-POST" Location="${login}`, 'HTTP-POST" Location="https://login.microsoftonline.us'),
      "sends users",
    ],
    ["a port", (xml) => xml.replaceAll(login, `${login}:8443`), ":8443"],
    ["no https", (xml) => xml.replaceAll(login, "http://login.microsoftonline.com"), "sends users"],
    ["no address", (xml) => xml.replaceAll(`${login}/${TENANT}/saml2`, "x"), "no address"],
    ["no certificate", () => metadata(), "no signing certificate"],
    ["a broken certificate", (xml) => xml.replace(one, "AAAA"), "refused"],
    ["more than 1 MiB", (xml) => xml + " ".repeat(1024 * 1024), "1 MiB"],
    ["two identity providers", (xml) => xml.replace("</Ent", "<IDPSSODescriptor/></Ent"), "no single"],
    ["nothing", () => "", "refused"],
    ["broken XML", (xml) => xml.slice(0, -30), "refused"],
  ])("refuses %s", (_, change, why) => {
    expect(checkMetadata(change(metadata(one)), { tenantId: TENANT })).toMatchObject({
      ok: false,
      reason: "MetadataRefused",
      message: expect.stringMatching(why),
    });
  });

  test("refuses user information in an address, and does not repeat it", () => {
    const xml = metadata(one).replaceAll("https://login", "https://user:hush@login");
    const { ok, message } = checkMetadata(xml, { tenantId: TENANT }) as { ok: boolean; message: string };
    expect(ok).toBe(false);
    expect(message).not.toContain("hush");
  });
});

describe("buildMetadata", () => {
  test("the same certificates in any order, or twice, give the same text", () => {
    expect(metadata(one, two)).toBe(metadata(two, one, two));
  });

  test.each([0, 1, 2])("has IAM's 1000 characters with %i certificates, and reads back", (count) => {
    const xml = metadata(...[one, two].slice(0, count));
    expect(xml.length).toBeGreaterThanOrEqual(1000);
    expect(readTrust(xml).signingCertificates).toHaveLength(count);
  });
});

describe("trustRows", () => {
  const differing = (desired: string, observed: string) =>
    trustRows(readTrust(desired), observed).flatMap((row) => (row.desired === row.observed ? [] : [row.path]));

  test.each<[string, () => string, string[]]>([
    ["white space and order are no difference", () => metadata(two, one).replaceAll("    <", "\n<"), []],
    ["a certificate less is one", () => metadata(one), ["trust.certificates"]],
    [
      "another tenant differs in name and address",
      () => metadata(one, two).replaceAll(TENANT, OTHER),
      ["trust.issuer", "trust.signIn"],
    ],
    [
      "the same certificates at another address differ in the address alone",
      () => metadata(one, two).replaceAll("https://login.microsoftonline.com/", "https://login.windows.net/"),
      ["trust.signIn"],
    ],
    [
      "what cannot be read is a difference, not an error",
      () => "x",
      ["trust.issuer", "trust.certificates", "trust.signIn"],
    ],
  ])("%s", (_, observed, paths) => expect(differing(metadata(one, two), observed())).toEqual(paths));
});
