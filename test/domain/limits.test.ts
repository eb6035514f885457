import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { isoSeconds } from "../../src/domain/duration.ts";
import {
  type Admitted,
  hashOf,
  type LimitedChange,
  type LimitInput,
  limit,
  type Sort,
} from "../../src/domain/limits.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const HOUR = 3_600_000;
const minutesAgo = (minutes: number) => isoSeconds(NOW - minutes * 60_000);
const remove = (...ids: (string | number)[]): LimitedChange[] =>
  ids.map((id) => ({ text: `remove ${id}`, sorts: ["removals"] }));
const first = (count: number) => remove(...Array.from({ length: count }, (_, index) => index));
const look = (given: Partial<LimitInput<LimitedChange>>) =>
  limit({
    scope: "contact-centre/agents",
    changes: [],
    size: 100,
    shares: { removals: 0.2, moves: 0.2, grants: 0.2 },
    ignoreBelow: 5,
    admitted: [],
    now: NOW,
    windowMs: HOUR,
    approved: () => false,
    ...given,
  });

describe("one list", () => {
  test.each<[string, Partial<LimitInput<LimitedChange>>, number]>([
    ["nothing to do", {}, 0],
    ["exactly the share", { changes: first(20) }, 0],
    ["one more than the share", { changes: first(21) }, 21],
    ["fewer than are ever held, although it is everybody", { changes: first(4), size: 4 }, 0],
    ["as many as are no longer ignored", { changes: first(5), size: 5 }, 5],
    ["a share of nothing", { changes: first(1), shares: { removals: 0, moves: 1, grants: 1 }, ignoreBelow: 0 }, 1],
    ["a share of everything", { changes: first(100), shares: { removals: 1, moves: 0, grants: 0 } }, 0],
    ["what no limit counts", { changes: first(50).map(({ text }) => ({ text, sorts: [] })) }, 0],
    ["with what went before", { changes: first(10), size: 90, admitted: [{ time: minutesAgo(30), removals: 11 }] }, 10],
    ["what went before the window", { changes: first(10), admitted: [{ time: minutesAgo(60), removals: 90 }] }, 0],
    ["what was approved does not count", { changes: first(10), admitted: [{ time: minutesAgo(1), approved: "a" }] }, 0],
    ["a time that is none", { changes: first(10), admitted: [{ time: "yesterday", removals: 90 }] }, 0],
    [
      "a time in the future",
      { changes: first(10), size: 90, admitted: [{ time: "9999-01-01T00:00:00Z", removals: 11 }] },
      10,
    ],
    ["a negative count", { changes: first(21), admitted: [{ time: minutesAgo(1), removals: -50 }] }, 21],
  ])("%s", (_, given, held) => {
    const verdict = look(given);
    expect(verdict.held).toHaveLength(held);
    expect(verdict.go).toHaveLength((given.changes?.length ?? 0) - held);
  });

  test("a sort above its limit holds what is of it, the others go", () => {
    const moves = first(30).map(({ text }): LimitedChange => ({ text: `move ${text}`, sorts: ["moves"] }));
    const both: LimitedChange = { text: "both", sorts: ["moves", "grants"] };
    const { go, held, above } = look({ changes: [...remove(1, 2), ...moves, both] });
    expect(go).toEqual(remove(1, 2));
    expect(held).toEqual([...moves, both]);
    expect(above).toEqual([{ sort: "moves", count: 31, of: 100, share: 0.2 }]);
  });
});

describe("an approval", () => {
  const { hash } = look({ changes: first(30) });
  test("lets exactly that list go, in whatever order it is computed", () => {
    const verdict = look({ changes: first(30).reverse(), approved: (given) => given === hash });
    expect(verdict).toMatchObject({ held: [], above: [], approvedNow: true, hash });
    expect(verdict.go).toHaveLength(30);
  });
  test.each([
    ["one more", first(31)],
    ["one less", first(29)],
    ["another one", [...first(29), ...remove("x")]],
  ])("does not fit a list with %s", (_, changes) => {
    expect(look({ changes, approved: (given) => given === hash }).go).toEqual([]);
  });
  test("does not fit the same list of another set", () => {
    expect(hashOf("contact-centre/agents", ["a"])).not.toBe(hashOf("contact-centre/managers", ["a"]));
  });
  test("what is left of it after an interruption goes on, and what is new beside it is counted by itself", () => {
    const { admitted } = look({ changes: first(30), approved: (given) => given === hash });
    const rest = first(30).slice(12);
    expect(look({ changes: [...rest, ...remove("x")], size: 88, admitted }).go).toHaveLength(19);
    expect(look({ changes: [...rest, ...remove(..."abcdefghijklmnopqrstu")], size: 88, admitted }).go).toEqual(rest);
  });
  test("is used up: the same people once more are another list", () => {
    const { admitted } = look({ changes: first(30), approved: (given) => given === hash });
    const after = look({ size: 70, admitted }).admitted;
    expect(look({ changes: first(30), admitted: after }).held).toHaveLength(30);
  });
});

describe("the record", () => {
  test("what was let through but is not done is not counted twice", () => {
    const { admitted } = look({ changes: first(15) });
    expect(look({ changes: first(15), admitted }).held).toEqual([]);
    expect(look({ changes: first(15), admitted }).admitted).toEqual(admitted);
    expect(look({ changes: first(20), admitted }).held).toEqual([]);
    expect(look({ changes: first(21), admitted }).held).toEqual(first(21).slice(15));
  });
  test("is short: what is done leaves a number", () => {
    const { admitted } = look({ changes: first(15) });
    expect(look({ size: 85, admitted }).admitted).toEqual([{ time: isoSeconds(NOW), removals: 15 }]);
  });
  test("does not grow beyond 32 entries, and counts no less for it", () => {
    let admitted: Admitted[] = [];
    for (let minute = 0; minute < 59; minute++) {
      const now = NOW + minute * 60_000;
      admitted = look({ changes: remove(`minute ${minute}`), size: 1000 - minute, admitted, now }).admitted;
    }
    expect(admitted).toHaveLength(32);
    const { above } = look({ changes: remove(...Array(300).keys()), size: 941, admitted, now: NOW + 59 * 60_000 });
    expect(above).toMatchObject([{ sort: "removals", count: 359, of: 1000 }]);
  });
});

/**
 * A hundred people lose members in any order over a day, at any pace, with a crash anywhere between the record and its work. Without an
 * approval, within any window no more go than the limit says of those that were there when it began.
 */
test("whatever the order and pace, no window loses more than its limit", () => {
  const step = fc.record({
    minutes: fc.integer({ min: 1, max: 50 }),
    wanted: fc.integer({ min: 0, max: 40 }),
    done: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const present = new Set(Array.from({ length: 100 }, (_, id) => id));
      const gone: { at: number; before: number }[] = [];
      let admitted: Admitted[] = [];
      let now = NOW;
      for (const { minutes, wanted, done } of steps) {
        now += minutes * 60_000;
        const changes = remove(...[...present].slice(0, wanted));
        const verdict = look({ changes, size: present.size, admitted, now });
        admitted = verdict.admitted;
        const before = present.size;
        // The process may end after any of them.
        for (const { text } of verdict.go.slice(0, done)) {
          gone.push({ at: now, before });
          present.delete(Number(text.slice("remove ".length)));
        }
      }
      for (const { at, before } of gone) {
        const within = gone.filter((one) => one.at >= at && one.at < at + HOUR).length;
        expect(within).toBeLessThanOrEqual(Math.max(4, 0.2 * before));
      }
    }),
    { seed: 20261129, numRuns: 300 },
  );
});

test.each<Sort>(["removals", "moves", "grants"])("%s are counted apart", (sort) => {
  const changes = first(21).map(({ text }) => ({ text, sorts: [sort] }));
  expect(look({ changes }).above).toMatchObject([{ sort, count: 21 }]);
});
