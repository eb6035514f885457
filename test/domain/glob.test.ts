import { expect, test } from "@jest/globals";
import { matchesGlob } from "../../src/domain/glob.ts";

test.each([
  ["", "", true],
  ["", "a", false],
  ["a", "a", true],
  ["a", "ab", false],
  ["ab", "a", false],
  ["*", "", true],
  ["*", "any.thing", true],
  ["team-*", "team-", true],
  ["team-*", "a-team-b", false],
  ["*-prod", "a-prod-prod", true],
  ["a*b*c", "a-b-b-c", true],
  ["a*b*c", "a-c-b", false],
  ["a**", "a", true],
  ["a.c", "abc", false],
  ["a?", "ab", false],
  ["*a", "*", false],
])("%j covers %j: %j", (pattern, text, expected) => expect(matchesGlob(pattern, text)).toBe(expected));

test("a pattern of stars and a long text end soon", () => {
  expect(matchesGlob(`${"*a".repeat(50)}b`, "a".repeat(20_000))).toBe(false);
});
