/** What IAM refuses in policy documents and SAML metadata, with its own texts where they are recorded. */
import { DOMParser } from "@xmldom/xmldom";
import { IamError } from "./error.ts";

type Json = Record<string, unknown>;
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const malformed = (message: string) => new IamError("MalformedPolicyDocument", message, 400);

function statementsOf(text: string, syntaxMessage: string): Json[] {
  let document: Json;
  try {
    document = JSON.parse(text) as Json;
  } catch {
    throw malformed(syntaxMessage);
  }
  if (document === null || typeof document !== "object" || Array.isArray(document)) throw malformed(syntaxMessage);
  const statements = list(document["Statement"]) as Json[];
  if (statements.length === 0) throw malformed("Syntax errors in policy.");
  for (const statement of statements) {
    if (statement === null || typeof statement !== "object") throw malformed("Syntax errors in policy.");
    if (statement["Effect"] !== "Allow" && statement["Effect"] !== "Deny") throw malformed("Syntax errors in policy.");
  }
  return statements;
}

const nonSpace = (text: string) => text.replace(/\s/g, "").length;

export function checkManagedPolicy(text: string): void {
  const statements = statementsOf(text, "Syntax errors in policy.");
  if ((JSON.parse(text) as Json)["Version"] !== "2012-10-17") throw malformed("Policy document must be version 2012-10-17 or greater.");
  for (const statement of statements) {
    if (statement["Principal"] !== undefined || statement["NotPrincipal"] !== undefined) throw malformed("Policy document should not specify a principal.");
    if (list(statement["Action"]).length + list(statement["NotAction"]).length === 0) throw malformed("Policy statement must contain actions.");
    if (list(statement["Resource"]).length + list(statement["NotResource"]).length === 0) throw malformed("Policy statement must contain resources.");
    for (const action of list(statement["Action"])) {
      if (action !== "*" && !/^[\w-]+:[\w*?]+$/.test(String(action))) throw malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    }
    for (const resource of list(statement["Resource"])) {
      if (resource !== "*" && !String(resource).startsWith("arn:")) throw malformed(`Resource ${String(resource)} must be in ARN format or "*".`);
    }
  }
  if (nonSpace(text) > 6144) throw new IamError("LimitExceeded", "Cannot exceed quota for PolicySize: 6144", 409);
}

export function checkTrustPolicy(text: string): void {
  for (const statement of statementsOf(text, "This policy contains invalid Json")) {
    if (statement["Resource"] !== undefined || statement["NotResource"] !== undefined) throw malformed("Has prohibited field Resource");
    if (statement["Principal"] === undefined && statement["NotPrincipal"] === undefined) throw malformed("AssumeRolepolicy contained an statement with no principals.");
    for (const action of list(statement["Action"])) {
      if (!/^sts:(AssumeRole\w*|TagSession|SetSourceIdentity|\*)$/i.test(String(action))) throw malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    }
    const principal = statement["Principal"];
    if (principal !== null && typeof principal === "object") {
      for (const federated of list((principal as Json)["Federated"])) {
        if (!/^arn:aws[\w-]*:iam::\d{12}:(saml-provider|oidc-provider)\/.+$/.test(String(federated)) && !/^[\w-]+(\.[\w-]+)+$/.test(String(federated))) {
          throw malformed("Federated principals must be valid domain names or SAML metadata ARNs");
        }
      }
    }
  }
  if (nonSpace(text) > 2048) throw new IamError("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409);
}

/** Providers named in a trust policy's Federated principals. */
export function federatedPrincipals(text: string): string[] {
  return (list((JSON.parse(text) as Json)["Statement"]) as Json[]).flatMap((statement) => list((statement["Principal"] as Json | undefined)?.["Federated"]).map(String));
}

export function checkMetadata(text: string): void {
  if (text.length < 1000) {
    throw new IamError("ValidationError", "1 validation error detected: Value at 'sAMLMetadataDocument' failed to satisfy constraint: Member must have length greater than or equal to 1000", 400);
  }
  const refuse = () => new IamError("InvalidInput", "Could not parse metadata", 400);
  if (text.startsWith("\uFEFF") || /<!(DOCTYPE|ENTITY)/i.test(text)) throw refuse();
  let root: { localName: string | null; getElementsByTagNameNS(ns: string, name: string): { length: number } } | null = null;
  try {
    root = new DOMParser({ onError: (level, message) => { if (level !== "warning") throw new Error(message); } }).parseFromString(text, "text/xml").documentElement;
  } catch {
    throw refuse();
  }
  if (root?.localName !== "EntityDescriptor" && root?.localName !== "EntitiesDescriptor") throw refuse();
  if (root.getElementsByTagNameNS("*", "X509Certificate").length === 0 || root.getElementsByTagNameNS("*", "IDPSSODescriptor").length === 0) throw refuse();
}

/** Whether one of the documents allows `action`. Enough of IAM's evaluation for identity policies without conditions. */
export function allows(documents: string[], action: string): boolean {
  const wild = (pattern: string) => new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`, "i");
  const hit = (effect: string) =>
    documents.some((document) =>
      (list((JSON.parse(document) as Json)["Statement"]) as Json[]).some((statement) => statement["Effect"] === effect && list(statement["Action"]).some((pattern) => wild(String(pattern)).test(action))),
    );
  return hit("Allow") && !hit("Deny");
}
