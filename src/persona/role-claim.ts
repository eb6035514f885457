/** Whether the persona may change a role: its own one, or the one that it shares. */
import { REASON } from "../api/reasons.ts";
import type { IamRole } from "../providers/aws/types.ts";
import { conflictError } from "../providers/verdicts.ts";
import { othersOf, participantsOf, sharesRole } from "./role-sharing.ts";
import { claimKnown, type PersonaScope, wasOurs } from "./scope.ts";

/** Owner tags of the present role under which the persona may change it. */
export function isAccepted(scope: PersonaScope, tag: string | undefined): boolean {
  const { names, object, owner, sharedOwner } = scope;
  if (tag === undefined) return false;
  if (sharesRole(object))
    return tag === sharedOwner.role || participantsOf(scope, names.roleArn).some((one) => one.owner === tag);
  // It was shared, and the persona is the last one that uses it.
  return tag === owner || (tag === sharedOwner.role && othersOf(scope, names.roleArn).length === 0);
}

/** A persona that shares its role hands it over, which it says itself. */
export function claimRole(scope: PersonaScope, object: string, tag: string | undefined, owner: string) {
  if (isAccepted(scope, tag)) return { owned: "ours" as const };
  const { status } = scope.object;
  const known = status?.roleArn === scope.names.roleArn && wasOurs(scope, "role");
  if (tag === scope.sharedOwner.role)
    throw conflictError(
      REASON.ForeignOwner,
      `${object} is shared with ${othersOf(scope, scope.names.roleArn)
        .map(({ persona }) => persona.metadata.name)
        .join(", ")}: set aws.roleSharing: Instance on this persona as well, or choose another aws.roleName`,
    );
  return claimKnown(scope, object, tag, known, owner);
}

export function refusePath(scope: PersonaScope, object: string, found: IamRole): void {
  if (found.path !== scope.names.path)
    throw conflictError(
      REASON.ForeignOwner,
      `${object} exists on path ${found.path}, not ${scope.names.path}, and IAM cannot move it: set aws.path to ${found.path} or choose another name`,
    );
}
