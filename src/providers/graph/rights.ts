/** What the controller may do in a tenant, and what the tenant forbids everybody. */

import type { CallOptions } from "../errors.ts";
import type { GraphClient } from "./client.ts";
import type { CredentialRule, IdentifierPolicy } from "./types.ts";

/** Access tokens are opaque by contract; what cannot be read is no error. */
function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return claims !== null && typeof claims === "object" ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export function rolesOf(token: string): string[] | undefined {
  const claims = claimsOf(token);
  if (!claims) return undefined;
  return Array.isArray(claims.roles) ? claims.roles.filter((one) => typeof one === "string") : [];
}

/** Object id of the service principal that the token was given to. */
export function selfOf(token: string): string | undefined {
  const oid = claimsOf(token)?.oid;
  return typeof oid === "string" ? oid.toLowerCase() : undefined;
}

interface CredentialRestriction {
  restrictionType?: string;
  state?: string;
  maxLifetime?: string | null;
}
interface CredentialRestrictions {
  keyCredentials?: CredentialRestriction[] | null;
  passwordCredentials?: CredentialRestriction[] | null;
}
interface Restriction {
  state?: string;
  excludeSaml?: boolean;
}

/** Source: identifierUriRestriction of Graph v1.0; the policy exists in every tenant. Undefined when it does not (older clouds). */
export async function readIdentifierPolicy(
  client: GraphClient,
  options?: CallOptions,
): Promise<IdentifierPolicy | undefined> {
  const policy = await client.read<{
    isEnabled?: boolean;
    applicationRestrictions?: CredentialRestrictions & { identifierUris?: Record<string, Restriction | null> };
    servicePrincipalRestrictions?: CredentialRestrictions;
  }>("/policies/defaultAppManagementPolicy", options);
  if (!policy) return undefined;
  const rules = Object.entries(policy.applicationRestrictions?.identifierUris ?? {}).flatMap(([name, rule]) =>
    rule && typeof rule === "object" && "state" in rule
      ? [{ name, restricted: rule.state === "enabled", exceptSaml: rule.excludeSaml === true }]
      : [],
  );
  const { applicationRestrictions: ofApplications, servicePrincipalRestrictions: ofPrincipals } = policy;
  const all = [ofApplications, ofPrincipals].flatMap((one) => [
    ...(one?.keyCredentials ?? []),
    ...(one?.passwordCredentials ?? []),
  ]);
  const inForce = all.filter(({ state, restrictionType }) => state !== "disabled" && restrictionType);
  const credentials = new Map<string, CredentialRule>();
  for (const { restrictionType, maxLifetime } of inForce)
    credentials.set(restrictionType!, { name: restrictionType!, ...(maxLifetime ? { maxLifetime } : {}) });
  return { isEnabled: policy.isEnabled === true, rules, credentials: [...credentials.values()] };
}
