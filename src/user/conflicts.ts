/** One person under two personas of an instance, declared or already assigned in Entra: neither is granted anything new. Reads only. */
import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, type ConnectUser, INDEX, PERSONA, USER } from "../api/resources.ts";
import { type Claimant, conflictMessage, declaredConflict } from "../domain/conflicts.ts";
import type { ConnectUserView } from "../providers/aws/types.ts";
import type { Assignment, EntraUser, Graph } from "../providers/graph/types.ts";
import { conflictError } from "../providers/verdicts.ts";
import type { ObjectStore } from "../runtime/port.ts";
import type { UserCall, UserScope } from "./scope.ts";
import type { FormerAssignment } from "./seen.ts";
import { PERSONA_TAG } from "./tags.ts";

/** The same person, or the same name but for case, under another ConnectUser of the instance. */
export function refuseDeclaredConflict(
  object: ConnectUser,
  persona: ConnectSsoPersona,
  person: EntraUser,
  username: string,
  store: ObjectStore,
): void {
  const found = new Set<ConnectUser>();
  const names = new Set([person.id.toLowerCase(), person.userPrincipalName.toLowerCase(), username.toLowerCase()]);
  for (const value of names)
    for (const other of store.list<ConnectUser>(USER, { index: INDEX.userByEntraUser, value }))
      if (!isSame(other, object) && !other.metadata.deletionTimestamp) found.add(other);
  if (found.size === 0) return;
  const self: Claimant = {
    namespace: object.metadata.namespace,
    name: object.metadata.name,
    persona: persona.metadata.name,
    instanceArn: persona.spec.instanceArn,
    entraUser: [person.id, person.userPrincipalName],
    username,
  };
  const claimants = [...found].flatMap(({ metadata: { namespace, name }, spec, status }): Claimant[] => {
    const theirs = store.get<ConnectSsoPersona>(PERSONA, namespace, spec.personaRef.name);
    if (!theirs) return [];
    const entraUser = [spec.entraUser.objectId, spec.entraUser.userPrincipalName, status?.entraObjectId];
    return [
      {
        namespace,
        name,
        persona: theirs.metadata.name,
        instanceArn: theirs.spec.instanceArn,
        entraUser: entraUser.filter((id) => id !== undefined),
        username: spec.username ?? status?.username,
      },
    ];
  });
  const conflict = declaredConflict(self, claimants);
  if (conflict) throw conflictError(REASON.TwoPersonas, conflictMessage(conflict));
}

const isSame = (a: ConnectUser, b: ConnectUser) =>
  a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;

/**
 * The person's assignments in applications of other personas. Those that we made before a move are to go: status knows their id, or the
 * Connect user's tag names the persona. Any other in the same instance is a conflict.
 */
export async function formerAssignments(
  { object, persona, person, graph, store, call }: UserScope,
  user: ConnectUserView | undefined,
): Promise<FormerAssignment[]> {
  const here = persona.spec.instanceArn;
  const before = object.status?.connectUserArn?.split("/agent/")[0] ?? here;
  const personasOf = (value: string) =>
    store.list<ConnectSsoPersona>(PERSONA, { index: INDEX.personaByInstance, value });
  const others = before === here ? personasOf(here) : [...personasOf(here), ...personasOf(before)];
  const former: FormerAssignment[] = [];
  for (const other of others) {
    if (other.metadata.uid === persona.metadata.uid) continue;
    const { namespace, name } = other.metadata;
    const servicePrincipalId = other.status?.servicePrincipalId;
    if (!servicePrincipalId || servicePrincipalId === persona.status?.servicePrincipalId) continue;
    const tagged = namespace === object.metadata.namespace && user?.tags[PERSONA_TAG] === name;
    for (const { id } of await graph.assignmentsOf(servicePrincipalId, person.id, call)) {
      if (tagged || id === object.status?.appRoleAssignmentId)
        former.push({ persona: name, servicePrincipalId, assignmentId: id });
      else if (other.spec.instanceArn === here)
        throw conflictError(
          REASON.TwoPersonas,
          `${person.userPrincipalName} is assigned to the application of persona ${namespace}/${name} as well; remove one of the two assignments`,
        );
    }
    const groups = other.spec.instanceArn === here ? await graph.groupAssignments(servicePrincipalId, call) : [];
    const group = groups.length > 0 && (await groupOf(graph, groups, person.id, call));
    if (group)
      throw conflictError(
        REASON.TwoPersonas,
        `${person.userPrincipalName} is a member of group ${group}, which is assigned to the application of persona ${namespace}/${name}; take the person out of the group, or delete this ConnectUser`,
      );
  }
  return former;
}

/** Of the groups that are assigned to an application, the one of which a person is a member. */
async function groupOf(
  graph: Graph,
  groups: readonly Assignment[],
  personId: string,
  call: UserCall,
): Promise<string | undefined> {
  for (const { principalId, principalDisplayName } of groups)
    if ((await graph.groupMemberIds(principalId, call)).includes(personId)) return principalDisplayName ?? principalId;
  return undefined;
}
