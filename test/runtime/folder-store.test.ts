import { describe, expect, test } from "@jest/globals";
import { FolderStore } from "../../src/runtime/folder-store.ts";
import { mergeApplied } from "../../src/runtime/merge-applied.ts";

describe("fields of one manager", () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>, Record<string, unknown>, object[], object]>([
    ["are added", { a: 1 }, {}, { b: 2 }, [], { a: 1, b: 2 }],
    ["are replaced", { a: 1 }, { a: 1 }, { a: 2 }, [], { a: 2 }],
    ["are removed when left out", { a: 1, b: 2 }, { a: 1 }, {}, [], { b: 2 }],
    ["stay when another applies them too", { a: 1 }, { a: 1 }, {}, [{ a: 1 }], { a: 1 }],
    ["are removed one by one within an object", { m: { a: 1, b: 2 } }, { m: { a: 1 } }, { m: {} }, [], { m: { b: 2 } }],
    [
      "leave what others have in an object",
      { m: { a: 1, b: 2 } },
      { m: { a: 1 } },
      {},
      [{ m: { b: 2 } }],
      { m: { b: 2 } },
    ],
    ["leave no empty object", { m: { a: 1 } }, { m: { a: 1 } }, {}, [], {}],
    ["replace lists whole", { l: [1, 2] }, { l: [1, 2] }, { l: [2] }, [], { l: [2] }],
  ])("%s", (_, current, previous, next, others, expected) => {
    expect(mergeApplied(current, previous, next, others as Record<string, unknown>[])).toEqual(expected);
  });
});

test("dependents go with their owner, and theirs with them", async () => {
  const store = new FolderStore({ Set: {}, User: {} });
  const make = (kind: string, name: string, owners: object[] = []) =>
    store.serverSideApply(
      { apiVersion: "v1", kind, metadata: { name, namespace: "team", ownerReferences: owners as never }, spec: {} },
      "test",
    );
  const reference = ({ kind, metadata }: Awaited<ReturnType<typeof make>>) => ({
    apiVersion: "v1",
    kind,
    name: metadata.name,
    uid: metadata.uid,
  });
  const set = await make("Set", "agents");
  const user = await make("User", "jane", [reference(set)]);
  await make("User", "phone", [reference(user)]);
  await make("User", "other");
  await store.remove(set);
  expect(store.list("User").map(({ metadata }) => metadata.name)).toEqual(["other"]);
});

test("every change is told once, with what was before and whether it was an own write", async () => {
  const store = new FolderStore({ User: {} });
  const seen: string[] = [];
  store.onChange(({ before, after, own }) => {
    seen.push(`${before ? "was" : "-"} ${after ? "is" : "-"} ${own ? "own" : "other"}`);
  });
  const input = { apiVersion: "v1", kind: "User", metadata: { name: "jane", namespace: "team" }, spec: {} };
  store.apply(input);
  store.apply(input);
  const jane = store.get("User", "team", "jane")!;
  await store.addFinalizer(jane, "f");
  await store.updateStatus(jane, { ready: true });
  store.delete({ kind: "User", namespace: "team", name: "jane" });
  await store.removeFinalizer(jane, "f");
  expect(seen).toEqual(["- is other", "was is own", "was is own", "was is other", "was - own"]);
});

test("an annotation is no longer than what a status may repeat of it, and stays so when it is applied again", () => {
  const store = new FolderStore({ User: {} });
  let changes = 0;
  store.onChange(() => void changes++);
  const metadata = { name: "jane", namespace: "team", annotations: { "example.com/now": "x".repeat(300) } };
  for (let turn = 0; turn < 2; turn++) store.apply({ apiVersion: "v1", kind: "User", metadata, spec: {} });
  expect(changes).toBe(1);
  store.annotate({ kind: "User", namespace: "team", name: "jane" }, { "example.com/then": "y".repeat(300) });
  expect(Object.values(store.get("User", "team", "jane")!.metadata.annotations!).map(({ length }) => length)).toEqual([
    253, 253,
  ]);
});
