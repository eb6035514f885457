/** Sets: they stand on the personas of their namespace, and on every ConnectUser that is of them or was written by hand. */
import { type ConnectUserSet, INDEX, RESOURCES, SET, USER } from "../api/resources.ts";
import { createReconciler } from "../engine/reconcile.ts";
import type { KubeObject } from "../runtime/port.ts";
import { setKind } from "../set/kind.ts";
import type { ControlledKind } from "./kind.ts";

export const SETS: ControlledKind = {
  resource: RESOURCES[SET],
  indexes: {},
  workers: 2,
  reservedWorkers: 2,
  createReconciler: (deps) => createReconciler(setKind(deps), deps),
  // Other sets look again by themselves, at the interval of the directory.
  readByOthers: (object) => (object as ConnectUserSet).status?.admitted,
  // What the set has released need not wait for the guard of the persona.
  wakes: ({ metadata: { namespace, name } }, store) =>
    store
      .list(USER, { index: INDEX.userBySet, value: `${namespace}/${name}` })
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
      .map((user) => ({ kind: USER, namespace, name: user.metadata.name })),
};

/** How long to gather changes of users and personas before their sets are reconciled, milliseconds. */
const GATHER_MS = 5_000;

/** Sets of the namespace: a rule may name the persona, and a user written by hand takes the place of a generated one. */
export const setsOf = (
  namespace: string,
  store: { list<T extends KubeObject>(kind: string, o: { namespace: string }): T[] },
) =>
  store
    .list<ConnectUserSet>(SET, { namespace })
    .map(({ metadata }) => ({ kind: SET, namespace, name: metadata.name, afterMs: GATHER_MS }));
