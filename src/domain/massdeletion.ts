/** Guard against an emptied folder in Git or a wrong prune: too many users of a persona, or of a Connect instance, going at once. */
import { type Admitted, isOutstanding, type LimitedChange, limit, removalText, type Verdict } from "./limits.ts";

/** Share of a persona's users, 0 to 1, that may go within the window. */
export const DEFAULT_MASS_DELETION_SHARE = 0.3;
/** So few are never a mass: taking two of three users away is daily work. */
const ALWAYS_ALLOWED = 5;

/** A ConnectUser as the guard sees it. */
export interface GuardedUser {
  uid: string;
  /** The persona whose status has the record of its removal. */
  keeper: string | undefined;
  deleting: boolean;
  /** False: nothing of it is in the clouds, its removal takes nothing away, or the limits of its set have counted it. */
  counts: boolean;
}

export interface PersonaRemovals {
  /** `namespace/name`. */
  scope: string;
  persona: string | undefined;
  /** Every ConnectUser of the namespace in the persona's Connect instance. */
  users: readonly GuardedUser[];
  /** `status.removals` of each persona of the instance, by name. */
  ledgers: ReadonlyMap<string | undefined, readonly Admitted[]>;
  /** Share that may go within the window, 0 to 1. */
  share: number;
  now: number;
  windowMs: number;
  /** Whether a person let the wave go. */
  allowed: boolean;
}

export interface GuardVerdict extends Verdict<LimitedChange> {
  /** Why removals are held back. */
  why?: string;
}

/**
 * Which users of a persona may go. The record is stored in the persona's status before the first one goes, so nothing is counted again
 * after a restart, by another leader or in a slow prune. The users of the instance are counted together as well: pointing some of them at
 * other personas first gains nothing.
 */
export function guardRemovals(given: PersonaRemovals): GuardVerdict {
  const { scope, persona, users, ledgers, share, now, windowMs, allowed } = given;
  const count = (some: readonly GuardedUser[], admitted: readonly Admitted[], most: number, ignoreBelow: number) =>
    limit({
      scope,
      changes: some
        .filter(({ deleting }) => deleting)
        .map(({ uid, counts }) => ({ text: removalText(uid), sorts: counts ? (["removals"] as const) : [] })),
      // Those that wait for their removal are still there. Of others anyone could declare any number.
      size: some.filter(({ counts }) => counts).length,
      shares: { removals: most, moves: 1, grants: 1 },
      ignoreBelow,
      admitted,
      now,
      windowMs,
      approved: () => allowed,
    });
  const all = count(users, [...ledgers.values()].flat(), share, ALWAYS_ALLOWED + 1);
  const isMass = all.above.length > 0;
  const mine = users.filter(({ keeper }) => keeper === persona);
  const own = count(mine, ledgers.get(persona) ?? [], isMass ? 0 : share, isMass ? 0 : ALWAYS_ALLOWED + 1);
  const [above] = isMass ? all.above : own.above;
  if (!above || own.held.length === 0) return own;
  const who = isMass && mine.length < users.length ? "users of the instance in this namespace" : "users";
  const why = `${above.count} of ${above.of} ${who} are removed within ${Math.round(windowMs / 60_000)} minutes, more than ${Math.round(share * 100)} %`;
  return { ...own, above: [above], why };
}

/** Whether the record says that this user was released. */
export const mayGo = (admitted: readonly Admitted[], { uid }: { uid: string }) =>
  isOutstanding(admitted, removalText(uid));
