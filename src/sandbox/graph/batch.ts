/** JSON batching: up to 20 requests in one, each with its own answer, in any order. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import { badGatewayRequest } from "./error.ts";
import type { Answer, Body } from "./router.ts";

const MOST_REQUESTS = 20;

export interface InnerRequest {
  id: string;
  method: string;
  /** Relative, without version. */
  url: string;
  body?: Body;
  headers?: Record<string, string>;
  dependsOn?: string[];
}

export interface Outcome {
  status: number;
  headers?: Record<string, string>;
  body?: Body | undefined;
}

/** The inner requests, checked as the gateway does. */
export function batchOf(body: Body): InnerRequest[] {
  const requests = body.requests;
  if (!Array.isArray(requests) || requests.length === 0) throw badGatewayRequest("Invalid batch payload format.");
  if (requests.length > MOST_REQUESTS)
    throw badGatewayRequest(`Number of batch request steps exceeds the maximum value of ${MOST_REQUESTS}.`);
  const ids = new Set<string>();
  for (const { id, method, url, dependsOn } of requests as Partial<InnerRequest>[]) {
    if (typeof id !== "string" || typeof method !== "string" || typeof url !== "string" || !url.startsWith("/"))
      throw badGatewayRequest("Invalid batch payload format.");
    if (ids.has(id)) throw badGatewayRequest(`Request Id ${id} has to be unique in a batch.`);
    if (dependsOn?.some((one) => !ids.has(one))) throw badGatewayRequest("A batch step depends on an unknown step.");
    if (/^\/(v1\.0\/)?\$batch/i.test(url)) throw badGatewayRequest("Nested batches are not supported.");
    ids.add(id);
  }
  return requests as InnerRequest[];
}

/** Carries them out one after another: what depends on a failure is 424. */
export async function runBatch(
  requests: InnerRequest[],
  host: SandboxHost,
  run: (request: InnerRequest) => Promise<Outcome>,
): Promise<Answer> {
  const outcomes = new Map<string, Outcome>();
  for (const request of requests) {
    const failed = request.dependsOn?.some((id) => outcomes.get(id)!.status >= 400);
    outcomes.set(request.id, failed ? FAILED_DEPENDENCY : await run(request));
  }
  const responses = [...outcomes].map(([id, { status, headers, body }]) => ({
    id,
    status,
    headers: { "Cache-Control": "no-cache", "request-id": randomUUID(), ...headers },
    body: body ?? null,
  }));
  return { status: 200, body: { responses: shuffled(responses, host.random) } };
}

const FAILED_DEPENDENCY: Outcome = {
  status: 424,
  headers: { "Content-Type": "application/json" },
  body: { error: { code: "FailedDependency", message: "A request that this one depends on has failed." } },
};

function shuffled<T>(list: T[], random: () => number): T[] {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other]!, list[last]!];
  }
  return list;
}
