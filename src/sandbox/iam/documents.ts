/** What IAM refuses in policy documents, in its own words where they are recorded. */
import { IamError } from "./error.ts";
import {
  datesAreDates,
  isObject,
  type Json,
  malformed,
  parse,
  SYNTAX,
  statementsOf,
  stringsOf,
  withoutNull,
} from "./grammar.ts";
import { failsLegacyParsing, resourceProblem } from "./resources.ts";

export { isObject, type Json, statementsOf, stringsOf } from "./grammar.ts";

/** What older rules than the grammar refuse. IAM does not say which. */
const LEGACY = "The policy failed legacy parsing";
const MANAGED_POLICY_CHARACTERS = 6144;
/** Without white space, all inline policies of one identity together. Source: IAM quotas. */
const INLINE_POLICY_CHARACTERS = { role: 10_240, group: 5120, user: 2048 };

/** Characters that count for quotas. */
const nonSpace = (text: string) => text.replace(/\s/g, "").length;

/** Refuses what CreatePolicy and CreatePolicyVersion refuse. */
export function checkManagedPolicy(text: string): void {
  checkIdentityPolicy(text, ["2012-10-17"]);
  if (nonSpace(text) > MANAGED_POLICY_CHARACTERS)
    throw new IamError("LimitExceeded", `Cannot exceed quota for PolicySize: ${MANAGED_POLICY_CHARACTERS}`, 409);
}

/** Refuses what PutRolePolicy, PutUserPolicy and PutGroupPolicy refuse; `others` are the identity's other inline policies. */
export function checkInlinePolicy(type: "role" | "user" | "group", name: string, text: string, others: string[]): void {
  checkIdentityPolicy(text, ["2012-10-17", "2008-10-17", undefined]);
  const most = INLINE_POLICY_CHARACTERS[type];
  if ([text, ...others].reduce((sum, one) => sum + nonSpace(one), 0) > most)
    throw new IamError("LimitExceeded", `Maximum policy size of ${most} bytes exceeded for ${type} ${name}`, 409);
}

function checkIdentityPolicy(text: string, versions: unknown[]): void {
  const { document, statements } = parse(text, SYNTAX);
  if (!versions.includes(document.Version)) throw malformed("Policy document must be version 2012-10-17 or greater.");
  for (const statement of statements) checkEffectAndDates(statement);
  const problem = checkResources(statements);
  if (statements.some((statement) => "Principal" in statement || "NotPrincipal" in statement))
    throw malformed("Policy document should not specify a principal.");
  checkSids(statements);
  checkActionsAreThere(statements);
  if (problem) throw malformed(problem);
  for (const action of statements.flatMap(actionsOf)) checkAction(action);
  if (statements.some((statement) => resourcesOf(statement).length === 0))
    throw malformed("Policy statement must contain resources.");
}

/** Refuses what CreateRole and UpdateAssumeRolePolicy refuse. */
export function checkTrustPolicy(text: string, mostCharacters = 2048): void {
  const { statements } = parse(text, "This policy contains invalid Json");
  for (const statement of statements) checkEffectAndDates(statement);
  checkSids(statements);
  for (const statement of statements) {
    if ("Resource" in statement || "NotResource" in statement) throw malformed("Has prohibited field Resource");
    if (!("Principal" in statement) && !("NotPrincipal" in statement))
      throw malformed("AssumeRolepolicy contained an statement with no principals.");
    checkActionsAreThere([statement]);
    for (const action of actionsOf(statement))
      if (!/^sts:(AssumeRole(With(SAML|WebIdentity))?|TagSession|SetSourceIdentity|SetContext|\*)$/i.test(action))
        throw malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    for (const federated of federatedOf(statement))
      if (
        !/^arn:aws[\w-]*:iam::\d{12}:(saml|oidc)-provider\/.+$/.test(federated) &&
        !/^[\w-]+(\.[\w-]+)+$/.test(federated)
      )
        throw malformed("Federated principals must be valid domain names or SAML metadata ARNs");
  }
  if (nonSpace(text) > mostCharacters)
    throw new IamError("LimitExceeded", `Cannot exceed quota for ACLSizePerRole: ${mostCharacters}`, 409);
}

/** Providers named in a trust policy's Federated principals. */
export function federatedPrincipals(text: string): string[] {
  return (statementsOf(JSON.parse(text) as Json) ?? []).flatMap(federatedOf);
}

function federatedOf(statement: Json): string[] {
  const principal = statement.Principal;
  return isObject(principal) ? (stringsOf(principal.Federated ?? []) ?? []) : [];
}

const actionsOf = (statement: Json): string[] => stringsOf(statement.Action ?? statement.NotAction ?? []) ?? [];
const resourcesOf = (statement: Json): string[] =>
  stringsOf(withoutNull(statement.Resource ?? statement.NotResource)) ?? [];

function checkEffectAndDates({ Effect, Condition }: Json): void {
  if ((Effect !== "Allow" && Effect !== "Deny") || !datesAreDates(Condition)) throw malformed(LEGACY);
}

/** The first problem, which is reported later. The older parser stops at it: what follows is not read. */
function checkResources(statements: Json[]): string | undefined {
  for (const resource of statements.flatMap(resourcesOf)) {
    const problem = resourceProblem(resource);
    if (problem) return problem;
    if (failsLegacyParsing(resource)) throw malformed(LEGACY);
  }
  return undefined;
}

function checkSids(statements: Json[]): void {
  const sids = statements.flatMap(({ Sid }) => (Sid ? [Sid] : []));
  if (new Set(sids).size < sids.length) throw malformed("Statement IDs (SID) in a single policy must be unique.");
}

function checkActionsAreThere(statements: Json[]): void {
  if (statements.some((statement) => actionsOf(statement).length === 0))
    throw malformed("Policy statement must contain actions.");
}

/** A name of any characters behind a vendor. */
function checkAction(action: string): void {
  if (action === "*") return;
  const [vendor = "", ...rest] = action.split(":");
  if (rest.length > 1) throw malformed("Actions/Condition can contain only one colon.");
  if (rest.length === 0 || vendor === "")
    throw malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  if (/[^a-zA-Z0-9.-]/.test(vendor)) throw malformed(`Vendor ${vendor} is not valid`);
}
