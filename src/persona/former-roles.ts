/**
 * Roles of a persona from before `aws.roleSharing` changed. Connect binds a user to the role of the first login, so the application carries
 * such a role beside the present one until no user needs it. It is found by the application's app roles, and is ours by its owner tag.
 */
import { readPair } from "../domain/names.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { mayUse, othersOf, participantsOf, sharedTrust } from "./role-sharing.ts";
import type { PersonaScope } from "./scope.ts";
import type { FormerRole } from "./seen.ts";
import { dependantsOfRole } from "./take-over.ts";

export async function findFormerRoles(scope: PersonaScope): Promise<FormerRole[]> {
  const { iam, call, owner, sharedOwner, spec } = scope;
  const found: FormerRole[] = [];
  for (const [arn, appRoleId] of carriedRoles(scope)) {
    const name = arn.split("/").at(-1)!;
    const role = await iam.getRole(name, call);
    const tag = role?.arn === arn ? role.tags[OWNER_TAG] : undefined;
    const isShared = tag === sharedOwner.role;
    const isOurs = isShared || tag === owner;
    const isUsed = mayUse(scope, name);
    const isNeeded = async () => role && tag === owner && (await dependantsOfRole(scope, role)).length > 0;
    const isKept = isUsed || spec.deletionPolicy !== "Delete" || (await isNeeded()) === true;
    const participants = isKept ? participantsOf(scope, arn) : othersOf(scope, arn);
    found.push({
      name,
      appRoleId,
      isOurs,
      isUsed,
      isKept,
      ...(role && isOurs ? { role, inline: await iam.inlineRolePolicies(name, call) } : {}),
      ...(isShared ? { sharing: await sharedTrust(scope, role, participants) } : {}),
    });
  }
  return found;
}

/**
 * ARNs of other roles than the present one that the application pairs with our provider, with the ids of their app roles. Also those of the
 * status: the application may not have been read, or somebody took the app role out.
 */
function carriedRoles({ seen, names, object }: PersonaScope): Map<string, string> {
  const { application, servicePrincipal } = seen.application ?? {};
  const place = names.roleArn.slice(0, -names.role.length);
  const known = (object.status?.formerRoles ?? []).map(
    ({ name, appRoleId }) => [`${place}${name}`, appRoleId] as const,
  );
  const found = new Map(known.filter(([arn]) => arn !== names.roleArn));
  for (const { id, value } of [...(servicePrincipal?.appRoles ?? []), ...(application?.appRoles ?? [])]) {
    const pair = readPair(value);
    if (pair?.samlProviderArn === names.samlProviderArn && pair.roleArn !== names.roleArn) found.set(pair.roleArn, id);
  }
  return found;
}
