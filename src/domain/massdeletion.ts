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

/** Shared by the reconcilers of personas and users. What was removed is held in memory: a restart begins to count anew. */
export class RemovalGuard {
  readonly #at = new Map<string, number[]>();
  readonly #intervalMs: number;
  readonly #share: () => number;

  constructor(intervalMs: number, share: () => number = () => DEFAULT_MASS_DELETION_SHARE) {
    this.#intervalMs = intervalMs;
    this.#share = share;
  }

  /** Why removals of this persona's users are held back; undefined when they may go on. */
  halted(
    persona: string,
    users: readonly { metadata: { deletionTimestamp?: string } }[],
    now: number,
  ): string | undefined {
    const removing = users.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length;
    return massDeletion({ total: users.length, removing, removed: this.#removed(persona, now) }, this.#share());
  }

  /** One user is gone. */
  note(persona: string, now: number): void {
    // Of personas that are gone nobody asks any more.
    for (const known of this.#at.keys()) this.#removed(known, now);
    this.#at.set(persona, [...(this.#at.get(persona) ?? []), now]);
  }

  /** What went by permission does not count against what goes next. */
  forget(persona: string): void {
    this.#at.delete(persona);
  }

  #removed(persona: string, now: number): number {
    const recent = (this.#at.get(persona) ?? []).filter((at) => at > now - this.#intervalMs);
    if (recent.length > 0) this.#at.set(persona, recent);
    else this.#at.delete(persona);
    return recent.length;
  }
}
