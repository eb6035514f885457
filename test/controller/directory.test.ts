/** Changes of people in Entra wake the users that they concern, and nobody else. */
import { afterEach, expect, jest, test } from "@jest/globals";
import { watchDirectory } from "../../src/controller/directory.ts";
import { INDEXES } from "../../src/controller/kinds.ts";
import type { Clouds } from "../../src/providers/clouds.ts";
import type { Changes, PersonChange } from "../../src/providers/graph/types.ts";
import { FolderStore } from "../../src/runtime/folder-store.ts";
import type { ObjectRef } from "../../src/runtime/port.ts";
import { persona, user } from "../e2e/support.ts";

const ID = "11111111-2222-4333-8444-555555555555";
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
    intervalMs: 30_000,
    log: { error: (...line: unknown[]) => void errors.push(line) } as never,
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
