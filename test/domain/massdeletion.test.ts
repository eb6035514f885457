import { describe, expect, test } from "@jest/globals";
import type { Admitted } from "../../src/domain/limits.ts";
import { type GuardedUser, guardRemovals, mayGo, type PersonaRemovals } from "../../src/domain/massdeletion.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const MINUTE = 60_000;
const user = (number: number, more: Partial<GuardedUser> = {}): GuardedUser => ({
  uid: `user-${number}`,
  persona: "agents",
  grantedBy: "agents",
  deleting: false,
  bySet: false,
  ...more,
});
/** `there` users, of whom the first `going` are being deleted. */
const users = (there: number, going: number, more: Partial<GuardedUser> = {}) =>
  Array.from({ length: there }, (_, index) => user(index, index < going ? { deleting: true, ...more } : {}));
const look = (given: Partial<PersonaRemovals>) =>
  guardRemovals({
    scope: "contact-centre/agents",
    persona: "agents",
    users: [],
    share: 0.3,
    admitted: [],
    now: NOW,
    windowMs: 10 * MINUTE,
    allowed: false,
    ...given,
  });
const ago = (minutes: number) => new Date(NOW - minutes * MINUTE).toISOString();

describe("how many may go", () => {
  test.each<[string, Partial<PersonaRemovals>, boolean]>([
    ["five, although they are all but one", { users: users(6, 5) }, true],
    ["six of six", { users: users(6, 6) }, false],
    ["exactly the share", { users: users(100, 30) }, true],
    ["one more", { users: users(100, 31) }, false],
    [
      "with those who went within the window",
      { users: users(80, 11), admitted: [{ time: ago(9), removals: 20 }] },
      false,
    ],
    [
      "those who went before it do not count",
      { users: users(80, 11), admitted: [{ time: ago(10), removals: 20 }] },
      true,
    ],
    ["what was allowed does not count", { users: users(80, 11), admitted: [{ time: ago(1), approved: "yes" }] }, true],
    ["after a word", { users: users(100, 31), allowed: true }, true],
    ["those that their set removed were counted there", { users: users(100, 90, { bySet: true }) }, true],
    ["pointed at a persona that is not there first", { users: users(100, 31, { persona: "nowhere" }) }, false],
    ["of another persona", { users: users(100, 31, { persona: "agents", grantedBy: "managers" }) }, true],
    ["that never got a role", { users: users(100, 31, { grantedBy: undefined }) }, false],
  ])("%s", (_, given, all) => {
    const { held } = look(given);
    expect(held.length === 0).toBe(all);
  });
});

test("all of a wave are held, and what is let through is admitted one by one", () => {
  const wave = look({ users: users(100, 31) });
  expect(wave.above).toEqual([{ sort: "removals", count: 31, of: 100, share: 0.3 }]);
  expect(users(100, 31).filter((one) => one.deleting && mayGo(wave.admitted, one))).toEqual([]);
  const { admitted } = look({ users: users(100, 31), allowed: true });
  expect(users(100, 31).filter((one) => mayGo(admitted, one))).toHaveLength(31);
  expect(mayGo([], user(1, { bySet: true }))).toBe(true);
});

test("a slow prune, four a minute, is held as a fast one is, also when every minute another process counts", () => {
  let there = users(40, 0);
  let admitted: Admitted[] = [];
  let gone = 0;
  for (let minute = 0; minute < 9; minute++) {
    there = there.map((one, index) => (index < 4 ? { ...one, deleting: true } : one));
    const verdict = look({ users: there, admitted, now: NOW + minute * MINUTE });
    admitted = JSON.parse(JSON.stringify(verdict.admitted));
    const left = there.filter((one) => !(one.deleting && mayGo(admitted, one)));
    gone += there.length - left.length;
    there = left;
  }
  expect(gone).toBe(12);
});
