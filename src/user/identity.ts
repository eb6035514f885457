/**
 * Who the person is. Once known by Entra's object id, it stays that person: a user principal name may change, and may be given to somebody
 * else. The id is in the status and in a tag of the Connect user; the tag wins, and counts only for the name it was declared under.
 */
import { REASON, type Reason } from "../api/reasons.ts";
import type { ConnectUser } from "../api/resources.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import type { ConnectInstance, ConnectUserView, Tags } from "../providers/aws/types.ts";
import type { EntraUser, Graph } from "../providers/graph/types.ts";
import { conflictError, terminalError } from "../providers/verdicts.ts";
import type { UserCall } from "./scope.ts";
import { DECLARED_TAG, PERSON_TAG } from "./tags.ts";

/** Why the person must not sign in. `isFinal`: it does not end by itself, so a person has to act. */
export interface Withdrawal {
  reason: Reason;
  message: string;
  isFinal: boolean;
}

export interface Identity {
  /** Entra's object id. */
  id: string;
  /** Undefined: the account is deleted, or the name belongs to somebody else now. */
  person: EntraUser | undefined;
  withdrawn: Withdrawal | undefined;
}

export const declaredName = ({ entraUser }: ConnectUser["spec"]): string =>
  (entraUser.objectId ?? entraUser.userPrincipalName!).toLowerCase();

/** Tags by which the person is known again when the status is lost. */
export const identityTags = (object: ConnectUser, id: string): Tags => ({
  [PERSON_TAG]: id,
  [DECLARED_TAG]: declaredName(object.spec),
});

/** `owned`: Connect users that carry this object's owner tag. `isReplaced`: a recreation was asked for, so the name's new holder is meant. */
export async function identify(
  object: ConnectUser,
  graph: Graph,
  p: { owned: readonly ConnectUserView[]; isReplaced: boolean; call: UserCall; among: () => Iterable<string> },
): Promise<Identity> {
  const { spec, status } = object;
  const { objectId, userPrincipalName } = spec.entraUser;
  const named = declaredName(spec);
  const key = objectId ? { objectId } : { userPrincipalName: userPrincipalName! };
  const holder = await graph.user(key, p.call, p.among);
  const own = p.owned.find(({ tags }) => tags[DECLARED_TAG] === named);
  const tagged = own?.tags[PERSON_TAG];
  // The status alone proves nothing, and who may write tags could put another person behind the name: neither is believed.
  if (tagged && !objectId && holder && holder.id === status?.entraObjectId && tagged !== holder.id && !p.isReplaced)
    throw conflictError(
      REASON.EntraUserReplaced,
      `the tag ${PERSON_TAG} of Connect user ${own!.username} names another person (object id ${tagged}) than the status and Entra (${holder.id}), so nothing is changed: if it is still the same person, set the tag back; if ${named} belongs to another person now, set the annotation connectsso.dev/recreate`,
    );
  const known = objectId ?? tagged ?? status?.entraObjectId;
  if (holder && (known === undefined || known.toLowerCase() === holder.id.toLowerCase() || p.isReplaced))
    return { id: holder.id, person: holder, withdrawn: disabled(holder, spec) };
  if (known === undefined)
    throw terminalError(REASON.EntraUserNotFound, `There is no user ${named} in tenant ${graph.tenantId}`);
  const person = objectId ? undefined : await graph.user({ objectId: known }, p.call);
  if (person) return { id: person.id, person, withdrawn: disabled(person, spec) };
  const message = holder
    ? `${named} belongs to another person in Entra now (object id ${holder.id}, before ${known}), so access was taken away; set the annotation connectsso.dev/recreate if the new person is to have this user, delete this ConnectUser if not`
    : `The Entra user ${named} (object id ${known}) was deleted, so access was taken away; delete this ConnectUser, or restore the user in Entra within 30 days`;
  const reason = holder ? REASON.EntraUserReplaced : REASON.EntraUserNotFound;
  return { id: known, person: undefined, withdrawn: { reason, message, isFinal: true } };
}

function disabled({ accountEnabled, userPrincipalName }: EntraUser, spec: ConnectUser["spec"]): Withdrawal | undefined {
  if (accountEnabled || spec.whenDisabled === "Keep") return undefined;
  return {
    reason: REASON.EntraUserDisabled,
    message: `The account ${userPrincipalName} is disabled in Entra, so access is taken away until it is enabled again`,
    isFinal: false,
  };
}

/**
 * Connect users of this person that this namespace made, whatever name Entra sent then and whichever ConnectUser declared them. One of another
 * namespace is not to be touched from here.
 */
export async function usersOfPerson(
  connect: ConnectInstance,
  p: { id: string; owner: string; call: UserCall },
): Promise<ConnectUserView[]> {
  const namespace = p.owner.slice(0, p.owner.lastIndexOf("/") + 1);
  const [byOwner, byPerson] = await Promise.all([
    connect.tagged(OWNER_TAG, p.owner, p.call),
    connect.tagged(PERSON_TAG, p.id, p.call),
  ]);
  const ours = byPerson.filter(({ tags }) => tags[OWNER_TAG]?.startsWith(namespace));
  const hers = byOwner.filter(({ tags }) => (tags[PERSON_TAG] ?? p.id) === p.id);
  return [...new Map([...hers, ...ours].map((one) => [one.id, one])).values()];
}
