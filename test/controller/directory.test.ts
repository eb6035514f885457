/** Changes in Entra wake the users and sets that they concern, and nobody else. */
import { afterEach, expect, jest, test } from "@jest/globals";
import { watchDirectory } from "../../src/controller/directory.ts";
import { INDEXES } from "../../src/controller/kinds.ts";
import { Reactions } from "../../src/domain/reactions.ts";
import type { Clouds } from "../../src/providers/clouds.ts";
import type { Changes, GroupChange, PersonChange } from "../../src/providers/graph/types.ts";
import { FolderStore } from "../../src/runtime/folder-store.ts";
import type { ObjectRef } from "../../src/runtime/port.ts";
import { SetRegistry } from "../../src/set/registry.ts";
import { persona, user } from "../e2e/support.ts";

const ID = "11111111-2222-4333-8444-555555555555";
const GROUP = "22222222-2222-4333-8444-555555555555";
afterEach(() => {
  jest.useRealTimers();
});

test("one reading a tenant and interval; by object id and by name; a failed reading is read again from the same token", async () => {
  jest.useFakeTimers();
  const store = new FolderStore(INDEXES, () => undefined);
  for (const one of [
    persona("agents"),
    persona("managers"),
    user("jane", "agents"),
    user("omar", "managers", { entraUser: { objectId: ID } }),
  ])
    store.apply(one as never);
  const tokens: (string | undefined)[] = [];
  const answers: (Changes<PersonChange> | Error)[] = [
    { changes: [], token: "t1", reset: true },
    new Error("Entra is away"),
    {
      changes: [
        { id: ID.toUpperCase(), removed: "changed" },
        { id: "other", person: { userPrincipalName: "Jane@example.com" } as never },
        { id: "stranger", person: { userPrincipalName: "stranger@example.com" } as never },
      ],
      token: "t2",
      reset: false,
    },
  ];
  const graph = {
    tenantId: "tenant",
    async userChanges(token: string | undefined) {
      tokens.push(token);
      const answer = answers.shift() ?? { changes: [], token: "t3", reset: false };
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const woken: ObjectRef[] = [];
  const errors: unknown[] = [];
  const watch = watchDirectory({
    clouds: { graph: async () => graph } as unknown as Clouds,
    store,
    sets: new SetRegistry(),
    now: () => Date.now(),
    intervalMs: 30_000,
    log: { error: (...line: unknown[]) => void errors.push(line) } as never,
    reactions: new Reactions(),
    wake: (ref) => void woken.push(ref),
  });
  await jest.advanceTimersByTimeAsync(29_000);
  expect(tokens).toEqual([undefined]);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(tokens).toEqual([undefined, "t1", "t1"]);
  expect(errors).toHaveLength(1);
  expect(woken.map(({ name }) => name).sort()).toEqual(["jane", "omar"]);
  watch.close();
  await jest.advanceTimersByTimeAsync(120_000);
  expect(tokens).toHaveLength(3);
});

const OTHER = "11111111-2222-4333-8444-666666666666";
const isDisabled = (id: string) => ({ id, userPrincipalName: "jane@example.com", accountEnabled: false });
const status = (id: string, reason = "Converged") => ({
  entraObjectId: id,
  conditions: [{ type: "Ready", status: "True", reason, message: "", lastTransitionTime: "" }],
});

test("a token that expired: people whose state changed meanwhile are woken at once, and nobody else", async () => {
  jest.useFakeTimers();
  const store = new FolderStore(INDEXES, () => undefined);
  for (const one of [persona("agents"), user("jane", "agents"), user("omar", "agents"), user("gone", "agents")])
    store.apply(one as never);
  const ids = { jane: ID, omar: OTHER, gone: "11111111-2222-4333-8444-777777777777" };
  for (const [name, id] of Object.entries(ids))
    await store.updateStatus(store.get("ConnectUser", "team", name)!, status(id));
  const asked: string[][] = [];
  const graph = {
    tenantId: "tenant",
    userChanges: async () => ({ changes: [], token: "t", reset: true }),
    async people(of: string[]) {
      asked.push(of);
      return new Map<string, object>([
        [ID, isDisabled(ID)],
        [OTHER, { id: OTHER, userPrincipalName: "omar@example.com", accountEnabled: true }],
      ]);
    },
  };
  const woken: string[] = [];
  const reactions = new Reactions();
  const watch = watchDirectory({
    clouds: { graph: async () => graph } as unknown as Clouds,
    store,
    sets: new SetRegistry(),
    now: () => Date.now(),
    intervalMs: 30_000,
    log: { error: (...line: unknown[]) => void woken.push(String(line)) } as never,
    reactions,
    wake: ({ name }) => void woken.push(name),
  });
  const began = Date.now();
  await jest.advanceTimersByTimeAsync(1_000);
  // The first reading is no reset: every user is looked at when the controller starts.
  expect(asked).toEqual([]);
  await jest.advanceTimersByTimeAsync(30_000);
  expect(asked).toEqual([Object.values(ids)]);
  expect(woken.sort()).toEqual(["gone", "jane"]);
  expect(reactions.oldest("revoked")).toBe(began);
  watch.close();
});

test("a leaver is expected to lose access, unless the user is suspended or kept; a changed attribute is nothing", async () => {
  jest.useFakeTimers();
  const store = new FolderStore(INDEXES, () => undefined);
  const spec = (id: string, more: object = {}) => ({ entraUser: { objectId: id }, ...more });
  const ids = [1, 2, 3, 4].map((digit) => `11111111-2222-4333-8444-${String(digit).repeat(12)}`);
  for (const one of [
    persona("agents"),
    user("leaver", "agents", spec(ids[0]!)),
    user("suspended", "agents", spec(ids[1]!, { suspend: true })),
    user("kept", "agents", spec(ids[2]!, { whenDisabled: "Keep" })),
    user("renamed", "agents", spec(ids[3]!)),
  ])
    store.apply(one as never);
  const answers = [
    [],
    ids.map((id, index) => ({ id, person: { ...isDisabled(id), accountEnabled: index === 3 } })),
    [],
  ] as never[];
  const graph = {
    tenantId: "tenant",
    userChanges: async () => ({ changes: answers.shift() ?? [], token: "t", reset: false }),
  };
  const settled: [string, number][] = [];
  const reactions = new Reactions();
  reactions.onSettled = (direction, seconds) => void settled.push([direction, seconds]);
  const watch = watchDirectory({
    clouds: { graph: async () => graph } as unknown as Clouds,
    store,
    sets: new SetRegistry(),
    now: () => Date.now(),
    intervalMs: 30_000,
    log: { error: (...line: unknown[]) => void settled.push([String(line), 0]) } as never,
    reactions,
    wake: () => undefined,
  });
  await jest.advanceTimersByTimeAsync(45_000);
  for (const id of ids) reactions.settled("revoked", id);
  for (const id of ids) reactions.settled("granted", id);
  // From the reading before the one that showed it.
  expect(settled).toEqual([["revoked", 45]]);
  reactions.expect("revoked", ids[0]!, 0);
  store.apply(user("leaver", "agents", spec(ids[0]!, { suspend: true })) as never);
  await jest.advanceTimersByTimeAsync(30_000);
  expect(reactions.oldest("revoked")).toBeUndefined();
  watch.close();
});

test("a set is woken when something that it reads has changed, at the next reading", async () => {
  jest.useFakeTimers();
  const store = new FolderStore(INDEXES, () => undefined);
  store.apply({
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUserSet",
    metadata: { name: "staff", namespace: "team" },
    spec: { source: { groups: [{ displayName: "Agents" }] } },
  });
  const members: Changes<GroupChange>[] = [
    { changes: [], token: "g1", reset: true },
    { changes: [], token: "g2", reset: false },
    {
      changes: [{ id: GROUP, members: [{ id: ID, type: "user", removed: true }] }],
      token: "g3",
      reset: false,
    },
  ];
  const users = { changes: [], token: "u", reset: false };
  const graph = {
    tenantId: "tenant",
    directoryChanges: async () => ({ users, groups: members.shift() ?? { changes: [], token: "g", reset: false } }),
    userChanges: async () => users,
    findGroups: async () => [{ id: GROUP, displayName: "Agents" }],
    members: async () => [{ id: ID, userPrincipalName: "jane@example.com", accountEnabled: true }],
  };
  const sets = new SetRegistry();
  const woken: ObjectRef[] = [];
  const errors: unknown[] = [];
  const watch = watchDirectory({
    clouds: { graph: async () => graph } as unknown as Clouds,
    store,
    sets,
    now: () => Date.now(),
    intervalMs: 30_000,
    log: { error: (...line: unknown[]) => void errors.push(line) } as never,
    reactions: new Reactions(),
    wake: (ref) => void woken.push(ref),
  });
  await jest.advanceTimersByTimeAsync(1_000);
  // The set's own look, which names the group.
  const directory = sets.directoryOf(graph as never, () => Date.now());
  await directory.read([{ displayName: "Agents" }], { nested: false, maxAgeMs: 30_000 });
  woken.length = 0;
  await jest.advanceTimersByTimeAsync(30_000);
  expect(woken).toEqual([]);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(woken).toEqual([{ kind: "ConnectUserSet", namespace: "team", name: "staff" }]);
  expect(errors).toEqual([]);
  watch.close();
});
