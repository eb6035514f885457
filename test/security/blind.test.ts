/** X7: a controller that cannot look says so, soon, and looks again soon, whatever the clouds answer. */
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import type { Sandbox } from "../../src/sandbox/server.ts";
import { type Harness, persona, start, status, user, world } from "../e2e/support.ts";
import { find, reason } from "./support.ts";

const POLL_MS = 20_000;
/** 35 days, and more milliseconds than a timer takes. */
const RETRY_AFTER_S = 3_000_000;

let h: Harness;
let front: Server | undefined;
afterEach(async () => {
  await h?.stop();
  front?.closeAllConnections();
  front?.close();
  front = undefined;
});

/** Graph, which answers 429 while `throttling` is above 0. */
const graph = { throttling: 0, asked: 0 };
async function behindFront({ env }: Sandbox): Promise<Record<string, string>> {
  const target = new URL(env.CONNECT_SSO_GRAPH_URL!);
  graph.throttling = graph.asked = 0;
  front = createServer((incoming, outgoing) => {
    graph.asked++;
    if (graph.throttling > 0) {
      graph.throttling--;
      incoming.resume();
      outgoing.writeHead(429, { "retry-after": String(RETRY_AFTER_S), "content-type": "application/json" });
      outgoing.end(JSON.stringify({ error: { code: "TooManyRequests", message: "later" } }));
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request({ host: target.hostname, port: target.port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((done) => front!.listen(0, "127.0.0.1", done));
  return { CONNECT_SSO_GRAPH_URL: `http://127.0.0.1:${(front.address() as AddressInfo).port}${target.pathname}` };
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("X7: one 429 with Retry-After: 3000000 silences Graph for no longer than the poll interval", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS, prepare: behindFront });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  graph.throttling = 1;
  await h.controller.until(() => graph.throttling === 0, 5 * POLL_MS, "the 429");
  const { asked } = graph;
  const lines = h.lines.length;
  await h.controller.until(() => graph.asked > asked + 3, 4 * POLL_MS, "Graph is read again");
  await h.ready();
  expect(h.lines.length - lines).toBeLessThan(500);
});

test("X7: a Graph that answers nothing but 429 is Unknown after two poll intervals, and NoDrift is not claimed", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS, prepare: behindFront });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  graph.throttling = Number.POSITIVE_INFINITY;
  const lines = h.lines.length;
  await reason(h, "ConnectSsoPersona", "agents", "ApplicationReady", "NotCompared");
  await reason(h, "ConnectUser", "jane", "RoleAssigned", "NotCompared");
  for (const [kind, name] of [
    ["ConnectSsoPersona", "agents"],
    ["ConnectUser", "jane"],
  ] as const) {
    expect(status(find(h, kind, name), "Ready")!.status).not.toBe("True");
    expect(status(find(h, kind, name), "Drifted")).toMatchObject({ status: "Unknown", reason: "NotCompared" });
  }
  expect(h.lines.length - lines).toBeLessThan(2_000);
  graph.throttling = 0;
  await h.ready();
  expect(status(find(h, "ConnectUser", "jane"), "Drifted")!.reason).toBe("NoDrift");
});

test("X7: clouds that accept and never answer: every pass ends with a status, and what was not compared is Unknown", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.sandbox.faults.add({ match: "*", kind: "timeout" });
  const began = Date.now();
  await h.controller.until(
    () => status(find(h, "ConnectSsoPersona", "agents"), "Ready")?.status === "False",
    180_000,
    "the persona says so",
  );
  // One pass, which has a deadline of a minute, and the interval before it.
  expect(Date.now() - began).toBeLessThan(60_000 + 2 * POLL_MS);
  await pause(4 * POLL_MS);
  await reason(h, "ConnectSsoPersona", "agents", "RoleReady", "NotCompared");
  expect(status(find(h, "ConnectSsoPersona", "agents"), "Drifted")!.status).toBe("Unknown");
  h.sandbox.faults.clear();
  await h.ready();
});
