/**
 * The store without a cluster: objects come from manifests; status, finalizers and events live in memory. It does what an API server and
 * its garbage collector do, as far as reconcilers can see it.
 */
import type { Change } from "./changes.ts";
import { equalJson } from "./equal.ts";
import { KubeApiError } from "./errors.ts";
import { IndexedObjects } from "./indexed.ts";
import { mergeApplied } from "./merge-applied.ts";
import type { ApplyConfiguration, IndexFunction, KubeObject, ObjectEvent, ObjectRef, ObjectStore } from "./port.ts";
import { cutValues } from "./slim.ts";

/** Events kept at most: a process that follows a folder lives for months. */
const MOST_EVENTS = 1_000;

export class FolderStore implements ObjectStore {
  readonly #kinds = new Map<string, IndexedObjects>();
  readonly #listeners = new Set<(change: Change) => void>();
  /** By object: what each field manager applied last. */
  readonly #applied = new Map<string, Map<string, ApplyConfiguration>>();
  readonly #admit: (object: KubeObject) => string | undefined;
  /** The latest, oldest first; `number` counts all that there ever were, `time` is when it was last recorded. */
  readonly events: { number: number; ref: ObjectRef; event: ObjectEvent; count: number; time: string }[] = [];
  #version = 0;

  /** `admit`: fills defaults into an object that a manager applies, and returns what is wrong with it. */
  constructor(
    kinds: Record<string, Record<string, IndexFunction>>,
    admit: (object: KubeObject) => string | undefined = () => undefined,
  ) {
    this.#admit = admit;
    for (const [kind, indexes] of Object.entries(kinds)) this.#kinds.set(kind, new IndexedObjects(indexes));
  }

  /** Called after every change, of the status too. */
  onChange(listener: (change: Change) => void): void {
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
    const { labels } = input.metadata;
    const annotations = input.metadata.annotations && cutValues(input.metadata.annotations);
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
      metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...cutValues(annotations) } },
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
    const finalizers = [...(current.metadata.finalizers ?? []), finalizer];
    this.#put({ ...current, metadata: { ...current.metadata, finalizers } }, true);
  }

  async removeFinalizer(object: KubeObject, finalizer: string): Promise<void> {
    const current = this.get(object.kind, object.metadata.namespace, object.metadata.name);
    if (!current?.metadata.finalizers?.includes(finalizer)) return;
    const finalizers = current.metadata.finalizers.filter((one) => one !== finalizer);
    this.#putOrDrop({ ...current, metadata: { ...current.metadata, finalizers } }, true);
  }

  async updateStatus(object: KubeObject, status: unknown): Promise<boolean> {
    const current = this.get(object.kind, object.metadata.namespace, object.metadata.name);
    if (!current || equalJson(current.status, status)) return false;
    this.#put({ ...current, metadata: { ...current.metadata }, status: structuredClone(status) }, true);
    return true;
  }

  async serverSideApply(configuration: ApplyConfiguration, fieldManager: string): Promise<KubeObject> {
    const { kind, metadata } = configuration;
    const { namespace, name } = metadata;
    const managers = this.#applied.get(keyOf(configuration)) ?? new Map<string, ApplyConfiguration>();
    const others = [...managers].filter(([manager]) => manager !== fieldManager).map(([, applied]) => applied);
    const old = this.get(kind, namespace, name);
    const fields = ({ metadata: { labels, annotations, ownerReferences }, spec }: ApplyConfiguration) =>
      asJson({ metadata: { labels, annotations, ownerReferences }, spec: spec ?? {} });
    const merged = mergeApplied(
      old ? { metadata: old.metadata, spec: old.spec } : { metadata: { name, namespace }, spec: {} },
      fields(managers.get(fieldManager) ?? { ...configuration, metadata: { name, namespace }, spec: {} }),
      fields(configuration),
      others.map(fields),
    ) as Pick<KubeObject, "metadata" | "spec">;
    const { status } = old ?? {};
    const draft: KubeObject = { apiVersion: configuration.apiVersion, kind, ...asJson(merged), status };
    const problem = this.#admit(draft);
    if (problem) throw new KubeApiError(422, "Invalid", `${kind} ${namespace}/${name}: ${problem}`);
    this.#applied.set(keyOf(configuration), managers.set(fieldManager, structuredClone(configuration)));
    const changed = !old || !equalJson(old.spec, draft.spec);
    if (old && !changed && equalJson(old.metadata, draft.metadata)) return old;
    Object.assign(draft.metadata, {
      uid: old?.metadata.uid ?? crypto.randomUUID(),
      creationTimestamp: old?.metadata.creationTimestamp ?? new Date().toISOString(),
      generation: (old?.metadata.generation ?? 0) + (changed ? 1 : 0),
    });
    this.#put(draft, true);
    return draft;
  }

  async remove({ kind, metadata: { namespace, name, uid } }: KubeObject): Promise<void> {
    const current = this.get(kind, namespace, name);
    if (current && current.metadata.uid !== uid)
      throw new KubeApiError(409, "Conflict", `${kind} ${namespace}/${name} has another uid than ${uid}`);
    this.delete({ kind, namespace, name });
  }

  event(object: KubeObject, event: ObjectEvent): void {
    const ref = { kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name };
    const last = this.events.findLast((entry) => equalJson(entry.ref, ref) && equalJson(entry.event, event));
    const time = new Date().toISOString();
    if (last) Object.assign(last, { count: last.count + 1, time });
    else this.events.push({ number: (this.events.at(-1)?.number ?? 0) + 1, ref, event, count: 1, time });
    // A tenth at a time: shifting one by one would copy them for every event.
    if (this.events.length > MOST_EVENTS) this.events.splice(0, MOST_EVENTS / 10);
  }

  #of(kind: string): IndexedObjects {
    const objects = this.#kinds.get(kind);
    if (!objects) throw new Error(`unknown kind ${kind}`);
    return objects;
  }

  #putOrDrop(object: KubeObject, own = false): void {
    if (!object.metadata.deletionTimestamp || object.metadata.finalizers?.length) {
      this.#put(object, own);
      return;
    }
    const before = this.#of(object.kind).delete(IndexedObjects.key(object.metadata.namespace, object.metadata.name));
    this.#applied.delete(keyOf(object));
    this.#notify({ before, after: undefined, own });
    this.#collectDependents(object.metadata.uid);
  }

  /** As the garbage collector does in the background: what has another owner that is still there stays. */
  #collectDependents(uid: string): void {
    const all = [...this.#kinds].flatMap(([kind, objects]) =>
      [...objects.values()].map((object) => ({ kind, object })),
    );
    const there = new Set(all.map(({ object }) => object.metadata.uid));
    for (const { kind, object } of all) {
      const { ownerReferences: owners = [], namespace, name } = object.metadata;
      if (owners.some((owner) => owner.uid === uid) && !owners.some((owner) => there.has(owner.uid)))
        this.delete({ kind, namespace, name });
    }
  }

  #put(object: KubeObject, own = false): void {
    const { namespace, name } = object.metadata;
    const before = this.get(object.kind, namespace, name);
    object.metadata.resourceVersion = String(++this.#version);
    this.#of(object.kind).set(object);
    this.#notify({ before, after: object, own });
  }

  #notify(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** A copy without members that are undefined, as it travels to an API server. */
const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value));
const keyOf = ({ kind, metadata }: Pick<KubeObject, "kind"> & { metadata: { namespace: string; name: string } }) =>
  `${kind}/${metadata.namespace}/${metadata.name}`;
