/** What a set has to know of the cluster before its members can be worked out. Reads only. */
import { type ConnectUser, type ConnectUserSet, INDEX, SET_LABEL, USER } from "../api/resources.ts";
import type { Reading } from "./directory.ts";
import { MEMBER_ANNOTATIONS } from "./member.ts";
import { type Member, membersOf, objectId } from "./members.ts";
import { openNames } from "./names.ts";
import { isExpanded } from "./outcome.ts";
import type { SetDeps, SetScope } from "./scope.ts";

/** ConnectUsers of the set, and those that a deleted set of this name left. */
export function existingOf(
  { metadata: { namespace, name } }: ConnectUserSet,
  { store }: Pick<SetDeps, "store">,
): ConnectUser[] {
  return store.list<ConnectUser>(USER, { index: INDEX.userBySet, value: `${namespace}/${name}` });
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
    ({ metadata: { labels, annotations } }) =>
      labels?.[SET_LABEL] === undefined && annotations?.[MEMBER_ANNOTATIONS.orphanOf] !== set.metadata.name,
  )?.metadata.name;
}

function otherSet(set: ConnectUserSet, id: string, deps: SetDeps): string | undefined {
  const labels = usersOf([id], set, deps).map(({ metadata }) => metadata.labels?.[SET_LABEL]);
  return labels.find((name) => name !== undefined && name !== set.metadata.name) ?? deps.sets.other(set.metadata, id);
}
