/** Between the program and the API server: HTTPS with the API server's own certificate, so that its answers can be spoilt one by one. */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/**
 * - a number: answered with that status, without an effect
 * - `gone`: a watch is told that its history has expired
 * - `malformed`: what comes is no JSON
 * - `truncated`: the answer breaks off in its middle
 * - `lostAnswer`: carried out, and nobody is told
 */
export type Spoiling = 401 | 429 | 500 | 503 | "gone" | "malformed" | "truncated" | "lostAnswer";

export interface Middleman {
  port: number;
  /** Of requests to come, each with this probability; undefined: all answers pass. */
  spoil: { how: Spoiling; probability: number } | undefined;
  /** Called when a request came, and when its answer is about to go. */
  onRequest: ((stage: "sent" | "carried out") => void) | undefined;
  close(): Promise<void>;
}

export async function startMiddleman(target: { port: number; certificates: string }): Promise<Middleman> {
  const [cert, key] = ["apiserver.crt", "apiserver.key"].map((name) => readFileSync(join(target.certificates, name)));
  const agent = new Agent({ keepAlive: true, ca: cert });
  const server = createServer({ cert, key }, (incoming, outgoing) => {
    self.onRequest?.("sent");
    const { spoil } = self;
    const how = spoil && Math.random() < spoil.probability ? spoil.how : undefined;
    if (typeof how === "number") return refuse(incoming, outgoing, how);
    if (how === "gone" && incoming.url?.includes("watch=true")) return expire(incoming, outgoing);
    const { method, url, headers } = incoming;
    const onward = httpsRequest(
      { host: "127.0.0.1", port: target.port, method, path: url, headers, agent },
      (answer) => {
        answer.on("error", () => outgoing.destroy());
        outgoing.once("close", () => answer.destroy());
        self.onRequest?.("carried out");
        pass(answer, outgoing, how);
      },
    );
    onward.on("error", () => outgoing.destroy());
    outgoing.once("close", () => onward.destroy());
    incoming.on("error", () => onward.destroy());
    incoming.pipe(onward);
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const self: Middleman = {
    port: (server.address() as AddressInfo).port,
    spoil: undefined,
    onRequest: undefined,
    async close() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
  return self;
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, code: number): void {
  incoming.resume();
  const reason = { 401: "Unauthorized", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable" }[code];
  const retry = code === 429 ? { "retry-after": "1" } : {};
  outgoing.writeHead(code, { "content-type": "application/json", ...retry });
  outgoing.end(JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: reason }));
}

function expire(incoming: IncomingMessage, outgoing: ServerResponse): void {
  incoming.resume();
  outgoing.writeHead(200, { "content-type": "application/json" });
  const object = {
    kind: "Status",
    apiVersion: "v1",
    code: 410,
    reason: "Expired",
    message: "too old resource version",
  };
  outgoing.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
}

function pass(answer: IncomingMessage, outgoing: ServerResponse, how: Spoiling | undefined): void {
  if (how === "lostAnswer") {
    answer.destroy();
    outgoing.destroy();
    return;
  }
  const { "content-length": _, "transfer-encoding": __, ...headers } = answer.headers;
  if (how === "malformed") {
    answer.resume();
    outgoing.writeHead(answer.statusCode!, headers).end("<html>a proxy's idea of an answer</html>\n");
    return;
  }
  outgoing.writeHead(answer.statusCode!, how === "truncated" ? headers : answer.headers);
  if (how !== "truncated") {
    answer.pipe(outgoing);
    return;
  }
  answer.once("data", (chunk: Buffer) =>
    outgoing.write(chunk.subarray(0, chunk.length >> 1), () => outgoing.socket?.destroy()),
  );
  answer.once("end", () => outgoing.socket?.destroy());
}
