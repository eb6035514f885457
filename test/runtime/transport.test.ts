/** One request after the other against a scripted API server: what is repeated, what never is, and what the caller is told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Clock } from "../../src/runtime/clock.ts";
import { KubeApiError } from "../../src/runtime/errors.ts";
import { type Method, Transport } from "../../src/runtime/transport.ts";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const status = (code: number, body: object = {}, headers: Record<string, string> = {}): Answer => {
  return (response) => response.writeHead(code, headers).end(JSON.stringify({ kind: "Status", code, ...body }));
};
const good: Answer = (response) => response.end('{"kind":"Toy"}');
const text =
  (body: string): Answer =>
  (response) =>
    response.end(body);
const cut: Answer = (response) => response.destroy();
const truncated: Answer = (response) =>
  response.writeHead(200, { "content-length": "100" }).write('{"kind":"T', () => response.destroy());

let server: Server;
let transport: Transport;
let script: Answer[];
let asked: string[];
/** What was waited, in milliseconds. */
let waits: number[];
/** Whether credentials were read anew, once for each attempt. */
let refreshed: boolean[];

/** Waits for nothing, and remembers for how long it would have. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, ms) {
    waits.push(ms);
    const now = setImmediate(callback);
    return () => clearImmediate(now);
  },
};

beforeEach(async () => {
  [script, asked, waits, refreshed] = [[], [], [], []];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.headers.authorization}`);
    (script.shift() ?? good)(response, request);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  transport = new Transport({
    clock,
    access: async (refresh) => {
      refreshed.push(refresh);
      const token = refreshed.filter(Boolean).length;
      return { server: address, tls: {}, headers: { authorization: `token-${token}` } };
    },
  });
});
afterEach(async () => {
  await transport.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const send = (method: Method, contentType?: string) =>
  transport.request(method, "/toys", {
    ...(method === "GET" ? {} : { body: {} }),
    ...(contentType ? { contentType } : {}),
  });
const code = (result: Promise<unknown>) =>
  result.then(
    () => "answered",
    (error: unknown) => (error instanceof KubeApiError ? error.code : "no answer"),
  );

describe("what is asked again", () => {
  test.each<[string, Answer]>([
    ["503", status(503)],
    ["a cut connection", cut],
    ["an answer that ends early", truncated],
    ["an answer that is not JSON", text("<html>")],
    ["an empty answer", text("")],
  ])("after %s: what changes nothing, or twice no more than once", async (_, answer) => {
    for (const [method, type, again] of [
      ["GET", undefined, true],
      ["PUT", undefined, true],
      ["DELETE", undefined, true],
      ["PATCH", "application/merge-patch+json", true],
      ["PATCH", "application/json-patch+json", false],
      ["POST", undefined, false],
    ] as const) {
      script = [answer];
      asked = [];
      expect([method, type, (await code(send(method, type))) === "answered"]).toEqual([method, type, again]);
      expect(asked).toHaveLength(again ? 2 : 1);
    }
  });

  test("429 was not carried out: every verb asks again, as late as it was told", async () => {
    script = [status(429, {}, { "retry-after": "3" }), status(429, { details: { retryAfterSeconds: 2 } })];
    expect(await code(send("POST"))).toBe("answered");
    expect(waits[0]).toBeGreaterThanOrEqual(3_000);
    expect(waits[1]).toBeGreaterThanOrEqual(2_000);
  });

  test("a Retry-After that is too long is the caller's affair", async () => {
    script = [status(429, {}, { "retry-after": "60" })];
    await expect(send("GET")).rejects.toMatchObject({ code: 429, retryAfterMs: 60_000 });
    expect(asked).toHaveLength(1);
  });

  test("never for ever", async () => {
    script = Array.from({ length: 10 }, () => status(503));
    expect(await code(send("GET"))).toBe(503);
    expect(asked).toHaveLength(4);
  });
});

describe("an expired token", () => {
  test("is read anew, once, and the request is sent again", async () => {
    script = [status(401)];
    expect(await code(send("POST"))).toBe("answered");
    expect(asked).toEqual(["POST token-0", "POST token-1"]);
    expect(refreshed).toEqual([false, true]);
  });

  test("that stays refused is told", async () => {
    script = [status(401), status(401), status(401)];
    expect(await code(send("GET"))).toBe(401);
    expect(asked).toHaveLength(2);
  });

  test("of a watch is read anew as well", async () => {
    script = [status(401), text("line\n")];
    const body = await transport.stream("/toys", { signal: new AbortController().signal });
    let read = "";
    for await (const chunk of body) read += chunk.toString();
    expect([read, refreshed]).toEqual(["line\n", [false, true]]);
  });
});

test("a caller who leaves is let go at once, whatever the server does", async () => {
  const leave = new AbortController();
  script = [() => leave.abort(new Error("left"))];
  await expect(transport.request("GET", "/toys", { signal: leave.signal })).rejects.toThrow("left");
  expect(asked).toHaveLength(1);
});

test("when one connection went silent, those that wait are not trusted either", async () => {
  // Five at the same time are five connections, which then wait for the next request.
  const held: ServerResponse[] = [];
  script = Array.from({ length: 5 }, () => (response) => {
    held.push(response);
    if (held.length === 5) for (const one of held) good(one, one.req);
  });
  await Promise.all(Array.from({ length: 5 }, () => send("GET")));
  const old = new Set(held.map(({ req }) => req.socket.remotePort));
  // None of them is heard any more, as after a firewall has lost its state.
  const silent: Answer = (response, request) => void (old.has(request.socket.remotePort) || good(response, request));
  script = Array.from({ length: 5 }, () => silent);
  asked = [];
  expect(await code(transport.request("GET", "/toys", { timeoutMs: 300 }))).toBe("answered");
  expect(asked).toHaveLength(2);
});

test("what a proxy says in between is no part of the error", async () => {
  script = [(response) => response.writeHead(403).end("<html>secret</html>")];
  await expect(send("GET")).rejects.toThrow(/^GET \/toys: 403$/);
});
