/** Delta queries of users and groups: what changed since a token, in one call while little happens. */
import { type CallOptions, CloudError } from "../errors.ts";
import { failureOf, type Inner, readBatch } from "./batch.ts";
import type { GraphClient } from "./client.ts";
import type { Json } from "./lookup.ts";
import { templateOf } from "./paths.ts";
import { PERSON_FIELDS, toPerson } from "./shapes.ts";
import type { Changes, GroupChange, PersonChange, Removed } from "./types.ts";

/** Rows since a token, and when they were asked for and the token before (ms since the epoch, our clock). */
export interface Rows {
  rows: Json[];
  token: string;
  reset: boolean;
  since: number;
  at: number;
}

/** A stream of changes, and how far it was read. */
interface Stream {
  feed: "/users/delta" | "/groups/delta";
  /** Of the first call; it holds for the whole stream. */
  query: string;
  token: string | undefined;
}

/**
 * A token is `<ms> <path>`: when the service gave it, and where to continue. Changes are counted from the first call on: the tenant itself,
 * which may be far larger than what we know of it, is never listed. Several streams that all continue are one call while little happens.
 */
export async function changesSince<T extends Stream[]>(
  client: GraphClient,
  streams: readonly [...T],
  options?: CallOptions,
): Promise<{ [Index in keyof T]: Rows }> {
  const at = Date.now();
  const known = streams.map(continuationOf);
  const paths = known.flatMap((one) => one?.path ?? []);
  const isBatch = streams.length > 1 && paths.length === streams.length;
  const answers = isBatch ? (await readBatch(client, paths, options)).map((inner) => ({ inner })) : [];
  const rows: Rows[] = [];
  for (const [index, stream] of streams.entries()) {
    const one = known[index];
    rows.push(
      one
        ? await continued(client, stream, { ...one, at }, answers[index], options)
        : await begun(client, stream, options),
    );
  }
  return rows as { [Index in keyof T]: Rows };
}

function continuationOf({ feed, token }: Stream): { since: number; path: string } | undefined {
  const [, since, path] = /^(\d+) (\/.*)$/s.exec(token ?? "") ?? [];
  return path?.startsWith(`${feed}?`) ? { since: Number(since), path } : undefined;
}

async function begun(client: GraphClient, { feed, query }: Stream, options?: CallOptions): Promise<Rows> {
  const at = Date.now();
  const { path } = await walk(client, `${feed}?${query}&$deltatoken=latest`, undefined, options);
  return { rows: [], token: `${at} ${path}`, reset: true, since: at, at };
}

async function continued(
  client: GraphClient,
  stream: Stream,
  { since, at, path }: { since: number; at: number; path: string },
  answer: { inner: Inner | undefined } | undefined,
  options?: CallOptions,
): Promise<Rows> {
  try {
    if (answer && answer.inner?.status !== 200) throw failureOf(answer.inner, `GET ${stream.feed}`);
    const { rows, path: next } = await walk(client, path, answer && (answer.inner?.body ?? {}), options);
    return { rows, token: `${at} ${next}`, reset: false, since, at };
  } catch (error) {
    // Any other failure leaves the token as good as it was.
    if (!isTokenGone(error)) throw error;
    return begun(client, stream, options);
  }
}

async function walk(
  client: GraphClient,
  path: string,
  first: object | undefined,
  options: CallOptions | undefined,
): Promise<{ rows: Json[]; path: string }> {
  const rows: Json[] = [];
  let next: string | undefined;
  for await (const { value, deltaLink } of client.pages<Json>(path, options, first)) {
    rows.push(...value);
    if (deltaLink) next = client.relative(deltaLink);
  }
  if (next !== undefined) return { rows, path: next };
  throw new CloudError(`GET ${templateOf(path)}: the last page has no delta link`, {
    kind: "transient",
    reason: "MalformedAnswer",
    code: "NoDeltaLink",
  });
}

/**
 * The changes since a token are no longer available: it is older than seven days (codes of the 40x series), or the service wants everyone to start
 * again (410). Source: delta query overview, "Synchronization reset" and "Token duration".
 */
function isTokenGone(error: unknown): boolean {
  if (!(error instanceof CloudError)) return false;
  return error.status === 410 || /^(syncStateNotFound|syncStateInvalid|resyncRequired)$/i.test(error.code);
}

export const usersSince = (token: string | undefined, fields = PERSON_FIELDS): Stream => ({
  feed: "/users/delta",
  query: `$select=${fields}`,
  token,
});

export const groupsSince = (token: string | undefined): Stream => ({
  feed: "/groups/delta",
  query: "$select=id,displayName,members",
  token,
});

export function personChanges({ rows, token, reset }: Rows): Changes<PersonChange> {
  const changes = rows.map((json): PersonChange => {
    const [id, removed] = [String(json.id), removedOf(json)];
    return removed ? { id, removed } : { id, person: toPerson(json) };
  });
  return { changes, token, reset };
}

export function groupChanges({ rows, token, reset }: Rows): Changes<GroupChange> {
  // A large group comes in several rows.
  const changes = new Map<string, GroupChange>();
  for (const json of rows) {
    const id = String(json.id);
    const change = changes.get(id) ?? { id, members: [] };
    changes.set(id, change);
    const removed = removedOf(json);
    if (removed) change.removed = removed;
    if (typeof json.displayName === "string") change.displayName = json.displayName;
    for (const member of (json["members@delta"] ?? []) as Json[])
      change.members.push({ id: String(member.id), type: typeOf(member), removed: removedOf(member) !== undefined });
  }
  return { changes: [...changes.values()], token, reset };
}

function removedOf(json: Json): Removed | undefined {
  const removed = json["@removed"] as { reason?: string } | undefined;
  if (!removed) return undefined;
  return removed.reason === "deleted" ? "deleted" : "changed";
}

const typeOf = (json: Json) => String(json["@odata.type"] ?? "").replace(/^#microsoft\.graph\./, "");
