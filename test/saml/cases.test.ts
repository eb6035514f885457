/** Responses that do not work, and the remedy that does; the shared cases where they are. */
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { readCapture } from "../../src/domain/saml/capture.ts";
import { checkDocument, type Finding } from "../../src/domain/saml/checks.ts";
import { decode } from "../../src/domain/saml/decode.ts";
import { createIdentity, type Identity, respond } from "./idp.ts";

const CASES = new URL("../../../shared/cases/saml/", import.meta.url);
const NOW = new Date("2026-11-28T10:30:00Z");
const AWS = "https://aws.amazon.com/SAML/Attributes";
const rename = (name: string) =>
  `correct the claim in Attributes & Claims of the application in Entra: name ${name}, namespace ${AWS}`;

const read = (file: Buffer): Finding[] => {
  const [captured] = readCapture(file).responses;
  return checkDocument(decode(captured!, []), { now: NOW, skewSeconds: 60 });
};
const errors = (findings: Finding[]) =>
  findings.filter(({ level, what }) => level === "error" && !what.startsWith("the signature"));

test.each<[string, object[]]>([
  [
    "lower.xml",
    [
      { what: `the attribute is called "${AWS}/role"; AWS wants exactly "${AWS}/Role"`, fix: rename("Role") },
      {
        what: `the attribute is called "${AWS}/rolesessionname"; AWS wants exactly "${AWS}/RoleSessionName"`,
        fix: rename("RoleSessionName"),
      },
    ],
  ],
  [
    "noNs.xml",
    [
      { what: `the attribute is called "Role"; AWS wants exactly "${AWS}/Role"`, fix: rename("Role") },
      {
        what: `the attribute is called "RoleSessionName"; AWS wants exactly "${AWS}/RoleSessionName"`,
        fix: rename("RoleSessionName"),
      },
    ],
  ],
  [
    "slash.xml",
    [
      { what: `the attribute is called "${AWS}//Role"; AWS wants exactly "${AWS}/Role"`, fix: rename("Role") },
      {
        what: `the attribute is called "${AWS}/RoleSessionName "; AWS wants exactly "${AWS}/RoleSessionName"`,
        fix: rename("RoleSessionName"),
      },
    ],
  ],
  ["emptyrole.xml", [{ what: expect.stringContaining("Role attribute is there, but empty") }]],
  [
    "emptyrsn.xml",
    [{ what: "RoleSessionName is there, but empty: the attribute behind it has no value for this person" }],
  ],
  ["china.xml", []],
  ["lead.b64", []],
])("%s", (name, expected) => {
  const file = new URL(name, CASES);
  if (!existsSync(file)) return console.log(`${name} is absent: not read`);
  const found = errors(read(readFileSync(file)));
  expect(found).toMatchObject(expected);
});

describe("beside a valid response", () => {
  let entra: Identity;
  let xml: string;
  beforeAll(async () => {
    entra = await createIdentity();
    xml = await respond(entra);
  });
  const trusted = () => [{ derBase64: entra.derBase64, source: "the test" }];
  const with_ = (change: (text: string) => string) =>
    errors(checkDocument(decode({ xml: change(xml) }, []), { now: new Date(), skewSeconds: 60 }));

  test.each<[string, (text: string) => string, string]>([
    [
      "a space behind a name",
      (text) => text.replace(`${AWS}/Role"`, `${AWS}/Role "`),
      `the attribute is called "${AWS}/Role "`,
    ],
    [
      "a space before a name",
      (text) => text.replace(`${AWS}/RoleSessionName"`, ` ${AWS}/RoleSessionName"`),
      `the attribute is called " ${AWS}/RoleSessionName"`,
    ],
    [
      "a space behind the session name",
      (text) => text.replace(/(RoleSessionName".*?>)jane@example.com</s, "$1jane@example.com <"),
      'RoleSessionName "jane@example.com " begins or ends with white space',
    ],
  ])("%s is seen", (_, change, what) => {
    expect(with_(change).map((one) => one.what)).toEqual([expect.stringContaining(what)]);
  });

  test("an indented copy was reformatted, not changed; a changed one that is indented was changed", () => {
    const indented = xml.replaceAll("><", ">\n  <");
    expect(decode({ xml: indented }, trusted()).signature).toMatchObject({
      state: "not-verified",
      why: expect.stringContaining("reformatted (indented) after it was signed"),
    });
    const changed = indented.replaceAll("jane@example.com", "eve@example.com");
    expect(decode({ xml: changed }, trusted()).signature).toMatchObject({
      state: "refused",
      why: "its content was changed after it was signed",
    });
  });

  test("base64 that begins with line breaks or a byte order mark", () => {
    for (const before of ["\n", "\r\n  ", "\ufeff", "\ufeff\n"]) {
      const capture = readCapture(Buffer.from(Buffer.from(before + xml).toString("base64")));
      expect(decode(capture.responses[0]!, trusted()).signature.state).toBe("verified");
    }
  });
});
