/** What a Connect instance must be, and the ids behind names that are declared. Both personas and users refuse in these words. */
import { REASON, type Reason } from "../api/reasons.ts";
import type { ConnectInstance, Resolved } from "../providers/aws/types.ts";
import type { CallOptions } from "../providers/errors.ts";
import { terminalError } from "../providers/verdicts.ts";

export async function requireSaml(connect: ConnectInstance, call: CallOptions): Promise<void> {
  const { id, identityManagement, globalSignInEndpoint } = await connect.facts(call);
  if (identityManagement !== "SAML")
    throw terminalError(
      REASON.InstanceNotSaml,
      `Instance ${id} manages identities as ${identityManagement}; signing in through Entra needs SAML, which is chosen when an instance is created`,
    );
  if (globalSignInEndpoint)
    throw terminalError(
      REASON.InstanceGlobalResiliency,
      `Instance ${id} belongs to Global Resiliency, whose sign-in differs; set it up by hand`,
    );
}

/** The one id that was found, or an error that names what is similar. */
export function requireId(found: Resolved, reason: Reason, what: string, name: string): string {
  if ("id" in found) return found.id;
  const near = found.candidates.length > 0 ? `; did you mean ${found.candidates.slice(0, 5).join(", ")}?` : "";
  throw terminalError(
    reason,
    found.ambiguous
      ? `Several ${what}s of the instance match ${name}${near}`
      : `The instance has no ${what} ${name}${near}`,
  );
}
