/** Guard against an emptied folder in Git or a wrong prune: too many users of a persona, or of an instance, going at once. */
import { type Admitted, isOutstanding, type LimitedChange, limit, removalText, type Verdict } from "./limits.ts";

interface Removals {
  /** ConnectUsers that still exist, those being deleted included. */
  total: number;
  /** Of these, the ones with a deletion timestamp. */
  removing: number;
  /** Removed permanently within the last interval. */
  removed: number;
}

/** Share of the users, 0 to 1, that may go in one interval. */
export const DEFAULT_MASS_DELETION_SHARE = 0.3;
/** So few are never a mass: taking two of three users away is daily work. */
const ALWAYS_ALLOWED = 5;

/** Why removals are halted; undefined when they may proceed. */
export function massDeletion(removals: Removals, share: number): string | undefined {
  const going = removals.removing + removals.removed;
  const before = removals.total + removals.removed;
  if (going <= ALWAYS_ALLOWED || going <= share * before) return undefined;
  return `${going} of ${before} users are being removed within one poll interval, more than ${Math.round(share * 100)} %`;
}

/** Shared by the reconcilers of personas and users. What was removed is held in memory: a restart starts the count again. */
export class RemovalGuard {
  readonly #at = new Map<string, number[]>();
  readonly #intervalMs: number;
  readonly #share: () => number;

  constructor(intervalMs: number, share: () => number = () => DEFAULT_MASS_DELETION_SHARE) {
    this.#intervalMs = intervalMs;
    this.#share = share;
  }

  /** Why removals within this scope are halted; undefined when they may proceed. */
  halted(scope: string, users: Pick<Removals, "total" | "removing">, now: number): string | undefined {
    return massDeletion({ ...users, removed: this.#removed(scope, now) }, this.#share());
  }

  /** One user is gone. */
  note(scope: string, now: number): void {
    // Scopes that are gone are not asked about any more.
    for (const known of this.#at.keys()) this.#removed(known, now);
    this.#at.set(scope, [...(this.#at.get(scope) ?? []), now]);
  }

  /** What went by permission does not count against what goes next. */
  forget(scope: string): void {
    this.#at.delete(scope);
  }

  #removed(scope: string, now: number): number {
    const recent = (this.#at.get(scope) ?? []).filter((at) => at > now - this.#intervalMs);
    if (recent.length > 0) this.#at.set(scope, recent);
    else this.#at.delete(scope);
    return recent.length;
  }
}

/** A ConnectUser as the guard of a persona sees it. */
export interface GuardedUser {
  uid: string;
  /** The persona that it refers to. */
  persona: string;
  /** The persona that gave it its role: a user that was pointed at another persona, there or not, is still one of the first. */
  grantedBy?: string;
  deleting: boolean;
  /** Its set removed it: the limits of the set have counted it. */
  bySet: boolean;
}

export interface PersonaRemovals {
  /** `namespace/name`. */
  scope: string;
  persona: string;
  users: readonly GuardedUser[];
  /** Share of the persona's users, 0 to 1, that may go within the window. */
  share: number;
  /** From the persona's status. */
  admitted: readonly Admitted[];
  now: number;
  windowMs: number;
  /** Whether a person let the wave go. */
  allowed: boolean;
}

/**
 * Which of a persona's users may go. Decided in one place, the reconcile of the persona, and stored in its status before the first one goes:
 * each user then only looks whether it is admitted. So nothing is counted again after a restart, another leader or a slow prune.
 */
export function guardRemovals(given: PersonaRemovals): Verdict<LimitedChange> {
  const { scope, persona, users, share, admitted, now, windowMs, allowed } = given;
  const mine = users.filter((user) => (user.grantedBy ?? user.persona) === persona);
  return limit({
    scope,
    changes: mine
      .filter(({ deleting }) => deleting)
      .map(({ uid, bySet }) => ({ text: removalText(uid), sorts: bySet ? [] : ["removals"] })),
    // Those that wait for their removal are still there.
    size: mine.length,
    shares: { removals: share, moves: 1, grants: 1 },
    ignoreBelow: ALWAYS_ALLOWED + 1,
    admitted,
    now,
    windowMs,
    approved: () => allowed,
  });
}

/** Whether the persona's guard let this user go. */
export function mayGo(admitted: readonly Admitted[], { uid, bySet }: Pick<GuardedUser, "uid" | "bySet">): boolean {
  return bySet || isOutstanding(admitted, removalText(uid));
}
