/** Objects of one kind by namespace and name, with secondary indexes. No I/O; both stores stand on it. */
import type { IndexFunction, KubeObject } from "./port.ts";

/** Keys by value; most values have one key, and a set for each would be larger than the objects' names. */
type Entries = Map<string, string | Set<string>>;

export class IndexedObjects {
  readonly #objects = new Map<string, KubeObject>();
  readonly #indexes = new Map<string, { of: IndexFunction; entries: Entries }>();

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
      const keys = index.entries.get(options.value ?? "") ?? [];
      found = (typeof keys === "string" ? [keys] : [...keys]).map((key) => this.#objects.get(key)!);
    } else {
      found = [...this.#objects.values()];
    }
    return options.namespace === undefined
      ? found
      : found.filter(({ metadata }) => metadata.namespace === options.namespace);
  }
}

function add(entries: Entries, value: string, key: string): void {
  const keys = entries.get(value);
  if (keys === undefined) entries.set(value, key);
  else if (typeof keys !== "string") keys.add(key);
  else if (keys !== key) entries.set(value, new Set([keys, key]));
}

function remove(entries: Entries, value: string, key: string): void {
  const keys = entries.get(value);
  if (keys === undefined) return;
  if (typeof keys === "string") {
    if (keys === key) entries.delete(value);
  } else if (keys.delete(key) && keys.size === 0) entries.delete(value);
}
