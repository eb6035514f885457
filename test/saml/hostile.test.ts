/** Captures and documents that nobody means well with: answers in bounded time, in our own words. */
import { beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readTrust } from "../../src/domain/metadata.ts";
import { readCapture } from "../../src/domain/saml/capture.ts";
import { checkDocument } from "../../src/domain/saml/checks.ts";
import { decode } from "../../src/domain/saml/decode.ts";
import { parsePlainXml } from "../../src/domain/xml.ts";
import { parseManifests } from "../../src/manifests/read.ts";
import { base64, createIdentity, type Identity, respond } from "./idp.ts";

const SEED = Number(process.env.SEED ?? 20261128);
let entra: Identity;
let xml: string;
beforeAll(async () => {
  entra = await createIdentity();
  xml = await respond(entra);
});
const trusted = () => [{ derBase64: entra.derBase64, source: "the test" }];

/** So large that work which grows with the square of the size would not end within the time of a test. */
test.each<[string, (size: number) => string]>([
  ["inputs without an end", (size) => `<form>${"<form><input ".repeat(size)}SAMLResponse`],
  ["inputs that end far away", (size) => `<form>${"<input name=SAMLResponse ".repeat(size)}>`],
  ["attributes without values", (size) => `<form><input ${"name value ".repeat(size)}>`],
  ["line breaks", (size) => `SAMLResponse=a${"\n".repeat(size * 10)}x`],
  ["quotes", (size) => `<form><input ${"value=\"'".repeat(size)}>`],
])("%s are read in one pass", (_, build) => {
  expect(() => readCapture(Buffer.from(build(400_000)))).toThrow(/holds no form|neither XML|holds none/);
});

test.each<[string, string, RegExp]>([
  ["entries that are null", '{"log":{"entries":[null]}}', /holds no SAML response/],
  [
    "entries of every kind",
    '{"log":{"entries":[1,"x",[],{"request":1},{"request":{"postData":[]}},{"response":{"content":"x"}}]}}',
    /holds no SAML response/,
  ],
  [
    "parameters that are null",
    '{"log":{"entries":[{"request":{"url":7,"postData":{"params":[null,{"name":"SAMLResponse","value":7}]}}}]}}',
    /holds no SAML response/,
  ],
  [
    "requests that are null",
    '{"requests":[null,{"post":[null,["SAMLResponse"],["SAMLResponse",7]]}]}',
    /holds no SAML response/,
  ],
  ["a log that is a list", '{"log":[]}', /neither a HAR file/],
  ["JSON that is none", "{", /begins like JSON/],
  ["a character beyond Unicode", '<form><input name="SAMLResponse" value="&#9999999;">', /neither XML/],
])("%s", (_, text, message) => {
  expect(() => readCapture(Buffer.from(text))).toThrow(message);
});

describe("documents", () => {
  const metadata = (inner: string) =>
    `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">${inner}</EntityDescriptor>`;
  test.each<[string, string, string]>([
    [
      "nested 120,000 deep",
      metadata("<a>".repeat(120_000) + "</a>".repeat(120_000)),
      "it is nested more than 100 deep",
    ],
    ["nested deep behind quotes", metadata('<a b="/>">'.repeat(200)), "it is nested more than 100 deep"],
    ["nested deep behind a comment", metadata(`<!-- </a> -->${"<a>".repeat(200)}`), "it is nested more than 100 deep"],
    ["200,000 elements", metadata("<a/>".repeat(200_000)), "it has more than 20000 elements"],
    [
      "50,000 attributes",
      metadata(`<a ${Array.from({ length: 50_000 }, (_, n) => `a${n}=""`).join(" ")}/>`),
      "an element has more than 200 attributes",
    ],
    ["an element without an end", metadata("<a>"), "it is not well-formed XML"],
    ["text alone", "x", "it is not well-formed XML"],
    ["nothing", "", "it is not well-formed XML"],
    ["an entity", '<!DOCTYPE a [<!ENTITY b "c">]><a/>', "it holds a document type or entity declaration"],
    [
      "another encoding",
      '<?xml version="1.0" encoding="\u001b[2J"?><a/>',
      "it is declared as something else, not UTF-8",
    ],
    [
      "a certificate that is none",
      metadata(
        '<IDPSSODescriptor><KeyDescriptor><X509Certificate xmlns="http://www.w3.org/2000/09/xmldsig#">AAAA</X509Certificate></KeyDescriptor></IDPSSODescriptor>',
      ),
      "it holds a certificate that cannot be read",
    ],
  ])("%s", (_, text, message) => {
    const error = (() => {
      try {
        readTrust(text);
      } catch (thrown) {
        return thrown as Error;
      }
      return undefined;
    })();
    expect(error?.message).toBe(message);
  });

  test("a comment and CDATA count for nothing", () => {
    expect(
      parsePlainXml(`<a><!-- ${"<b>".repeat(500)} --><![CDATA[${"<b>".repeat(500)}]]></a>`).documentElement?.localName,
    ).toBe("a");
  });
});

test("whatever is changed in a response, the answer is a reading or an error in our own words, and never verified", () => {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat(40),
    insert: fc.oneof(
      fc.constantFrom(
        "<",
        ">",
        '"',
        "&",
        "&#0;",
        "<!--",
        "]]>",
        "</Assertion>",
        "<Assertion>",
        " ",
        "\n",
        "\u0000",
        "=",
        "]",
        "xmlns:x='y'",
      ),
      fc.string({ maxLength: 4 }),
    ),
  });
  const property = fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
    let text = xml;
    for (const { at, remove, insert } of edits) {
      const start = Math.floor(at * text.length);
      text = text.slice(0, start) + insert + text.slice(start + remove);
    }
    try {
      const decoded = decode({ xml: text }, trusted());
      checkDocument(decoded, { now: new Date(0), skewSeconds: 60 });
      if (decoded.signature.state === "verified") expect(decoded.assertion?.nameId?.value).toBe("jane@example.com");
    } catch (error) {
      expect((error as Error).constructor).toBe(Error);
      expect((error as Error).message).toMatch(/^it (is|holds|has|'s)|^an element has/);
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 400 });
});

test("whatever a capture holds, the answer is a reading or an error in our own words", () => {
  const json = fc.json({ maxDepth: 4 }).map((text) => `{"log":{"entries":[${text}]},"requests":[${text}]}`);
  const pieces = fc.constantFrom(
    "<form ",
    "<input ",
    'name="SAMLResponse" ',
    'value="',
    '"',
    ">",
    "SAMLResponse=",
    "&",
    "%",
    "%zz",
    "\ufeff",
    "{",
    "PHNhbWw+",
    "\n",
  );
  const input = fc.oneof(
    json,
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.string(),
    fc.string().map((text) => base64(text)),
  );
  fc.assert(
    fc.property(input, (text) => {
      try {
        readCapture(Buffer.from(text));
      } catch (error) {
        expect((error as Error).constructor).toBe(Error);
        expect((error as Error).message).toMatch(/^(the|read) /);
      }
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

test("aliases of aliases end one document of one file, which is named", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
    .split("")
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[index]}`).join(",")}]`)
    .join("\n")}\n`;
  const all = { objects: [], problems: [], sources: new Map() };
  parseManifests(`kind: A\n---\n${bomb}`, "bomb.yaml", "team", all);
  expect(all.problems).toEqual([
    { file: "bomb.yaml", line: expect.any(Number), path: "", message: "it has too many aliases (&, *)" },
  ]);
});
