/** The store without a cluster: objects come from manifests; status, finalizers and events live in memory. */
import { equalJson } from "./equal.ts";
import { IndexedObjects } from "./indexed.ts";
import type { IndexFunction, KubeObject, ObjectEvent, ObjectRef, ObjectStore } from "./port.ts";

/** Events kept at most: a process that follows a folder lives for months. */
const MOST_EVENTS = 1_000;

export class FolderStore implements ObjectStore {
  readonly #kinds = new Map<string, IndexedObjects>();
  readonly #listeners = new Set<(ref: ObjectRef) => void>();
  /** The latest, oldest first; `number` counts all that there ever were. */
  readonly events: { number: number; ref: ObjectRef; event: ObjectEvent; count: number }[] = [];
  #version = 0;

  constructor(kinds: Record<string, Record<string, IndexFunction>>) {
    for (const [kind, indexes] of Object.entries(kinds)) this.#kinds.set(kind, new IndexedObjects(indexes));
  }

  /** Called after every change of spec, metadata or presence; never for a status write. */
  onChange(listener: (ref: ObjectRef) => void): void {
    this.#listeners.add(listener);
  }

  /** What `kubectl apply` does: creates, or replaces the spec (a new generation when it differs) and labels and annotations. */
  apply(input: {
    apiVersion: string;
    kind: string;
    metadata: Partial<KubeObject["metadata"]> & { name: string; namespace: string };
    spec: unknown;
  }): void {
    const old = this.get(input.kind, input.metadata.namespace, input.metadata.name);
    const changed = !old || !equalJson(old.spec, input.spec);
    const { labels, annotations } = input.metadata;
    const meta = { ...old?.metadata, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
    if (old && !changed && equalJson(old.metadata, meta)) return;
    this.#put({
      ...(old ?? { status: undefined }),
      apiVersion: input.apiVersion,
      kind: input.kind,
      spec: structuredClone(input.spec),
      metadata: {
        ...meta,
        name: input.metadata.name,
        namespace: input.metadata.namespace,
        uid: old?.metadata.uid ?? crypto.randomUUID(),
        creationTimestamp: old?.metadata.creationTimestamp ?? new Date().toISOString(),
        generation: (old?.metadata.generation ?? 0) + (changed ? 1 : 0),
      },
    });
  }

  kinds(): string[] {
    return [...this.#kinds.keys()];
  }

  /** Takes an object as it is, status and all: a copy of what another store holds. */
  load(object: KubeObject): void {
    this.#put(structuredClone(object));
  }

  /** Marks for deletion; gone at once when no finalizer holds it. */
  delete(ref: ObjectRef): void {
    const object = this.get(ref.kind, ref.namespace, ref.name);
    if (!object || object.metadata.deletionTimestamp) return;
    this.#putOrDrop({ ...object, metadata: { ...object.metadata, deletionTimestamp: new Date().toISOString() } });
  }

  annotate(ref: ObjectRef, annotations: Record<string, string>): void {
    const object = this.get(ref.kind, ref.namespace, ref.name);
    if (!object) throw new Error(`${ref.kind} ${ref.namespace}/${ref.name} does not exist`);
    this.#put({
      ...object,
      metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
    });
  }

  get<T extends KubeObject>(kind: string, namespace: string, name: string): T | undefined {
    return this.#of(kind).get(IndexedObjects.key(namespace, name)) as T | undefined;
  }

  list<T extends KubeObject>(kind: string, options?: { namespace?: string; index?: string; value?: string }): T[] {
    return this.#of(kind).list(options) as T[];
  }

  async addFinalizer(object: KubeObject, finalizer: string): Promise<void> {
    const current = this.get(object.kind, object.metadata.namespace, object.metadata.name);
    if (!current || current.metadata.finalizers?.includes(finalizer)) return;
    this.#put({
      ...current,
      metadata: { ...current.metadata, finalizers: [...(current.metadata.finalizers ?? []), finalizer] },
    });
  }

  async removeFinalizer(object: KubeObject, finalizer: string): Promise<void> {
    const current = this.get(object.kind, object.metadata.namespace, object.metadata.name);
    if (!current?.metadata.finalizers?.includes(finalizer)) return;
    const finalizers = current.metadata.finalizers.filter((one) => one !== finalizer);
    this.#putOrDrop({ ...current, metadata: { ...current.metadata, finalizers } });
  }

  async updateStatus(object: KubeObject, status: unknown): Promise<boolean> {
    const current = this.get(object.kind, object.metadata.namespace, object.metadata.name);
    if (!current || equalJson(current.status, status)) return false;
    this.#of(object.kind).set({
      ...current,
      status: structuredClone(status),
      metadata: { ...current.metadata, resourceVersion: String(++this.#version) },
    });
    return true;
  }

  event(object: KubeObject, event: ObjectEvent): void {
    const ref = { kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name };
    const last = this.events.findLast((entry) => equalJson(entry.ref, ref) && equalJson(entry.event, event));
    if (last) last.count++;
    else this.events.push({ number: (this.events.at(-1)?.number ?? 0) + 1, ref, event, count: 1 });
    // A tenth at a time: shifting one by one would copy them for every event.
    if (this.events.length > MOST_EVENTS) this.events.splice(0, MOST_EVENTS / 10);
  }

  #of(kind: string): IndexedObjects {
    const objects = this.#kinds.get(kind);
    if (!objects) throw new Error(`unknown kind ${kind}`);
    return objects;
  }

  #putOrDrop(object: KubeObject): void {
    if (object.metadata.deletionTimestamp && !object.metadata.finalizers?.length) {
      this.#of(object.kind).delete(IndexedObjects.key(object.metadata.namespace, object.metadata.name));
      this.#notify(object);
    } else {
      this.#put(object);
    }
  }

  #put(object: KubeObject): void {
    object.metadata.resourceVersion = String(++this.#version);
    this.#of(object.kind).set(object);
    this.#notify(object);
  }

  #notify({ kind, metadata: { namespace, name } }: KubeObject): void {
    for (const listener of this.#listeners) listener({ kind, namespace, name });
  }
}
