/** Guard against an emptied folder in Git or a wrong prune: too many of a persona's users going at once. */

export interface Removals {
  /** ConnectUsers of the persona that still exist, those being deleted included. */
  total: number;
  /** Of these, the ones with a deletion timestamp. */
  removing: number;
  /** Removed for good within the last interval. */
  removed: number;
}

/** Share of a persona's users, 0 to 1, that may go in one interval. */
export const DEFAULT_MASS_DELETION_SHARE = 0.3;
/** So few are never a mass: taking two of three users away is daily work. */
export const ALWAYS_ALLOWED = 5;

/** Why removals are held back; undefined when they may go on. */
export function massDeletion(removals: Removals, share: number): string | undefined {
  const going = removals.removing + removals.removed;
  const before = removals.total + removals.removed;
  if (going <= ALWAYS_ALLOWED || going <= share * before) return undefined;
  return `${going} of ${before} users are being removed within one poll interval, more than ${Math.round(share * 100)} %`;
}

/** Counts what was removed per persona within a sliding interval. Held in memory: a restart begins to count anew. */
export class RemovalWindow {
  readonly #at = new Map<string, number[]>();
  readonly #intervalMs: number;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  note(persona: string, now: number): void {
    const times = this.#at.get(persona);
    if (times) times.push(now);
    else this.#at.set(persona, [now]);
  }

  count(persona: string, now: number): number {
    const times = this.#at.get(persona);
    if (!times) return 0;
    const first = times.findIndex((at) => at > now - this.#intervalMs);
    if (first === -1) this.#at.delete(persona);
    else if (first > 0) times.splice(0, first);
    return first === -1 ? 0 : times.length;
  }
}
