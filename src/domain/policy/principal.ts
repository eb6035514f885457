/** Principals of trust policies. Source: IAM user guide, "AWS JSON policy elements: Principal". */
import type { Statement } from "./document.ts";
import { any, not, type Truth } from "./truth.ts";

export interface Principal {
  type: "Federated" | "AWS" | "Service";
  /** ARN of the SAML provider, role or user; name of the service. */
  name: string;
}

export function principalMatches({ principals, effect }: Statement, principal: Principal): Truth {
  const { except, who } = principals!;
  const found = any(
    who === "*"
      ? [everybody(effect, principal)]
      : Object.entries(who).flatMap(([type, names]) => names.map((name) => one(type, name, effect, principal))),
  );
  if (!except) return found;
  // A session is also its role and its account, which NotPrincipal must all list.
  return principal.type === "AWS" && found !== true
    ? "NotPrincipal is judged by session, role and account"
    : not(found);
}

function one(type: string, name: string, effect: Statement["effect"], principal: Principal): Truth {
  if (type === "AWS" && name === "*") return everybody(effect, principal);
  if (type !== principal.type) return false;
  if (name === principal.name) return true;
  if (name.includes("*")) return `the principal ${type} ${name} holds a wildcard`;
  if (type !== "AWS") return false;
  // IAM turns the ARN of a role or user into its unique id, and leaves the id when the principal is gone.
  if (/^A(ROA|IDA)[A-Z0-9]+$/.test(name)) return `whose unique id ${name} is, is not known`;
  const account = /^(?:arn:[\w-]+:iam::(\d{12}):root|(\d{12}))$/.exec(name)?.slice(1).find(Boolean);
  return account !== undefined && principal.name.split(":")[4] === account;
}

/** A Deny for everybody hits federated people too. Whether an Allow for everybody lets every SAML provider in is not documented. */
const everybody = (effect: Statement["effect"], { type }: Principal): Truth =>
  type === "AWS" || effect === "Deny" || "whether Principal * includes SAML providers is not documented";
