/** Holds every request that the clients send, in whatever test, against the services' own descriptions where these are present. */
import type { Exchange, Sandbox } from "../../src/sandbox/server.ts";
import { connectModel, requestViolations } from "../sandbox/contract.ts";
import { Contract, contractIsHere } from "../sandbox/graph-contract.ts";
import { iamModel, iamRequestViolations } from "../sandbox/iam-contract.ts";

const connect = connectModel();
const iam = iamModel();

/** Returns what departs from the descriptions so far, each once. */
export function watchRequests(sandbox: Sandbox): () => string[] {
  const graph = contractIsHere ? new Contract() : undefined;
  const found = new Set<string>();
  const checks: Record<string, (exchange: Exchange) => string[]> = {
    connect: (exchange) => (connect ? requestViolations(connect, exchange) : []),
    iam: (exchange) => (iam ? iamRequestViolations(iam, exchange) : []),
    graph(exchange) {
      // What the test itself does to people, as an administrator of the tenant.
      if (exchange.request.method !== "GET" && /^\/v1\.0\/users(\/[^/]+)?$/.test(exchange.request.path)) return [];
      graph?.checkRequest(exchange);
      return [];
    },
  };
  sandbox.onExchange((exchange) => {
    for (const one of checks[exchange.service]?.(exchange) ?? []) found.add(one);
  });
  return () => [...found, ...new Set(graph?.violations)];
}
