/** Users: their persona counts them, and another user that claims the same person is in conflict. */
import { type ConnectUser, INDEX, MEMBER_ANNOTATIONS, PERSONA, RESOURCES, SET_LABEL, USER } from "../api/resources.ts";
import { createReconciler } from "../engine/reconcile.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { KubeObject } from "../runtime/port.ts";
import { userKind } from "../user/kind.ts";
import type { ControlledKind } from "./kind.ts";
import { setsOf } from "./sets.ts";
import { warmPeople } from "./warm-up.ts";

/** A persona counts its users no sooner than this after one of them changed: a thousand changes are not a thousand looks at the clouds. */
const COUNT_MS = 2_000;

const user = (object: KubeObject) => object as ConnectUser;

/** Everything that names the person: UPN, object id, Connect user name; without case. */
function namesOf(object: KubeObject): string[] {
  const { spec, status } = user(object);
  const names = [
    spec.entraUser.userPrincipalName,
    spec.entraUser.objectId,
    status?.entraObjectId,
    spec.username,
    status?.username,
  ];
  return [...new Set(names.filter((name) => name !== undefined).map((name) => name.toLowerCase()))];
}

/** The set that made the user, or, deleted since, left it. */
function setOf({ metadata: { namespace, labels, annotations } }: KubeObject): string[] | undefined {
  const name = labels?.[SET_LABEL] ?? annotations?.[MEMBER_ANNOTATIONS.orphanOf];
  return name === undefined ? undefined : [`${namespace}/${name}`];
}

export const USERS: ControlledKind = {
  resource: RESOURCES[USER],
  indexes: {
    [INDEX.userByPersona]: (object) => [`${object.metadata.namespace}/${user(object).spec.personaRef.name}`],
    [INDEX.userByEntraUser]: namesOf,
    [INDEX.userBySet]: (object) => setOf(object) ?? [],
  },
  workers: 16,
  reservedWorkers: 16,
  createReconciler: (deps) => createReconciler(userKind(deps), deps),
  warmUp: warmPeople,
  readByOthers(object) {
    const { status } = user(object);
    return [
      findCondition(status?.conditions, "Ready")?.status,
      findCondition(status?.conditions, "Conflict")?.status,
      status?.roleName,
    ];
  },
  wakes(object, store) {
    const { namespace, uid } = object.metadata;
    const others = namesOf(object)
      .flatMap((value) => store.list(USER, { index: INDEX.userByEntraUser, value }))
      .filter(({ metadata }) => metadata.uid !== uid)
      .map(({ metadata }) => ({ kind: USER, namespace: metadata.namespace, name: metadata.name }));
    const persona = { kind: PERSONA, namespace, name: user(object).spec.personaRef.name, afterMs: COUNT_MS };
    return [persona, ...setsOf(namespace, store), ...others];
  },
};
