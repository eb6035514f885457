/** Holds every request that the clients send, in whatever test, against the services' own descriptions where these are present. */
import type { Exchange, Sandbox } from "../../src/sandbox/server.ts";
import { connectModel, requestViolations } from "../sandbox/contract.ts";
import { Contract, contractIsHere } from "../sandbox/graph-contract.ts";
import { iamModel, iamRequestViolations } from "../sandbox/iam-contract.ts";

const connect = connectModel();
const iam = iamModel();

/** `customUserAgent` of a test's client that acts as an administrator of Amazon Connect. */
export const ADMINISTRATOR = "administrator-of-connect";

/** Returns what departs from the descriptions so far, each once. */
export function watchRequests(sandbox: Sandbox): () => string[] {
  const graph = contractIsHere ? new Contract() : undefined;
  const found = new Set<string>();
  const checks: Record<string, (exchange: Exchange) => string[]> = {
    // What a test does as an administrator of Connect, the controller has no right to: it is in no description of ours.
    connect: (exchange) =>
      connect && !exchange.request.headers["user-agent"]?.includes(ADMINISTRATOR)
        ? requestViolations(connect, exchange)
        : [],
    iam: (exchange) => (iam ? iamRequestViolations(iam, exchange) : []),
    graph(exchange) {
      const { method, path, headers } = exchange.request;
      if (method === "GET" || !/^\/v1\.0\/(users|groups)(\/[^/]+)?$/.test(path)) {
        graph?.checkRequest(exchange);
        return [];
      }
      // People and groups are the directory's: only the test itself changes them, by Node's own fetch, which the clients do not use.
      return headers["user-agent"] === "node"
        ? []
        : [`request ${method} ${path}: the controller writes neither people nor groups`];
    },
  };
  sandbox.onExchange((exchange) => {
    for (const one of checks[exchange.service]?.(exchange) ?? []) found.add(one);
  });
  return () => [...found, ...new Set(graph?.violations)];
}
