import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type ListEnd, readList } from "../../src/runtime/list-reader.ts";
import type { KubeObject } from "../../src/runtime/port.ts";

/** Read in pieces of these lengths, over and over. */
async function read(
  text: string,
  lengths: number[] = [text.length + 1],
): Promise<{ items: KubeObject[]; end: ListEnd }> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const length = lengths[turn % lengths.length]!;
      yield bytes.subarray(at, at + length);
      at += length;
    }
  }
  const items: KubeObject[] = [];
  const reader = readList(chunks());
  for (;;) {
    const { value, done } = await reader.next();
    if (done) return { items, end: value };
    items.push(...value);
  }
}

const metadata = { resourceVersion: "7" };
const tricky = fc.constantFrom(
  '}],"items":[{',
  '"',
  "\\",
  '\\"',
  "Zoë 🙂",
  '"managedFields":[',
  '"conditions":[',
  "]",
  "{",
  "",
);
const value = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    tricky,
    fc.integer(),
    fc.constant(null),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom("conditions", "managedFields", "fieldsV1", "items", "metadata", "status", "a"),
      tie("json"),
    ),
  ),
})).json;
const part = fc.oneof(
  value,
  fc.dictionary(fc.constantFrom("managedFields", "conditions", "name", "uid"), value),
  fc.record({ managedFields: fc.array(value), name: tricky, conditions: fc.array(value, { maxLength: 2 }) }),
);
const item = fc.dictionary(fc.constantFrom("metadata", "spec", "status", "managedFields", "kind"), part);

describe("reading a list", () => {
  test("any list in any pieces is what JSON.parse makes of it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.constantFrom(undefined, 1),
        async (items, lengths, first, indent) => {
          const list = first ? { metadata, items } : { items, kind: "List", metadata };
          const found = await read(JSON.stringify(list, undefined, indent), lengths);
          expect(found.items).toEqual(items);
          expect(found.end).toEqual(metadata);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  const fieldsV1 = (key: string) => ({ "f:spec": { [key]: {} } });
  test.each([
    { what: "managedFields as the API server writes them are left out", key: "f:suspend", kept: false },
    { what: "a bracket in a quoted key", key: 'k:{"a]":1}', kept: true },
    { what: "the end of the list in a quoted key", key: '],"name":', kept: true },
  ])("$what: kept $kept", async ({ key, kept }) => {
    const managedFields = [{ apiVersion: "v1", fieldsV1: fieldsV1(key), manager: "kubectl" }];
    const spec = { note: '"managedFields":[{"apiVersion":' };
    const items = [{ metadata: { managedFields, name: "a" }, spec }];
    const found = await read(JSON.stringify({ items, metadata }), [7, 30]);
    expect(found.items).toEqual(kept ? items : [{ metadata: { name: "a" }, spec }]);
  });

  test.each([
    "",
    "{",
    "[]",
    "null",
    "{}",
    '{"items":[{}]}',
    '{"items":{},"metadata":{"resourceVersion":"7"}}',
    '{"items":[{"a":1}',
  ])("%j is no list", async (text) => {
    await expect(read(text)).rejects.toThrow(SyntaxError);
  });
});
