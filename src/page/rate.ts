/** How often one reader may ask: a bucket that fills again. */

/** Requests at once, and per second after that. */
interface Limit {
  burst: number;
  perSecond: number;
}
/** Of one reader. A view is one request and its stylesheet. */
export const READER: Limit = { burst: 60, perSecond: 5 };
/** Of those who are not signed in, of one address, behind which there may be a proxy and all of them. */
export const ADDRESS: Limit = { burst: 300, perSecond: 50 };
/** Readers that are remembered; beyond that the one that has been silent for longest is forgotten. */
const MOST_READERS = 10_000;

export class Rate {
  readonly #limit: Limit;
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  /** False: too often. `now` in milliseconds. */
  admit(reader: string, now: number): boolean {
    const old = this.#buckets.get(reader);
    const { burst, perSecond } = this.#limit;
    const left = Math.min(burst, old ? old.left + ((now - old.at) / 1000) * perSecond : burst);
    this.#buckets.delete(reader);
    this.#buckets.set(reader, { left: Math.max(0, left - 1), at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_READERS) this.#buckets.delete(oldest!);
    return left >= 1;
  }
}
