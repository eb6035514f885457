import { beforeAll, describe, expect, test } from "@jest/globals";
import { readCapture } from "../../src/domain/saml/capture.ts";
import { checkDocument } from "../../src/domain/saml/checks.ts";
import { type Decoded, decode } from "../../src/domain/saml/decode.ts";
import {
  base64,
  createIdentity,
  ENDPOINT,
  type Identity,
  PROVIDER,
  ROLE,
  respond,
  TENANT,
  type Wanted,
} from "./idp.ts";

let entra: Identity;
let other: Identity;
beforeAll(async () => {
  [entra, other] = await Promise.all([createIdentity(), createIdentity()]);
});
const trust = (identity: Identity) => [{ derBase64: identity.derBase64, source: "the test" }];
const read = (xml: string, trusted = trust(entra)): Decoded => decode({ xml }, trusted);
const findings = (decoded: Decoded, now = new Date()) => checkDocument(decoded, { now, skewSeconds: 60 });
const of = async (wanted: Wanted = {}) => findings(read(await respond(entra, wanted)));

describe("a response as an independent library makes it", () => {
  test.each([
    ["signed assertion", {}, "Assertion"],
    ["signed response", { signResponse: true, signAssertion: false }, "Response"],
    ["both", { signResponse: true }, "Response"],
    ["prefix ds", { signatureNamespacePrefix: "ds" }, "Assertion"],
  ])("%s is verified and read", async (_, options, covers) => {
    const decoded = read(await respond(entra, { options }));
    expect(decoded.signature).toMatchObject({ state: "verified", covers, algorithm: "rsa-sha256", source: "the test" });
    expect(decoded.assertion).toMatchObject({
      issuer: `https://sts.windows.net/${TENANT}/`,
      nameId: { value: "jane@example.com" },
      audiences: [ENDPOINT],
      confirmations: [{ method: "bearer", recipient: ENDPOINT }],
    });
    expect(findings(decoded)).toEqual([]);
  });

  test("SHA-1 is named", async () => {
    const options = { signatureAlgorithm: "rsa-sha1", digestAlgorithm: "sha1" };
    expect(await of({ options })).toMatchObject([{ level: "warning", what: "it is signed with SHA-1" }]);
  });

  test("without a certificate nothing is verified, and what it brings along does not count", async () => {
    const { signature } = read(await respond(entra), []);
    expect(signature).toMatchObject({ state: "not-verified", why: expect.stringContaining("--certificate") });
    expect(signature.embedded!.fingerprintSha256).toMatch(/^[0-9A-F]{64}$/);
  });

  test("signed by somebody else, with their own certificate inside", async () => {
    const { signature } = read(await respond(other));
    expect(signature).toMatchObject({
      state: "refused",
      why: expect.stringMatching(/^it was signed with the certificate [0-9A-F]{40}, which is none of the trusted ones/),
    });
  });

  test("a value changed afterwards", async () => {
    const xml = (await respond(entra)).replaceAll("jane@example.com", "alice@example.com");
    expect(read(xml).signature).toMatchObject({ state: "refused", why: "its content was changed after it was signed" });
  });

  test("the signature taken away", async () => {
    const xml = (await respond(entra)).replace(/<Signature.*<\/Signature>/s, "");
    expect(read(xml).signature).toMatchObject({ state: "refused", why: "it carries no signature" });
  });

  test("encrypted assertions are named as such", async () => {
    const options = { encryptionCert: entra.certificate, encryptionPublicKey: entra.certificate };
    const decoded = read(await respond(entra, { options }));
    expect(decoded).toMatchObject({ encrypted: true, assertions: 1 });
    expect(findings(decoded)[0]).toMatchObject({
      level: "error",
      what: expect.stringMatching(/^the assertion is encrypted/),
    });
  });

  test("a refusal of Entra", async () => {
    const xml = (await respond(entra)).replace(
      /<samlp:Status>.*<\/samlp:Status>/s,
      '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/><samlp:StatusMessage>AADSTS50105: not assigned to a role</samlp:StatusMessage></samlp:Status>',
    );
    expect(findings(read(xml))[0]).toMatchObject({
      level: "error",
      what: "Entra answered Responder: AADSTS50105: not assigned to a role",
    });
  });
});

describe("signature wrapping", () => {
  /** The signed assertion moved aside, a forged one in its place. */
  async function wrapped(place: (forged: string, signed: string) => string): Promise<string> {
    const xml = await respond(entra);
    const [signed] = /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml)!;
    const forged = signed
      .replace(/<Signature.*<\/Signature>/s, "")
      .replace(/ID="[^"]+"/, 'ID="_forged"')
      .replaceAll("jane@example.com", "admin@example.com");
    return xml.replace(signed, place(forged, signed));
  }
  test.each<[string, (forged: string, signed: string) => string]>([
    ["two side by side", (forged, signed) => forged + signed],
    ["the signed one first", (forged, signed) => signed + forged],
    ["in an extension", (forged, signed) => `<samlp:Extensions>${signed}</samlp:Extensions>${forged}`],
    [
      "in the forged one's signature",
      (forged, signed) => {
        const [signature] = /<Signature.*<\/Signature>/s.exec(signed)!;
        const inner = signed.replace(signature, "");
        const object = signature.replace("</Signature>", `<Object>${inner}</Object></Signature>`);
        return forged.replace("</saml:Issuer>", `</saml:Issuer>${object}`);
      },
    ],
  ])("%s is refused", async (_, place) => {
    const decoded = read(await wrapped(place));
    expect(decoded.signature.state).toBe("refused");
    expect(findings(decoded).some(({ level, what }) => level === "error" && /signature/.test(what))).toBe(true);
  });

  test("the same ID twice", async () => {
    const xml = await respond(entra);
    const [, id] = /<saml:Assertion[^>]* ID="([^"]+)"/.exec(xml)!;
    const twice = xml.replace("<samlp:Status>", `<samlp:Extensions><x ID="${id}"/></samlp:Extensions><samlp:Status>`);
    expect(read(twice).signature).toMatchObject({ state: "refused", why: expect.stringContaining("same ID") });
  });

  test("what is outside the signature is not believed: an unsigned response around a signed assertion", async () => {
    const xml = (await respond(entra)).replace('Destination="https://signin', 'Destination="https://evil');
    expect(read(xml).signature).toMatchObject({ state: "verified", covers: "Assertion" });
  });

  test("a comment in a signed value is read as the signature covers it, and named", async () => {
    const xml = (await respond(entra)).replaceAll("jane@example.com", "jane@<!-- x -->example.com");
    const decoded = read(xml);
    expect(decoded.signature.state).toBe("verified");
    expect(decoded.assertion!.nameId!.value).toBe("jane@example.com");
    expect(findings(decoded)).toMatchObject([{ level: "warning", what: expect.stringContaining("comments") }]);
  });

  test("an HMAC with the certificate as its key", async () => {
    const xml = (await respond(entra)).replace(
      "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
      "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
    );
    expect(read(xml).signature).toMatchObject({ state: "refused", why: expect.stringContaining("is not accepted") });
  });
});

describe("hostile XML is refused before it is parsed", () => {
  test.each<[string, (xml: string) => string, RegExp]>([
    ["document type", (xml) => `<!DOCTYPE a [<!ENTITY b "c">]>${xml}`, /document type or entity/],
    ["entity bomb in lower case", (xml) => `<!doctype a [<!entity b "c">]>${xml}`, /document type or entity/],
    [
      "larger than 1 MiB",
      (xml) => xml.replace("<samlp:Status>", `${" ".repeat(1024 * 1024)}<samlp:Status>`),
      /larger than 1 MiB/,
    ],
    ["another encoding", (xml) => `<?xml version="1.0" encoding="UTF-7"?>${xml}`, /declared as UTF-7/],
    ["cut off", (xml) => xml.slice(0, 500), /./],
    [
      "metadata",
      () => '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"/>',
      /a EntityDescriptor; expected/,
    ],
    [
      "a request",
      () => '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>',
      /a request to sign in, not an answer/,
    ],
  ])("%s", async (_, spoil, message) => {
    const xml = spoil(await respond(entra));
    expect(() => read(xml)).toThrow(message);
  });
});

describe("what AWS and Connect ask of it", () => {
  const attribute = (name: string, value: unknown): Wanted => ({
    attributes: { [`https://aws.amazon.com/SAML/Attributes/${name}`]: value },
  });
  test.each<[string, Wanted, string[]]>([
    [
      "no Role",
      attribute("Role", undefined),
      [
        "there is no Role attribute: the user has no role in this application, or the claim is missing",
        "Your request included an invalid SAML response.",
      ],
    ],
    ["a Role that is no pair", { role: ROLE }, [`Role "${ROLE}" is no pair of provider ARN`]],
    [
      "two roles",
      { role: [`${ROLE},${PROVIDER}`, `${ROLE}2,${PROVIDER}2`] },
      ["there are 2 roles, so AWS asks which one to use; a Connect user belongs to one"],
    ],
    [
      "no RoleSessionName",
      attribute("RoleSessionName", undefined),
      [
        "there is no RoleSessionName: the claim is missing, or the attribute behind it is empty for this user",
        "RoleSessionName is required in AuthnResponse",
      ],
    ],
    [
      "a guest",
      { roleSessionName: "jane_x.com#EXT#@example.com" },
      [
        'RoleSessionName "jane_x.com#EXT#@example.com" does not match [a-zA-Z_0-9+=,.@-]{2,64}',
        "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
      ],
    ],
    [
      "longer than 64",
      { roleSessionName: `${"x".repeat(60)}@example.com` },
      [`RoleSessionName "${"x".repeat(60)}@example.com" does not match [a-zA-Z_0-9+=,.@-]{2,64}`],
    ],
    [
      "a name that AWS takes and Connect does not",
      { roleSessionName: "jane+1@example.com" },
      [`"jane+1@example.com" cannot be a Connect user name: letters, digits and _.-, '@' only in an e-mail address`],
    ],
    [
      "SessionDuration out of range",
      attribute("SessionDuration", "60"),
      ['SessionDuration "60" is not a number of seconds from 900 to 43200'],
    ],
    [
      "another audience",
      { options: { audience: "https://example.com" } },
      ["the audience is https://example.com, not AWS", "Response does not contain the required audience."],
    ],
    [
      "another recipient",
      { options: { recipient: "https://example.com/saml" } },
      [
        "the recipient https://example.com/saml is no sign-in endpoint of AWS",
        "Not authorized to perform sts:AssumeRoleWithSAML",
      ],
    ],
  ])("%s", async (_, wanted, [what, seen]) => {
    const found = await of(wanted);
    expect(found).toMatchObject([{ what, ...(seen ? { seen } : {}) }]);
  });

  test("a misspelt attribute is told from a missing one", async () => {
    const wanted = attribute("RoleSessionName", undefined);
    wanted.attributes!["https://aws.amazon.com/SAML/Attributes/rolesessionname"] = "jane@example.com";
    expect((await of(wanted))[0]!.what).toBe(
      'the attribute is called "https://aws.amazon.com/SAML/Attributes/rolesessionname"; AWS wants exactly "https://aws.amazon.com/SAML/Attributes/RoleSessionName"',
    );
  });

  test("times, against the clock and against the capture", async () => {
    const decoded = read(await respond(entra));
    const later = (ms: number) => new Date(Date.now() + ms);
    expect(findings(decoded, later(3 * 3_600_000))).toMatchObject([
      { level: "note", what: "it expired 2 h ago, as every saved response does after an hour" },
    ]);
    expect(findings(decoded, later(-600_000))).toMatchObject([
      { level: "error", what: expect.stringContaining("not valid before") },
    ]);
    const captured = (ms: number) => ({ ...decoded, capture: { at: later(ms) } });
    expect(findings(captured(7_200_000))).toMatchObject([
      { level: "error", what: "it had expired 60 min before the browser sent it" },
    ]);
    expect(findings(captured(1_000), later(864e5))).toEqual([]);
  });
});

describe("what people have at hand", () => {
  const relay = "https://us-east-1.console.aws.amazon.com/connect/federate/0a1b?destination=%2Fconnect%2Fccp";
  const form = (xml: string) =>
    `SAMLResponse=${encodeURIComponent(base64(xml))}&RelayState=${encodeURIComponent(relay)}`;
  const har = (request: object, response: object = {}) =>
    JSON.stringify({
      log: {
        version: "1.2",
        entries: [
          { startedDateTime: "2026-11-24T15:00:00Z", request: { method: "GET", url: "https://myapps.microsoft.com/" } },
          {
            startedDateTime: "2026-11-24T15:00:05.000Z",
            request: { method: "POST", url: ENDPOINT, ...request },
            response,
          },
        ],
      },
    });
  const tracer = (post: [string, string][], saml?: string) =>
    JSON.stringify({
      requests: [
        { method: "GET", url: "https://myapps.microsoft.com/", requestId: "1", requestHeaders: [], get: [] },
        {
          method: "POST",
          url: ENDPOINT,
          requestId: "2",
          requestHeaders: [{ name: "Cookie", value: "secret" }],
          post,
          protocol: "SAML-P",
          saml,
          responseStatus: 302,
          responseHeaders: [{ name: "Date", value: "Tue, 24 Nov 2026 15:00:05 GMT" }],
        },
      ],
      timestamp: "2026-11-24T15:01:00.000Z",
    });
  const at = new Date("2026-11-24T15:00:05Z");
  const escaped = (xml: string) => xml.replaceAll("+", "&#x2B;").replaceAll("=", "&#61;");

  test.each<[string, string, (xml: string) => string, object]>([
    ["raw XML", "XML", (xml) => `\uFEFF${xml}\n`, {}],
    ["base64", "base64", (xml) => base64(xml), {}],
    ["base64 in lines", "base64", (xml) => `${base64(xml).replace(/(.{76})/g, "$1\r\n")}\n`, {}],
    ["base64, percent-encoded", "base64", (xml) => encodeURIComponent(base64(xml)), {}],
    ["the form", "form", form, { relayState: relay }],
    [
      "the page that posts it",
      "page",
      (xml) =>
        `<html><body><form action="${ENDPOINT}" method="POST"><input type="hidden" name="SAMLResponse" value="${escaped(base64(xml))}" /><input name="RelayState" value="${relay}"></form></body></html>`,
      { relayState: relay, url: ENDPOINT },
    ],
    [
      "HAR with text",
      "HAR",
      (xml) => har({ postData: { mimeType: "application/x-www-form-urlencoded", text: form(xml) } }),
      { relayState: relay, url: ENDPOINT, at },
    ],
    [
      "HAR with fields as they were sent",
      "HAR",
      (xml) =>
        har({
          postData: {
            params: [
              { name: "SAMLResponse", value: encodeURIComponent(base64(xml)) },
              { name: "RelayState", value: encodeURIComponent(relay) },
            ],
          },
        }),
      { relayState: relay, at },
    ],
    [
      "HAR that was cut off at the page",
      "HAR",
      (xml) =>
        har(
          {},
          { content: { text: `<form action="${ENDPOINT}"><input name="SAMLResponse" value="${base64(xml)}"></form>` } },
        ),
      { url: ENDPOINT, at },
    ],
    [
      "SAML-tracer, nothing masked",
      "SAML-tracer export",
      (xml) =>
        tracer([
          ["SAMLResponse", base64(xml)],
          ["RelayState", relay],
        ]),
      { relayState: relay, url: ENDPOINT, at },
    ],
    [
      "SAML-tracer, values masked",
      "SAML-tracer export",
      (xml) =>
        tracer(
          [
            ["SAMLResponse", "****"],
            ["RelayState", "****"],
          ],
          xml,
        ),
      { url: ENDPOINT, at },
    ],
  ])("%s", async (_, formName, pack, more) => {
    const xml = await respond(entra);
    const capture = readCapture(Buffer.from(pack(xml)));
    expect(capture).toMatchObject({ form: formName, responses: [{ ...more }] });
    expect(decode(capture.responses[0]!, trust(entra)).signature.state).toBe("verified");
  });

  test.each<[string, string | Buffer, RegExp]>([
    ["nothing", "", /empty/],
    ["prose", "hello world, is this SAML?", /neither XML, base64/],
    ["other JSON", '{"a":1}', /neither a HAR file/],
    ["broken JSON", '{"log": ', /begins like JSON/],
    ["a HAR without a login", JSON.stringify({ log: { entries: [] } }), /holds no SAML response/],
    ["base64 of something else", Buffer.from("%PDF-1.4 something").toString("base64"), /holds none/],
    ["a masked trace", tracer([["SAMLResponse", "****"]]), /masked/],
    ["no UTF-8", Buffer.from([0xff, 0xfe, 0x00]), /not UTF-8/],
    ["a form without a response", "RelayState=x&SAMLResponse=", /no SAMLResponse/],
  ])("%s is refused with what was expected", (_, input, message) => {
    expect(() => readCapture(Buffer.from(input))).toThrow(message);
  });

  test("an error never repeats the input", () => {
    for (const input of [`<a>${"s3cret".repeat(10)}`, "s3cret s3cret!", '{"s3cret":']) {
      let message = "";
      try {
        decode(readCapture(Buffer.from(input)).responses[0]!, []);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).not.toBe("");
      expect(message).not.toContain("s3cret");
    }
  });
});
