import { expect, test } from "@jest/globals";
import { failureOf, isStalled } from "../../src/engine/errors.ts";
import { KubeApiError } from "../../src/runtime/errors.ts";

test("a status that changed while it was written is read again, and needs no person", () => {
  const failure = failureOf(new KubeApiError(409, "Conflict", "the object has been modified"));
  expect(failure).toMatchObject({ kind: "transient", reason: "Conflict", classified: true });
  expect(isStalled(failure)).toBe(false);
});
