/** Delta queries: everything at first, then what changed since the token. Tokens hold their state, so none is kept here. */
import type { SandboxHost } from "../host.ts";
import { contextOf, linkTo } from "./answers.ts";
import type { Collection } from "./collection.ts";
import { GraphError } from "./error.ts";
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
}
interface SkipToken extends DeltaToken {
  /** First sequence of the next series, fixed when this one began. */
  until: number;
  first: boolean;
  page: string;
}

export function delta<T extends { id: string }>(
  call: Call,
  host: SandboxHost,
  set: string,
  collection: Collection<T>,
  view: (row: T) => Entity,
): Answer {
  const series = seriesOf(call, host, set, collection);
  const rows = series.first ? collection.readAll().map(({ id }) => id) : collection.changesSince(series.sequence).ids;
  const query = new URLSearchParams(call.query);
  if (series.page === "") query.delete("$skiptoken");
  else query.set("$skiptoken", series.page);
  const { items, token } = page(rows, query, (id) => id);
  const body: Body = { "@odata.context": contextOf(call, set) };
  if (token === undefined) {
    const { until, select: fields, issued } = series;
    body["@odata.deltaLink"] = linkTo(call, {
      $deltatoken: encodeToken({ set, sequence: until, issued, select: fields } satisfies DeltaToken),
    });
  } else body["@odata.nextLink"] = linkTo(call, { $skiptoken: encodeToken({ ...series, page: token }) });
  body.value = items.map((id) => {
    const row = collection.read(id);
    return row ? { ...select(view(row), series.select), id } : { id, "@removed": { reason: "changed" } };
  });
  return { status: 200, body };
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
  const series = { set, issued: now, select: call.query.get("$select"), until, page: "" };
  if (token === null) return { ...series, sequence: 0, first: true };
  if (token === "latest") return { ...series, sequence: until, first: false };
  const { sequence, select: fields } = fresh(decodeToken<DeltaToken>(token), call, set, now);
  return { ...series, select: fields, sequence, first: false };
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
