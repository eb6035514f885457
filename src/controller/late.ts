/**
 * The clouds and the reconcilers of `run`, loaded late: their clients take longest of all that is loaded, and the API server can prepare
 * its list meanwhile.
 */
import type { PERSONA, USER } from "../api/resources.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { Reconcile } from "../runtime/controller.ts";
import type { ObjectStore } from "../runtime/port.ts";
import type { ComposeOptions, ReconcilerDeps } from "./compose.ts";

export interface Late {
  /** Waits by itself for what is not there yet. */
  clouds: Clouds;
  reconcile(kind: typeof PERSONA | typeof USER, store: ObjectStore): Reconcile;
  /** Rejects when the settings are no good. */
  loaded: Promise<void>;
  close(): void;
}

type Loaded = { clouds: Clouds; reconcile: Record<typeof PERSONA | typeof USER, Reconcile>; close(): void };

/** Begins to load when `when` resolves. */
export function loadLate(
  when: Promise<unknown>,
  options: ComposeOptions & Pick<ReconcilerDeps, "observer" | "cluster">,
): Late {
  let there: Loaded | undefined;
  let store: ObjectStore;
  const load = async (): Promise<Loaded> => {
    await when;
    const { composeClouds, composeReconcilers } = await import("./compose.ts");
    const composed = composeClouds(options);
    there = { ...composed, reconcile: composeReconcilers({ ...options, ...composed, store }) };
    return there;
  };
  const loading = load();
  loading.catch(() => undefined);
  return {
    clouds: {
      aws: async (...of) => (await loading).clouds.aws(...of),
      graph: async (...of) => (await loading).clouds.graph(...of),
      health: () => there?.clouds.health() ?? { breakers: new Map(), limiters: [], inventories: new Map() },
    },
    reconcile(kind, objects) {
      store = objects;
      return (ref, context) =>
        there ? there.reconcile[kind](ref, context) : loading.then(({ reconcile }) => reconcile[kind](ref, context));
    },
    loaded: loading.then(() => undefined),
    close: () => there?.close(),
  };
}
