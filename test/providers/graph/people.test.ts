import { describe, expect, jest, test } from "@jest/globals";
import { People } from "../../../src/providers/graph/people.ts";
import { answerBatch, clientOf, failure, json, type Seen, withServer } from "./server.ts";

const delta = (url: string) => `${url}/v1.0/users/delta?$deltatoken=first`;
const isBatch = (request: Seen) => request.url.includes("$batch");

/** Enough users that a delta query is cheaper than asking for each. */
const fill = (people: People) => Promise.all(Array.from({ length: 150 }, (_, i) => people.find(`u${i}@x`)));

describe("users", () => {
  test("few are asked for by name, and a second question within the age costs nothing", async () => {
    await withServer(
      (request, response) => answerBatch(request, response),
      async ({ url, seen }) => {
        const people = new People(clientOf(url));
        await Promise.all(Array.from({ length: 20 }, (_, i) => people.find(`u${i}@x`)));
        expect(seen).toHaveLength(1);
        expect((await people.find("U1@X"))?.id).toBe("id-u1@x");
        expect(seen).toHaveLength(1);
      },
    );
  });

  test("three hundred to a call, and all who will be asked for with the first; a name that filters miss is asked for by itself", async () => {
    await withServer(
      (request, response) => {
        if (!isBatch(request)) return json(response, 200, { value: [], "@odata.deltaLink": delta(request.origin) });
        // The index has not got this one yet; the directory has.
        const filtered = request.body.includes("$filter");
        answerBatch(request, response, { "nobody@x": undefined, ...(filtered ? { "u7@x": undefined } : {}) });
      },
      async ({ url, seen }) => {
        const people = new People(clientOf(url));
        const names = [...Array.from({ length: 899 }, (_, i) => `u${i}@x`), "nobody@x"];
        const among = () => names;
        expect((await people.find("u7@x", {}, among))?.id).toBe("id-u7@x");
        // The changes from now on, three batches of filters, one batch of names.
        expect(seen).toHaveLength(1 + 3 + 1);
        expect(seen[0]!.url).toContain("$deltatoken=latest");
        expect(await Promise.all(names.map((name) => people.find(name, {}, among)))).toHaveLength(900);
        expect(await people.find("nobody@x", {}, among)).toBeUndefined();
        expect(seen).toHaveLength(5);
      },
    );
  });

  test("whoever nobody asks for any more is forgotten", async () => {
    const clock = jest.spyOn(Date, "now");
    const start = Date.now();
    const hours = (count: number) => clock.mockReturnValue(start + count * 3_600_000);
    const kept = { maxAgeMs: Number.POSITIVE_INFINITY };
    try {
      await withServer(
        (request, response) => answerBatch(request, response),
        async ({ url, seen }) => {
          const people = new People(clientOf(url));
          await fill(people);
          hours(47);
          await people.find("u1@x", kept);
          hours(49);
          await people.find("new@x", kept);
          const before = seen.length;
          await people.find("u1@x", kept);
          await people.find("new@x", kept);
          expect(seen).toHaveLength(before);
          await people.find("u2@x", kept);
          expect(seen).toHaveLength(before + 1);
        },
      );
    } finally {
      clock.mockRestore();
    }
  });

  test("names that cannot be told fail those who ask, and nothing else", async () => {
    const among = () => {
      throw new TypeError("no names");
    };
    await withServer(
      (request, response) => answerBatch(request, response),
      async ({ url }) => {
        const people = new People(clientOf(url));
        await expect(people.find("u1@x", {}, among)).rejects.toThrow("no names");
        expect((await people.find("u1@x"))?.id).toBe("id-u1@x");
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
        setImmediate(() => json(response, 200, { value: [], "@odata.deltaLink": delta(request.origin) }));
      },
      async ({ url }) => {
        const people = new People(clientOf(url));
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
    { status: 503, asked: ["latest", "first", "first"] },
    { status: 410, code: "resyncRequired", asked: ["latest", "first", "latest"] },
    { status: 410, code: "syncStateNotFound", asked: ["latest", "first", "latest"] },
    // After seven days, in the words of the documents "a 40X-series error".
    { status: 400, code: "syncStateNotFound", asked: ["latest", "first", "latest"] },
    { status: 404, code: "SyncStateNotFound", asked: ["latest", "first", "latest"] },
    { status: 400, code: "Request_BadRequest", asked: ["latest", "first", "first"] },
  ])("$status $code on a delta token: what is asked next", async ({ status, code = "x", asked }) => {
    await withServer(
      (request, response) => {
        if (isBatch(request)) return answerBatch(request, response);
        if (request.url.includes("=first")) return json(response, status, failure(code));
        json(response, 200, { value: [], "@odata.deltaLink": delta(request.origin) });
      },
      async ({ url, seen }) => {
        const people = new People(clientOf(url, { attempts: 1 }));
        await fill(people);
        const ask = () => Promise.resolve(people.find("u1@x", { maxAgeMs: 0 })).catch(() => undefined);
        await ask();
        await ask();
        if (!asked[2]!.startsWith("latest")) await ask();
        const deltas = seen.filter((request) => !isBatch(request)).map((request) => request.url);
        expect(deltas).toEqual(asked.map((token) => expect.stringContaining(`$deltatoken=${token}`)));
      },
    );
  });

  test("whoever was removed is gone, under both names; whoever changed is changed; others of the tenant stay unknown", async () => {
    await withServer(
      (request, response) => {
        if (isBatch(request)) return answerBatch(request, response);
        const value = request.url.includes("=first")
          ? [
              { id: "id-u1@x", "@removed": { reason: "changed" } },
              { id: "id-u2@x", "@removed": { reason: "deleted" } },
              { id: "id-u3@x", userPrincipalName: "u3@x", accountEnabled: false },
              { id: "stranger", userPrincipalName: "stranger@x" },
            ]
          : [];
        json(response, 200, { value, "@odata.deltaLink": delta(request.origin) });
      },
      async ({ url, seen }) => {
        const people = new People(clientOf(url));
        await fill(people);
        // The first look begins the changes, the second reads them.
        for (let i = 0; i < 2; i++) await people.find("u4@x", { maxAgeMs: 0 });
        const before = seen.length;
        for (const gone of ["u1@x", "id-u1@x", "u2@x", "id-u2@x"]) expect(await people.find(gone)).toBeUndefined();
        expect(await people.find("u3@x")).toMatchObject({ accountEnabled: false });
        expect(seen).toHaveLength(before);
        expect(await people.find("stranger@x")).toMatchObject({ id: "id-stranger@x" });
        expect(seen).toHaveLength(before + 1);
      },
    );
  });

  test("after a rename the old name is nobody's, and the new one is known without asking", async () => {
    let renamed = false;
    await withServer(
      (request, response) => {
        if (isBatch(request))
          return answerBatch(request, response, {
            "u1@x": renamed ? undefined : { id: "id-u1@x", userPrincipalName: "u1@x" },
          });
        renamed = request.url.includes("=first");
        const value = renamed ? [{ id: "id-u1@x", userPrincipalName: "new@x" }] : [];
        json(response, 200, { value, "@odata.deltaLink": delta(request.origin) });
      },
      async ({ url, seen }) => {
        const people = new People(clientOf(url));
        await fill(people);
        await people.find("u1@x", { maxAgeMs: 0 });
        expect(await people.find("u1@x", { maxAgeMs: 0 })).toBeUndefined();
        const before = seen.length;
        expect((await people.find("new@x"))?.id).toBe("id-u1@x");
        expect(seen).toHaveLength(before);
      },
    );
  });
});
