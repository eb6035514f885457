/** The store over a cluster: reads from the caches, writes to the API server, and shows each write at once. */
import type { ObjectCache } from "./cache.ts";
import type { KubeClient, Resource } from "./client.ts";
import { isNotFound } from "./errors.ts";
import type { EventRecorder } from "./events.ts";
import type { ApplyConfiguration, KubeObject, ObjectEvent, ObjectStore } from "./port.ts";
import { addFinalizer, patchStatus, removeFinalizer } from "./status.ts";

export class KubeStore implements ObjectStore {
  readonly #client: KubeClient;
  readonly #events: EventRecorder;
  readonly #kinds: Map<string, { resource: Resource; cache: ObjectCache }>;

  constructor(options: {
    client: KubeClient;
    events: EventRecorder;
    kinds: Map<string, { resource: Resource; cache: ObjectCache }>;
  }) {
    this.#client = options.client;
    this.#events = options.events;
    this.#kinds = options.kinds;
  }

  get<T extends KubeObject>(kind: string, namespace: string, name: string): T | undefined {
    return this.#of(kind).cache.get(namespace, name) as T | undefined;
  }

  list<T extends KubeObject>(kind: string, options?: { namespace?: string; index?: string; value?: string }): T[] {
    return this.#of(kind).cache.list(options) as T[];
  }

  async addFinalizer(object: KubeObject, finalizer: string): Promise<void> {
    const { resource, cache } = this.#of(object.kind);
    const written = await addFinalizer(this.#client, resource, object, finalizer);
    if (written) cache.applyWrite(written);
  }

  async removeFinalizer(object: KubeObject, finalizer: string): Promise<void> {
    const { resource, cache } = this.#of(object.kind);
    const written = await removeFinalizer(this.#client, resource, object, finalizer);
    // Without its last finalizer the object is gone; the watch reports it.
    if (written?.metadata.finalizers?.length) cache.applyWrite(written);
  }

  /** Against the newest known version of the object, so that a write of our own finalizer just before is no conflict. */
  async updateStatus(object: KubeObject, status: unknown): Promise<boolean> {
    const { resource, cache } = this.#of(object.kind);
    const { namespace, name, uid } = object.metadata;
    const current = cache.get(namespace, name);
    if (current?.metadata.uid !== uid) return false;
    const written = await patchStatus(this.#client, resource, current, status);
    if (written) cache.applyWrite(written);
    return written !== undefined;
  }

  event(object: KubeObject, event: ObjectEvent): void {
    this.#events.record(object, event);
  }

  async serverSideApply(configuration: ApplyConfiguration, fieldManager: string): Promise<KubeObject> {
    const { resource, cache } = this.#of(configuration.kind);
    const { namespace, name } = configuration.metadata;
    const patch = { type: "apply" as const, body: configuration };
    const query = { fieldManager, force: true };
    const written = await this.#client.patch<KubeObject>(resource, namespace, name, patch, { query });
    cache.applyWrite(written);
    return written;
  }

  async remove(object: KubeObject): Promise<void> {
    const { namespace, name, uid } = object.metadata;
    const body = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid }, propagationPolicy: "Background" };
    try {
      await this.#client.delete(this.#of(object.kind).resource, namespace, name, { body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #of(kind: string): { resource: Resource; cache: ObjectCache } {
    const known = this.#kinds.get(kind);
    if (!known) throw new Error(`unknown kind ${kind}`);
    return known;
  }
}
