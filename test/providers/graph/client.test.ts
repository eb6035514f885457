import { describe, expect, test } from "@jest/globals";
import { createBreaker } from "../../../src/providers/breaker.ts";
import { type CallRecord, CloudError } from "../../../src/providers/errors.ts";
import { createTenant } from "../../../src/providers/graph/tenant.ts";
import { createLimiter } from "../../../src/providers/limiter.ts";
import { clientOf, failure, json, withServer } from "./server.ts";

const batch = { method: "POST", path: "/$batch", body: { requests: [] }, reads: true } as const;
const read = { method: "GET", path: "/x" } as const;

describe("attempts", () => {
  test.each([429, 503])("$batch only reads: tried again after %i, and no write in the metrics", async (status) => {
    const calls: CallRecord[] = [];
    await withServer(
      (_, response, count) => json(response, count < 3 ? status : 200, { responses: [] }),
      async ({ url, seen }) => {
        await clientOf(url, { onCall: (call) => calls.push(call) }).send(batch);
        expect(seen).toHaveLength(3);
        expect(calls.map(({ write }) => write)).toEqual([false, false, false]);
      },
    );
  });

  test("a $batch that keeps failing leaves nothing unknown", async () => {
    await withServer(
      (_, response) => json(response, 503, failure("ServiceUnavailable")),
      async ({ url, seen }) => {
        await expect(clientOf(url).send(batch)).rejects.toMatchObject({ kind: "transient", outcomeUnknown: false });
        expect(seen).toHaveLength(4);
      },
    );
  });

  test("a POST that creates goes out once, and its outcome is unknown after a 503", async () => {
    await withServer(
      (_, response) => json(response, 503, failure("ServiceUnavailable")),
      async ({ url, seen }) => {
        const tenant = createTenant({ tenantId: "t", token: async () => "", client: clientOf(url), loginUrl: url });
        await expect(tenant.instantiate("template", "name")).rejects.toMatchObject({ outcomeUnknown: true });
        expect(seen).toHaveLength(1);
      },
    );
  });

  test("waits as long as Retry-After says, decimals included", async () => {
    const waited: number[] = [];
    await withServer(
      (_, response, count) => json(response, count < 2 ? 429 : 200, {}, { "retry-after": "2.128" }),
      async ({ url }) => {
        await clientOf(url, { sleep: async (ms) => void waited.push(ms) }).send(read);
        expect(waited).toEqual([2128]);
      },
    );
  });
});

describe("limits", () => {
  test("a token that never comes ends with the time-out, and nothing was sent", async () => {
    await withServer(
      (_, response) => json(response, 200, {}),
      async ({ url, seen }) => {
        const client = clientOf(url, { token: () => new Promise(() => {}), timeoutMs: 20 });
        const error = await client.send({ ...read, method: "PATCH", body: {} }).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ kind: "transient", outcomeUnknown: false });
        expect(seen).toHaveLength(0);
      },
    );
  });

  test("a refusal of the token source stays what it is", async () => {
    const refusal = new CloudError("no", { kind: "terminal", reason: "EntraCredentials", code: "EntraCredentials" });
    const client = clientOf("http://127.0.0.1:1", { token: () => Promise.reject(refusal) });
    await expect(client.send(read)).rejects.toBe(refusal);
  });

  test("an answer above 32 MiB is refused and not asked for again", async () => {
    const mebibyte = Buffer.alloc(1024 * 1024, " ");
    await withServer(
      async (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        for (let sent = 0; sent <= 32 && !response.destroyed; sent++) response.write(mebibyte);
        response.end("{}");
      },
      async ({ url, seen }) => {
        await expect(clientOf(url).send(read)).rejects.toMatchObject({ kind: "terminal", code: "ResponseTooLarge" });
        expect(seen).toHaveLength(1);
      },
    );
  });

  test("a next link that leads elsewhere is refused: it would carry the token away", async () => {
    await withServer(
      (_, response) => json(response, 200, { value: [], "@odata.nextLink": "https://elsewhere.example/v1.0/x" }),
      async ({ url }) => {
        await expect(clientOf(url).list(read.path)).rejects.toMatchObject({ code: "ForeignLink" });
      },
    );
  });
});

describe("tenant", () => {
  test.each([
    { code: "CredentialValidationFailure", valid: false },
    { code: "InvalidCredentials", valid: false },
  ])("$code means that the credentials are refused", async ({ code, valid }) => {
    await withServer(
      (_, response) => json(response, 400, failure(code)),
      async ({ url }) => {
        const tenant = createTenant({ tenantId: "t", token: async () => "", client: clientOf(url), loginUrl: url });
        const answer = await tenant.validateSyncCredentials("s", "j", { accessKeyId: "a", secretAccessKey: "b" });
        expect(answer).toBe(valid);
      },
    );
  });

  test("any other 400 is about our request, and shows", async () => {
    await withServer(
      (_, response) => json(response, 400, failure("BadRequest", "Resource not found for the segment 'x'.")),
      async ({ url }) => {
        const tenant = createTenant({ tenantId: "t", token: async () => "", client: clientOf(url), loginUrl: url });
        const keys = { accessKeyId: "a", secretAccessKey: "b" };
        await expect(tenant.validateSyncCredentials("s", "j", keys)).rejects.toMatchObject({ code: "BadRequest" });
      },
    );
  });

  test("members of a group are remembered for maxAgeMs, and asked for afresh without it", async () => {
    await withServer(
      (_, response) => json(response, 200, { value: [{ id: "u" }] }),
      async ({ url, seen }) => {
        const tenant = createTenant({ tenantId: "t", token: async () => "", client: clientOf(url), loginUrl: url });
        expect(await tenant.groupMemberIds("g", { maxAgeMs: 60_000 })).toEqual(["u"]);
        expect(await tenant.groupMemberIds("g", { maxAgeMs: 60_000 })).toEqual(["u"]);
        expect(seen).toHaveLength(1);
        await tenant.groupMemberIds("g");
        expect(seen).toHaveLength(2);
      },
    );
  });
});

test("a service that answers 503 to everything is left alone, and whoever asks is told at once", async () => {
  await withServer(
    (_, response) => json(response, 503, failure("ServiceUnavailable")),
    async ({ url, seen }) => {
      const breaker = createBreaker("Microsoft Graph of tenant t", { threshold: 4 });
      const client = clientOf(url, { breaker });
      await client.send(read).catch(() => undefined);
      expect(seen).toHaveLength(4);
      await expect(client.send(read)).rejects.toMatchObject({ reason: "CircuitOpen", kind: "transient" });
      expect(seen).toHaveLength(4);
      expect(breaker.state()).toMatchObject({ state: "open", message: expect.stringContaining("ServiceUnavailable") });
    },
  );
});

test.each([403, 503])("a probe that is answered with %s reads like every other refusal", async (status) => {
  await withServer(
    (_, response) => json(response, status, failure("Refused")),
    async ({ url, seen }) => {
      const breaker = createBreaker("Microsoft Graph of tenant t", { threshold: 1, pauseMs: 1, maxPauseMs: 1 });
      const client = clientOf(url, { breaker });
      await client.send(read).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 10));
      const before = seen.length;
      await expect(client.send(read)).rejects.toMatchObject({ reason: "CircuitOpen", kind: "transient" });
      expect(seen).toHaveLength(before + 1);
    },
  );
});

test("what batches hold counts in the read bucket, writes have one of their own", async () => {
  await withServer(
    (_, response) => json(response, 200, {}),
    async ({ url }) => {
      const limiter = createLimiter(() => ({ rate: 1, burst: 100 }));
      const client = clientOf(url, { limiter, limiterKey: "graph/t" });
      await client.send({ ...batch, cost: 20 });
      await client.send({ ...read, method: "PATCH", body: {} });
      expect(limiter.states().map(({ key }) => key)).toEqual(["graph/t/read", "graph/t/write"]);
    },
  );
});
