/**
 * What was applied last, path by path, as short digests in `status.lastApplied`. Drift is a difference from that, not from the spec: a
 * difference whose observed value is still what we applied comes from a changed declaration, every other one from somebody else.
 *
 * Guarantees: a declared change is never drift; a change by somebody else is drift, whatever changed in the spec meanwhile.
 * Assumptions: the text of a value depends on the value alone. A program version that words a value differently under the same path would
 * take it for somebody's change; it uses a new path instead.
 */
import { hash } from "node:crypto";
import { type Difference, NONE, textOf } from "../domain/difference.ts";
import type { Cause } from "./change.ts";

/** By component, by path. */
export type LastApplied = Record<string, Entries>;
/**
 * A value is `digest`; `old>new` while a write of ours may not be readable yet; `?digest` where a difference was found and left that may
 * be anybody's (the digest is that of the declared value).
 */
export type Entries = Record<string, string>;

/** Entry of a component that was begun and has not been complete yet. */
const BEGUN = "~";
/** Entry of a component whose object was taken over and was not compared yet: what it finds may be anybody's. */
const FOUND = "~found";

/** Most values are those of a persona, the same for all its users: kept, they are hashed once. */
const digests = new Map<string, string>();
const MOST_DIGESTS = 1000;

/** 48 bits: the odds that a change keeps the digest are one in 10^14. */
export function digest(text: string): string {
  let found = digests.get(text);
  if (found === undefined) {
    if (digests.size >= MOST_DIGESTS) digests.clear();
    found = hash("sha256", text, "base64url").slice(0, 8);
    digests.set(text, found);
  }
  return found;
}

/** What is compared, as against what people are shown. */
const rawOf = ({ raw, desired, observed }: Difference) => raw ?? { desired, observed };

const differs = (one: Difference): boolean => rawOf(one).desired !== rawOf(one).observed;

const keyOf = ({ key, path }: Pick<Difference, "key" | "path">): string => key ?? path;

/** `isNew`: also the declared value is another one than we applied, so that it is applied even under `driftPolicy: Report`. */
export interface Judgement {
  cause: Cause;
  isNew: boolean;
}
const of = (cause: Cause): Judgement => ({ cause, isNew: cause === "setup" || cause === "declared" });

/** Where a difference comes from. `knownHistory`: the status lists everything that was applied so far. */
export function causeOf(difference: Difference, entries: Entries | undefined, knownHistory: boolean): Judgement {
  if (!entries) return of(knownHistory ? "setup" : "unknown");
  const raw = rawOf(difference);
  const desired = digest(raw.desired);
  const observed = digest(raw.observed);
  const entry = entries[keyOf(difference)];
  if (entry === undefined) {
    if (BEGUN in entries) return of("setup");
    return of(raw.desired === NONE ? "drift" : "declared");
  }
  if (entry.startsWith("?")) return of(entry === `?${desired}` ? "unknown" : "declared");
  const [applied, before] = entry.split(">").reverse() as [string, string?];
  if (observed === applied || observed === before) return of("declared");
  return desired === applied ? of("drift") : { cause: "drift", isNew: true };
}

/** Where a create or a delete comes from that has no differences. */
export function causeOfPresence(entries: Entries | undefined, knownHistory: boolean, verb: string): Judgement {
  if (entries && !(BEGUN in entries)) return of(verb === "create" ? "drift" : "declared");
  return of(verb === "create" || entries || knownHistory ? "setup" : "unknown");
}

/** It was ready at some time. */
export const isComplete = (entries: Entries | undefined): boolean =>
  entries !== undefined && !(BEGUN in entries) && !isFound(entries);

/** Nothing was applied since the take-over. */
export const isFound = (entries: Entries | undefined): boolean => entries !== undefined && FOUND in entries;

export const found = (): Entries => ({ [FOUND]: "" });

/** To be changed in a pass, while the status keeps its own. */
export const copyOf = (ledger: LastApplied): LastApplied =>
  Object.fromEntries(Object.entries(ledger).map(([component, entries]) => [component, { ...entries }]));

export const begun = (): Entries => ({ [BEGUN]: "" });

/** Notes a write. It counts as applied at once, and as readable once it was read. */
export function noteApplied(entries: Entries, differences: readonly Difference[]): void {
  for (const one of differences) {
    const { desired, observed } = rawOf(one);
    entries[keyOf(one)] = `${digest(observed)}>${digest(desired)}`;
  }
}

/** Entries after a look at which nothing more is to be done: of all that was compared; what is no longer compared is forgotten. */
export function settled(entries: Entries | undefined, compared: readonly Difference[]): Entries {
  const next: Entries = {};
  for (const one of compared) {
    const key = keyOf(one);
    const { desired } = rawOf(one);
    if (differs(one)) next[key] = entries?.[key] ?? `?${digest(desired)}`;
    else if (desired !== NONE) next[key] = digest(desired);
  }
  return next;
}

/** Collects what a component compares, equal or not; the ledger needs both. Pure but for that. */
export class Comparison {
  /** Everything compared so far. */
  readonly rows: Difference[] = [];
  readonly #entries: Entries | undefined;

  constructor(entries?: Entries) {
    this.#entries = entries;
  }

  /** Rows that differ, of rows that were compared elsewhere (equal ones included). */
  all(rows: readonly Difference[]): Difference[] {
    this.rows.push(...rows);
    return rows.filter(differs);
  }

  /** `show`: how people read the value, for example the name of an id. */
  differ(path: string, desired: unknown, observed: unknown, show?: (text: string) => string): Difference[] {
    const raw = { desired: textOf(desired), observed: textOf(observed) };
    const shown = (text: string) => (text === NONE || !show ? text : show(text));
    return this.all([{ path, desired: shown(raw.desired), observed: shown(raw.observed), ...(show ? { raw } : {}) }]);
  }

  /** Order does not count. */
  asSet(
    path: string,
    desired: readonly string[],
    observed: readonly string[],
    show?: (text: string) => string,
  ): Difference[] {
    return this.differ(path, [...desired].sort(), [...observed].sort(), show);
  }

  /** One member of a set: there or not. */
  item(path: string, item: string, wanted: boolean, present: boolean, shown: string = item): Difference[] {
    const text = (is: boolean) => (is ? shown : NONE);
    return this.all([{ path, desired: text(wanted), observed: text(present), key: `${path}#${digest(item)}` }]);
  }

  /** What is no longer declared goes back to nothing if it is still what we set; what others set stays. */
  undeclared(path: string, observed: unknown, show?: (text: string) => string): Difference[] {
    const found = textOf(observed);
    const entry = this.#entries?.[path];
    if (found === NONE || entry === undefined || !entry.split(">").includes(digest(found))) return [];
    return this.differ(path, undefined, observed, show);
  }

  /** Whether this value is the one that was applied last. */
  wasApplied(path: string, observed: unknown): boolean {
    return this.#entries?.[path]?.split(">").includes(digest(textOf(observed))) ?? false;
  }

  /** Whether this member of a set was applied by us. */
  wasItem(path: string, item: string): boolean {
    return this.wasApplied(`${path}#${digest(item)}`, item);
  }

  /** Paths under `prefix` that were applied at some time: what may have to be cleared. */
  applied(prefix: string): string[] {
    return Object.keys(this.#entries ?? {}).filter((path) => path.startsWith(prefix));
  }
}
