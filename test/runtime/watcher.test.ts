import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ObjectCache } from "../../src/runtime/cache.ts";
import type { Change } from "../../src/runtime/changes.ts";
import { KubeClient } from "../../src/runtime/client.ts";
import { Transport } from "../../src/runtime/transport.ts";
import { Watcher } from "../../src/runtime/watcher.ts";

const TOYS = { group: "example.com", version: "v1", plural: "toys", kind: "Toy" };
const PATH = "/apis/example.com/v1/toys";
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const toy = (name: string, resourceVersion: number, uid = `uid-${name}`) => ({
  metadata: { name, namespace: "ns", uid, resourceVersion: String(resourceVersion) },
});
const list = (resourceVersion: number, items: object[], token?: string) => ({
  items,
  metadata: { resourceVersion: String(resourceVersion), ...(token ? { continue: token } : {}) },
});
const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

/** One answer each, in order; what comes after the last is a watch that stays open. */
type Answer = (response: ServerResponse, query: URLSearchParams) => void;
const json =
  (body: object, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
const stream =
  (...lines: string[]): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const line of lines) response.write(line);
  };
const ended =
  (...lines: string[]): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(lines.join(""));
  };
const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };

let server: Server;
let transport: Transport;
let watcher: Watcher | undefined;
let script: Answer[];
/** What the server says of its version; it does not say when undefined. */
let minor: string | undefined;
/** What was asked: `list` (a page), `list <token>`, `list all` or `watch <resourceVersion>`. */
let asked: string[];
let told: string[];
let cache: ObjectCache;
let wake: () => void;

beforeEach(async () => {
  script = [];
  minor = undefined;
  asked = [];
  told = [];
  wake = () => {};
  server = createServer((request: IncomingMessage, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://x");
    if (pathname === "/version" && minor) return json({ major: "1", minor })(response, searchParams);
    if (pathname !== PATH) return void response.writeHead(404).end();
    const watching = searchParams.get("watch") === "true";
    const page = searchParams.has("limit") ? (searchParams.get("continue") ?? "") : "all";
    asked.push(watching ? `watch ${searchParams.get("resourceVersion")}` : `list ${page}`.trim());
    const next = script.shift() ?? (watching ? stream() : json({}, 500));
    next(response, searchParams);
    wake();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  transport = new Transport({ access: async () => ({ server: url, tls: {}, headers: {} }), attempts: 1 });
  cache = new ObjectCache({
    group: TOYS.group,
    onChange({ before, after, own }: Change) {
      const what = after ? (before ? "changed" : "new") : "gone";
      told.push(`${what} ${(after ?? before)!.metadata.name}${own ? " own" : ""}`);
      wake();
    },
  });
});
afterEach(async () => {
  await watcher?.stop();
  watcher = undefined;
  await transport.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

function watch(idleMs = 10_000): void {
  watcher = new Watcher({
    client: new KubeClient(transport),
    resource: TOYS,
    cache,
    log: quiet,
    idleMs,
    backoffMs: { base: 1, max: 5 },
    onSynced: () => wake(),
  });
  watcher.start();
}

/** Looked at whenever the server was asked or the cache told something. */
function until(holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    wake = () => holds() && resolve();
    wake();
  });
}
const names = () => cache.list().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);

/** Compressed, whole or its first `bytes` bytes, whatever the client said that it takes. */
const gzipped =
  (body: object, bytes?: number): Answer =>
  (response) => {
    const text = gzipSync(JSON.stringify(body));
    const headers = { "content-type": "application/json", "content-encoding": "gzip", "content-length": text.length };
    response.writeHead(200, headers);
    response.write(text.subarray(0, bytes), () => bytes !== undefined && response.destroy());
  };

describe("a server that lists from its cache", () => {
  beforeEach(() => {
    minor = "31+";
  });

  test("is asked for all at once", async () => {
    script = [json(list(7, [toy("a", 1), toy("b", 2)]))];
    watch();
    await until(() => asked.length === 2);
    expect(asked).toEqual(["list all", "watch 7"]);
    expect(names()).toEqual(["a@1", "b@2"]);
  });

  test("may compress its answer", async () => {
    script = [gzipped(list(7, [toy("a", 1)]))];
    watch();
    await until(() => asked.includes("watch 7"));
    expect(names()).toEqual(["a@1"]);
  });

  test.each<[string, Answer]>([
    ["is cut", ended(JSON.stringify(list(7, [toy("a", 1), toy("b", 2)])).slice(0, -30))],
    ["is cut while it is compressed", gzipped(list(7, [toy("a", 1), toy("b", 2)]), 60)],
    ["is no list", json({ kind: "Toy", metadata: { resourceVersion: "7" } })],
    ["has no version", json({ items: [toy("a", 1)] })],
    ["is no JSON", ended("<html>")],
  ])("is asked again when its list %s, and nothing of it is shown", async (_, answer) => {
    script = [answer, json(list(9, [toy("c", 3)]))];
    watch();
    await until(() => asked.includes("watch 9"));
    expect([names(), told]).toEqual([["c@3"], ["new c"]]);
  });
});

describe("the watcher", () => {
  test("lists page by page, then watches from the list's version", async () => {
    script = [json(list(7, [toy("a", 1)], "next")), json(list(7, [toy("b", 2)])), stream(event("ADDED", toy("c", 8)))];
    watch();
    await until(() => told.includes("new c"));
    expect(asked).toEqual(["list", "list next", "watch 7"]);
    expect(names()).toEqual(["a@1", "b@2", "c@8"]);
    expect(cache.get("ns", "a")).toMatchObject({ apiVersion: "example.com/v1", kind: "Toy" });
  });

  test("shows nothing before the last page", async () => {
    let finish = () => {};
    script = [
      json(list(7, [toy("a", 1)], "next")),
      (response, query) => {
        finish = () => json(list(7, []))(response, query);
      },
    ];
    watch();
    await until(() => asked.length === 2);
    expect([cache.hasSynced, cache.size, told]).toEqual([false, 0, []]);
    finish();
    await until(() => cache.hasSynced);
    expect(told).toEqual(["new a"]);
  });

  test("goes on from a bookmark when the server ends the watch", async () => {
    const bookmark = event("BOOKMARK", { metadata: { resourceVersion: "50" } });
    script = [json(list(7, [])), ended(event("ADDED", toy("a", 8)), bookmark)];
    watch();
    await until(() => asked.length === 3);
    expect(asked).toEqual(["list", "watch 7", "watch 50"]);
    expect(told).toEqual(["new a"]);
  });

  test.each<[string, Answer]>([
    ["as an answer", json(gone, 410)],
    ["as an event", ended(event("ERROR", gone))],
  ])("lists again after 410 %s, and tells only what differs", async (_, answer) => {
    const before = [toy("stays", 1), toy("changes", 2), toy("goes", 3)];
    const after = [toy("stays", 1), toy("changes", 12), toy("comes", 13)];
    script = [json(list(7, before)), answer, json(list(20, after))];
    watch();
    await until(() => asked.includes("watch 20"));
    expect(asked).toEqual(["list", "watch 7", "list", "watch 20"]);
    expect(told.slice(3)).toEqual(["gone goes", "changed changes", "new comes"]);
  });

  test("asks an older server for pages", async () => {
    minor = "30";
    script = [json(list(7, [toy("a", 1)], "next")), json(list(7, [toy("b", 2)]))];
    watch();
    await until(() => asked.length === 3);
    expect(asked).toEqual(["list", "list next", "watch 7"]);
  });

  test("shows the old objects while it lists again", async () => {
    script = [json(list(7, [toy("a", 1)])), json(gone, 410), json(list(20, [toy("a", 9)], "next")), () => {}];
    watch();
    await until(() => asked.length === 4);
    expect([cache.hasSynced, names()]).toEqual([true, ["a@1"]]);
  });

  test("starts the list over when its continuation has expired", async () => {
    script = [json(list(7, [toy("a", 1)], "next")), json(gone, 410), json(list(9, [toy("b", 2)]))];
    watch();
    await until(() => asked.includes("watch 9"));
    expect(asked).toEqual(["list", "list next", "list", "watch 9"]);
    expect(names()).toEqual(["b@2"]);
  });

  test("survives 500, 429 and connections that are cut", async () => {
    const cut: Answer = (response) => response.destroy();
    script = [
      json({}, 500),
      cut,
      json(list(7, [toy("a", 1)])),
      json({ kind: "Status", reason: "InternalError" }, 500),
      json({ kind: "Status", reason: "TooManyRequests" }, 429),
      cut,
      stream(event("MODIFIED", toy("a", 8))),
    ];
    watch();
    await until(() => told.includes("changed a"));
    expect(asked.slice(0, 4)).toEqual(["list", "list", "list", "watch 7"]);
    expect(asked.at(-1)).toBe("watch 7");
  });

  test("leaves a connection that is open but silent", async () => {
    script = [json(list(7, [])), stream(event("ADDED", toy("a", 8))), stream(event("ADDED", toy("b", 9)))];
    watch(100);
    await until(() => told.includes("new b"));
    expect(asked.slice(0, 3)).toEqual(["list", "watch 7", "watch 8"]);
  });

  test.each([
    ["is not JSON", "{oops\n"],
    ["is no event", '{"type":"MODIFIED"}\n'],
    ["ends early", '{"type":"ADD'],
  ])("lists again when a line of the watch %s", async (_, line) => {
    script = [json(list(7, [toy("a", 1)])), ended(line), json(list(20, [toy("a", 9)]))];
    watch();
    await until(() => asked.includes("watch 20"));
    expect(names()).toEqual(["a@9"]);
  });

  test("reads events that are cut anywhere, also inside a character", async () => {
    const text = Buffer.from(event("ADDED", { ...toy("a", 8), spec: { name: "Zoë" } }) + event("ADDED", toy("b", 9)));
    script = [
      json(list(7, [])),
      (response) => {
        response.writeHead(200);
        const send = (at: number) => {
          if (at < text.length) response.write(text.subarray(at, at + 1), () => setImmediate(send, at + 1));
        };
        send(0);
      },
    ];
    watch();
    await until(() => told.includes("new b"));
    expect(cache.get("ns", "a")?.spec).toEqual({ name: "Zoë" });
  });

  test("a stop ends the connection and tells nothing more", async () => {
    const closed = Promise.withResolvers<void>();
    script = [
      json(list(7, [])),
      (response) => {
        stream()(response, new URLSearchParams());
        response.once("close", closed.resolve);
      },
    ];
    watch();
    await until(() => asked.includes("watch 7"));
    await watcher!.stop();
    await closed.promise;
    expect(told).toEqual([]);
  });
});

describe("own writes in the cache", () => {
  const full = (name: string, resourceVersion: number, uid?: string) => ({
    apiVersion: "example.com/v1",
    kind: "Toy",
    ...toy(name, resourceVersion, uid),
  });

  beforeEach(() => {
    cache.listBegin();
    cache.listPage([full("a", 5)]);
    cache.listCommit();
  });

  test("are shown at once, and the watch's own word of them changes nothing", () => {
    cache.applyWrite(full("a", 7));
    cache.applyEvent("MODIFIED", full("a", 7));
    cache.applyEvent("MODIFIED", full("a", 6));
    expect([names(), told]).toEqual([["a@7"], ["new a", "changed a own"]]);
  });

  test("are not undone by a list that began before", () => {
    cache.listBegin();
    cache.listPage([full("a", 5)]);
    cache.applyWrite(full("a", 7));
    cache.listCommit();
    expect(names()).toEqual(["a@7"]);
  });

  test("do not bring back what is gone, nor touch what was made anew", () => {
    cache.applyEvent("DELETED", full("a", 6));
    cache.applyWrite(full("a", 7));
    expect(names()).toEqual([]);
    cache.applyEvent("ADDED", full("a", 8, "another"));
    cache.applyWrite(full("a", 9));
    expect(names()).toEqual(["a@8"]);
  });
});
