/**
 * IAM's decision for role trust, identity policies and permissions boundaries. Source: IAM user guide, "Policy evaluation logic".
 * An answer is given only where the documents and the request settle it. Policies of the organization, session policies and resource
 * policies of services are outside: "allowed" means that nothing in these documents prevents it.
 */
import { conditionsHold } from "./conditions.ts";
import { type Context, contextOf } from "./context.ts";
import { readDocument, type Statement } from "./document.ts";
import { anyResource, matchesAction, noResource } from "./match.ts";
import { type Principal, principalMatches } from "./principal.ts";
import { all, any, isKnown, type Truth } from "./truth.ts";

export type Verdict =
  | { verdict: "allowed"; why: string }
  /** `explicit`: a Deny applies. Otherwise no statement allows it. */
  | { verdict: "denied"; explicit: boolean; why: string }
  | { verdict: "not known"; why: string };

/** An attached or inline policy under the name that people know. `document` is JSON text, or what it parses to. */
export interface Policy {
  name: string;
  document: unknown;
}

export interface Request {
  /** "connect:GetFederationToken". */
  action: string;
  resource: string;
  context?: Context;
}
interface AssumeRequest {
  /** "sts:AssumeRoleWithSAML". */
  action: string;
  principal: Principal;
  context?: Context;
}

/**
 * What a role or a user may do: identity policies (attached and inline alike), held within the boundary. A boundary or policies that
 * could not be read are named in `unread`.
 */
export function evaluate(
  { policies, boundary, unread = [] }: { policies: Policy[]; boundary?: Policy; unread?: string[] },
  request: Request,
): Verdict {
  const identity = decide(policies, (statement) => identityApplies(statement, request), unread);
  if (!boundary || (identity.verdict === "denied" && identity.explicit)) return identity;
  const limit = decide([boundary], (statement) => identityApplies(statement, request));
  if (limit.verdict === "denied" && limit.explicit) return limit;
  if (identity.verdict === "denied") return identity;
  if (limit.verdict === "denied")
    return { ...limit, why: `the permissions boundary ${boundary.name} does not allow ${request.action}` };
  return identity.verdict === "not known" ? identity : limit.verdict === "not known" ? limit : identity;
}

/** Whether a role's trust policy lets the principal in. */
export function evaluateTrust(document: unknown, request: AssumeRequest): Verdict {
  return decide([{ name: "the trust policy", document }], (statement) => trustApplies(statement, request));
}

function identityApplies(statement: Statement, { action, resource, context = contextOf({}) }: Request): Truth {
  const { resources, variables } = statement;
  if (!resources || statement.principals) return "an identity policy names a principal, which IAM refuses";
  return all([
    actionMatches(statement, action),
    resources.except
      ? noResource(resources.patterns, resource, context, variables)
      : anyResource(resources.patterns, resource, context, variables),
    conditionsHold(statement, context),
  ]);
}

function trustApplies(statement: Statement, { action, principal, context = contextOf({}) }: AssumeRequest): Truth {
  if (!statement.principals || statement.resources) return "a trust policy names a resource, which IAM refuses";
  return all([
    actionMatches(statement, action),
    principalMatches(statement, principal),
    conditionsHold(statement, context),
  ]);
}

const actionMatches = ({ actions }: Statement, action: string): boolean =>
  actions.patterns.some((pattern) => matchesAction(pattern, action)) !== actions.except;

/** A Deny wins, then any Allow counts, else it is denied implicitly. What is not known counts where it could change the answer. */
function decide(policies: Policy[], applies: (statement: Statement) => Truth, unread: string[] = []): Verdict {
  const allows: Truth[] = [];
  const denies: Truth[] = [];
  let allowed = "";
  for (const what of unread) {
    allows.push(`${what} could not be read`);
    denies.push(`${what} could not be read`);
  }
  for (const { name, document } of policies) {
    let statements: Statement[];
    try {
      statements = readDocument(document);
    } catch (error) {
      const why = `${name} cannot be read: ${(error as Error).message}`;
      allows.push(why);
      denies.push(why);
      continue;
    }
    for (const statement of statements) {
      const found = applies(statement);
      const label = `statement ${statement.name} of ${name}`;
      if (found === true && statement.effect === "Deny")
        return { verdict: "denied", explicit: true, why: `${label} denies it` };
      if (found === true) allowed ||= label;
      (statement.effect === "Deny" ? denies : allows).push(isKnown(found) ? found : `${label}: ${found}`);
    }
  }
  const deny = any(denies);
  const allow = any(allows);
  if (allow === false) return { verdict: "denied", explicit: false, why: "no statement allows it" };
  if (!isKnown(allow)) return { verdict: "not known", why: allow };
  if (!isKnown(deny)) return { verdict: "not known", why: deny };
  return { verdict: "allowed", why: `${allowed} allows it` };
}
