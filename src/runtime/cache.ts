/**
 * The objects of one kind as the API server showed them last. After the first list they are always complete: a new list replaces the old one
 * in one step.
 */
import type { Change } from "./changes.ts";
import { IndexedObjects } from "./indexed.ts";
import type { IndexFunction, KubeObject } from "./port.ts";
import { share } from "./sharing.ts";
import { slim } from "./slim.ts";

export class ObjectCache {
  readonly #group: string;
  readonly #indexes: Record<string, IndexFunction>;
  #objects: IndexedObjects;
  readonly #onChange: (change: Change) => void;
  /** Of the list under way; indexed as it arrives, so that the last object is not followed by a long silence. */
  #staged: IndexedObjects | undefined;
  /** Our own writes while a list is under way: the list may be older. */
  readonly #writtenMeanwhile = new Map<string, KubeObject>();
  #last: KubeObject | undefined;
  #synced = false;

  /** `group`: the API group of the kind, whose labels and annotations are kept. */
  constructor(options: {
    group: string;
    indexes?: Record<string, IndexFunction>;
    onChange: (change: Change) => void;
  }) {
    this.#group = options.group;
    this.#indexes = options.indexes ?? {};
    this.#objects = new IndexedObjects(this.#indexes);
    this.#onChange = options.onChange;
  }

  /** True once a list was complete. */
  get hasSynced(): boolean {
    return this.#synced;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(IndexedObjects.key(namespace, name));
  }

  list(options?: { namespace?: string; index?: string; value?: string }): KubeObject[] {
    return this.#objects.list(options);
  }

  listBegin(): void {
    this.#staged = new IndexedObjects(this.#indexes);
    this.#writtenMeanwhile.clear();
  }

  /** An object that has not changed keeps its old self, so that a second list costs no second copy. */
  listPage(items: KubeObject[]): void {
    for (const item of items) {
      const old = this.#objects.get(keyOf(item));
      this.#staged?.set(old && sameVersion(old, item) ? old : this.#kept(item));
    }
  }

  listCommit(): void {
    const staged = this.#staged ?? new IndexedObjects(this.#indexes);
    this.#staged = undefined;
    for (const [key, written] of this.#writtenMeanwhile) {
      const listed = staged.get(key);
      if (listed && isOlder(listed, written)) staged.set(written);
    }
    const before = this.#objects;
    this.#objects = staged;
    this.#synced = true;
    // Only now: a listener sees the whole new list.
    for (const object of before.values())
      if (!staged.get(keyOf(object))) this.#onChange({ before: object, after: undefined, own: false });
    for (const after of staged.values()) {
      const old = before.get(keyOf(after));
      if (old !== after) this.#onChange({ before: old, after, own: false });
    }
  }

  /** An event of the watch; one that is older than what an own write has shown already is dropped. */
  applyEvent(type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (type === "DELETED") {
      if (!before) return;
      this.#objects.delete(key);
      this.#onChange({ before, after: undefined, own: false });
      return;
    }
    if (before && (sameVersion(before, object) || isOlder(object, before))) return;
    const after = this.#kept(object);
    this.#objects.set(after);
    this.#onChange({ before, after, own: false });
  }

  /** What is kept of an object: it shares what it can with the one that came before it. */
  #kept(object: KubeObject): KubeObject {
    const kept = slim(object, this.#group);
    if (this.#last) share(this.#last, kept);
    this.#last = kept;
    return kept;
  }

  /** Shows the answer to an own write at once. Nothing is shown of an object that has gone meanwhile. */
  applyWrite(object: KubeObject): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (!before || before.metadata.uid !== object.metadata.uid || !isOlder(before, object)) return;
    const after = this.#kept(object);
    this.#objects.set(after);
    if (this.#staged) this.#writtenMeanwhile.set(key, after);
    this.#onChange({ before, after, own: true });
  }
}

function keyOf({ metadata }: KubeObject): string {
  return IndexedObjects.key(metadata.namespace, metadata.name);
}

function sameVersion(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion;
}

/** Within one object's life resourceVersions are comparable as numbers; a recreated object is never older. */
function isOlder(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && Number(a.metadata.resourceVersion) < Number(b.metadata.resourceVersion);
}
