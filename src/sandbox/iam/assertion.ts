/** A SAML response as AssumeRoleWithSAML reads it: signature, issuer, time, audience and attributes. */
import { DOMParser, type Element } from "@xmldom/xmldom";
import { SignedXml } from "xml-crypto";
import { IamError } from "./error.ts";
import { certificatesOf, issuerOf } from "./metadata.ts";

const ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion";
const SIGNATURE = "http://www.w3.org/2000/09/xmldsig#";
/** "Token must be redeemed within 5 minutes of issuance." */
const REDEEM_MS = 5 * 60_000;
const AUDIENCES = ["https://signin.aws.amazon.com/saml", "urn:amazon:webservices"];

export interface Assertion {
  issuer: string;
  subject: string;
  subjectType: string;
  audience: string;
  /** Where the response was to be delivered: SAML:aud of trust policies. */
  recipient: string;
  attributes: Map<string, string[]>;
}

const invalidToken = (message: string) => new IamError("InvalidIdentityToken", message, 400);

/** `metadata` is the provider's; everything is taken from what a key of it has signed. */
export function readAssertion(base64: string, metadata: string, now: Date): Assertion {
  const assertion = signedAssertion(Buffer.from(base64, "base64").toString("utf8"), metadata);
  const text = (name: string) => first(assertion, name)?.textContent?.trim() ?? "";
  const issuer = text("Issuer");
  if (issuer !== issuerOf(metadata)) throw invalidToken("Issuer not present in specified provider");
  const data = first(assertion, "SubjectConfirmationData");
  const issued = Date.parse(assertion.getAttribute("IssueInstant") ?? "");
  const until = Date.parse(data?.getAttribute("NotOnOrAfter") ?? "");
  if (!(until > now.getTime()) || Math.abs(now.getTime() - issued) > REDEEM_MS)
    throw new IamError("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", 400);
  const audience = text("Audience");
  if (!AUDIENCES.includes(audience)) throw invalidToken("Audience is not valid");
  const nameId = first(assertion, "NameID");
  return {
    issuer,
    audience,
    subject: nameId?.textContent?.trim() ?? "",
    subjectType: (nameId?.getAttribute("Format") ?? "").split(":").at(-1) ?? "",
    recipient: data?.getAttribute("Recipient") ?? "",
    attributes: new Map(
      [...assertion.getElementsByTagNameNS(ASSERTION, "Attribute")].map((attribute) => [
        attribute.getAttribute("Name") ?? "",
        [...attribute.getElementsByTagNameNS(ASSERTION, "AttributeValue")].map((value) => value.textContent ?? ""),
      ]),
    ),
  };
}

const first = (element: Element, name: string) => element.getElementsByTagNameNS(ASSERTION, name).item(0);

/** The assertion out of the canonical text that the signature covers. */
function signedAssertion(xml: string, metadata: string): Element {
  for (const der of certificatesOf(metadata)) {
    try {
      const signature = parse(xml).getElementsByTagNameNS(SIGNATURE, "Signature").item(0);
      if (!signature) break;
      const publicCert = `-----BEGIN CERTIFICATE-----\n${der.replace(/\s/g, "")}\n-----END CERTIFICATE-----`;
      const verifier = new SignedXml({ publicCert });
      verifier.loadSignature(signature.toString());
      if (!verifier.checkSignature(xml)) continue;
      const signed = parse(verifier.getSignedReferences()[0] ?? "");
      const found = signed.localName === "Assertion" ? signed : first(signed, "Assertion");
      if (found) return found;
    } catch {
      // Another certificate of the provider may fit.
    }
  }
  throw invalidToken("Response signature invalid");
}

function parse(xml: string): Element {
  return new DOMParser({
    onError: (level, message) => {
      if (level !== "warning") throw new Error(message);
    },
  }).parseFromString(xml, "text/xml").documentElement!;
}
