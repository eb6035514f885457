import { expect, test } from "@jest/globals";
import { share } from "../../src/runtime/sharing.ts";

const user = (name: string, message: string) =>
  JSON.parse(
    JSON.stringify({
      name,
      spec: { persona: "agents" },
      conditions: [{ type: "Ready", message }, { type: "Stalled" }],
    }),
  );

test("what two objects have in common is one copy, and neither changes", () => {
  const [first, second] = [user("a", "the user can sign in"), user("b", "the user is conflicted")];
  const kept = share(first, second) as typeof second;
  expect(kept).toBe(second);
  expect(kept).toEqual(user("b", "the user is conflicted"));
  expect(first).toEqual(user("a", "the user can sign in"));
  expect(kept.spec).toBe(first.spec);
  expect(kept.conditions[1]).toBe(first.conditions[1]);
  expect(kept.conditions[0]).not.toBe(first.conditions[0]);
});

test.each([
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: 1, b: 2 }, { a: 1 }],
  [[1, 2], [1]],
  [{ a: [] }, { a: {} }],
  [{ a: null }, { a: { b: 1 } }],
  [{ a: { b: 1 } }, { a: null }],
  [undefined, { a: 1 }],
])("after %j, %j stays what it is", (previous, current) => {
  const expected = structuredClone(current);
  expect(share(previous, current)).toEqual(expected);
  expect(share(previous, current)).not.toBe(previous);
});
