/** One kind of directory object: what readers see late, and what changed since when, for delta queries. */
import type { EventualMap } from "../host.ts";

export class Collection<V extends { id: string }> {
  readonly #objects: EventualMap<string, V>;
  readonly #delayMs: () => number;
  /** The last change of every object that changed, oldest first. */
  readonly #changes = new Map<string, { sequence: number; at: number }>();
  #sequence = 0;

  constructor(objects: EventualMap<string, V>, delayMs: () => number) {
    this.#objects = objects;
    this.#delayMs = delayMs;
  }

  /** The truth, for writes. */
  get(id: string): V | undefined {
    return this.#objects.get(id);
  }
  values(): IterableIterator<V> {
    return this.#objects.values();
  }
  /** What a replica that lags answers. */
  read(id: string): V | undefined {
    return this.#objects.read(id);
  }
  readAll(): readonly V[] {
    return this.#objects.readAll();
  }

  /** What the world begins with. */
  seed(value: V): void {
    this.#objects.seed(value.id, value);
  }
  /** Returns the sequence of this change. */
  set(value: V): number {
    this.#objects.set(value.id, value);
    return this.#changed(value.id);
  }
  delete(id: string): boolean {
    const existed = this.#objects.delete(id);
    if (existed) this.#changed(id);
    return existed;
  }

  /** A change that leaves the object as it is, or as absent as it is. */
  touch(id: string): void {
    this.#changed(id);
  }

  /** Ids of what changed after `sequence` and has reached the readers, and the sequence to ask from next. */
  changesSince(sequence: number): { ids: string[]; sequence: number } {
    const visible = Date.now() - this.#delayMs();
    const ids: string[] = [];
    let last = sequence;
    for (const [id, change] of this.#changes) {
      if (change.sequence <= sequence) continue;
      if (change.at > visible) break;
      ids.push(id);
      last = change.sequence;
    }
    return { ids, sequence: last };
  }

  #changed(id: string): number {
    this.#changes.delete(id);
    this.#changes.set(id, { sequence: ++this.#sequence, at: Date.now() });
    return this.#sequence;
  }
}
