import type { ServerResponse } from "node:http";
import { expect, test } from "@jest/globals";
import { fetchMetadata } from "../../../src/providers/graph/federation-metadata.ts";
import { withServer } from "./server.ts";

type Answer = (request: unknown, to: ServerResponse) => void;

const ask = (answer: Answer, timeoutMs = 10_000) =>
  withServer(answer, ({ url }) => fetchMetadata(`${url}/metadata.xml`, timeoutMs));

test("the document is told byte by byte, its mark of the byte order included", async () => {
  expect(await ask((_, to) => to.end("\uFEFF<a>ß</a>"))).toBe("\uFEFF<a>ß</a>");
});

test.each<[string, Answer, object]>([
  ["not there yet", (_, to) => to.writeHead(404).end(), { kind: "waiting", message: /HTTP 404$/ }],
  ["a failure", (_, to) => to.writeHead(503).end(), { kind: "transient", status: 503, message: /HTTP 503$/ }],
  [
    "an answer that is cut",
    (_, to) => {
      to.writeHead(200, { "content-length": "100" }).write("<Entity");
      setTimeout(() => to.destroy(), 5);
    },
    { kind: "transient", message: /could not be read \(ECONNRESET\)$/ },
  ],
  [
    "elsewhere",
    (_, to) => to.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    { kind: "transient", message: /could not be read \(Redirect\)$/ },
  ],
  [
    "too large",
    (_, to) => to.end("x".repeat(1024 * 1024 + 1)),
    { kind: "terminal", reason: "MetadataRefused", message: /larger than 1 MiB$/ },
  ],
])("says what became of it: %s", async (_, answer, { message, ...fields }: { message?: RegExp }) => {
  await expect(ask(answer)).rejects.toMatchObject({ ...fields, message: expect.stringMatching(message!) as unknown });
});

test("silence ends with the time-out", async () => {
  await expect(ask(() => {}, 50)).rejects.toMatchObject({
    kind: "transient",
    message: expect.stringMatching(/could not be read \(TimeoutError\)$/) as unknown,
  });
});
