import { describe, expect, test } from "@jest/globals";
import { Assignments } from "../../../src/providers/graph/assignments.ts";
import { clientOf, json, withServer } from "./server.ts";

describe("assignments", () => {
  const row = (i: number) => ({
    id: `a${i}`,
    principalId: `p${i}`,
    principalType: "User",
    appRoleId: "r",
    resourceId: "s",
  });
  const list = (count: number) => ({ value: Array.from({ length: count }, (_, i) => row(i)) });

  test("own writes are believed over a list that lags, also one made before the first list", async () => {
    await withServer(
      (_, response) => json(response, 200, list(3)),
      async ({ url }) => {
        const assignments = new Assignments(clientOf(url), "s");
        assignments.wrote("a0", undefined);
        expect(await assignments.of("p0")).toEqual([]);
        assignments.wrote("a1", undefined);
        assignments.wrote("new", { ...row(9), id: "new", principalType: "User", principalDisplayName: null });
        for (const maxAgeMs of [60_000, 0]) {
          const ids = (await assignments.all({ maxAgeMs })).map(({ id }) => id);
          expect(ids.sort()).toEqual(["a2", "new"]);
        }
      },
    );
  });

  test("a sweep of removals touches each principal once", async () => {
    await withServer(
      (_, response) => json(response, 200, list(10_000)),
      async ({ url }) => {
        const assignments = new Assignments(clientOf(url), "s");
        await assignments.all();
        const started = performance.now();
        for (let i = 0; i < 5_000; i++) assignments.wrote(`a${i}`, undefined);
        // Searching every principal for each of them takes minutes.
        expect(performance.now() - started).toBeLessThan(2_000);
        expect(await assignments.all()).toHaveLength(5_000);
      },
    );
  });
});
