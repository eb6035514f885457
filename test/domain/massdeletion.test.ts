import { describe, expect, test } from "@jest/globals";
import type { Admitted } from "../../src/domain/limits.ts";
import { type GuardedUser, guardRemovals, mayGo, type PersonaRemovals } from "../../src/domain/massdeletion.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const MINUTE = 60_000;
const user = (name: string, more: Partial<GuardedUser> = {}): GuardedUser => ({
  uid: name,
  keeper: "agents",
  deleting: false,
  counts: true,
  ...more,
});
/** `there` users, of whom the first `going` are being deleted. */
const users = (there: number, going: number, more: Partial<GuardedUser> = {}) =>
  Array.from({ length: there }, (_, index) =>
    user(`${more.keeper ?? "agents"}-${index}`, {
      ...more,
      deleting: index < going,
      counts: index < going ? (more.counts ?? true) : true,
    }),
  );
const look = ({
  admitted = [],
  ...given
}: Partial<Omit<PersonaRemovals, "ledgers">> & { admitted?: Admitted[]; others?: Record<string, Admitted[]> }) =>
  guardRemovals({
    scope: "contact-centre/agents",
    persona: "agents",
    users: [],
    share: 0.3,
    now: NOW,
    windowMs: 60 * MINUTE,
    allowed: false,
    ...given,
    ledgers: new Map([["agents", admitted], ...Object.entries(given.others ?? {})]),
  });
const ago = (minutes: number) => new Date(NOW - minutes * MINUTE).toISOString();

describe("how many may go", () => {
  test.each<[string, Parameters<typeof look>[0], string | undefined]>([
    ["five, although they are all but one", { users: users(6, 5) }, undefined],
    ["six of six", { users: users(6, 6) }, "6 of 6 users are removed within 60 minutes, more than 30 %"],
    ["exactly the share", { users: users(100, 30) }, undefined],
    ["one more", { users: users(100, 31) }, "31 of 100 users"],
    ["many more", { users: users(100, 40) }, "40 of 100 users"],
    [
      "with those who went within the window, of all who were there",
      { users: users(100, 20), admitted: [{ time: ago(59), removals: 11 }] },
      undefined,
    ],
    [
      "one more with those who went within the window",
      { users: users(80, 11), admitted: [{ time: ago(59), removals: 20 }] },
      "31 of 100 users",
    ],
    [
      "those who went before it do not count",
      { users: users(80, 11), admitted: [{ time: ago(60), removals: 20 }] },
      undefined,
    ],
    [
      "what was allowed does not count",
      { users: users(80, 11), admitted: [{ time: ago(1), approved: "yes" }] },
      undefined,
    ],
    ["after a word", { users: users(100, 31), allowed: true }, undefined],
    ["those that their set counted", { users: users(100, 90, { counts: false }) }, undefined],
    [
      "users that were never made are not those of whom a share may go",
      { users: [...users(12, 12), ...users(60, 0, { keeper: "agents" }).map((one) => ({ ...one, counts: false }))] },
      "12 of 12 users are",
    ],
    ["of another persona", { users: [...users(100, 0), ...users(10, 5, { keeper: "leads" })] }, undefined],
    [
      "all of a small persona among many",
      { users: [...users(10, 10), ...users(990, 0, { keeper: "leads" })] },
      "10 of 10 users are",
    ],
    [
      "in fives over the personas of an instance",
      {
        users: [...users(5, 5), ...users(5, 5, { keeper: "a" }), ...users(5, 5, { keeper: "b" }), ...users(5, 0)],
      },
      "15 of 20 users of the instance in this namespace are",
    ],
    [
      "in fives, one persona after the other",
      {
        users: [...users(5, 5), ...users(10, 0, { keeper: "b" })],
        others: { a: [{ time: ago(5), removals: 5 }] },
      },
      "10 of 20 users of the instance in this namespace are",
    ],
  ])("%s", (_, given, why) => {
    const verdict = look(given);
    expect(verdict.held.length > 0).toBe(why !== undefined);
    if (why) expect(verdict.why).toContain(why);
    else expect(verdict.why).toBeUndefined();
  });
});

test("all of a wave are held, and what is let through is admitted one by one", () => {
  const wave = look({ users: users(100, 31) });
  expect(wave.above).toEqual([{ sort: "removals", count: 31, of: 100, share: 0.3 }]);
  expect(users(100, 31).filter((one) => one.deleting && mayGo(wave.admitted, one))).toEqual([]);
  const { admitted } = look({ users: users(100, 31), allowed: true });
  expect(users(100, 31).filter((one) => mayGo(admitted, one))).toHaveLength(31);
});

test("what was let go before a wave may still go", () => {
  const { admitted } = look({ users: users(100, 3) });
  const wave = look({ users: users(100, 50), admitted });
  expect(wave.why).toContain("50 of 100");
  expect(
    users(100, 50)
      .filter((one) => mayGo(wave.admitted, one))
      .map(({ uid }) => uid),
  ).toEqual(["agents-0", "agents-1", "agents-2"]);
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
