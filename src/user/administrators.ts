/**
 * The last administrator of an instance, where we did not create it: without one no one could sign in to repair the instance. Whom we made
 * an administrator ourselves, we may demote again.
 */
import { REASON } from "../api/reasons.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import type { ConnectInstance, ConnectUserView } from "../providers/aws/types.ts";
import { conflictError } from "../providers/verdicts.ts";
import type { UserCall } from "./scope.ts";
import { ADOPTED_TAG } from "./tags.ts";

/** Connect's own name of the profile that may do everything. */
const ADMINISTRATOR = "Admin";

/** Id of the administrator's profile when no one else of the instance has it. */
export async function lastAdministrator(
  connect: ConnectInstance,
  user: ConnectUserView,
  call: UserCall,
): Promise<string | undefined> {
  if (user.tags[OWNER_TAG] !== undefined && user.tags[ADOPTED_TAG] === undefined) return undefined;
  const found = await connect.securityProfile(ADMINISTRATOR, call);
  if (!("id" in found) || !user.securityProfileIds.includes(found.id)) return undefined;
  for (const other of await connect.users(call))
    if (other.id !== user.id && other.securityProfileIds.includes(found.id)) return undefined;
  return found.id;
}

export function refuseLastAdministrator({ username }: ConnectUserView): never {
  throw conflictError(
    REASON.LastAdministrator,
    `Connect user ${username} is the last one of the instance with the security profile ${ADMINISTRATOR}; give it to somebody else first`,
  );
}
