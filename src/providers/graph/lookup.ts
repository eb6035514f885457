/** Users by object id or name, many at a time. A few are asked for one by one, many by filters first: fifteen to a filter, twenty to a batch. */
import type { CallOptions } from "../errors.ts";
import { BATCH, failureOf, type Inner, readBatch } from "./batch.ts";
import type { GraphClient } from "./client.ts";
import { literal, userPath } from "./paths.ts";

/** Values in one `in`. Source: facts/microsoft-graph.md 8. */
const IN = 15;
/** Batches at a time. */
const PARALLEL = 4;

export type Json = Record<string, unknown>;

/** What became of one key. `undefined` from a look-up by key is 404. */
interface Answers {
  /** Also for what filters found: several keys may mean one user, so the keys are the receiver's to find. Returns those it answers. */
  found(json: Json): string[];
  missing(key: string): void;
  failed(key: string, error: unknown): void;
}

/** Keys are lower case. Every key is answered once. */
export async function lookUp(
  client: GraphClient,
  keys: Set<string>,
  fields: string,
  answers: Answers,
  options?: CallOptions,
): Promise<void> {
  const open = new Map<string, string>();
  for (const key of keys)
    try {
      open.set(key, `${userPath(key)}?$select=${fields}`);
    } catch (error) {
      answers.failed(key, error);
    }
  try {
    if (open.size > BATCH)
      await filtered(client, [...open.keys()], fields, options, (json) => {
        for (const key of answers.found(json)) open.delete(key);
      });
  } catch (error) {
    for (const key of open.keys()) answers.failed(key, error);
    return;
  }
  // Filters read an index that lags, so whom they miss is asked for directly.
  await inParallel(chunked([...open], BATCH), async (chunk) => {
    try {
      const inner = await readBatch(
        client,
        chunk.map(([, url]) => url),
        options,
      );
      for (const [index, [key]] of chunk.entries()) settle(key, inner[index], answers);
    } catch (error) {
      for (const [key] of chunk) answers.failed(key, error);
    }
  });
}

/** Every inner answer of a batch counts by itself. */
function settle(key: string, answer: Inner | undefined, { found, missing, failed }: Answers): void {
  if (answer?.status === 200 && answer.body) found(answer.body);
  else if (answer?.status === 404) missing(key);
  else failed(key, failureOf(answer, "GET /users/{id}"));
}

async function filtered(
  client: GraphClient,
  keys: string[],
  fields: string,
  options: CallOptions | undefined,
  found: (json: Json) => void,
): Promise<void> {
  const isId = (key: string) => !key.includes("@");
  const filters = [keys.filter(isId), keys.filter((key) => !isId(key))].flatMap((same, kind) =>
    chunked(same, IN).map((chunk) => ({ property: kind === 0 ? "id" : "userPrincipalName", chunk })),
  );
  await inParallel(chunked(filters, BATCH), async (chunk) => {
    const urls = chunk.map(
      (one) => `/users?$filter=${one.property} in (${one.chunk.map(literal).join(",")})&$select=${fields}&$top=${IN}`,
    );
    for (const answer of await readBatch(client, urls, options))
      for (const json of answer?.status === 200 ? ((answer.body?.value ?? []) as Json[]) : []) found(json);
  });
}

function chunked<T>(list: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}

/** Stops at the first failure; what is under way ends by itself. */
async function inParallel<T>(list: T[], work: (item: T) => Promise<void>): Promise<void> {
  const iterator = list.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const item of iterator) await work(item);
    }),
  );
}
