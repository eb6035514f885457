import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, test } from "@jest/globals";
import { exchange, TooLarge } from "../../../src/providers/graph/http.ts";

const LIMIT = 1_000;
const gzip = { "content-encoding": "gzip" };

async function ask(answer: RequestListener, signal = AbortSignal.timeout(10_000)) {
  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a?b=c`;
    return await exchange(url, { method: "POST", body: "häß", signal, limit: LIMIT });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test.each<[string, RequestListener, number, string]>([
  ["as it is", (_, to) => to.end("plain"), 200, "plain"],
  ["compressed", (_, to) => to.writeHead(200, gzip).end(gzipSync("small")), 200, "small"],
  ["an error with a body", (_, to) => to.writeHead(403).end("no"), 403, "no"],
  ["nothing", (_, to) => to.writeHead(204, gzip).end(), 204, ""],
])("reads a body: %s", async (_, answer, status, text) => {
  const { status: answered, body } = await ask(answer);
  expect([answered, body.toString("utf8")]).toEqual([status, text]);
});

test("sends path, query and a body of so many bytes", async () => {
  let seen: unknown[] = [];
  await ask((request, to) => {
    seen = [request.method, request.url, request.headers["content-length"]];
    to.end();
  });
  expect(seen).toEqual(["POST", "/a?b=c", "5"]);
});

test.each<[string, RequestListener, object]>([
  ["more bytes than the limit", (_, to) => to.end("x".repeat(LIMIT + 1)), expect.any(TooLarge) as object],
  [
    "few bytes that become many",
    (_, to) => to.writeHead(200, gzip).end(gzipSync("x".repeat(LIMIT + 1))),
    expect.any(TooLarge) as object,
  ],
  ["a redirect", (_, to) => to.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), { code: "Redirect" }],
  ["what is no gzip", (_, to) => to.writeHead(200, gzip).end("plain"), { code: "Z_DATA_ERROR" }],
  [
    "half of it",
    (_, to) => to.writeHead(200, gzip).end(gzipSync("x".repeat(500)).subarray(0, 15)),
    { code: "Z_BUF_ERROR" },
  ],
  [
    "a connection that is cut",
    (_, to) => {
      to.writeHead(200, { "content-length": "10" }).write("x");
      setTimeout(() => to.destroy(), 5);
    },
    { code: "ECONNRESET" },
  ],
  ["no answer", (request) => request.socket.destroy(), { code: "ECONNRESET" }],
])("refuses %s", async (_, answer, error) => {
  await expect(ask(answer)).rejects.toEqual(
    "asymmetricMatch" in error ? error : (expect.objectContaining(error) as unknown),
  );
});

test.each<[string, RequestListener]>([
  ["before the answer", () => {}],
  ["in the middle of it", (_, to) => void to.writeHead(200, { "content-length": "10" }).write("x")],
])("ends with the signal's reason %s", async (_, answer) => {
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 50);
  await expect(ask(answer, controller.signal)).rejects.toBe(reason);
});
