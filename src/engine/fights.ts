/** Notices when the same field is corrected again and again: then somebody or something else wants another value. */
import type { Change } from "./change.ts";

/** Corrections in a row after which it counts as a fight. */
const MANY = 5;

interface Corrections {
  count: number;
  /** Milliseconds since the epoch. */
  last: number;
}

export class Fights {
  readonly #corrections = new Map<string, Corrections>();

  /**
   * Takes note of a pass. Corrections are in a row while no more than `windowMs` lies between two of them. Returns the fields that are
   * fought about, as `component path`.
   */
  note(changes: readonly Change[], now: number, windowMs: number): string[] {
    for (const [key, { last }] of this.#corrections) if (now - last > windowMs) this.#corrections.delete(key);
    for (const { component, object, cause, fate, differences } of changes) {
      if (cause !== "drift" || fate !== "applied") continue;
      for (const path of differences.length > 0 ? differences.map((one) => one.path) : [object]) {
        const key = `${component} ${path}`;
        this.#corrections.set(key, { count: (this.#corrections.get(key)?.count ?? 0) + 1, last: now });
      }
    }
    return [...this.#corrections].flatMap(([key, { count }]) => (count >= MANY ? [key] : []));
  }
}
