/**
 * Deletion of a ConnectUser: the role assignment first, then, if asked for, the Connect user. Not found is done. Status only saves
 * look-ups: without it the person is looked up again, and the Connect user is known by its owner tag.
 */
import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, type ConnectUser, PERSONA } from "../api/resources.ts";
import { OWNER_TAG, ownerOf } from "../domain/ownership.ts";
import { failureOf, isStalled } from "../engine/errors.ts";
import type { OpenContext } from "../engine/kind.ts";
import type { ConnectInstance, ConnectUserView } from "../providers/aws/types.ts";
import type { Graph } from "../providers/graph/types.ts";
import { terminalError } from "../providers/verdicts.ts";
import { lastAdministrator, refuseLastAdministrator } from "./administrators.ts";
import { NOT_ENDED, notEnded } from "./components/withdrawal.ts";
import { appRolesOf, type UserCall, type UserDeps } from "./scope.ts";
import { PERSONA_TAG } from "./tags.ts";

export interface UserRemoval {
  object: ConnectUser;
  /** Undefined: it was deleted, or never existed. */
  persona: ConnectSsoPersona | undefined;
  graph: Graph;
  deps: UserDeps;
  call: UserCall;
  memory: UserMemory;
}

/** What this process remembers of a user between passes. */
export interface UserMemory {
  /** Ids of Connect users whose sessions a deletion has ended, or could not end. */
  sessionsDone?: Set<string>;
}

export async function openRemoval(
  object: ConnectUser,
  deps: UserDeps,
  { signal, priority, memory }: OpenContext<ConnectUser, UserMemory>,
): Promise<UserRemoval> {
  const { metadata, spec } = object;
  const persona = deps.store.get<ConnectSsoPersona>(PERSONA, metadata.namespace, spec.personaRef.name);
  const graph = await deps.clouds.graph(persona?.spec.application.tenantId, metadata.namespace);
  const call = { ...(signal ? { signal } : {}), priority, tenant: metadata.namespace };
  return { object, persona, graph, deps, call, memory };
}

export async function deleteConnectUser(removal: UserRemoval): Promise<boolean> {
  const { object, persona, deps, call } = removal;
  const { clouds, cluster } = deps;
  const { metadata, spec, status } = object;
  if (spec.deletionPolicy !== "Delete") return true;
  const instanceArn = status?.connectUserArn?.split("/agent/")[0] ?? persona?.spec.instanceArn;
  if (!instanceArn) {
    // It waited for a persona that never existed, so nothing was created.
    if (status?.observedGeneration !== undefined && status.username === undefined) return true;
    throw terminalError(
      REASON.PersonaNotFound,
      `Persona ${spec.personaRef.name} is gone and status does not say in which instance the user is; restore the persona or set deletionPolicy: RevokeAccess`,
    );
  }
  const { account } = await clouds.aws(instanceArn, metadata.namespace);
  const connect = account.instance(instanceArn);
  const owner = ownerOf(cluster, metadata.namespace, metadata.name);
  const fresh = { ...call, maxAgeMs: 0 };
  const named = status?.username === undefined ? undefined : await connect.user(status.username, fresh);
  // Of a former name as well: the person was renamed since, or the RoleSessionName comes from elsewhere now.
  const all = [...(named ? [named] : []), ...(await connect.users(named ? call : fresh))];
  const ours = new Map(all.filter(({ tags }) => tags[OWNER_TAG] === owner).map((user) => [user.id, user]));
  for (const user of ours.values()) {
    await deleteOne(removal, connect, user);
    await removeQuickConnects(removal, connect, user);
  }
  return true;
}

async function deleteOne({ call }: UserRemoval, connect: ConnectInstance, user: ConnectUserView): Promise<void> {
  const only = await lastAdministrator(connect, user, call);
  if (only) refuseLastAdministrator(user);
  await connect.deleteUser(user, call);
}

/** A quick connect of a deleted user rings no one. It is not our object, so it is deleted only when that was asked for. */
async function removeQuickConnects(
  { object, deps, call }: UserRemoval,
  connect: ConnectInstance,
  { id, username }: ConnectUserView,
): Promise<void> {
  const say = (reason: string, message: string) =>
    deps.store.event(object, { type: "Warning", reason, note: message, action: "Delete" });
  try {
    const found = (await connect.quickConnects({ ...call, maxAgeMs: 0 })).filter(({ userId }) => userId === id);
    if (found.length === 0) return;
    const names = found.map(({ name }) => name).join(", ");
    if (object.spec.quickConnects !== "Delete") {
      say("QuickConnectsLeft", `Connect user ${username} was deleted; these quick connects ring no one now: ${names}`);
      return;
    }
    for (const one of found) await connect.deleteQuickConnect(one, call);
    say("QuickConnectsDeleted", `Quick connects that rang ${username} were deleted: ${names}`);
  } catch (error) {
    if (!isStalled(failureOf(error))) throw error;
    say(
      "QuickConnectsUnknown",
      `Quick connects that ring ${username} could not be looked up: ${failureOf(error).message}`,
    );
  }
}

/** After the role is gone: otherwise the person could sign in again at once. */
async function endSessions({ object, persona, deps, call, memory }: UserRemoval): Promise<void> {
  const { metadata, spec, status } = object;
  const instanceArn = status?.connectUserArn?.split("/agent/")[0] ?? persona?.spec.instanceArn;
  if (spec.endSessions === false || !instanceArn) return;
  try {
    const { account } = await deps.clouds.aws(instanceArn, metadata.namespace);
    const connect = account.instance(instanceArn);
    for (const user of await connect.tagged(
      OWNER_TAG,
      ownerOf(deps.cluster, metadata.namespace, metadata.name),
      call,
    )) {
      memory.sessionsDone ??= new Set();
      // A deletion that waits for something else comes here again.
      if (memory.sessionsDone.has(user.id)) continue;
      const result = await connect.endSessions(user, call);
      memory.sessionsDone.add(user.id);
      if (!result.ended)
        deps.store.event(object, { ...NOT_ENDED, note: notEnded(`Running sessions of ${user.username}`, result) });
    }
  } catch (error) {
    // A right or an account that is missing must not hold the deletion up: the role is gone.
    if (!isStalled(failureOf(error))) throw error;
  }
}

/** Our assignment of the persona's role goes; what others assigned stays. */
export async function revoke(removal: UserRemoval): Promise<boolean> {
  await revokeRole(removal);
  await endSessions(removal);
  return true;
}

async function revokeRole(removal: UserRemoval): Promise<void> {
  const { object, persona, graph, deps, call } = removal;
  const { metadata, spec, status } = object;
  const { cluster } = deps;
  let servicePrincipalId = persona?.status?.servicePrincipalId;
  const roleIds = appRolesOf(persona?.status);
  if (!servicePrincipalId) {
    const [application] = await graph.findApplications(
      { tag: `${OWNER_TAG}:${ownerOf(cluster, metadata.namespace, spec.personaRef.name)}` },
      call,
    );
    const principal = application && (await graph.findServicePrincipal(application.appId, call));
    servicePrincipalId = principal?.id;
    // Roles that name a role and a provider; `User` and `msiam_access` have no value.
    for (const { id, value } of application?.appRoles ?? []) if (value?.includes(":saml-provider/")) roleIds.add(id);
  }
  const { objectId, userPrincipalName } = spec.entraUser;
  const person = status?.entraObjectId
    ? { id: status.entraObjectId }
    : await graph.user(objectId ? { objectId } : { userPrincipalName: userPrincipalName! }, call);
  // Entra takes the assignments of a deleted person along.
  if (!person) return;
  await revokeFormer(removal, person.id);
  if (!servicePrincipalId) return;
  const fresh = { ...call, maxAgeMs: 0 };
  const known = status?.appRoleAssignmentId;
  const found = await graph.assignmentsOf(servicePrincipalId, person.id, fresh);
  for (const { id, appRoleId } of found)
    if (id === known || roleIds.has(appRoleId)) await graph.unassign(servicePrincipalId, id, call);
  // The list lags behind what was granted.
  if (known && !found.some(({ id }) => id === known)) await graph.unassign(servicePrincipalId, known, call);
}

/** What is left of a move that the deletion overtook: our assignment in the application of a persona that the user belonged to before. */
async function revokeFormer({ object, persona, graph, deps, call }: UserRemoval, personId: string): Promise<void> {
  const { metadata, status } = object;
  for (const other of deps.store.list<ConnectSsoPersona>(PERSONA, { namespace: metadata.namespace })) {
    const servicePrincipalId = other.status?.servicePrincipalId;
    if (!servicePrincipalId || servicePrincipalId === persona?.status?.servicePrincipalId) continue;
    if (persona && other.spec.application.tenantId !== persona.spec.application.tenantId) continue;
    for (const { id } of await graph.assignmentsOf(servicePrincipalId, personId, call)) {
      const ours = id === status?.appRoleAssignmentId || (await isTagged(object, other, deps, call));
      if (ours) await graph.unassign(servicePrincipalId, id, call);
    }
  }
}

/** Whether the Connect user is ours and its tag says that this persona's role was given. */
async function isTagged(
  { metadata, status }: ConnectUser,
  { metadata: { name }, spec }: ConnectSsoPersona,
  { clouds, cluster }: UserDeps,
  call: UserCall,
): Promise<boolean> {
  const instanceArn = status?.connectUserArn?.split("/agent/")[0] ?? spec.instanceArn;
  const { account } = await clouds.aws(instanceArn, metadata.namespace);
  const owner = ownerOf(cluster, metadata.namespace, metadata.name);
  const users = await account.instance(instanceArn).users(call);
  return [...users].some(({ tags }) => tags[OWNER_TAG] === owner && tags[PERSONA_TAG] === name);
}
