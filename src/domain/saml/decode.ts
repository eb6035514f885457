/** One captured response, decoded and verified; what a signature covers is read from its verified form. */
import { parsePlainXml } from "../xml.ts";
import type { Captured } from "./capture.ts";
import {
  ASSERTION_NS,
  type AssertionFields,
  assertionsIn,
  elements,
  hasComments,
  PROTOCOL_NS,
  type ResponseFields,
  readAssertion,
  readResponse,
} from "./document.ts";
import { type SignatureResult, type TrustedCertificate, verifySignature } from "./signature.ts";

export interface Decoded {
  response?: ResponseFields;
  /** Absent when it is encrypted, or the status says that there is none. */
  assertion?: AssertionFields;
  signature: SignatureResult;
  /** How many stand anywhere in the document. */
  assertions: number;
  encrypted: boolean;
  /** Comments or processing instructions: parsers disagree about values that hold them. */
  comments: boolean;
  capture: Omit<Captured, "xml">;
}

/** Throws an Error that completes "it is refused: …". */
export function decode(captured: Captured, trusted: TrustedCertificate[]): Decoded {
  const { xml: raw, ...capture } = captured;
  const xml = raw.replace(/^\uFEFF/, "");
  const document = parsePlainXml(xml);
  const root = document.documentElement;
  const isResponse = root?.namespaceURI === PROTOCOL_NS && root.localName === "Response";
  const isAssertion = root?.namespaceURI === ASSERTION_NS && root.localName === "Assertion";
  if (!root || !(isResponse || isAssertion)) {
    const what =
      root?.localName === "AuthnRequest" ? "a request to sign in, not an answer" : `a ${root?.localName ?? "nothing"}`;
    throw new Error(`it is ${what}; expected a SAML 2.0 Response or Assertion`);
  }
  const { plain, encrypted } = assertionsIn(document);
  const { result, verified } = verifySignature(xml, document, trusted);
  const response = isResponse ? readResponse(verified?.localName === "Response" ? verified : root) : undefined;
  const carrier = verified ?? root;
  const assertion = carrier.localName === "Assertion" ? carrier : elements(carrier, ASSERTION_NS, "Assertion")[0];
  return {
    ...(response ? { response } : {}),
    ...(assertion ? { assertion: readAssertion(assertion) } : {}),
    signature: result,
    assertions: plain.length + encrypted.length,
    encrypted: encrypted.length > 0 && plain.length === 0,
    comments: hasComments(document),
    capture,
  };
}
