/** Where a difference comes from: what was applied last against what is wanted and what is there. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Difference, NONE } from "../../src/domain/difference.ts";
import {
  begun,
  Comparison,
  causeOf,
  causeOfPresence,
  digest,
  type Entries,
  noteApplied,
  settled,
} from "../../src/engine/ledger.ts";

const row = (desired: string, observed: string): Difference => ({ path: "p", desired, observed });

test.each<[string, Entries | undefined, boolean, [desired: string, observed: string], string, boolean]>([
  ["nothing is known of what was applied", undefined, false, ["a", "b"], "unknown", false],
  ["the history is known, and this component has none", undefined, true, ["a", "b"], "setup", true],
  ["the component was begun and is not complete", begun(), true, ["a", "b"], "setup", true],
  ["what is there is what we applied: the declaration changed", { p: digest("b") }, true, ["a", "b"], "declared", true],
  ["what is wanted is what we applied: somebody else changed it", { p: digest("a") }, true, ["a", "b"], "drift", false],
  ["both changed", { p: digest("c") }, true, ["a", "b"], "drift", true],
  ["a field that is declared for the first time", { q: "x" }, true, ["a", "b"], "declared", true],
  ["something appeared that is not declared", { q: "x" }, true, [NONE, "b"], "drift", false],
  ["our write is not readable yet", { p: `${digest("b")}>${digest("a")}` }, true, ["a", "b"], "declared", true],
  [
    "somebody changed it before our write was readable",
    { p: `${digest("c")}>${digest("a")}` },
    true,
    ["a", "b"],
    "drift",
    false,
  ],
  ["left alone, and still so", { p: `?${digest("a")}` }, true, ["a", "b"], "unknown", false],
  ["left alone, and declared anew since", { p: `?${digest("c")}` }, true, ["a", "b"], "declared", true],
])("%s", (_, entries, known, [desired, observed], cause, isNew) => {
  expect(causeOf(row(desired, observed), entries, known)).toEqual({ cause, isNew });
});

test.each<[string, Entries | undefined, boolean, string, string]>([
  ["an object that was complete is gone", { p: "x" }, true, "create", "drift"],
  ["an object that was begun is not there yet", begun(), true, "create", "setup"],
  ["the first object", undefined, false, "create", "setup"],
  ["ours, and no longer declared", { p: "x" }, true, "delete", "declared"],
  ["found, and nothing is known", undefined, false, "delete", "unknown"],
])("presence: %s", (_, entries, known, verb, cause) => {
  expect(causeOfPresence(entries, known, verb).cause).toBe(cause);
});

test("what is compared by id is judged by id, whatever people are shown", () => {
  const compare = new Comparison();
  const [difference] = compare.differ("profile", "id-1", "id-2", (id) => (id === "id-1" ? "Agent" : "Admin"));
  expect(difference).toMatchObject({ desired: "Agent", observed: "Admin" });
  expect(causeOf(difference!, { profile: digest("id-1") }, true).cause).toBe("drift");
  expect(causeOf(difference!, { profile: digest("id-2") }, true).cause).toBe("declared");
});

test("what we set and is declared no more goes; what others set stays", () => {
  const entries = { ours: digest("x"), changed: digest("x"), fresh: `${digest("y")}>${digest("x")}` };
  const compare = new Comparison(entries);
  expect(compare.undeclared("ours", "x")).toEqual([{ path: "ours", desired: NONE, observed: "x" }]);
  expect(compare.undeclared("fresh", "x")).toHaveLength(1);
  expect(compare.undeclared("changed", "theirs")).toEqual([]);
  expect(compare.undeclared("never", "x")).toEqual([]);
  expect(compare.undeclared("ours", undefined)).toEqual([]);
});

test("entries keep what is equal, what was found different and not corrected, and nothing else", () => {
  const entries = settled({ held: digest("old"), gone: "x" }, [
    { path: "equal", desired: "a", observed: "a" },
    { path: "none", desired: NONE, observed: NONE },
    { path: "held", desired: "new", observed: "theirs" },
    { path: "found", desired: "d", observed: "o" },
  ]);
  expect(entries).toEqual({ equal: digest("a"), held: digest("old"), found: `?${digest("d")}` });
});

test("a path has the cause of whoever changed it last, through any history", () => {
  const event = fc.oneof(
    fc.record({ declare: fc.constantFrom("a", "b", "c") }),
    fc.record({ tamper: fc.constantFrom("a", "b", "c") }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      let [desired, observed] = ["a", "a"];
      let entries: Entries = { p: digest("a") };
      for (const one of events) {
        const tampered = "tamper" in one && one.tamper !== observed;
        if ("declare" in one) desired = one.declare;
        else observed = one.tamper;
        if (desired === observed) {
          entries = settled(entries, [row(desired, observed)]);
          continue;
        }
        expect(causeOf(row(desired, observed), entries, true).cause).toBe(tampered ? "drift" : "declared");
        noteApplied(entries, [row(desired, observed)]);
        observed = desired;
        entries = settled(entries, [row(desired, observed)]);
      }
    }),
    { seed: 20261129 },
  );
});
