/** Delta queries: everything at first, then what changed since the token. Tokens hold their state, so none is kept here. */
import type { SandboxHost } from "../host.ts";
import { contextOf, linkTo } from "./answers.ts";
import type { Collection } from "./collection.ts";
import { groupView } from "./context.ts";
import type { Directory } from "./directory.ts";
import { GraphError, unsupportedQuery } from "./error.ts";
import { memberChanges } from "./membership.ts";
import { decodeToken, type Entity, encodeToken, page, select } from "./odata.ts";
import type { Answer, Body, Call } from "./router.ts";

/** Tokens of directory objects are good for seven days. */
const TOKEN_LIFE_MS = 7 * 86_400_000;

interface DeltaToken {
  set: string;
  /** Changes after this sequence are still to come. */
  sequence: number;
  /** Simulated time. */
  issued: number;
  /** The query options of the first call, which hold for the whole series. */
  select: string | null;
  /** Ids that a filter of the first call narrows the series to. */
  only?: string[] | undefined;
}
interface SkipToken extends DeltaToken {
  /** First sequence of the next series, fixed when this one began. */
  until: number;
  first: boolean;
  page: string;
}
/** One row of an answer: an object, or a part of a group's members. */
interface Row {
  id: string;
  members?: Entity[];
}

/** Objects in a filter of a delta query at most (group-delta, user-delta). */
const MOST_FILTERED = 50;
/** Members in one row of a group; a larger group comes in several rows. */
const MEMBERS_PER_ROW = 200;

export function delta<T extends { id: string }>(
  call: Call,
  host: SandboxHost,
  set: string,
  collection: Collection<T>,
  view: (row: T) => Entity,
  more: { deleted?: ReadonlyMap<string, unknown>; rowsOf?: (row: T, since: number | undefined) => Row[] } = {},
): Answer {
  const series = seriesOf(call, host, set, collection);
  const ids = series.first ? collection.readAll().map(({ id }) => id) : collection.changesSince(series.sequence).ids;
  const only = series.only && new Set(series.only);
  const since = series.first ? undefined : series.sequence;
  const rows = ids
    .filter((id) => !only || only.has(id))
    .flatMap((id): Row[] => {
      const object = collection.read(id);
      return object && includesMembers(series) ? (more.rowsOf?.(object, since) ?? [{ id }]) : [{ id }];
    });
  const query = new URLSearchParams(call.query);
  if (series.page === "") query.delete("$skiptoken");
  else query.set("$skiptoken", series.page);
  const asked = /odata\.maxpagesize=(\d+)/.exec(call.headers.prefer ?? "")?.[1];
  if (asked && !query.has("$top")) query.set("$top", asked);
  const { items, token } = page(rows, query, ({ id, members }) => `${id}/${members?.[0]?.id ?? ""}`);
  const body: Body = { "@odata.context": contextOf(call, set) };
  if (token === undefined) {
    const { until, select: fields, issued, only } = series;
    body["@odata.deltaLink"] = linkTo(call, {
      $deltatoken: encodeToken({ set, sequence: until, issued, select: fields, only } satisfies DeltaToken),
    });
  } else body["@odata.nextLink"] = linkTo(call, { $skiptoken: encodeToken({ ...series, page: token }) });
  body.value = items.map(({ id, members }) => {
    const row = collection.read(id);
    if (row)
      return { ...select(view(row), series.select), id, ...(members?.length ? { "members@delta": members } : {}) };
    // Within 30 days it can be restored: "changed". After that, or purged: "deleted".
    return { id, "@removed": { reason: !more.deleted || more.deleted.has(id) ? "changed" : "deleted" } };
  });
  return { status: 200, body };
}

/** With `members@delta`, unless $select leaves members out. */
export function deltaOfGroups(call: Call, host: SandboxHost, directory: Directory): Answer {
  return delta(call, host, "groups", directory.groups, groupView, {
    deleted: directory.deleted,
    rowsOf(group, since) {
      const all = memberChanges(directory, group, since);
      const rows = Array.from({ length: Math.ceil(all.length / MEMBERS_PER_ROW) }, (_, index) => ({
        id: group.id,
        members: all.slice(index * MEMBERS_PER_ROW, (index + 1) * MEMBERS_PER_ROW),
      }));
      return rows.length > 0 ? rows : [{ id: group.id }];
    },
  });
}

const includesMembers = ({ select: fields }: DeltaToken) =>
  fields === null || fields.split(",").some((field) => field.trim() === "members");

/** Of filters, only `id eq '…' or id eq '…'`. */
function filteredIds(call: Call): string[] | undefined {
  const filter = call.query.get("$filter");
  if (filter === null) return undefined;
  const ids = filter.split(/\s+or\s+/i).map((clause) => /^\s*id\s+eq\s+'([^']+)'\s*$/i.exec(clause)?.[1]);
  if (ids.length > MOST_FILTERED || ids.some((id) => id === undefined))
    throw unsupportedQuery(`Only up to ${MOST_FILTERED} ids joined by or can be filtered for in a delta query.`);
  return ids.map((id) => id!.toLowerCase());
}

function seriesOf<T extends { id: string }>(
  call: Call,
  host: SandboxHost,
  set: string,
  collection: Collection<T>,
): SkipToken {
  const now = host.clock.now().getTime();
  const { sequence: until } = collection.changesSince(0);
  const skip = call.query.get("$skiptoken");
  if (skip !== null) return fresh(decodeToken<SkipToken>(skip), call, set, now);
  const token = call.query.get("$deltatoken");
  const series = { set, issued: now, select: call.query.get("$select"), only: filteredIds(call), until, page: "" };
  if (token === null) return { ...series, sequence: 0, first: true };
  if (token === "latest") return { ...series, sequence: until, first: false };
  const { sequence, select: fields, only } = fresh(decodeToken<DeltaToken>(token), call, set, now);
  return { ...series, select: fields, only, sequence, first: false };
}

function fresh<T extends DeltaToken>(token: T, call: Call, set: string, now: number): T {
  if (token.set === set && now - token.issued <= TOKEN_LIFE_MS) return token;
  throw new GraphError(
    410,
    "syncStateNotFound",
    "The sync state generation is not found; continuing requires a full synchronization.",
    { headers: { location: linkTo(call, {}) } },
  );
}
