/**
 * Limits on how much may change within a window of time without a person's word. What is to be done is counted from the computed list before
 * the first write, together with what was let through before. That record is given back and has to be stored before anything of it is
 * done: a restart, a new leader or a slow delete then forgets nothing.
 */
import { hash as hashText } from "node:crypto";
import { isoSeconds } from "./duration.ts";

/** What a limit counts. */
export const SORTS = ["removals", "moves", "grants"] as const;
export type Sort = (typeof SORTS)[number];

export interface LimitedChange {
  /** Says exactly what is done to whom; the same text is the same change. */
  text: string;
  /** Empty: no limit counts it. */
  sorts: readonly Sort[];
}

/** Changes that were let through together. Times in ISO 8601. */
export interface Admitted {
  time: string;
  /** Hash by which they were approved; they do not count. */
  approved?: string;
  removals?: number;
  moves?: number;
  grants?: number;
  /** Digests of those that are not done yet, six bytes each, in base64: computed again, they are known and not counted twice. */
  changes?: string;
}

export interface LimitInput<C extends LimitedChange> {
  /** What the list belongs to, for example `namespace/name`: an approval never fits another one's list. */
  scope: string;
  changes: readonly C[];
  /** How many there are now, without those being deleted: what a share is a share of, together with what was removed within the window. */
  size: number;
  /** Largest share of each sort, 0 to 1. */
  shares: Record<Sort, number>;
  /** Fewer than this of one sort are never held. */
  ignoreBelow: number;
  admitted: readonly Admitted[];
  now: number;
  windowMs: number;
  /** Whether a person let the list of this hash go. */
  approved(hash: string): boolean;
}

export interface Verdict<C extends LimitedChange> {
  go: C[];
  held: C[];
  /** Sorts above their limit, with how many were counted of how many. */
  above: { sort: Sort; count: number; of: number; share: number }[];
  /** Of the held list, or of the list that was approved just now. */
  hash?: string;
  approvedNow: boolean;
  /** To be stored before the first of `go` is done. */
  admitted: Admitted[];
}

/** How long what was let through counts: some poll intervals, an hour at least. Milliseconds. */
export const windowOf = ({ pollIntervalMs }: { pollIntervalMs: number }) => Math.max(6 * pollIntervalMs, 3_600_000);

/** The text of a removal. */
export const removalText = (id: string) => `remove ${id}`;

const MAX_ENTRIES = 32;
/** Of all entries together: 32 KiB of a status, of which 64 KiB are kept. What is beyond waits for another word when it is interrupted. */
const MAX_DIGESTS = 4096;

/** Six bytes are eight characters of base64, without padding. */
const DIGEST_CHARACTERS = 8;
const digest = (text: string) => hashText("sha256", text, "base64url").slice(0, DIGEST_CHARACTERS);

/** Hash of exactly this list, in whatever order it was computed. */
export function hashOf(scope: string, texts: readonly string[]): string {
  const list = JSON.stringify([scope, ...[...texts].sort()]);
  // 128 bits: who chooses the list could find two of one hash among 2^32, were it shorter.
  return hashText("sha256", list, "hex").slice(0, 32);
}

/**
 * Guarantees: a sort above its limit is held as a whole, unless its hash was approved; what was let through counts until the window has
 * passed. Assumes that `admitted` is stored before the changes are done.
 */
export function limit<C extends LimitedChange>(input: LimitInput<C>): Verdict<C> {
  const time = isoSeconds(input.now);
  // Each is digested once: the guard of a persona looks at all its users for each of them.
  const counting = input.changes
    .filter(({ sorts }) => sorts.length > 0)
    .map((change) => ({ change, id: digest(change.text) }));
  const recent = outstanding(withinWindow(input), new Set(counting.map(({ id }) => id)), time);
  const known = new Set(recent.flatMap(digestsOf));
  const fresh = counting.filter(({ id }) => !known.has(id)).map(({ change }) => change);
  const of = input.size + removedBefore(counting, recent);
  const above = SORTS.flatMap((sort) => exceeded(input, recent, fresh, of, sort));
  const over = new Set(above.map(({ sort }) => sort));
  const held = fresh.filter(({ sorts }) => sorts.some((sort) => over.has(sort)));
  const texts = held.map(({ text }) => text);
  const hash = held.length > 0 ? hashOf(input.scope, texts) : undefined;
  const approvedNow = hash !== undefined && input.approved(hash);
  const back = new Set(approvedNow ? [] : texts);
  const counted = fresh.filter(({ sorts }) => !sorts.some((sort) => over.has(sort)));
  const added = [
    ...(counted.length > 0 ? [entryOf(time, counted)] : []),
    ...(approvedNow ? [{ time, approved: hash, changes: digestsIn(texts) }] : []),
  ];
  return {
    go: input.changes.filter(({ text }) => !back.has(text)),
    held: approvedNow ? [] : held,
    above: approvedNow ? [] : above,
    ...(hash ? { hash } : {}),
    approvedNow,
    admitted: compact([...recent, ...added]),
  };
}

/** Of lists that are asked about for each of thousands of changes. */
const outstandingOf = new WeakMap<readonly Admitted[], ReadonlySet<string>>();

/** Whether this change was let through and is not done yet. `admitted` must not be changed afterwards. */
export function isOutstanding(admitted: readonly Admitted[], text: string): boolean {
  if (admitted.length === 0) return false;
  const digests = outstandingOf.get(admitted) ?? new Set(admitted.flatMap(digestsOf));
  outstandingOf.set(admitted, digests);
  return digests.has(digest(text));
}

/** A time in the future, from a status that somebody wrote or a clock that was turned back, counts as now. */
function withinWindow({ admitted, now, windowMs }: LimitInput<LimitedChange>): Admitted[] {
  return admitted.flatMap((entry) => {
    const at = Date.parse(entry.time);
    if (Number.isNaN(at) || at <= now - windowMs) return [];
    return at > now ? [{ ...entry, time: isoSeconds(now) }] : [entry];
  });
}

/**
 * What is done or moot is not known any more: the same change later is another one. It still counts, from when it was last seen waiting:
 * what was let through an hour ago and is done now is done now.
 */
function outstanding(entries: readonly Admitted[], waiting: ReadonlySet<string>, time: string): Admitted[] {
  return entries.flatMap((entry) => {
    const { changes: _, ...counts } = entry;
    const left = digestsOf(entry).filter((one) => waiting.has(one));
    if (left.length > 0) return [{ ...counts, time, changes: left.join("") }];
    return entry.approved === undefined ? [counts] : [];
  });
}

function exceeded(
  input: LimitInput<LimitedChange>,
  recent: readonly Admitted[],
  fresh: readonly LimitedChange[],
  of: number,
  sort: Sort,
): Verdict<LimitedChange>["above"] {
  const now = fresh.filter(({ sorts }) => sorts.includes(sort)).length;
  const count = now + sum(recent, sort);
  const share = input.shares[sort];
  if (now === 0 || count < input.ignoreBelow || count <= share * of) return [];
  return [{ sort, count, of, share }];
}

/** Removed within the window and gone; those that were approved are no part of what a share is a share of. */
function removedBefore(counting: { change: LimitedChange; id: string }[], recent: readonly Admitted[]): number {
  const counted = recent.filter(({ approved }) => approved === undefined);
  const waiting = new Set(counted.flatMap(digestsOf));
  const stillThere = counting.filter(({ change, id }) => change.sorts.includes("removals") && waiting.has(id));
  return Math.max(0, sum(counted, "removals") - stillThere.length);
}

const sum = (entries: readonly Admitted[], sort: Sort) =>
  entries.reduce((total, entry) => total + Math.max(0, entry[sort] ?? 0), 0);

function entryOf(time: string, changes: readonly LimitedChange[]): Admitted {
  const entry: Admitted = { time, changes: digestsIn(changes.map(({ text }) => text)) };
  for (const sort of SORTS) {
    const count = changes.filter(({ sorts }) => sorts.includes(sort)).length;
    if (count > 0) entry[sort] = count;
  }
  return entry;
}

function digestsIn(texts: readonly string[]): string {
  return texts.map(digest).join("");
}

function digestsOf({ changes = "" }: Admitted): string[] {
  return changes.match(/.{8}/g) ?? [];
}

/** The two oldest become one, with the later time: they count for longer, never shorter. */
function compact(entries: Admitted[]): Admitted[] {
  const kept = [...entries];
  while (kept.length > MAX_ENTRIES) kept.splice(0, 2, merge(kept[0]!, kept[1]!));
  let room = MAX_DIGESTS;
  for (const [index, { changes, ...counts }] of [...kept.entries()].reverse()) {
    const digests = digestsOf({ ...counts, changes }).slice(0, room);
    room -= digests.length;
    kept[index] = digests.length > 0 ? { ...counts, changes: digests.join("") } : counts;
  }
  return kept;
}

function merge(older: Admitted, newer: Admitted): Admitted {
  const changes = [...digestsOf(older), ...digestsOf(newer)].join("");
  const merged: Admitted = { time: newer.time, changes };
  if (older.approved !== undefined && newer.approved !== undefined) merged.approved = newer.approved;
  for (const sort of SORTS) {
    const count = sum([older, newer], sort);
    if (count > 0) merged[sort] = count;
  }
  return merged;
}
