/** From what is wanted of everybody to what is done now, what is held, and what status says of it. Pure. */
import { ANNOTATIONS, type ConnectUserSet, type ConnectUserSetStatus, requestName } from "../api/resources.ts";
import { isoSeconds } from "../domain/duration.ts";
import {
  hashOf,
  isOutstanding,
  type LimitedChange,
  limit,
  removalText,
  SORTS,
  type Sort,
  type Verdict,
} from "../domain/limits.ts";
import { cut } from "../domain/text.ts";
import type { Member, MemberChange } from "./members.ts";

export type Changed = Member & { change: MemberChange };
export interface Outcome {
  members: Member[];
  /** To be done now, in this order. None with mode Plan. */
  go: Changed[];
  held: Changed[];
  above: Verdict<LimitedChange>["above"];
  /** Whether the approval was for this list; it is used up then. */
  approvedNow: boolean;
  /** Of status: `admitted` is stored before the first of `go` is done. */
  status: Pick<ConnectUserSetStatus, "people" | "pending" | "leftOut" | "admitted" | "expanded">;
}

export interface OutcomeInput {
  set: ConnectUserSet;
  members: Member[];
  /** People in the groups of the source. */
  found: number;
  /** ConnectUsers of the set that are Ready. */
  ready: number;
  /** Hash of the annotation connectsso.dev/approve, unless it was used before. */
  approve?: string;
  now: number;
  windowMs: number;
}

const SAMPLE = 20;
/** First what takes access away, last what gives it. */
const ORDER = ["HandOver", "Remove", "Leave", "Update", "Create"];

export function outcomeOf(input: OutcomeInput): Outcome {
  const { set, members, approve, now, windowMs } = input;
  const changed = members.filter((member): member is Changed => member.change !== undefined);
  const planning = set.spec.mode === "Plan";
  const before = set.status?.admitted ?? [];
  // Let through, and not gone yet: the guard against mass deletion reads in `admitted` that they were counted here.
  const underWay = members
    .filter(({ deleting, id }) => deleting && isOutstanding(before, removalText(id)))
    .map(({ id }): LimitedChange => ({ text: removalText(id), sorts: ["removals"] }));
  const scope = scopeOf(set);
  const verdict = limit<LimitedChange>({
    scope,
    changes: [...changed.map(({ change }) => change), ...underWay],
    size: members.filter(({ today, deleting }) => today !== undefined && !deleting).length + underWay.length,
    shares: sharesOf(set),
    ignoreBelow: set.spec.limits.ignoreBelow,
    admitted: before,
    now,
    windowMs,
    approved: (hash) => !planning && hash === approve,
  });
  const back = new Set(verdict.held.map(({ text }) => text));
  const held = changed.filter(({ change }) => back.has(change.text));
  const go = planning ? [] : changed.filter(({ change }) => !back.has(change.text));
  go.sort((a, b) => ORDER.indexOf(a.change.verb) - ORDER.indexOf(b.change.verb));
  const waiting = planning
    ? changed.filter(({ change }) => change.verb !== "Leave" && change.verb !== "HandOver")
    : held;
  const pending = pendingOf(waiting, scope, input);
  const leftOut = members.filter(({ state }) => state === "LeftOut");
  return {
    members,
    go,
    held,
    above: verdict.above,
    approvedNow: verdict.approvedNow,
    status: {
      people: countsOf(input, held.length),
      ...(pending ? { pending } : {}),
      leftOut: leftOut
        .slice(0, SAMPLE)
        .map(({ who, reasons }) => ({ who: cut(who, 256), reason: cut(reasons.join("; "), 512) })),
      // A plan lets nothing through.
      admitted: planning ? before : verdict.admitted,
      expanded:
        isExpanded(
          set,
          members.some(({ today }) => today !== undefined),
        ) ||
        (!planning && isComplete(members)),
    },
  };
}

/**
 * What a hash is for beside the list: this set, after the approval before. A list that comes again needs another word, and its hash is
 * another one.
 */
function scopeOf({ metadata: { namespace, name }, status }: ConnectUserSet): string {
  const used = status?.handledRequests?.[requestName(ANNOTATIONS.approve)];
  return `${namespace}/${name}${used ? `#${used}` : ""}`;
}

/** Without a status, a set that has users has been expanded. */
export function isExpanded({ status }: ConnectUserSet, hasUsers: boolean): boolean {
  return status?.expanded ?? hasUsers;
}

/** Someone is in, and no one is still to be created. */
function isComplete(members: readonly Member[]): boolean {
  return members.some(({ state }) => state === "Active") && !members.some(({ change }) => change?.verb === "Create");
}

function sharesOf({ spec }: ConnectUserSet): Record<Sort, number> {
  const share = (sort: Sort) => Number.parseInt(spec.limits[sort], 10) / 100;
  return { removals: share("removals"), moves: share("moves"), grants: share("grants") };
}

function countsOf({ members, found, ready }: OutcomeInput, held: number): ConnectUserSetStatus["people"] {
  const count = (test: (member: Member) => boolean) => members.filter(test).length;
  return {
    found,
    matched: count(({ state }) => state === "Active" || state === "ByHand" || state === "LeftOut"),
    members: count(({ today }) => today !== undefined),
    ready,
    leaving: count(({ state }) => state === "Leaving"),
    held,
    leftOut: count(({ state }) => state === "LeftOut"),
  };
}

function pendingOf(
  waiting: readonly Changed[],
  scope: string,
  { set, now }: OutcomeInput,
): ConnectUserSetStatus["pending"] {
  if (waiting.length === 0) return undefined;
  const hash = hashOf(
    scope,
    waiting.map(({ change }) => change.text),
  );
  const before = set.status?.pending;
  const since = before?.hash === hash && before.since ? before.since : isoSeconds(now);
  const of = (sort: Sort) => waiting.filter(({ change }) => change.sorts.includes(sort)).length;
  const counts = Object.fromEntries(SORTS.map((sort) => [sort, of(sort)]));
  const creations = waiting.filter(({ change }) => change.verb === "Create").length;
  return { hash, since, creations, ...counts, sample: waiting.slice(0, SAMPLE).map(sampleOf) };
}

type Sample = NonNullable<NonNullable<ConnectUserSetStatus["pending"]>["sample"]>[number];

function sampleOf({ who, change }: Changed): Sample {
  return { who: cut(who, 256), change: kindOf(change), reason: cut(change.why, 512) };
}

/** What a change is called where it is shown: the gravest that it is. */
function kindOf({ verb, sorts }: MemberChange): Sample["change"] {
  if (verb === "Remove" || verb === "Create") return verb;
  if (sorts.includes("moves")) return "Move";
  return sorts.includes("grants") ? "Grant" : "Update";
}
