import { describe, expect, test } from "@jest/globals";
import type { ConnectUserSet, ConnectUserSetStatus } from "../../src/api/resources.ts";
import { isoSeconds } from "../../src/domain/duration.ts";
import { isOutstanding, removalText } from "../../src/domain/limits.ts";
import type { Source } from "../../src/set/members.ts";
import { isExpanded, type OutcomeInput, outcomeOf } from "../../src/set/outcome.ts";
import { changedGroup, emptySource } from "../../src/set/source.ts";
import { idOf, look, NOW, person, setOf, settled, sourceOf } from "./support.ts";

const HOUR = 3_600_000;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const people = numbers(60).map((number) => person(number));
const withMembers = (members: number[], managers: number[] = []) =>
  sourceOf(people, { "CC Agents": members, "CC Managers": managers });
const RULES = [
  { name: "managers", group: { displayName: "CC Managers" }, set: { persona: "managers" } },
  { name: "everybody", set: { persona: "agents" } },
];
const at = (status?: ConnectUserSetStatus, more: object = {}) =>
  setOf({ rules: RULES, removal: { gracePeriod: "0s" }, ...more }, status);

function outcome(
  set: ConnectUserSet,
  source: Source,
  existing: ReturnType<typeof settled>,
  given: Partial<OutcomeInput> = {},
) {
  const expanded = isExpanded(set, existing.length > 0);
  const members = look(set, { source, existing, expanded });
  return outcomeOf({ set, members, found: 60, ready: 0, now: NOW, windowMs: HOUR, ...given });
}
const all = settled(at(), withMembers(numbers(50)));

describe("the first expansion", () => {
  test("is held by no limit, and is over when everybody is there", () => {
    const first = outcome(at(), withMembers(numbers(50)), []);
    expect(first.go).toHaveLength(50);
    expect(first.held).toEqual([]);
    expect(first.status).toMatchObject({ expanded: false, people: { found: 60, matched: 50, members: 0 } });
    expect(outcome(at(first.status), withMembers(numbers(50)), all).status.expanded).toBe(true);
  });
  test("that was interrupted goes on as such, also once half of it is there", () => {
    const half = outcome(at({ expanded: false }), withMembers(numbers(50)), all.slice(0, 20));
    expect(half).toMatchObject({ held: [], status: { expanded: false } });
    expect(half.go).toHaveLength(30);
  });
  test("with the status lost, whoever has users has been expanded: the rest waits for a word", () => {
    const lost = outcome(at(), withMembers(numbers(50)), all.slice(0, 20));
    expect(lost.held).toHaveLength(30);
  });
  test("of a source of which nobody is made is not over", () => {
    const nobody = outcome(at(undefined, { source: { where: "false" } }), withMembers([1, 2]), []);
    expect(nobody.status.expanded).toBe(false);
  });
});

describe("above a limit", () => {
  const emptied = withMembers(numbers(30));
  const held = outcome(at({ expanded: true }), emptied, all);
  test("nothing of that sort is done, and the list is told", () => {
    expect(held.go).toEqual([]);
    expect(held.above).toEqual([{ sort: "removals", count: 20, of: 50, share: 0.2 }]);
    expect(held.status.pending).toMatchObject({
      hash: expect.stringMatching(/^[0-9a-f]{32}$/),
      since: isoSeconds(NOW),
      creations: 0,
      removals: 20,
      moves: 0,
      grants: 0,
    });
    expect(held.status.pending?.sample).toHaveLength(20);
    expect(held.status.pending?.sample?.[0]).toEqual({
      who: idOf(31),
      change: "Remove",
      reason: `is in none of the groups since ${isoSeconds(NOW)}`,
    });
    expect(held.status.people).toMatchObject({ held: 20, members: 50, leaving: 0 });
  });
  test("what is below its own limit goes on", () => {
    const joined = outcome(at({ expanded: true }), withMembers([...numbers(30), 55]), all);
    expect(joined.go.map(({ change }) => change.verb)).toEqual(["Create"]);
    expect(joined.held).toHaveLength(20);
  });
  test("since when the same list waits is kept", () => {
    const later = outcome(at({ ...held.status, expanded: true }), emptied, all, { now: NOW + HOUR });
    expect(later.status.pending?.hash).not.toBe(undefined);
    const again = outcome(
      at({ pending: { hash: later.status.pending!.hash!, since: "2025-01-01T00:00:00Z" }, expanded: true }),
      emptied,
      all,
      { now: NOW + HOUR },
    );
    expect(again.status.pending?.since).toBe("2025-01-01T00:00:00Z");
  });
  test("the hash lets it go, once", () => {
    const approve = held.status.pending!.hash!;
    const let_go = outcome(at({ expanded: true }), emptied, all, { approve });
    expect(let_go).toMatchObject({ approvedNow: true, held: [], above: [] });
    expect(let_go.go).toHaveLength(20);
    expect(let_go.status.pending).toBeUndefined();
  });
  test("a used approval lets the same list go no more; its hash is another one then, and so is that of another set", () => {
    const approve = held.status.pending!.hash!;
    const again = outcome(at({ expanded: true, handledRequests: { approve } }), emptied, all, { approve });
    expect(again).toMatchObject({ approvedNow: false, go: [] });
    expect(again.held).toHaveLength(20);
    const second = again.status.pending!.hash!;
    expect(second).not.toBe(approve);
    expect(
      outcome(at({ expanded: true, handledRequests: { approve } }), emptied, all, { approve: second }).approvedNow,
    ).toBe(true);
    const other = { ...at({ expanded: true }), metadata: { ...at().metadata, name: "other" } };
    expect(outcome(other, emptied, all, { approve })).toMatchObject({ approvedNow: false, go: [] });
  });
  test("a removal that was let through is known until its user is gone", () => {
    const three = withMembers(numbers(47));
    const { status } = outcome(at({ expanded: true }), three, all);
    const leaves = (one: (typeof all)[number]) =>
      numbers(3).some((more) => one.spec.entraUser.objectId === idOf(47 + more));
    const deletionTimestamp = isoSeconds(NOW);
    const going = all.map((one) => (leaves(one) ? { ...one, metadata: { ...one.metadata, deletionTimestamp } } : one));
    const id = removalText(idOf(48));
    const next = outcome(at({ ...status, expanded: true }), three, going, { now: NOW + HOUR / 2 });
    expect(next).toMatchObject({ go: [], held: [] });
    expect(isOutstanding(next.status.admitted!, id)).toBe(true);
    const gone = outcome(
      at({ ...next.status, expanded: true }),
      three,
      all.filter((one) => !leaves(one)),
    );
    expect(isOutstanding(gone.status.admitted!, id)).toBe(false);
    expect(gone.status.admitted).toMatchObject([{ removals: 3 }]);
  });
  test("access is taken before it is given", () => {
    const busy = outcome(at({ expanded: true }), withMembers([...numbers(45), 55], [1]), all);
    expect(busy.go.map(({ change }) => change.verb)).toEqual([...Array(5).fill("Remove"), "Update", "Create"]);
  });
  test("moves and grants are limited as removals are", () => {
    const promoted = outcome(at({ expanded: true }), withMembers(numbers(50), numbers(11)), all);
    expect(promoted.above.map(({ sort, count }) => [sort, count])).toEqual([
      ["moves", 11],
      ["grants", 11],
    ]);
    expect(promoted.status.pending).toMatchObject({ moves: 11, grants: 11 });
    expect(promoted.status.pending?.sample?.[0]).toMatchObject({ change: "Move", reason: "rule managers" });
  });
  test("new users count as grants", () => {
    const joined = outcome(at({ expanded: true }), withMembers(numbers(60)), all.slice(0, 40));
    expect(joined.status.pending).toMatchObject({ creations: 20, grants: 20 });
    expect(joined.go).toEqual([]);
  });
});

describe("mode Plan", () => {
  test("shows everything that would be done and does nothing", () => {
    const plan = outcome(at({ expanded: true }, { mode: "Plan" }), withMembers([...numbers(49), 55], [1]), all);
    expect(plan.go).toEqual([]);
    expect(plan.status.pending).toMatchObject({ creations: 1, removals: 1, moves: 1, grants: 2 });
    expect(plan.status.admitted).toEqual([]);
  });
  test("an approval does not change that", () => {
    const set = at({ expanded: true }, { mode: "Plan" });
    const { status } = outcome(set, withMembers(numbers(30)), all);
    expect(outcome(set, withMembers(numbers(30)), all, { approve: status.pending!.hash! }).go).toEqual([]);
  });
});

test("who is left out is in status, at most 20, with the reason", () => {
  const rules = [{ name: "everybody", set: { persona: "nobody" } }];
  const { status } = outcome(setOf({ rules }), withMembers(numbers(30)), []);
  expect(status.people).toMatchObject({ matched: 30, leftOut: 30 });
  expect(status.leftOut).toHaveLength(20);
  expect(status.leftOut?.[0]).toEqual({ who: "p10@example.com", reason: "rule everybody: there is no persona nobody" });
});

describe("a source that is not acted on", () => {
  test("nobody at all", () => {
    expect(emptySource(at().spec, withMembers([]))).toContain("no one is in CC Agents; nothing is changed");
    expect(emptySource(at().spec, withMembers([], [1]))).toContain("no one is in CC Agents");
    expect(emptySource(at().spec, withMembers([1]))).toBeUndefined();
  });
  test("another group of the same name", () => {
    const known = [{ name: "CC Agents", id: idOf(1) }];
    expect(changedGroup(known, new Map([["CC Agents", idOf(2)]]))).toContain("is another one than before");
    expect(changedGroup(known, new Map([["CC Agents", idOf(1).toUpperCase()]]))).toBeUndefined();
    expect(changedGroup(known, new Map([["Another", idOf(2)]]))).toBeUndefined();
  });
});
