/**
 * Any order of joins, moves, renames, rule edits, interruptions and approvals: no window sees more than its limit without the hash of
 * exactly that list, nobody written by hand is touched, and in the end everybody is where the rules say.
 */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { ConnectUser, ConnectUserSet, ConnectUserSetSpec } from "../../src/api/resources.ts";
import { hashOf, type Sort } from "../../src/domain/limits.ts";
import type { Person } from "../../src/domain/people.ts";
import { objectId, type Source } from "../../src/set/members.ts";
import { isExpanded, outcomeOf } from "../../src/set/outcome.ts";
import { carriedOut, idOf, look, NOW, person, setOf, sourceOf } from "./support.ts";

const PEOPLE = 40;
const WINDOW = 3_600_000;
const BY_HAND = [37, 38];
const everybody = { name: "everybody", set: { persona: "agents" } };
const managers = { name: "managers", group: { displayName: "CC Managers" }, set: { persona: "managers" } };
const RULES: ConnectUserSetSpec["rules"][] = [
  [managers, everybody],
  [{ ...managers, add: { securityProfiles: ["Quality"] } }, everybody],
  [
    { name: "irish", when: "user.country == 'IE'", set: { persona: "managers" } },
    { ...everybody, add: { securityProfiles: ["Agent"] } },
  ],
  [{ name: "irish", when: "user.country == 'IE'", set: { persona: "agents" } }],
];

type Event =
  | { kind: "agents"; members: number[] }
  | { kind: "managers"; members: number[] }
  | { kind: "person"; who: number; country: string; name: string; enabled: boolean }
  | { kind: "rules"; index: number }
  | { kind: "look"; done: number }
  | { kind: "approve"; done: number }
  | { kind: "time"; minutes: number };
const members = fc.uniqueArray(fc.integer({ min: 1, max: PEOPLE }), { minLength: 1, maxLength: PEOPLE });
const done = fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 20 }));
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant("agents" as const), members }),
  fc.record({ kind: fc.constant("managers" as const), members }),
  fc.record({
    kind: fc.constant("person" as const),
    who: fc.integer({ min: 1, max: PEOPLE }),
    country: fc.constantFrom("IE", "FR"),
    name: fc.constantFrom("a", "b"),
    enabled: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("rules" as const), index: fc.integer({ min: 0, max: RULES.length - 1 }) }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("look" as const), done }) },
  fc.record({ kind: fc.constant("approve" as const), done }),
  fc.record({ kind: fc.constant("time" as const), minutes: fc.integer({ min: 1, max: 90 }) }),
);

class World {
  now = NOW;
  people = new Map<number, Person>();
  agents: number[] = [];
  managers: number[] = [];
  users = new Map<string, ConnectUser>();
  set: ConnectUserSet = setOf({ rules: RULES[0]!, removal: { gracePeriod: "30m" } });
  /** What was done without an approval: when, what sort, and of how many. */
  undone: { at: number; sort: Sort; of: number }[] = [];

  constructor() {
    for (let number = 1; number <= PEOPLE; number++) this.people.set(number, person(number));
    this.agents = [...Array(30).keys()].map((index) => index + 1);
    while (!this.set.status?.expanded) this.look(1000, false);
  }

  source(): Source {
    return sourceOf([...this.people.values()], { "CC Agents": this.agents, "CC Managers": this.managers });
  }

  rows() {
    const existing = [...this.users.values()];
    const byHand = ({ id }: { id: string }) => (BY_HAND.map(idOf).includes(id) ? "by-hand" : undefined);
    const expanded = isExpanded(this.set, existing.length > 0);
    return look(this.set, { source: this.source(), existing, byHand, expanded, now: this.now });
  }

  /** One pass, that ends after `done` changes as if the process was killed; status was stored before the first. */
  look(done: number, approve: boolean): void {
    const given = approve ? this.set.status?.pending?.hash : undefined;
    const input = { set: this.set, members: this.rows(), found: PEOPLE, ready: 0, now: this.now, windowMs: WINDOW };
    const before = outcomeOf(input);
    const outcome = given === undefined ? before : outcomeOf({ ...input, approve: given });
    const approved = new Set<string>();
    if (outcome.approvedNow) {
      const texts = before.held.map(({ change }) => change.text);
      expect(hashOf("contact-centre/cc", texts)).toBe(given);
      for (const text of texts) approved.add(text);
    }
    for (const text of this.approvedBefore) approved.add(text);
    this.approvedBefore = new Set(
      [...approved].filter((text) => outcome.go.some(({ change }) => change.text === text)),
    );
    const of = this.users.size;
    const first = !this.set.status?.expanded;
    this.set = { ...this.set, status: outcome.status };
    for (const member of outcome.go.slice(0, done)) {
      const { change } = member;
      expect(BY_HAND.map(idOf)).not.toContain(change.verb === "Create" ? member.id : undefined);
      if (!first && !approved.has(change.text))
        for (const sort of change.sorts) this.undone.push({ at: this.now, sort, of });
      this.approvedBefore.delete(change.text);
      const user = carriedOut(member);
      if (user) this.users.set(member.id, user);
      else this.users.delete(member.id);
    }
  }
  /** Approved and not done yet: goes on without another word, as long as it is wanted at every pass. */
  approvedBefore = new Set<string>();

  run(one: Event): void {
    if (one.kind === "agents") this.agents = one.members;
    else if (one.kind === "managers") this.managers = one.members;
    else if (one.kind === "person")
      this.people.set(
        one.who,
        person(one.who, {
          country: one.country,
          userPrincipalName: `${one.name}${one.who}@example.com`,
          accountEnabled: one.enabled,
        }),
      );
    else if (one.kind === "rules")
      this.set = { ...setOf({ rules: RULES[one.index]!, removal: { gracePeriod: "30m" } }, this.set.status) };
    else if (one.kind === "time") this.now += one.minutes * 60_000;
    else this.look(one.done, one.kind === "approve");
  }
}

test("limits hold, and in the end everybody is where the rules say", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 25 }), (events) => {
      const world = new World();
      for (const one of events) world.run(one);
      for (const { at, sort } of world.undone) {
        const window = world.undone.filter((one) => one.at >= at && one.at < at + WINDOW);
        const within = window.filter((one) => one.sort === sort).length;
        // A share is one of those that are there and those that were removed within the window.
        const removed = window.filter((one) => one.sort === "removals").length;
        const most = Math.max(...window.map(({ of }) => of)) + removed;
        expect(within).toBeLessThanOrEqual(Math.max(4, 0.2 * most));
      }
      // A person looks, approves, and time passes.
      for (let round = 0; round < 8; round++) {
        world.look(1000, false);
        world.look(1000, true);
        world.now += 20 * 60_000;
      }
      const rows = world.rows();
      expect(rows.filter(({ change }) => change)).toEqual([]);
      const wanted = rows.flatMap(({ wanted, id, state }) =>
        state === "Active" ? [[id, wanted!.personaRef.name]] : [],
      );
      const there = [...world.users.values()].map((user) => [objectId(user), user.spec.personaRef.name]);
      const left = new Set(rows.filter(({ state }) => state === "LeftOut").map(({ id }) => id));
      expect(there.filter(([id]) => !left.has(id!)).sort()).toEqual(wanted.filter(([id]) => !left.has(id!)).sort());
    }),
    { seed: 20261129, numRuns: 60 },
  );
});
