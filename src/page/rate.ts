/** How often one reader may ask: a bucket that fills again. */

/** Requests at once, and per second after that. A view is one request and its stylesheet. */
const BURST = 60;
const PER_SECOND = 5;
/** Readers that are remembered; beyond that the one that has been silent for longest is forgotten. */
const MOST_READERS = 10_000;

export class Rate {
  readonly #buckets = new Map<string, { left: number; at: number }>();

  /** False: too often. `now` in milliseconds. */
  admit(reader: string, now: number): boolean {
    const old = this.#buckets.get(reader);
    const left = Math.min(BURST, old ? old.left + ((now - old.at) / 1000) * PER_SECOND : BURST);
    this.#buckets.delete(reader);
    this.#buckets.set(reader, { left: Math.max(0, left - 1), at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_READERS) this.#buckets.delete(oldest!);
    return left >= 1;
  }
}
