/** Objects of one kind by namespace and name, with secondary indexes. No I/O; both stores stand on it. */
import type { IndexFunction, KubeObject } from "./port.ts";

export class IndexedObjects {
  readonly #objects = new Map<string, KubeObject>();
  readonly #indexes = new Map<string, { of: IndexFunction; entries: Map<string, Set<string>> }>();

  constructor(indexes: Record<string, IndexFunction> = {}) {
    for (const [name, of] of Object.entries(indexes)) this.#indexes.set(name, { of, entries: new Map() });
  }

  static key(namespace: string, name: string): string {
    return `${namespace}/${name}`;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<KubeObject> {
    return this.#objects.values();
  }

  set(object: KubeObject): void {
    const key = IndexedObjects.key(object.metadata.namespace, object.metadata.name);
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const { of, entries } of this.#indexes.values()) {
      const before = old ? of(old) : [];
      const after = of(object);
      for (const value of before) if (!after.includes(value)) remove(entries, value, key);
      for (const value of after) add(entries, value, key);
    }
  }

  delete(key: string): KubeObject | undefined {
    const old = this.#objects.get(key);
    if (!old) return undefined;
    this.#objects.delete(key);
    for (const { of, entries } of this.#indexes.values()) for (const value of of(old)) remove(entries, value, key);
    return old;
  }

  list(options: { namespace?: string; index?: string; value?: string } = {}): KubeObject[] {
    let found: KubeObject[];
    if (options.index !== undefined) {
      const index = this.#indexes.get(options.index);
      if (!index) throw new Error(`no index ${options.index}`);
      found = [...(index.entries.get(options.value ?? "") ?? [])].map((key) => this.#objects.get(key)!);
    } else {
      found = [...this.#objects.values()];
    }
    return options.namespace === undefined
      ? found
      : found.filter(({ metadata }) => metadata.namespace === options.namespace);
  }
}

function add(entries: Map<string, Set<string>>, value: string, key: string): void {
  const keys = entries.get(value);
  if (keys) keys.add(key);
  else entries.set(value, new Set([key]));
}

function remove(entries: Map<string, Set<string>>, value: string, key: string): void {
  const keys = entries.get(value);
  if (keys?.delete(key) && keys.size === 0) entries.delete(value);
}
