/** Many reads in one request. The answer of the batch says nothing of those inside: each is checked, and throttled ones are sent again. */
import type { CallOptions, CloudError } from "../errors.ts";
import type { GraphClient } from "./client.ts";
import { classifyGraph, retryAfterMs, unreachable } from "./errors.ts";

/** Requests in a batch. Source: facts/microsoft-graph.md 8. */
export const BATCH = 20;
/** How often what was throttled or failed inside a batch is sent at most. */
const ATTEMPTS = 4;

type Json = Record<string, unknown>;
export interface Inner {
  status: number;
  headers?: Record<string, string>;
  body?: Json;
}

/** Answers in the order of `urls` (relative, at most 20); undefined where there was none. */
export async function readBatch(
  client: GraphClient,
  urls: string[],
  options?: CallOptions,
): Promise<(Inner | undefined)[]> {
  const answers = new Map<string, Inner>();
  let open = urls.map((url, index) => ({ id: String(index), method: "GET", url }));
  for (let attempt = 1; open.length > 0 && attempt <= ATTEMPTS; attempt++) {
    const answer = await client.send<{ responses?: (Inner & { id: string })[] }>({
      method: "POST",
      path: "/$batch",
      body: { requests: open },
      reads: true,
      cost: open.length,
      options,
    });
    for (const one of answer?.responses ?? []) answers.set(one.id, one);
    open = open.filter(({ id }) => isPassing(answers.get(id)));
    // The longest that any of them was asked to wait: the bucket keeps silent until then, for everybody.
    const waits = open.map(({ id }) => throttledFor(answers.get(id))).filter((ms) => ms !== undefined);
    if (waits.length > 0) client.throttled(Math.max(...waits));
  }
  return urls.map((_, index) => answers.get(String(index)));
}

const isPassing = (answer: Inner | undefined): boolean =>
  answer === undefined || answer.status === 429 || answer.status >= 500;

function throttledFor(answer: Inner | undefined): number | undefined {
  if (answer?.status !== 429) return undefined;
  const header = Object.entries(answer.headers ?? {}).find(([name]) => name.toLowerCase() === "retry-after")?.[1];
  return retryAfterMs(header ?? null, new Date()) ?? 1_000;
}

/** Of one request inside a batch, after it was sent again and again. `operation`: as in metrics, with its verb. */
export function failureOf(inner: Inner | undefined, operation: string): CloudError {
  if (!inner) return unreachable(operation, new Error("no answer inside the batch"), true);
  const { code = "Unknown", message = "" } = (inner.body?.error ?? {}) as { code?: string; message?: string };
  return classifyGraph({ status: inner.status, code, message }, operation, true);
}
