import { describe, expect, test } from "@jest/globals";
import { Assignments, People } from "../../../src/providers/graph/people.ts";
import { answerBatch, clientOf, failure, json, type Seen, withServer } from "./server.ts";

const delta = (url: string) => `${url}/v1.0/users/delta?$deltatoken=first`;
const isBatch = (request: Seen) => request.url.includes("$batch");

/** Enough users that a delta query is cheaper than asking for each. */
const fill = (people: People) => Promise.all(Array.from({ length: 150 }, (_, i) => people.find(`u${i}@x`)));

describe("users", () => {
  test("twenty to a batch, and a second question within the age costs nothing", async () => {
    await withServer(
      (request, response) => answerBatch(request, response),
      async ({ url, seen }) => {
        const people = new People(clientOf(url));
        await Promise.all(Array.from({ length: 21 }, (_, i) => people.find(`u${i}@x`)));
        expect(seen).toHaveLength(2);
        expect((await people.find("U1@X"))?.id).toBe("id-u1@x");
        expect(seen).toHaveLength(2);
      },
    );
  });

  test("one caller's abort is that caller's alone", async () => {
    const abort = new AbortController();
    await withServer(
      (request, response) => {
        if (isBatch(request)) return answerBatch(request, response);
        abort.abort();
        // Answered after the abort has gone round.
        setImmediate(() => json(response, 200, { value: [], "@odata.deltaLink": delta("http://elsewhere") }));
      },
      async ({ url }) => {
        const client = clientOf(url);
        client.relative = () => "/users/delta?$deltatoken=first";
        const people = new People(client);
        await fill(people);
        const [left, stayed] = await Promise.allSettled([
          people.find("u1@x", { maxAgeMs: 0, signal: abort.signal }),
          people.find("u2@x", { maxAgeMs: 0 }),
        ]);
        expect(left.status).toBe("rejected");
        expect(stayed).toMatchObject({ status: "fulfilled", value: { id: "id-u2@x" } });
      },
    );
  });

  test.each([
    { status: 503, asked: ["/v1.0/users/delta?$select", "$deltatoken=first", "$deltatoken=first"] },
    { status: 410, asked: ["/v1.0/users/delta?$select", "$deltatoken=first", "/v1.0/users/delta?$select"] },
  ])("$status on a delta token: what is asked next", async ({ status, asked }) => {
    let url = "";
    await withServer(
      (request, response) => {
        if (isBatch(request)) return answerBatch(request, response);
        if (request.url.includes("deltatoken")) return json(response, status, failure("x"));
        json(response, 200, { value: [], "@odata.deltaLink": delta(url) });
      },
      async (server) => {
        url = server.url;
        const people = new People(clientOf(url, { attempts: 1 }));
        await fill(people);
        const ask = () => people.find("u1@x", { maxAgeMs: 0 }).catch(() => undefined);
        await ask();
        await ask();
        if (status !== 410) await ask();
        const deltas = server.seen.filter((request) => !isBatch(request)).map((request) => request.url);
        expect(deltas).toEqual(asked.map((part) => expect.stringContaining(part)));
      },
    );
  });

  test("after a rename the old name is nobody's", async () => {
    let url = "";
    let renamed = false;
    await withServer(
      (request, response) => {
        if (isBatch(request)) return answerBatch(request, response, renamed ? { "u1@x": undefined } : {});
        renamed = true;
        const value = [{ id: "id-u1@x", userPrincipalName: "new@x" }];
        json(response, 200, { value, "@odata.deltaLink": delta(url) });
      },
      async (server) => {
        url = server.url;
        const people = new People(clientOf(url));
        await fill(people);
        expect(await people.find("u1@x", { maxAgeMs: 0 })).toBeUndefined();
        expect((await people.find("new@x"))?.id).toBe("id-u1@x");
      },
    );
  });
});

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
