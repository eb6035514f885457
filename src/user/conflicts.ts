/** One person under two personas of an instance, declared or already assigned in Entra: neither is granted anything new. Reads only. */
import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, type ConnectUser, INDEX, PERSONA, USER } from "../api/resources.ts";
import { type Claimant, conflictMessage, declaredConflict } from "../domain/conflicts.ts";
import type { CallOptions } from "../providers/errors.ts";
import type { EntraUser, Graph } from "../providers/graph/types.ts";
import { contested } from "../providers/verdicts.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { type Observed, PERSONA_TAG } from "./plan.ts";
import type { UserScope } from "./resolve.ts";

/** The same person, or the same name but for case, under another ConnectUser of the instance. */
export function refuseDeclaredConflict(
  object: ConnectUser,
  persona: ConnectSsoPersona,
  person: EntraUser,
  username: string,
  store: ObjectStore,
): void {
  const self: Claimant = {
    namespace: object.metadata.namespace,
    name: object.metadata.name,
    persona: persona.metadata.name,
    instanceArn: persona.spec.instanceArn,
    entraUser: [person.id, person.userPrincipalName],
    username,
  };
  const found = new Map<string, Claimant>();
  for (const value of new Set([
    person.id.toLowerCase(),
    person.userPrincipalName.toLowerCase(),
    username.toLowerCase(),
  ])) {
    for (const other of store.list<ConnectUser>(USER, { index: INDEX.userByEntraUser, value })) {
      const theirs = store.get<ConnectSsoPersona>(PERSONA, other.metadata.namespace, other.spec.personaRef.name);
      if (!theirs || other.metadata.deletionTimestamp) continue;
      found.set(`${other.metadata.namespace}/${other.metadata.name}`, {
        namespace: other.metadata.namespace,
        name: other.metadata.name,
        persona: theirs.metadata.name,
        instanceArn: theirs.spec.instanceArn,
        entraUser: [
          other.spec.entraUser.objectId,
          other.spec.entraUser.userPrincipalName,
          other.status?.entraObjectId,
        ].filter((id) => id !== undefined),
        username: other.spec.username ?? other.status?.username,
      });
    }
  }
  const conflict = declaredConflict(self, found.values());
  if (conflict) throw contested(REASON.TwoPersonas, conflictMessage(conflict));
}

/**
 * The person's assignments in applications of other personas. Those that we made before a move are to go: status knows their id, or the
 * Connect user's tag names the persona. Any other in the same instance is a conflict.
 */
export async function formerAssignments(
  {
    object,
    persona,
    person,
    graph,
    user,
  }: Pick<UserScope, "object" | "persona" | "person" | "graph"> & Pick<Observed, "user">,
  store: ObjectStore,
  call: CallOptions & { maxAgeMs?: number },
): Promise<Observed["former"]> {
  const here = persona.spec.instanceArn;
  const before = object.status?.connectUserArn?.split("/agent/")[0] ?? here;
  const others = [...new Set([here, before])]
    .flatMap((value) => store.list<ConnectSsoPersona>(PERSONA, { index: INDEX.personaByInstance, value }))
    .filter(({ metadata }) => metadata.uid !== persona.metadata.uid);
  const former: Observed["former"] = [];
  for (const other of others) {
    const { namespace, name } = other.metadata;
    const servicePrincipalId = other.status?.servicePrincipalId;
    if (!servicePrincipalId || servicePrincipalId === persona.status?.servicePrincipalId) continue;
    const tagged = namespace === object.metadata.namespace && user?.tags[PERSONA_TAG] === name;
    for (const { id } of await graph.assignmentsOf(servicePrincipalId, person.id, call)) {
      if (tagged || id === object.status?.appRoleAssignmentId)
        former.push({ persona: name, servicePrincipalId, assignmentId: id });
      else if (other.spec.instanceArn === here)
        throw contested(
          REASON.TwoPersonas,
          `${person.userPrincipalName} is assigned to the application of persona ${namespace}/${name} as well; remove one of the two assignments`,
        );
    }
    const group = other.spec.instanceArn === here && (await groupOf(graph, servicePrincipalId, person.id, call));
    if (group)
      throw contested(
        REASON.TwoPersonas,
        `${person.userPrincipalName} is a member of group ${group}, which is assigned to the application of persona ${namespace}/${name}; take the person out of the group, or delete this ConnectUser`,
      );
  }
  return former;
}

/** The assigned group through which a person has a role of an application. Shared inventories, so that it costs no call per user. */
async function groupOf(
  graph: Graph,
  servicePrincipalId: string,
  personId: string,
  call: CallOptions & { maxAgeMs?: number },
): Promise<string | undefined> {
  const groups = await graph.groupAssignments(servicePrincipalId, call);
  for (const { principalId, principalDisplayName } of groups)
    if ((await graph.groupMemberIds(principalId, call)).includes(personId)) return principalDisplayName ?? principalId;
  return undefined;
}
