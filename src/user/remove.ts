/** Deletion of a ConnectUser: the role assignment first, then, if asked for, the Connect user. Not found is done. */

import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, type ConnectUser, PERSONA } from "../api/resources.ts";
import { OWNER_TAG, ownerOf } from "../domain/ownership.ts";
import type { Clouds } from "../providers/clouds.ts";
import { type CallOptions, CloudError } from "../providers/errors.ts";
import type { ObjectStore } from "../runtime/port.ts";

export async function removeUser(
  object: ConnectUser,
  deps: { store: ObjectStore; clouds: Clouds; cluster: string },
  call: CallOptions,
): Promise<void> {
  const { metadata, spec, status } = object;
  // Nothing was ever given to it.
  if (!status?.entraObjectId && !status?.connectUserId) return;
  const persona = deps.store.get<ConnectSsoPersona>(PERSONA, metadata.namespace, spec.personaRef.name);
  const instanceArn = persona?.spec.instanceArn ?? status.connectUserArn?.split("/agent/")[0];
  const graph = await deps.clouds.graph(persona?.spec.application.tenantId, metadata.namespace);
  await revoke(object, persona, graph, deps.cluster, call);
  if (spec.deletionPolicy !== "Delete" || !status.username) return;
  if (!instanceArn) {
    throw new CloudError(
      `persona ${spec.personaRef.name} is gone and status does not say in which instance the user is; restore the persona or set deletionPolicy: RevokeAccess`,
      { kind: "terminal", reason: REASON.PersonaNotFound, code: REASON.PersonaNotFound },
    );
  }
  const { account } = await deps.clouds.aws(instanceArn, metadata.namespace);
  const connect = account.instance(instanceArn);
  const user = await connect.user(status.username, { ...call, maxAgeMs: 0 });
  if (user?.tags[OWNER_TAG] === ownerOf(deps.cluster, metadata.namespace, metadata.name))
    await connect.deleteUser(user, call);
}

/** Our assignment of the persona's role goes; what others assigned stays. */
async function revoke(
  object: ConnectUser,
  persona: ConnectSsoPersona | undefined,
  graph: Awaited<ReturnType<Clouds["graph"]>>,
  cluster: string,
  call: CallOptions,
): Promise<void> {
  const { metadata, spec, status } = object;
  let servicePrincipalId = persona?.status?.servicePrincipalId;
  if (!servicePrincipalId) {
    const [application] = await graph.findApplications(
      { tag: `${OWNER_TAG}:${ownerOf(cluster, metadata.namespace, spec.personaRef.name)}` },
      call,
    );
    servicePrincipalId = application && (await graph.findServicePrincipal(application.appId, call))?.id;
  }
  if (!servicePrincipalId || !status?.entraObjectId) return;
  const roleId = persona?.status?.appRoleId;
  for (const { id, appRoleId } of await graph.assignmentsOf(servicePrincipalId, status.entraObjectId, {
    ...call,
    maxAgeMs: 0,
  })) {
    if (id === status.appRoleAssignmentId || appRoleId === roleId) await graph.unassign(servicePrincipalId, id, call);
  }
}
