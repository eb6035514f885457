/** What the controller may do in a tenant, and what the tenant forbids everybody. */

import type { CallOptions } from "../errors.ts";
import type { GraphClient } from "./client.ts";
import type { IdentifierPolicy } from "./types.ts";

/** The `roles` claim. Access tokens are opaque by contract; what cannot be read is no error. */
export function rolesOf(token: string): string[] | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
      roles?: unknown;
    };
    if (claims === null || typeof claims !== "object") return undefined;
    return Array.isArray(claims.roles) ? claims.roles.filter((one) => typeof one === "string") : [];
  } catch {
    return undefined;
  }
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
    applicationRestrictions?: { identifierUris?: Record<string, Restriction | null> };
  }>({
    operation: "/policies/defaultAppManagementPolicy",
    path: "/policies/defaultAppManagementPolicy",
    options,
  });
  if (!policy) return undefined;
  const rules = Object.entries(policy.applicationRestrictions?.identifierUris ?? {}).flatMap(([name, rule]) =>
    rule && typeof rule === "object" && "state" in rule
      ? [{ name, restricted: rule.state === "enabled", exceptSaml: rule.excludeSaml === true }]
      : [],
  );
  return { isEnabled: policy.isEnabled === true, rules };
}
