/** What the tests of the sandbox's Graph share: a sandbox, and calls of it over HTTP. */
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";

export const AWS_TEMPLATE = "8b1025e4-1dd2-430b-a150-2ef79cd700f5";
export const TENANT = "7d1a0000-0000-4000-8000-000000000001";

// biome-ignore lint/suspicious/noExplicitAny: answers are read field by field and checked by the assertions
export type Json = Record<string, any>;
export interface Reply {
  status: number;
  headers: Headers;
  body: Json;
}

export interface Graph {
  sandbox: Sandbox;
  url: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** The body of a call that must succeed. */
  ok(method: string, path: string, body?: unknown): Promise<Json>;
  /** [status, code, message] of a call that must be refused. */
  refused(method: string, path: string, body?: unknown): Promise<[number, string, string]>;
  /** An application and service principal of the AWS template. */
  instantiate(displayName?: string): Promise<{ application: Json; servicePrincipal: Json }>;
}

export async function startGraph(world: WorldInput = {}): Promise<Graph> {
  const sandbox = await startSandbox({
    world: {
      tenant: { id: TENANT, verifiedDomains: ["example.com"] },
      ...world,
      behaviour: { quotas: "unlimited", ...world.behaviour },
    },
  });
  const url = `${sandbox.url}/graph/v1.0`;
  const call: Graph["call"] = async (method, path, body, headers = {}) => {
    const response = await fetch(path.startsWith("http") ? path : `${url}${path}`, {
      method,
      headers: { authorization: "Bearer anything", "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? (JSON.parse(text) as Json) : {} };
  };
  const ok: Graph["ok"] = async (method, path, body) => {
    const reply = await call(method, path, body);
    if (reply.status >= 400) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  return {
    sandbox,
    url,
    call,
    ok,
    async refused(method, path, body) {
      const reply = await call(method, path, body);
      return [reply.status, reply.body.error?.code, reply.body.error?.message];
    },
    async instantiate(displayName = "Agents") {
      const made = await ok("POST", `/applicationTemplates/${AWS_TEMPLATE}/instantiate`, { displayName });
      return { application: made.application, servicePrincipal: made.servicePrincipal };
    },
  };
}
