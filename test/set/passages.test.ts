/** How long joiners, movers and leavers wait. */
import { expect, test } from "@jest/globals";
import type { ConnectUser } from "../../src/api/resources.ts";
import { Passages } from "../../src/set/passages.ts";
import { carriedOut, look, NOW, person, setOf, settled, sourceOf } from "./support.ts";

const set = setOf({
  rules: [
    { name: "managers", group: { displayName: "CC Managers" }, set: { persona: "managers" } },
    { name: "everybody", set: { persona: "agents" } },
  ],
  removal: { gracePeriod: "0s" },
});
const source = (agents: number[], managers: number[] = []) =>
  sourceOf([person(1)], { "CC Agents": agents, "CC Managers": managers });
const [user] = settled(set, source([1])) as [ConnectUser];
const ready = (one: ConnectUser): ConnectUser => ({
  ...one,
  metadata: { ...one.metadata, generation: 1 },
  status: {
    observedGeneration: 1,
    conditions: [{ type: "Ready", status: "True", reason: "Converged", message: "", lastTransitionTime: "" }],
  },
});

/** A look: what is computed is done at once, unless it is held. */
function scene() {
  const passages = new Passages();
  let seconds = 0;
  return {
    passages,
    /** `after` seconds since the last look; the directory was read five seconds before. */
    look(
      after: number,
      of: ReturnType<typeof source>,
      existing: ConnectUser[],
      more: { expanded?: boolean; held?: boolean } = {},
    ) {
      seconds += after;
      const members = look(set, { source: of, existing, expanded: more.expanded ?? true });
      const go = more.held ? [] : members.filter((one) => one.change !== undefined && !one.deleting);
      const now = NOW + seconds * 1000;
      return passages
        .note({ members, go: go as never }, (id) => existing.find(({ spec }) => spec.entraUser.objectId === id), {
          readAt: now - 5_000,
          now,
        })
        .map(({ passage, durationMs }) => `${passage} ${durationMs / 1000}`);
    },
    changed: (of: ReturnType<typeof source>, existing: ConnectUser[]) =>
      carriedOut(look(set, { source: of, existing })[0]!),
  };
}

test("a joiner is done once the person can sign in", () => {
  const { look, passages } = scene();
  expect(look(0, source([1]), [])).toEqual([]);
  expect(passages.oldest()).toEqual({ join: NOW - 5_000 });
  expect(look(10, source([1]), [user])).toEqual([]);
  expect(look(10, source([1]), [ready(user)])).toEqual(["join 25"]);
  expect(passages.oldest()).toEqual({});
  expect(look(10, source([1]), [ready(user)])).toEqual([]);
});

test("a mover is done once Ready says so of the new spec", () => {
  const { look, changed } = scene();
  expect(look(0, source([1], [1]), [ready(user)])).toEqual([]);
  const moved = changed(source([1], [1]), [ready(user)])!;
  const stale = { ...ready(moved), metadata: { ...moved.metadata, generation: 2 } };
  expect(look(10, source([1], [1]), [stale])).toEqual([]);
  expect(look(10, source([1], [1]), [ready(moved)])).toEqual(["move 25"]);
});

test("a leaver is done once the ConnectUser is gone", () => {
  const { look, passages } = scene();
  const deleting = { ...user, metadata: { ...user.metadata, deletionTimestamp: new Date(NOW).toISOString() } };
  expect(look(0, source([]), [user])).toEqual([]);
  expect(look(30, source([]), [deleting])).toEqual([]);
  expect(passages.oldest()).toEqual({ leave: NOW - 5_000 });
  expect(look(30, source([]), [])).toEqual(["leave 65"]);
});

test("what is held, the first expansion, and who is back are not measured", () => {
  const { look, passages } = scene();
  expect(look(0, source([1]), [], { expanded: false })).toEqual([]);
  expect(look(0, source([1]), [], { held: true })).toEqual([]);
  expect(passages.oldest()).toEqual({});
  expect(look(0, source([]), [user])).toEqual([]);
  expect(look(10, source([1]), [user])).toEqual([]);
  expect(passages.oldest()).toEqual({});
});
