/** What the controller has to know of a kind: how it is watched, what wakes what, and who reconciles it. */
import type { Reactions } from "../domain/reactions.ts";
import type { EngineDeps } from "../engine/reconcile.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { WakeRef } from "../runtime/changes.ts";
import type { Resource } from "../runtime/client.ts";
import type { Reconcile } from "../runtime/controller.ts";
import type { IndexFunction, KubeObject, ObjectStore } from "../runtime/port.ts";
import type { SetObserver } from "../set/passages.ts";
import type { SetRegistry } from "../set/registry.ts";

export interface ReconcilerDeps extends EngineDeps {
  clouds: Clouds;
  /** First part of every owner tag. */
  cluster: string;
  /** Share of a persona's users, 0 to 1, that may go within the window. */
  massDeletionShare(): number;
  /** Oldest reading of the directory that a look at a set is content with, milliseconds. */
  directoryIntervalMs: number;
  sets: SetRegistry;
  reactions: Reactions;
  setObserver?: SetObserver | undefined;
  /** Whether every ConnectUser of a namespace is in the store. */
  sees(namespace: string): boolean;
}

export interface ControlledKind {
  resource: Resource;
  indexes: Record<string, IndexFunction>;
  /** Reconciles at the same time; the reserved ones take changes only, so that no change waits for a sweep. */
  workers: number;
  reservedWorkers: number;
  createReconciler(deps: ReconcilerDeps): Reconcile;
  /** What others read of its status; when it differs, they are woken. A change of the spec always wakes them. */
  readByOthers(object: KubeObject): unknown;
  /** Whom a change of this object wakes, in whatever state it is. */
  wakes(object: KubeObject, store: ObjectStore): WakeRef[];
  /**
   * Reads ahead what every reconcile of the kind begins with, once its objects are listed, also on a standby. Returns at once; what fails
   * here fails again in a reconcile, which says so.
   */
  warmUp?(clouds: Clouds, store: ObjectStore, maxAgeMs: number): void;
}
