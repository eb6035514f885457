/**
 * An HTTP proxy between the program and the sandbox that enforces rules of the real services. It shares no code with the sandbox. A rule
 * sees each request of the program, those inside a batch one by one, and may refuse it or change its answer.
 */
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Sandbox } from "../../src/sandbox/server.ts";

// biome-ignore lint/suspicious/noExplicitAny: bodies of several APIs, read field by field
export type Json = Record<string, any>;

export interface Request {
  service: string;
  method: string;
  /** Below the service; for Graph below the version, too. Ids as they are, without query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  /** A rule may change it before it goes on. */
  body: Json | undefined;
}
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body: Json | undefined;
}
export interface Enforcement {
  /** Refuses, or lets it pass with undefined. */
  before?(request: Request): Reply | undefined | Promise<Reply | undefined>;
  after?(request: Request, reply: Reply): Reply | Promise<Reply>;
}
export interface Scene {
  /** To be called where the rule made a difference, or judged something that it might have refused. */
  met(): void;
  /** Graph past the rule. */
  graph(method: string, path: string): Promise<Json>;
  now(): number;
}
export type Rule = (scene: Scene) => Enforcement;

export interface Front {
  /** For the program, in place of the sandbox's. */
  env: Record<string, string>;
  /** Rules that made no difference and judged nothing. */
  unmet(): string[];
  close(): Promise<void>;
}

export async function startFront(sandbox: Sandbox, rules: Record<string, Rule>): Promise<Front> {
  const met = new Set<string>();
  const upstream = new URL(sandbox.url);
  const forward = (method: string, url: string, headers: Record<string, string>, body: Buffer) =>
    new Promise<{ status: number; headers: Record<string, string>; body: Buffer }>((resolve, reject) => {
      const onward = send({ host: upstream.hostname, port: upstream.port, method, path: url, headers }, (answer) => {
        const shown = { status: answer.statusCode!, headers: answer.headers as Record<string, string> };
        buffer(answer).then((body) => resolve({ ...shown, body }), reject);
      });
      onward.on("error", reject);
      onward.end(body);
    });
  const enforced = Object.entries(rules).map(([title, rule]) =>
    rule({
      met: () => void met.add(title),
      now: () => sandbox.clock.now().getTime(),
      async graph(method, path) {
        const headers = { host: upstream.host, authorization: "Bearer administrator" };
        const { body } = await forward(method, `/graph/v1.0${encodeURI(path)}`, headers, Buffer.alloc(0));
        return body.length > 0 ? (JSON.parse(body.toString()) as Json) : {};
      },
    }),
  );
  async function before(request: Request): Promise<Reply | undefined> {
    for (const one of enforced) {
      const refused = await one.before?.(request);
      if (refused) return refused;
    }
    return undefined;
  }
  async function after(request: Request, reply: Reply): Promise<Reply> {
    let shown = reply;
    for (const one of enforced) shown = (await one.after?.(request, shown)) ?? shown;
    return shown;
  }

  /** One request, by the rule. What is not JSON passes as it is. */
  async function pass(method: string, url: string, headers: Record<string, string>, body: Buffer) {
    const [, service = "", version = "", rest = ""] = /^\/([^/?]+)(\/v1\.0|\/beta)?([^?]*)/.exec(url) ?? [];
    const text = body.toString();
    const isJson = text.startsWith("{");
    const request: Request = {
      service,
      method,
      path: rest,
      query: new URL(url, sandbox.url).searchParams,
      headers,
      body: isJson ? (JSON.parse(text) as Json) : undefined,
    };
    if (service === "graph" && rest === "/$batch") return batch(request, version);
    const unchanged = isJson && JSON.stringify(request.body);
    const refused = await before(request);
    if (refused)
      return {
        ...bytes(refused),
        headers: {
          "content-type": "application/json",
          ...refused.headers,
          date: new Date(sandbox.clock.now()).toUTCString(),
        },
      };
    const changed = isJson && JSON.stringify(request.body) !== unchanged;
    const onward = changed ? Buffer.from(JSON.stringify(request.body)) : body;
    const { "content-length": _, ...others } = headers;
    const answer = await forward(method, url, { ...others, "content-length": String(onward.length) }, onward);
    const shown = answer.body.toString();
    if (!(shown.startsWith("{") || shown === "")) return answer;
    const reply = await after(request, {
      status: answer.status,
      body: shown ? (JSON.parse(shown) as Json) : undefined,
    });
    return { ...bytes(reply), headers: answer.headers };
  }

  async function batch({ body, headers }: Request, version: string) {
    const responses: Json[] = [];
    for (const one of body!.requests as Json[]) {
      const { "content-length": _, ...own } = { ...headers, ...one.headers };
      const inner = one.body ? Buffer.from(JSON.stringify(one.body)) : Buffer.alloc(0);
      const answer = await pass(one.method, `/graph${version}${one.url}`, own, inner);
      const shown = answer.body.toString();
      responses.push({ id: one.id, status: answer.status, body: shown ? JSON.parse(shown) : null });
    }
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify({ responses })),
    };
  }

  const server = createServer(async (incoming, outgoing) => {
    try {
      const { method = "GET", url = "/", headers } = incoming;
      const answer = await pass(method, url, headers as Record<string, string>, await buffer(incoming));
      const {
        "content-length": _,
        "transfer-encoding": __,
        connection: ___,
        ...shown
      } = answer.headers as Record<string, string>;
      outgoing.writeHead(answer.status, shown);
      outgoing.end(answer.body);
    } catch {
      // What the sandbox cuts is cut here, too.
      outgoing.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: {
      CONNECT_SSO_GRAPH_URL: `${url}/graph`,
      AWS_ENDPOINT_URL_CONNECT: `${url}/connect`,
      AWS_ENDPOINT_URL_IAM: `${url}/iam`,
    },
    unmet: () => Object.keys(rules).filter((title) => !met.has(title)),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const bytes = ({ status, body }: Reply) => ({
  status,
  body: Buffer.from(body === undefined ? "" : JSON.stringify(body)),
});
