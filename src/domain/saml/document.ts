/** A SAML response as data: what AWS reads of it, and what a person needs to see. Built from parsed XML only. */
import type { Document, Element } from "@xmldom/xmldom";

export const PROTOCOL_NS = "urn:oasis:names:tc:SAML:2.0:protocol";
export const ASSERTION_NS = "urn:oasis:names:tc:SAML:2.0:assertion";
export const ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes";

export interface ResponseFields {
  id: string;
  issuer?: string;
  issueInstant?: Date;
  destination?: string;
  inResponseTo?: string;
  /** Last part of the status URN: "Success", "Responder"… */
  status?: string;
  subStatus?: string;
  statusMessage?: string;
}
export interface AssertionFields {
  id: string;
  issuer: string;
  issueInstant?: Date;
  nameId?: { value: string; format?: string };
  /** One per SubjectConfirmation; AWS wants exactly one. */
  confirmations: { method: string; recipient?: string; notOnOrAfter?: Date; inResponseTo?: string }[];
  notBefore?: Date;
  notOnOrAfter?: Date;
  audiences: string[];
  authnInstant?: Date;
  sessionNotOnOrAfter?: Date;
  /** Name and values as they stand, white space included (AWS compares exactly), in the order of the document. */
  attributes: { name: string; values: string[] }[];
}
interface RolePair {
  /** As in the assertion. */
  text: string;
  roleArn?: string;
  providerArn?: string;
}

export const elements = (parent: Element, ns: string, name: string): Element[] =>
  [...parent.childNodes].filter(
    (node): node is Element =>
      node.nodeType === 1 && (node as Element).namespaceURI === ns && (node as Element).localName === name,
  );
const only = (parent: Element | undefined, ns: string, name: string): Element | undefined =>
  parent && elements(parent, ns, name)[0];
const text = (element: Element | undefined): string | undefined => element?.textContent?.trim();
const attribute = (element: Element | undefined, name: string): string | undefined =>
  element?.getAttribute(name) ?? undefined;

function instant(element: Element | undefined, name: string): Date | undefined {
  const value = attribute(element, name);
  // xs:dateTime, in UTC as SAML core 1.3.3 has it.
  if (!value || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.test(value)) return undefined;
  const at = new Date(/(Z|[+-]\d\d:\d\d)$/.test(value) ? value : `${value}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

const known = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

export function readResponse(root: Element): ResponseFields {
  const status = only(root, PROTOCOL_NS, "Status");
  const code = only(status, PROTOCOL_NS, "StatusCode");
  const last = (element: Element | undefined) => attribute(element, "Value")?.split(":").at(-1);
  return known({
    id: attribute(root, "ID") ?? "",
    issuer: text(only(root, ASSERTION_NS, "Issuer")),
    issueInstant: instant(root, "IssueInstant"),
    destination: attribute(root, "Destination"),
    inResponseTo: attribute(root, "InResponseTo"),
    status: last(code),
    subStatus: last(code && only(code, PROTOCOL_NS, "StatusCode")),
    statusMessage: text(only(status, PROTOCOL_NS, "StatusMessage")),
  });
}

export function readAssertion(root: Element): AssertionFields {
  const subject = only(root, ASSERTION_NS, "Subject");
  const nameId = only(subject, ASSERTION_NS, "NameID");
  const conditions = only(root, ASSERTION_NS, "Conditions");
  const authn = only(root, ASSERTION_NS, "AuthnStatement");
  const restrictions = conditions ? elements(conditions, ASSERTION_NS, "AudienceRestriction") : [];
  const value = text(nameId);
  return known({
    id: attribute(root, "ID") ?? "",
    issuer: text(only(root, ASSERTION_NS, "Issuer")) ?? "",
    issueInstant: instant(root, "IssueInstant"),
    nameId: value ? known({ value, format: attribute(nameId, "Format") }) : undefined,
    confirmations: (subject ? elements(subject, ASSERTION_NS, "SubjectConfirmation") : []).map((one) => {
      const data = only(one, ASSERTION_NS, "SubjectConfirmationData");
      return known({
        method: attribute(one, "Method")?.split(":").at(-1) ?? "",
        recipient: attribute(data, "Recipient"),
        notOnOrAfter: instant(data, "NotOnOrAfter"),
        inResponseTo: attribute(data, "InResponseTo"),
      });
    }),
    notBefore: instant(conditions, "NotBefore"),
    notOnOrAfter: instant(conditions, "NotOnOrAfter"),
    audiences: restrictions.flatMap((one) => elements(one, ASSERTION_NS, "Audience").map((each) => text(each) ?? "")),
    authnInstant: instant(authn, "AuthnInstant"),
    sessionNotOnOrAfter: instant(authn, "SessionNotOnOrAfter"),
    attributes: elements(root, ASSERTION_NS, "AttributeStatement").flatMap((statement) =>
      elements(statement, ASSERTION_NS, "Attribute").map((one) => ({
        name: attribute(one, "Name") ?? "",
        values: elements(one, ASSERTION_NS, "AttributeValue").map((each) => each.textContent ?? ""),
      })),
    ),
  });
}

/** Values of one of AWS's attributes; the name is compared exactly, as AWS does. */
export function awsAttribute(assertion: AssertionFields, name: string): string[] {
  return assertion.attributes.filter((one) => one.name === `${ATTRIBUTES}/${name}`).flatMap(({ values }) => values);
}

/** Both orders are read, as AWS reads both. */
export function rolePairs(assertion: AssertionFields): RolePair[] {
  return awsAttribute(assertion, "Role").map((pair) => {
    const parts = pair.split(",").map((part) => part.trim());
    const roleArn = parts.find((part) => /^arn:aws[\w-]*:iam::\d{12}:role\/\S+$/.test(part));
    const providerArn = parts.find((part) => /^arn:aws[\w-]*:iam::\d{12}:saml-provider\/\S+$/.test(part));
    return known({ text: pair, roleArn, providerArn });
  });
}

/** Wherever they stand: an assertion inside an extension or a signature is how wrapping looks. */
export function assertionsIn(document: Document): { plain: Element[]; encrypted: Element[] } {
  return {
    plain: [...document.getElementsByTagNameNS(ASSERTION_NS, "Assertion")],
    encrypted: [...document.getElementsByTagNameNS(ASSERTION_NS, "EncryptedAssertion")],
  };
}

/** Comments and processing instructions within the document element. */
export function hasComments(document: Document): boolean {
  const walk = (node: { nodeType: number; childNodes: Iterable<unknown> }): boolean =>
    node.nodeType === 8 || node.nodeType === 7 || [...node.childNodes].some((child) => walk(child as never));
  return document.documentElement !== null && walk(document.documentElement as never);
}
