/**
 * Verifies the signature of a response, with certificates that the caller trusts and never with the one that the response brings along.
 * What is returned as verified is the canonical text that the signature covers, parsed again: what was verified is what is shown.
 */
import type { Document, Element } from "@xmldom/xmldom";
import { SignedXml } from "xml-crypto";
import { describeCertificate, type SigningCertificate } from "../metadata.ts";
import { parsePlainXml } from "../xml.ts";
import { ASSERTION_NS, assertionsIn, elements, PROTOCOL_NS } from "./document.ts";

export interface TrustedCertificate {
  derBase64: string;
  /** Where it comes from, for a person: "--certificate idp.pem", "persona team/agents". */
  source: string;
}
export type SignatureResult = {
  /** The certificate that the response carries. A claim, no proof. */
  embedded?: SigningCertificate;
  /** Signature and digest algorithm, "rsa-sha256". */
  algorithm?: string;
} & (
  | { state: "verified"; covers: "Response" | "Assertion"; certificate: SigningCertificate; source: string }
  | { state: "refused"; why: string }
  | { state: "not-verified"; why: string }
);

const SIGNATURE_NS = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
/** RSA only; what xml-crypto knows beyond these is nothing that Entra signs with. */
const ALGORITHMS: Record<string, string> = {
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": "rsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": "rsa-sha512",
  "http://www.w3.org/2000/09/xmldsig#rsa-sha1": "rsa-sha1",
};

interface Verification {
  result: SignatureResult;
  /** The element that the signature covers, from its canonical form; only when verified. */
  verified?: Element;
}

/** `xml` is the text of `document`. At least one `trusted` certificate, or the answer is that nothing was verified. */
export function verifySignature(xml: string, document: Document, trusted: TrustedCertificate[]): Verification {
  const root = document.documentElement!;
  const { plain, encrypted } = assertionsIn(document);
  const assertion = root.localName === "Assertion" ? root : elements(root, ASSERTION_NS, "Assertion")[0];
  const carriers = [...new Set([root, assertion])].filter((one) => one !== undefined);
  const signed = carriers.flatMap((carrier) =>
    elements(carrier, SIGNATURE_NS, "Signature").map((signature) => ({ carrier, signature })),
  );
  const first = signed[0];
  const claim = first ? claims(first.signature) : {};
  const not = (why: string): Verification => ({ result: { ...claim, state: "not-verified", why } });
  const refuse = (why: string): Verification => ({ result: { ...claim, state: "refused", why } });
  if (!first)
    return refuse(
      encrypted.length > 0 ? "the assertion is encrypted and the response is not signed" : "it carries no signature",
    );
  if (plain.length > 1)
    return refuse(
      `it holds ${plain.length} assertions, of which a signature can cover one: this is how signature wrapping looks`,
    );
  if (repeatedId(document)) return refuse("two elements have the same ID: this is how signature wrapping looks");
  if (trusted.length === 0) return not("no certificate to verify it with; give one with --certificate");
  // Every signature must hold; what the outermost covers is what is shown.
  const outcomes = signed.map(({ carrier, signature }) => {
    const tries = trusted.map((certificate) => ({
      certificate,
      outcome: check(xml, carrier, signature, certificate.derBase64),
    }));
    return { carrier, signature, found: tries.find(({ outcome }) => typeof outcome !== "string") ?? tries[0]! };
  });
  const broken = outcomes.find(({ found }) => typeof found.outcome === "string");
  if (broken && isReformatted(xml, trusted))
    return not(
      "it was reformatted (indented) after it was signed, so it cannot be verified as it is; without the added white space its signature holds. Take the response as the browser sent it",
    );
  if (broken) return refuse(explain(xml, broken, claim.embedded, trusted, broken.found.outcome as string));
  const { carrier, signature, found } = outcomes[0]!;
  return {
    verified: found.outcome as Element,
    result: {
      ...claims(signature),
      state: "verified",
      covers: carrier.localName === "Response" ? "Response" : "Assertion",
      certificate: describeCertificate(found.certificate.derBase64),
      source: found.certificate.source,
    },
  };
}

const WITH_ANOTHER_KEY = "it was signed with another key";

/** Whether it verifies once the white space between tags is gone. Nothing is shown as verified by this. */
function isReformatted(xml: string, trusted: TrustedCertificate[]): boolean {
  const bare = xml.replace(/>\s+</g, "><").trim();
  if (bare === xml) return false;
  try {
    return verifySignature(bare, parsePlainXml(bare), trusted).result.state === "verified";
  } catch {
    return false;
  }
}

/** The verified element, or why not. */
function check(xml: string, carrier: Element, signature: Element, derBase64: string): Element | string {
  const id = carrier.getAttribute("ID");
  const verifier = new SignedXml({ publicCert: pem(derBase64) });
  try {
    verifier.loadSignature(signature as never);
    if (!verifier.signatureAlgorithm || !(verifier.signatureAlgorithm in ALGORITHMS))
      return `the signature algorithm ${verifier.signatureAlgorithm ?? "(none)"} is not accepted`;
    if (!verifier.checkSignature(xml)) return "its content was changed after it was signed";
  } catch (error) {
    // The library's own texts are for its developers.
    return /signature value/.test((error as Error).message) ? WITH_ANOTHER_KEY : "its signature cannot be read";
  }
  const [reference, ...others] = verifier.getReferences();
  const [canonical] = verifier.getSignedReferences();
  if (!reference || others.length > 0 || !canonical) return "the signature covers more than one element";
  if (!id || reference.uri !== `#${id}`) return "the signature covers another element than the one that carries it";
  if (!reference.transforms.every((one) => one === ENVELOPED || one === EXCLUSIVE))
    return "the signature transforms the document by other means than SAML allows";
  const covered = parsePlainXml(canonical);
  const element = covered.documentElement!;
  const expected = carrier.localName === "Response" ? PROTOCOL_NS : ASSERTION_NS;
  if (element.localName !== carrier.localName || element.namespaceURI !== expected)
    return "the signature covers another element than the one that carries it";
  return element;
}

/** The usual cases: a rolled certificate, a changed document. */
function explain(
  xml: string,
  { carrier, signature }: { carrier: Element; signature: Element },
  embedded: SigningCertificate | undefined,
  trusted: TrustedCertificate[],
  reason: string,
): string {
  if (!embedded) return reason;
  const known = trusted.some(
    ({ derBase64 }) => describeCertificate(derBase64).fingerprintSha256 === embedded.fingerprintSha256,
  );
  if (known) return reason;
  const own = typeof check(xml, carrier, signature, embedded.derBase64) !== "string";
  return own
    ? `it was signed with the certificate ${embedded.thumbprintSha1}, which is none of the trusted ones (${trusted.map(({ derBase64 }) => describeCertificate(derBase64).thumbprintSha1).join(", ")}): the signing certificate was changed, or this is another application's`
    : reason;
}

function claims(signature: Element): Pick<SignatureResult, "embedded" | "algorithm"> {
  const text = [...signature.getElementsByTagNameNS(SIGNATURE_NS, "X509Certificate")][0]?.textContent;
  const method = [...signature.getElementsByTagNameNS(SIGNATURE_NS, "SignatureMethod")][0]?.getAttribute("Algorithm");
  const algorithm = method ? (ALGORITHMS[method] ?? method) : undefined;
  let embedded: SigningCertificate | undefined;
  try {
    if (text) embedded = describeCertificate(text);
  } catch {
    // Not a certificate: then there is none to show.
  }
  return { ...(embedded ? { embedded } : {}), ...(algorithm ? { algorithm } : {}) };
}

function repeatedId(document: Document): boolean {
  const seen = new Set<string>();
  for (const element of [...document.getElementsByTagName("*")]) {
    for (const name of ["ID", "Id", "id"]) {
      const id = element.getAttribute(name);
      if (!id) continue;
      if (seen.has(id)) return true;
      seen.add(id);
    }
  }
  return false;
}

const pem = (derBase64: string) =>
  `-----BEGIN CERTIFICATE-----\n${derBase64.match(/.{1,64}/g)!.join("\n")}\n-----END CERTIFICATE-----\n`;
