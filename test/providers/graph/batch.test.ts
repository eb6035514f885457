/** What is throttled inside a batch is sent again by itself, after the longest of the pauses that were asked for. */
import { describe, expect, test } from "@jest/globals";
import { readBatch } from "../../../src/providers/graph/batch.ts";
import { People } from "../../../src/providers/graph/people.ts";
import { createLimiter } from "../../../src/providers/limiter.ts";
import { clientOf, failure, json, withServer } from "./server.ts";

type Item = { id: string; url: string };
const itemsOf = (body: string) => (JSON.parse(body) as { requests: Item[] }).requests;
const refusal = ({ id }: Item, retryAfter: string, status = 429) => ({
  id,
  status,
  headers: { "Retry-After": retryAfter },
  body: failure(status === 429 ? "TooManyRequests" : "ServiceUnavailable", "later"),
});
const good = ({ id, url }: Item) => ({ id, status: 200, body: { id: url } });

describe("a batch", () => {
  test("those that were throttled or failed, or have no answer, are sent again, the others are not", async () => {
    await withServer(
      (request, response, count) => {
        const items = itemsOf(request.body);
        if (count > 1) return json(response, 200, { responses: items.map(good) });
        const [a, b, c, , e] = items as [Item, Item, Item, Item, Item];
        const gone = { id: e.id, status: 404, body: failure("Request_ResourceNotFound") };
        json(response, 200, { responses: [gone, refusal(b, "0"), good(a), refusal(c, "0", 503)] });
      },
      async ({ url, seen }) => {
        const answers = await readBatch(clientOf(url), ["/a", "/b", "/c", "/d", "/e"]);
        expect(answers.map((one) => [one?.status, one?.body?.id])).toEqual([
          [200, "/a"],
          [200, "/b"],
          [200, "/c"],
          [200, "/d"],
          [404, undefined],
        ]);
        expect(seen.map(({ body }) => itemsOf(body).map((item) => item.url))).toEqual([
          ["/a", "/b", "/c", "/d", "/e"],
          ["/b", "/c", "/d"],
        ]);
      },
    );
  });

  test("nobody reads until the longest of the pauses is over, and the rate is lower then", async () => {
    await withServer(
      (request, response, count) => {
        const items = itemsOf(request.body);
        const responses =
          count === 1 ? items.map((item, i) => refusal(item, i === 0 ? "0.3" : "0.1")) : items.map(good);
        json(response, 200, { responses });
      },
      async ({ url }) => {
        const limiter = createLimiter(() => ({ rate: 1_000, burst: 1_000 }));
        const client = clientOf(url, { limiter, limiterKey: "graph/t" });
        const before = Date.now();
        await readBatch(client, ["/a", "/b"]);
        expect(Date.now() - before).toBeGreaterThanOrEqual(290);
        expect(limiter.states()).toMatchObject([{ key: "graph/t/read", quota: { rate: 1_000 } }]);
        expect(limiter.states()[0]!.rate).toBeLessThan(600);
      },
    );
  });

  test("throttled for good, those who ask are told so, and when", async () => {
    await withServer(
      (request, response) => {
        json(response, 200, { responses: itemsOf(request.body).map((item) => refusal(item, "0")) });
      },
      async ({ url, seen }) => {
        const people = new People(clientOf(url));
        const asked = people.find("jane@x");
        await expect(asked).rejects.toMatchObject({ kind: "throttled", code: "TooManyRequests", status: 429 });
        expect(seen).toHaveLength(4);
      },
    );
  });
});
