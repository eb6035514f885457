/** Personas: their users stand on them. */
import { type ConnectSsoPersona, INDEX, PERSONA, RESOURCES, USER } from "../api/resources.ts";
import { createReconciler } from "../engine/reconcile.ts";
import { personaKind } from "../persona/kind.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { KubeObject, ObjectStore } from "../runtime/port.ts";
import type { ControlledKind } from "./kind.ts";
import { setsOf } from "./sets.ts";
import { warmInventories } from "./warm-up.ts";

const persona = (object: KubeObject) => object as ConnectSsoPersona;

export const PERSONAS: ControlledKind = {
  resource: RESOURCES[PERSONA],
  indexes: { [INDEX.personaByInstance]: (object) => [persona(object).spec.instanceArn] },
  workers: 4,
  reservedWorkers: 2,
  createReconciler: (deps) => createReconciler(personaKind(deps), deps),
  warmUp: warmInventories,
  readByOthers(object) {
    const { status } = persona(object);
    return [
      status?.servicePrincipalId,
      status?.appRoleId,
      status?.formerRoles,
      status?.userAccessUrl,
      // Personas that share a role trust a provider once it exists.
      findCondition(status?.conditions, "SamlProviderReady")?.status,
      findCondition(status?.conditions, "RemovalsHalted")?.reason,
      // A user's Ready names what may keep the person from signing in.
      status?.drift
        ?.filter(({ concern }) => concern !== "settings")
        .map(({ component, path }) => `${component} ${path}`),
    ];
  },
  wakes(object, store) {
    const { namespace, name } = object.metadata;
    const users = store
      .list(USER, { index: INDEX.userByPersona, value: `${namespace}/${name}` })
      .map((user) => ({ kind: USER, namespace: user.metadata.namespace, name: user.metadata.name }));
    return [...setsOf(namespace, store), ...users, ...sharers(persona(object), store)];
  },
};

/** Personas that share their role with this one: their trust lists its provider, or does so no more. */
function sharers({ metadata, spec }: ConnectSsoPersona, store: Pick<ObjectStore, "list">) {
  if (spec.aws.roleSharing !== "Instance") return [];
  return store
    .list<ConnectSsoPersona>(PERSONA, { index: INDEX.personaByInstance, value: spec.instanceArn })
    .filter((one) => one.metadata.namespace === metadata.namespace && one.metadata.name !== metadata.name)
    .map(({ metadata: { namespace, name } }) => ({ kind: PERSONA, namespace, name }));
}
