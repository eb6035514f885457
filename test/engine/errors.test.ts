import { expect, test } from "@jest/globals";
import { announcements } from "../../src/engine/announcements.ts";
import { failureOf, isStalled } from "../../src/engine/errors.ts";
import { KubeApiError } from "../../src/runtime/errors.ts";

test("a status that changed while it was written is read again: no person is needed, and no event is made of it", () => {
  const failure = failureOf(new KubeApiError(409, "Conflict", "the object has been modified"));
  expect(failure).toMatchObject({ kind: "waiting", reason: "Pending", retryAfterMs: 1_000, classified: true });
  const { reason, message } = failure;
  expect(announcements([], [{ type: "Reconciling", status: "True", reason, message }])).toEqual([]);
  expect(isStalled(failure)).toBe(false);
});
