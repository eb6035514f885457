/** A Graph of scripted answers on the loopback. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { GraphClient, type GraphClientOptions } from "../../../src/providers/graph/client.ts";

export interface Seen {
  method: string;
  url: string;
  body: string;
  /** Where the server is. */
  origin: string;
}
export interface Scripted {
  url: string;
  seen: Seen[];
}

/** Runs `use` against a server that answers with `answer`, and closes it. */
export async function withServer<T>(
  answer: (request: Seen, response: ServerResponse, count: number) => void,
  use: (server: Scripted) => Promise<T>,
): Promise<T> {
  const seen: Seen[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const origin = `http://${request.headers.host}`;
    const one = { method: request.method!, url: request.url!, body, origin };
    seen.push(one);
    answer(one, response, seen.length);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    return await use({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen });
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

export const failure = (code: string, message = "") => ({ error: { code, message } });

/** A client that does not wait between attempts. */
export const clientOf = (baseUrl: string, options: Partial<GraphClientOptions> = {}) =>
  new GraphClient({ baseUrl, token: async () => "token", sleep: async () => {}, ...options });

/** Answers a $batch of user look-ups, by name or by filter: every name exists, as id-NAME, unless `users` says otherwise. */
export function answerBatch(request: Seen, response: ServerResponse, users: Record<string, object | undefined> = {}) {
  const { requests } = JSON.parse(request.body) as { requests: { id: string; url: string }[] };
  const userOf = (name: string) => (name in users ? users[name] : { id: `id-${name}`, userPrincipalName: name });
  const responses = requests.map(({ id, url }) => {
    const names = /^\/users\?\$filter=\w+ in \((.*)\)&/.exec(decodeURIComponent(url))?.[1]?.split(",");
    if (names)
      return {
        id,
        status: 200,
        body: { value: names.flatMap((name) => userOf(name.slice(1, -1).replace(/^id-/, "")) ?? []) },
      };
    const name = decodeURIComponent(url.split("/")[2]!.split("?")[0]!);
    const body = userOf(name.replace(/^id-/, ""));
    return body ? { id, status: 200, body } : { id, status: 404, body: failure("Request_ResourceNotFound") };
  });
  json(response, 200, { responses });
}
