import { expect, test } from "@jest/globals";
import type { KubeObject } from "../../src/runtime/port.ts";
import { slim } from "../../src/runtime/slim.ts";

const metadata = { name: "a", namespace: "ns", uid: "1", resourceVersion: "7" };
const object = (more: object, rest: object = {}) =>
  ({ apiVersion: "example.com/v1", kind: "Toy", metadata: { ...metadata, ...more }, ...rest }) as KubeObject;

test.each<[string, object, object]>([
  ["managed fields go", { managedFields: [{ manager: "kubectl" }] }, {}],
  ["labels of others go", { labels: { app: "x", "example.com/set": "s" } }, { labels: { "example.com/set": "s" } }],
  [
    "annotations of others go",
    {
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(250_000), "example.com/now": "1" },
    },
    { annotations: { "example.com/now": "1" } },
  ],
  [
    "a long value is cut",
    { annotations: { "example.com/now": "x".repeat(300) } },
    { annotations: { "example.com/now": "x".repeat(253) } },
  ],
  [
    "a value is never cut within a character",
    { annotations: { "example.com/now": `${"x".repeat(252)}😀` } },
    { annotations: { "example.com/now": `${"x".repeat(252)}\ufffd` } },
  ],
  [
    "deletion and finalizers stay",
    { deletionTimestamp: "t", finalizers: ["f"] },
    { deletionTimestamp: "t", finalizers: ["f"] },
  ],
  ["of thousands of finalizers few stay", { finalizers: Array(5_000).fill("f") }, { finalizers: Array(32).fill("f") }],
])("%s", (_, before, after) => expect(slim(object(before), "example.com").metadata).toEqual({ ...metadata, ...after }));

test("of thousands of annotations of our own few stay", () => {
  const annotations = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`example.com/${index}`, "x"]));
  expect(Object.keys(slim(object({ annotations }), "example.com").metadata.annotations!)).toHaveLength(32);
});

test.each([
  [10, true],
  [1_000, false],
])("a status of %d conditions of 100 characters is kept: %j", (count, kept) => {
  const status = { conditions: Array(count).fill({ type: "Ready", message: "x".repeat(100) }) };
  expect(slim(object({}, { status }), "example.com").status).toEqual(kept ? status : undefined);
});
