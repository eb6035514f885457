/** What a set has to know of the cluster before its members can be worked out. Reads only. */
import {
  type ConnectUser,
  type ConnectUserSet,
  INDEX,
  MEMBER_ANNOTATIONS,
  SET,
  SET_LABEL,
  USER,
} from "../api/resources.ts";
import type { Reading } from "./directory.ts";
import { isMemberOf } from "./member.ts";
import { type Member, membersOf, objectId } from "./members.ts";
import { openNames } from "./names.ts";
import { isExpanded } from "./outcome.ts";
import type { SetDeps, SetScope } from "./scope.ts";

/** ConnectUsers of the set, and those that a deleted set of this name left. */
export function existingOf(
  { metadata: { namespace, name } }: ConnectUserSet,
  { store }: Pick<SetDeps, "store">,
): ConnectUser[] {
  return store
    .list<ConnectUser>(USER, { index: INDEX.userBySet, value: `${namespace}/${name}` })
    .filter((user) => isMemberOf(name, user));
}

/** Everybody, as the rules, the clouds and the cluster have it now. */
export async function computeMembers(scope: SetScope, reading: Reading): Promise<Member[]> {
  const { object, compiled, deps, directory, call } = scope;
  const existing = existingOf(object, deps);
  const outside = existing.map(objectId).filter((id) => !reading.people.has(id));
  const accounts = await directory.accounts(outside, call);
  const names = await openNames(scope);
  for (;;) {
    const members = membersOf(object.metadata.name, compiled, {
      source: reading,
      existing,
      catalogue: names.catalogue,
      accounts,
      byHand: (person) => byHand(object, person, deps),
      otherSet: (id) => otherSet(object, id, deps),
      isTaken: (name) => deps.store.get(USER, object.metadata.namespace, name) !== undefined,
      now: deps.now(),
      expanded: isExpanded(object, existing.length > 0),
    });
    // Computed again until every name that it depends on is known; they are in memory after the first time.
    if (!(await names.lookUp())) return members;
  }
}

function usersOf(names: string[], { metadata }: ConnectUserSet, { store }: Pick<SetDeps, "store">): ConnectUser[] {
  return names
    .flatMap((value) => store.list<ConnectUser>(USER, { index: INDEX.userByEntraUser, value }))
    .filter((user) => user.metadata.namespace === metadata.namespace && !user.metadata.deletionTimestamp);
}

/** Of the same namespace; across namespaces the two ConnectUsers are in conflict, and say so themselves. */
function byHand(
  set: ConnectUserSet,
  { id, userPrincipalName }: { id: string; userPrincipalName: string },
  deps: SetDeps,
): string | undefined {
  return usersOf([id, userPrincipalName.toLowerCase()], set, deps).find(
    (user) => makerOf(user, set, deps) === undefined,
  )?.metadata.name;
}

/** The set that made the user, by its label and its name together; undefined for one that was written by hand, whatever its label says. */
function makerOf(user: ConnectUser, set: ConnectUserSet, { store }: SetDeps): string | undefined {
  const { namespace, labels, annotations } = user.metadata;
  const ours = annotations?.[MEMBER_ANNOTATIONS.orphanOf] === set.metadata.name ? set.metadata.name : undefined;
  const name = labels?.[SET_LABEL] ?? ours;
  if (name === undefined || !isMemberOf(name, user)) return undefined;
  return name === set.metadata.name || store.get(SET, namespace, name) ? name : undefined;
}

function otherSet(set: ConnectUserSet, id: string, deps: SetDeps): string | undefined {
  const makers = usersOf([id], set, deps).map((user) => makerOf(user, set, deps));
  return makers.find((name) => name !== undefined && name !== set.metadata.name) ?? deps.sets.other(set.metadata, id);
}
