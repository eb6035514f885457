/** Which objects concern each other: by what they are looked up, and whom a change of one makes look again. Loads no cloud. */
import { type ConnectSsoPersona, type ConnectUser, INDEX, PERSONA, USER } from "../api/resources.ts";
import { type Condition, findCondition } from "../runtime/conditions.ts";
import { equalJson } from "../runtime/equal.ts";
import type { IndexFunction, KubeObject, ObjectRef, ObjectStore } from "../runtime/port.ts";

/** Secondary indexes of each kind. */
export const INDEXES: Record<string, Record<string, IndexFunction>> = {
  [PERSONA]: { [INDEX.personaByInstance]: (object) => [(object as ConnectSsoPersona).spec.instanceArn] },
  [USER]: {
    [INDEX.userByPersona]: (object) => [`${object.metadata.namespace}/${(object as ConnectUser).spec.personaRef.name}`],
    // By everything that names the person: UPN, object id, Connect user name; without case.
    [INDEX.userByEntraUser]: (object) => {
      const { spec, status } = object as ConnectUser;
      const names = [
        spec.entraUser.userPrincipalName,
        spec.entraUser.objectId,
        status?.entraObjectId,
        spec.username,
        status?.username,
      ];
      return [...new Set(names.filter((name) => name !== undefined).map((name) => name.toLowerCase()))];
    },
  },
};

/** A persona counts its users no sooner than this after one of them changed: a thousand changes are not a thousand looks at the clouds. */
const COUNT_MS = 2_000;

/** Objects to look at when this one changed: a persona's users wait for it, and it counts them. Conflicts concern both sides. */
export function related(object: KubeObject, store: ObjectStore): (ObjectRef & { afterMs?: number })[] {
  const { namespace, name } = object.metadata;
  if (object.kind === PERSONA) {
    return store
      .list(USER, { index: INDEX.userByPersona, value: `${namespace}/${name}` })
      .map((user) => ({ kind: USER, namespace: user.metadata.namespace, name: user.metadata.name }));
  }
  const user = object as ConnectUser;
  const others = [
    user.spec.entraUser.userPrincipalName,
    user.spec.entraUser.objectId,
    user.status?.entraObjectId,
    user.status?.username,
  ]
    .filter((value) => value !== undefined)
    .flatMap((value) => store.list(USER, { index: INDEX.userByEntraUser, value: value.toLowerCase() }))
    .filter((other) => other.metadata.uid !== user.metadata.uid)
    .map((other) => ({ kind: USER, namespace: other.metadata.namespace, name: other.metadata.name }));
  return [{ kind: PERSONA, namespace, name: user.spec.personaRef.name, afterMs: COUNT_MS }, ...others];
}

/** Of a persona: what users stand on. Of a user: whether it counts as ready or in conflict. The rest moves nobody. */
export function matters(kind: string, before: unknown, after: unknown): boolean {
  const of = (status: unknown) => {
    const { conditions, servicePrincipalId, appRoleId, userAccessUrl } = (status ?? {}) as {
      conditions?: Condition[];
      servicePrincipalId?: string;
      appRoleId?: string;
      userAccessUrl?: string;
    };
    const ready = findCondition(conditions, "Ready")?.status;
    return kind === PERSONA
      ? [servicePrincipalId, appRoleId, userAccessUrl, findCondition(conditions, "RemovalsHalted")?.reason]
      : [ready, findCondition(conditions, "Conflict")?.status];
  };
  return !equalJson(of(before), of(after));
}
