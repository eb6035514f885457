/** What IAM refuses in policy documents, in its own words where they are recorded. */
import { IamError } from "./error.ts";

export type Json = Record<string, unknown>;

const SYNTAX = "Syntax errors in policy.";
/** What older rules than the grammar refuse. IAM does not say which. */
const LEGACY = "The policy failed legacy parsing";
const MANAGED_POLICY_CHARACTERS = 6144;
const TRUST_POLICY_CHARACTERS = 2048;
const TOP = ["Version", "Id", "Statement"];
const STATEMENT = [
  ...["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"],
  ...["Resource", "NotResource", "Condition"],
];

const malformed = (message: string) => new IamError("MalformedPolicyDocument", message, 400);
const nonSpace = (text: string) => text.replace(/\s/g, "").length;

export function isObject(value: unknown): value is Json {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The statements of a document, one or a list; undefined when that is not what stands there. */
export function statementsOf(document: Json): Json[] | undefined {
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  return statements.length > 0 && statements.every(isObject) ? statements : undefined;
}

/** One string or a list of strings, as a list; undefined for anything else. Numbers and booleans count as their text. */
export function stringsOf(value: unknown): string[] | undefined {
  const values = Array.isArray(value) ? value : [value];
  return values.every((one) => ["string", "number", "boolean"].includes(typeof one)) ? values.map(String) : undefined;
}

/** Refuses what CreatePolicy and CreatePolicyVersion refuse. */
export function checkManagedPolicy(text: string): void {
  const { document, statements } = parse(text, SYNTAX);
  if (document.Version !== "2012-10-17") throw malformed("Policy document must be version 2012-10-17 or greater.");
  for (const statement of statements) {
    checkLegacy(statement);
    if ("Principal" in statement || "NotPrincipal" in statement)
      throw malformed("Policy document should not specify a principal.");
    const actions = stringsOf(statement.Action ?? statement.NotAction ?? []) ?? [];
    if (actions.length === 0) throw malformed("Policy statement must contain actions.");
    const resources = stringsOf(statement.Resource ?? statement.NotResource ?? []) ?? [];
    if (resources.length === 0) throw malformed("Policy statement must contain resources.");
    for (const resource of resources) checkResource(resource);
    for (const action of actions) checkAction(action);
  }
  if (nonSpace(text) > MANAGED_POLICY_CHARACTERS)
    throw new IamError("LimitExceeded", `Cannot exceed quota for PolicySize: ${MANAGED_POLICY_CHARACTERS}`, 409);
}

/** Refuses what CreateRole and UpdateAssumeRolePolicy refuse. Whether a federated provider exists is not looked at. */
export function checkTrustPolicy(text: string): void {
  const { statements } = parse(text, "This policy contains invalid Json");
  for (const statement of statements) {
    checkLegacy(statement);
    if ("Resource" in statement || "NotResource" in statement) throw malformed("Has prohibited field Resource");
    if (!("Principal" in statement) && !("NotPrincipal" in statement))
      throw malformed("AssumeRolepolicy contained an statement with no principals.");
    const actions = stringsOf(statement.Action ?? statement.NotAction ?? []) ?? [];
    if (actions.length === 0) throw malformed("Policy statement must contain actions.");
    for (const action of actions)
      if (!/^sts:(AssumeRole(With(SAML|WebIdentity))?|TagSession|SetSourceIdentity|SetContext|\*)$/i.test(action))
        throw malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    for (const federated of federatedOf(statement))
      if (
        !/^arn:aws[\w-]*:iam::\d{12}:(saml|oidc)-provider\/.+$/.test(federated) &&
        !/^[\w-]+(\.[\w-]+)+$/.test(federated)
      )
        throw malformed("Federated principals must be valid domain names or SAML metadata ARNs");
  }
  if (nonSpace(text) > TRUST_POLICY_CHARACTERS)
    throw new IamError("LimitExceeded", `Cannot exceed quota for ACLSizePerRole: ${TRUST_POLICY_CHARACTERS}`, 409);
}

/** Providers named in a trust policy's Federated principals. */
export function federatedPrincipals(text: string): string[] {
  return (statementsOf(JSON.parse(text) as Json) ?? []).flatMap(federatedOf);
}

function federatedOf(statement: Json): string[] {
  const principal = statement.Principal;
  return isObject(principal) ? (stringsOf(principal.Federated ?? []) ?? []) : [];
}

/** The grammar: names of the fields and kinds of their values. Effect is judged later, after the version. */
function parse(text: string, notJson: string): { document: Json; statements: Json[] } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed(notJson);
  }
  if (!isObject(document)) throw malformed(notJson);
  const statements = statementsOf(document);
  const version = document.Version;
  const known =
    Object.keys(document).every((name) => TOP.includes(name)) &&
    ["2012-10-17", "2008-10-17", undefined].includes(version as string) &&
    isTextOrAbsent(document.Id);
  if (!known || !statements?.every(isStatement)) throw malformed(SYNTAX);
  return { document, statements };
}

function isStatement(statement: Json): boolean {
  const { Sid, Effect, Condition } = statement;
  return (
    Object.keys(statement).every((name) => STATEMENT.includes(name)) &&
    isTextOrAbsent(Sid) &&
    isTextOrAbsent(Effect) &&
    ["Action", "NotAction", "Resource", "NotResource"].every(
      (name) => stringsOf(statement[name] ?? []) !== undefined,
    ) &&
    !("Action" in statement && "NotAction" in statement) &&
    !("Resource" in statement && "NotResource" in statement) &&
    (Condition === undefined || isCondition(Condition))
  );
}

function isCondition(condition: unknown): boolean {
  return (
    isObject(condition) &&
    Object.values(condition).every(
      (keys) => isObject(keys) && Object.values(keys).every((value) => stringsOf(value) !== undefined),
    )
  );
}

const isTextOrAbsent = (value: unknown) => value === undefined || typeof value === "string";

/** Effect in another case, an S3 name with too few colons, a date that is none. */
function checkLegacy(statement: Json): void {
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") throw malformed(LEGACY);
  const resources = stringsOf(statement.Resource ?? statement.NotResource ?? []) ?? [];
  if (resources.some((resource) => /^arn:aws[\w-]*:s3:[^:]*:[^:]+$/.test(resource))) throw malformed(LEGACY);
  for (const [operator, keys] of Object.entries((statement.Condition as Json | undefined) ?? {})) {
    if (!/^(For(All|Any)Values?:)?Date/.test(operator)) continue;
    const dates = Object.values(keys as Json).flatMap((value) => stringsOf(value) ?? []);
    if (!dates.every(isDate)) throw malformed(LEGACY);
  }
}

/**
 * Dates as leniently as recorded: `01T` and `2016-12-13t2:00:00.593194+23` pass; `234-13` (a thirteenth month) and seconds that
 * do not fit into 63 bits do not.
 */
function isDate(text: string): boolean {
  if (/^-?\d+$/.test(text)) return BigInt(text) < 2n ** 63n && BigInt(text) >= -(2n ** 63n);
  const [, month, day] = /^\d+(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:T.*)?$/i.exec(text) ?? [undefined, "99"];
  return Number(month ?? 1) <= 12 && Number(day ?? 1) <= 31;
}

function checkAction(action: string): void {
  if (action === "*") return;
  const colons = action.split(":").length - 1;
  if (colons > 1) throw malformed("Actions/Condition can contain only one colon.");
  if (colons === 0 || action.startsWith(":"))
    throw malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  if (!/^[\w.-]+:[\w*?-]+$/.test(action)) throw malformed(SYNTAX);
}

/** A resource is read as an ARN from its second part on, whatever stands first; missing parts count as `*`. */
function checkResource(resource: string): void {
  if (resource === "*") return;
  const parts = resource.split(":");
  if (parts.length < 2) throw malformed(`Resource ${resource} must be in ARN format or "*".`);
  const [, partition = ""] = parts;
  if (/^aws(-[\w-]+)?$/.test(partition) || partition === "*") return;
  const shown = ["arn", ...parts.slice(1, 5), parts.slice(5).join(":")].slice(0, parts.length);
  while (shown.length < 6) shown.push("*");
  throw malformed(`Partition "${partition}" is not valid for resource "${shown.join(":")}".`);
}
