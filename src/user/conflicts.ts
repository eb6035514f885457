/** One person under two personas of an instance, declared or already assigned in Entra: neither is granted anything new. Reads only. */
import { REASON } from "../api/reasons.ts";
import { CONDITION, type ConnectSsoPersona, type ConnectUser, INDEX, PERSONA, USER } from "../api/resources.ts";
import { type Claimant, conflictMessage, declaredConflict } from "../domain/conflicts.ts";
import { isAdmitted } from "../persona/admission.ts";
import type { ConnectUserView } from "../providers/aws/types.ts";
import type { Assignment, EntraUser, Graph } from "../providers/graph/types.ts";
import { findCondition } from "../runtime/conditions.ts";
import { roleNameOf, type UserCall, type UserDeps, type UserScope } from "./scope.ts";
import type { FormerAssignment, Seen } from "./seen.ts";
import { PERSONA_TAG } from "./tags.ts";

/**
 * The same person, or the same name but for case, under another ConnectUser of the instance. A claim counts only from a resource that may
 * act in that instance and is not itself refused: what one namespace writes down must not stop another one.
 */
export async function declaredConflictOf(
  object: ConnectUser,
  persona: ConnectSsoPersona,
  person: EntraUser,
  username: string,
  deps: Pick<UserDeps, "store" | "clouds">,
  call: UserCall,
): Promise<string | undefined> {
  const { store } = deps;
  const found = new Set<ConnectUser>();
  const names = new Set([person.id.toLowerCase(), person.userPrincipalName.toLowerCase(), username.toLowerCase()]);
  for (const value of names)
    for (const other of store.list<ConnectUser>(USER, { index: INDEX.userByEntraUser, value }))
      if (!isSame(other, object) && !other.metadata.deletionTimestamp && !isRefused(other)) found.add(other);
  if (found.size === 0) return undefined;
  const self: Claimant = {
    namespace: object.metadata.namespace,
    name: object.metadata.name,
    persona: persona.metadata.name,
    instanceArn: persona.spec.instanceArn,
    entraUser: [person.id, person.userPrincipalName],
    username,
  };
  const claimants: Claimant[] = [];
  for (const { metadata, spec, status } of found) {
    const { namespace, name } = metadata;
    const theirs = store.get<ConnectSsoPersona>(PERSONA, namespace, spec.personaRef.name);
    if (!theirs || !(await isAdmitted(theirs, deps.clouds, call))) continue;
    // Once the person is known by id, a name says nothing: it may have been another person's.
    const ids = status?.entraObjectId
      ? [status.entraObjectId]
      : [spec.entraUser.objectId, spec.entraUser.userPrincipalName];
    claimants.push({
      namespace,
      name,
      persona: theirs.metadata.name,
      instanceArn: theirs.spec.instanceArn,
      entraUser: ids.filter((id) => id !== undefined),
      username: spec.username ?? status?.username,
    });
  }
  const conflict = declaredConflict(self, claimants);
  return conflict && conflictMessage(conflict);
}

/** Refused for another reason than the conflict itself: then it is granted nothing, and so claims nothing. */
function isRefused({ status }: Pick<ConnectUser, "status">): boolean {
  const stalled = findCondition(status?.conditions, CONDITION.Stalled);
  return stalled?.status === "True" && stalled.reason !== REASON.TwoPersonas;
}

const isSame = (a: ConnectUser, b: ConnectUser) =>
  a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;

/**
 * The person's assignments in applications of other personas. Those that we made before a move are to go: status knows their id, or the
 * Connect user's tag names the persona. Any other in the same instance is a conflict.
 */
export async function formerAssignments(
  { object, persona, person, assignment, withdrawn, graph, store, clouds, call, roleName }: UserScope,
  user: ConnectUserView | undefined,
): Promise<Seen["former-assignments"]> {
  const personId = assignment.principalId;
  const who = person?.userPrincipalName ?? personId;
  const here = persona.spec.instanceArn;
  const before = object.status?.connectUserArn?.split("/agent/")[0] ?? here;
  const personasOf = (value: string) =>
    store.list<ConnectSsoPersona>(PERSONA, { index: INDEX.personaByInstance, value });
  const others = before === here ? personasOf(here) : [...personasOf(here), ...personasOf(before)];
  const former: FormerAssignment[] = [];
  let conflict: string | undefined;
  for (const other of others) {
    if (other.metadata.uid === persona.metadata.uid) continue;
    const { namespace, name } = other.metadata;
    const servicePrincipalId = other.status?.servicePrincipalId;
    if (!servicePrincipalId || servicePrincipalId === persona.status?.servicePrincipalId) continue;
    if (!(await isAdmitted(other, clouds, call))) continue;
    const tagged = namespace === object.metadata.namespace && user?.tags[PERSONA_TAG] === name;
    for (const { id, appRoleId } of await graph.assignmentsOf(servicePrincipalId, personId, call)) {
      if (tagged || id === object.status?.appRoleAssignmentId)
        former.push({
          persona: name,
          servicePrincipalId,
          assignmentId: id,
          ...(other.spec.instanceArn === here && roleBehind(other, appRoleId) === roleName ? { keepsRole: true } : {}),
        });
      else if (other.spec.instanceArn === here)
        conflict ??= `${who} is assigned to the application of persona ${namespace}/${name} as well; remove one of the two assignments`;
    }
    if (withdrawn || other.spec.instanceArn !== here) continue;
    const groups = await graph.groupAssignments(servicePrincipalId, call);
    const group = groups.length > 0 && (await groupOf(graph, groups, personId, call));
    if (group)
      conflict ??= `${who} is a member of group ${group}, which is assigned to the application of persona ${namespace}/${name}; take the person out of the group, or delete this ConnectUser`;
  }
  return { former, ...(conflict && !withdrawn ? { conflict } : {}) };
}

/** Name of the IAM role that an app role of the persona carries. */
function roleBehind(persona: ConnectSsoPersona, appRoleId: string): string | undefined {
  const { status } = persona;
  if (status?.appRoleId === appRoleId) return roleNameOf(persona);
  return status?.formerRoles?.find((one) => one.appRoleId === appRoleId)?.name;
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
