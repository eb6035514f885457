/**
 * Deletion of a ConnectUser: the role assignment first, then, if asked for, the Connect user. Not found is done. Status only saves
 * look-ups: without it the person is looked up again, and the Connect user is known by its owner tag.
 */
import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, type ConnectUser, PERSONA } from "../api/resources.ts";
import { OWNER_TAG, ownerOf } from "../domain/ownership.ts";
import type { Clouds } from "../providers/clouds.ts";
import { type CallOptions, CloudError } from "../providers/errors.ts";
import type { Graph } from "../providers/graph/types.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { PERSONA_TAG } from "./plan.ts";

export interface RemoveDeps {
  store: ObjectStore;
  clouds: Clouds;
  cluster: string;
}

export async function removeUser(object: ConnectUser, deps: RemoveDeps, call: CallOptions): Promise<void> {
  const { metadata, spec, status } = object;
  const persona = deps.store.get<ConnectSsoPersona>(PERSONA, metadata.namespace, spec.personaRef.name);
  try {
    const graph = await deps.clouds.graph(persona?.spec.application.tenantId, metadata.namespace);
    await revoke(object, persona, graph, deps, call);
    if (spec.deletionPolicy === "Delete") await deleteConnectUser(object, persona, deps, call);
  } catch (error) {
    // Where the controller may not act, it never did: a user that was refused from the start goes without a trace.
    const given = status?.appRoleAssignmentId !== undefined || status?.connectUserId !== undefined;
    const mayNot: readonly string[] = [REASON.ScopeNotAllowed, REASON.WrongAccount];
    if (given || !(error instanceof CloudError) || !mayNot.includes(error.reason)) throw error;
  }
}

async function deleteConnectUser(
  object: ConnectUser,
  persona: ConnectSsoPersona | undefined,
  { clouds, cluster }: RemoveDeps,
  call: CallOptions,
): Promise<void> {
  const { metadata, spec, status } = object;
  const instanceArn = status?.connectUserArn?.split("/agent/")[0] ?? persona?.spec.instanceArn;
  if (!instanceArn) {
    // It waited for a persona that never was, so nothing was made.
    if (status?.observedGeneration !== undefined && status.username === undefined) return;
    throw new CloudError(
      `persona ${spec.personaRef.name} is gone and status does not say in which instance the user is; restore the persona or set deletionPolicy: RevokeAccess`,
      { kind: "terminal", reason: REASON.PersonaNotFound, code: REASON.PersonaNotFound },
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
  for (const user of ours.values()) await connect.deleteUser(user, call);
}

/** Our assignment of the persona's role goes; what others assigned stays. */
async function revoke(
  object: ConnectUser,
  persona: ConnectSsoPersona | undefined,
  graph: Graph,
  deps: RemoveDeps,
  call: CallOptions,
): Promise<void> {
  const { metadata, spec, status } = object;
  const { cluster } = deps;
  let servicePrincipalId = persona?.status?.servicePrincipalId;
  let roleId = persona?.status?.appRoleId;
  if (!servicePrincipalId) {
    const [application] = await graph.findApplications(
      { tag: `${OWNER_TAG}:${ownerOf(cluster, metadata.namespace, spec.personaRef.name)}` },
      call,
    );
    const principal = application && (await graph.findServicePrincipal(application.appId, call));
    servicePrincipalId = principal?.id;
    // The one role that names a role and a provider; `User` and `msiam_access` have no value.
    roleId ??= application?.appRoles.find(({ value }) => value?.includes(":saml-provider/"))?.id;
  }
  const { objectId, userPrincipalName } = spec.entraUser;
  const person = status?.entraObjectId
    ? { id: status.entraObjectId }
    : await graph.user(objectId ? { objectId } : { userPrincipalName: userPrincipalName! }, call);
  // Entra takes the assignments of a deleted person along.
  if (!person) return;
  await revokeFormer(object, persona, person.id, graph, deps, call);
  if (!servicePrincipalId) return;
  const fresh = { ...call, maxAgeMs: 0 };
  const known = status?.appRoleAssignmentId;
  const found = await graph.assignmentsOf(servicePrincipalId, person.id, fresh);
  for (const { id, appRoleId } of found)
    if (id === known || appRoleId === roleId) await graph.unassign(servicePrincipalId, id, call);
  // The list lags behind what was granted.
  if (known && !found.some(({ id }) => id === known)) await graph.unassign(servicePrincipalId, known, call);
}

/** What is left of a move that the deletion overtook: our assignment in the application of a persona that the user belonged to before. */
async function revokeFormer(
  object: ConnectUser,
  persona: ConnectSsoPersona | undefined,
  personId: string,
  graph: Graph,
  deps: RemoveDeps,
  call: CallOptions,
): Promise<void> {
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
  { clouds, cluster }: RemoveDeps,
  call: CallOptions,
): Promise<boolean> {
  const instanceArn = status?.connectUserArn?.split("/agent/")[0] ?? spec.instanceArn;
  const { account } = await clouds.aws(instanceArn, metadata.namespace);
  const owner = ownerOf(cluster, metadata.namespace, metadata.name);
  const users = await account.instance(instanceArn).users(call);
  return [...users].some(({ tags }) => tags[OWNER_TAG] === owner && tags[PERSONA_TAG] === name);
}
