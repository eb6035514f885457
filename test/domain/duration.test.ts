import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { durationSeconds, formatDuration, parseDuration } from "../../src/domain/duration.ts";

test.each([
  ["8h", 28_800],
  ["26280h", 94_608_000],
  ["1h30m", 5400],
  ["1.5h", 5400],
  ["1m30s", 90],
  ["300ms", 0.3],
  ["0", 0],
  ["0h", 0],
  ["1h0m0s", 3600],
  ["", undefined],
  ["8", undefined],
  ["8 h", undefined],
  ["-8h", undefined],
  ["8d", undefined],
  ["h", undefined],
  ["1h30", undefined],
  [`${"9".repeat(400)}h`, undefined],
])("%j is %s seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
  if (seconds === undefined) expect(() => durationSeconds(text)).toThrow(RangeError);
});

test("what is formatted is read back", () => {
  fc.assert(
    fc.property(fc.nat(10 ** 9), (seconds) => durationSeconds(formatDuration(seconds)) === seconds),
    { seed: 20261128 },
  );
  expect(formatDuration(-1)).toBe("0s");
  expect(formatDuration(5400)).toBe("1h30m");
});
