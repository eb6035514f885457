import { describe, expect, test } from "@jest/globals";
import { mergeConditions } from "../../src/runtime/conditions.ts";

const EARLIER = "2026-01-01T00:00:00Z";
const old = {
  type: "Ready",
  status: "True" as const,
  reason: "AllGood",
  message: "fine",
  observedGeneration: 1,
  lastTransitionTime: EARLIER,
};
const now = new Date("2026-02-03T04:05:06.789Z");

describe("mergeConditions", () => {
  test.each([
    ["the same keeps its time", {}, EARLIER],
    ["another message keeps its time", { message: "still fine" }, EARLIER],
    ["another reason keeps its time", { reason: "Adopted" }, EARLIER],
    ["another generation keeps its time", { observedGeneration: 2 }, EARLIER],
    ["another status moves it", { status: "False" as const }, "2026-02-03T04:05:06Z"],
    ["another type is new", { type: "Drifted" }, "2026-02-03T04:05:06Z"],
  ])("%s", (_, change, lastTransitionTime) => {
    const { lastTransitionTime: __, ...input } = { ...old, ...change };
    expect(mergeConditions([old], [input], now)).toEqual([{ ...input, lastTransitionTime }]);
  });

  test("what is no longer said is dropped", () => {
    expect(mergeConditions([old], [], now)).toEqual([]);
  });
});
