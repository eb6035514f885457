/** What a change of one object wakes: one rule for the caches of a cluster and for a folder. */
import { equalJson } from "./equal.ts";
import type { KubeObject, ObjectRef, ObjectStore } from "./port.ts";
import type { AddOptions } from "./queue.ts";

/** `before` is absent for a new object, `after` for one that is gone. `own` is true for the answer to a write of this process. */
export interface Change {
  before: KubeObject | undefined;
  after: KubeObject | undefined;
  own: boolean;
}

/** `afterMs`: how long to gather changes before the look. */
export type WakeRef = ObjectRef & { afterMs?: number };

/** Other objects to reconcile because the spec or the status of this one changed, or because it came or went. */
export type Wakes = (change: Change, store: ObjectStore) => WakeRef[];

/** Until another object is reconciled, unless it says otherwise: a burst of changes costs one reconcile. Milliseconds. */
const GATHER_MS = 200;

/** Adds to queues the object itself, where its own change concerns it, and those that it wakes. */
export function dispatch(
  change: Change,
  store: ObjectStore,
  wakes: Wakes | undefined,
  enqueue: (ref: ObjectRef, options: AddOptions) => void,
): void {
  const object = change.after ?? change.before;
  if (!object) return;
  const { kind, metadata } = object;
  if (concernsItself(change))
    enqueue({ kind, namespace: metadata.namespace, name: metadata.name }, { reason: reasonOf(change) });
  if (!concernsOthers(change)) return;
  for (const { afterMs = GATHER_MS, ...ref } of wakes?.(change, store) ?? [])
    enqueue(ref, { reason: "Related", afterMs });
}

function reasonOf({ before, after }: Change): string {
  if (!after || after.metadata.deletionTimestamp) return "Deleted";
  return before ? "Changed" : "Created";
}

/**
 * Not because of its status, which only we write, nor because of a finalizer that was added. A finalizer that another writer removed may
 * have been ours. The watch may show an own write before its answer arrives.
 */
function concernsItself({ before, after, own }: Change): boolean {
  if (!before || !after) return true;
  const kept = after.metadata.finalizers ?? [];
  if (!own && before.metadata.finalizers?.some((finalizer) => !kept.includes(finalizer))) return true;
  const of = ({ metadata }: KubeObject) => [
    metadata.uid,
    metadata.generation,
    metadata.deletionTimestamp,
    metadata.labels ?? {},
    metadata.annotations ?? {},
  ];
  return !equalJson(of(before), of(after));
}

function concernsOthers({ before, after }: Change): boolean {
  if (!before || !after) return true;
  const of = ({ metadata, spec, status }: KubeObject) => [metadata.uid, metadata.deletionTimestamp, spec, status];
  return !equalJson(of(before), of(after));
}
