/** Answers about one object and about collections: context, $filter, $select, pages. */
import { badGatewayRequest, unsupportedQuery } from "./error.ts";
import { compileFilter, type Entity, type FilterRules, ordered, page, searchTest, select } from "./odata.ts";
import type { Answer, Body, Call } from "./router.ts";

/** `@odata.context` for `what`, naming the selected fields as Graph does. */
export function contextOf(call: Call, what: string): string {
  const fields = call.query.get("$select");
  if (!fields) return `${call.base}/${call.version}/$metadata#${what}`;
  const [set, suffix] = what.endsWith("/$entity") ? [what.slice(0, -8), "/$entity"] : [what, ""];
  return `${call.base}/${call.version}/$metadata#${set}(${fields.replaceAll(" ", "")})${suffix}`;
}

/** 200 with one object of the set, for example "applications". */
export function one(call: Call, set: string, entity: Entity): Answer {
  return {
    status: 200,
    body: {
      "@odata.context": contextOf(call, `${set}/$entity`),
      ...select(entity, call.query.get("$select")),
    },
  };
}

/** 201. The Location is a directory address, not the Graph URL (recorded). */
export function created(call: Call, set: string, entity: Entity, tenantId: string, type: string): Answer {
  const { createdDateTime } = entity;
  const precise =
    typeof createdDateTime === "string" && createdDateTime.length === 20
      ? { createdDateTime: `${createdDateTime.slice(0, 19)}.0674152Z` }
      : {};
  return {
    status: 201,
    headers: {
      location: `https://graph.microsoft.com/v2/${tenantId}/directoryObjects/${String(entity.id)}/Microsoft.DirectoryServices.${type}`,
    },
    body: { "@odata.context": contextOf(call, `${set}/$entity`), ...entity, ...precise },
  };
}

/** A collection as `many` lists it. */
export interface Source<T extends Entity> {
  rows(): readonly T[];
  /** The rows whose property has this value (lower case), from an index; undefined where there is none. */
  find?(property: string, value: string): readonly T[] | undefined;
  idOf?(row: T): string;
  /** How a row is shown before $select. */
  view?(row: T): Entity;
  filter?: Omit<FilterRules, "advanced">;
  /** Properties that $orderby takes without the header of advanced queries. */
  sortable?: ReadonlySet<string>;
}

/** 200 with a page of the collection. Indexes spare most filters the walk through all rows. */
export function many<T extends Entity>(call: Call, what: string, source: Source<T>): Answer {
  const rows = matching(call, source);
  const { items, token } = page(rows, call.query, source.idOf ?? ((row) => String(row.id)));
  const fields = call.query.get("$select");
  const body: Body = { "@odata.context": contextOf(call, what) };
  // Ignored without the header.
  if (isEventual(call) && call.query.get("$count") === "true") body["@odata.count"] = rows.length;
  if (token !== undefined) body["@odata.nextLink"] = linkTo(call, { $skiptoken: token });
  const view = source.view ?? ((row: T): Entity => row);
  body.value = items.map((row) => select(view(row), fields));
  return { status: 200, body };
}

/** 200 with a number as text: the segment $count. */
export function count<T extends Entity>(call: Call, source: Source<T>): Answer {
  if (!isEventual(call)) throw badGatewayRequest("$count is not currently supported.");
  return { status: 200, text: String(matching(call, source).length) };
}

/** The header of advanced queries; they read an index of their own (aad-advanced-queries). */
const isEventual = (call: Call) => call.headers.consistencylevel?.toLowerCase() === "eventual";

function matching<T extends Entity>(call: Call, source: Source<T>): readonly T[] {
  const rows = filtered(call, source);
  const [search, order] = [call.query.get("$search"), call.query.get("$orderby")];
  if (search !== null && !isEventual(call))
    throw unsupportedQuery(
      "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
    );
  const found = search === null ? rows : rows.filter(searchTest(search));
  if (order === null) return found;
  const property = order.trim().split(/\s+/)[0]!;
  const advanced = isEventual(call) && call.query.get("$count") === "true";
  const plain = source.sortable?.has(property) && !call.query.has("$filter");
  if (!advanced && !plain) throw unsupportedQuery("Sorting not supported for current query.");
  return ordered(found, order);
}

function filtered<T extends Entity>(call: Call, { rows, find, filter }: Source<T>): readonly T[] {
  const text = call.query.get("$filter");
  if (text === null || !filter) return rows();
  const advanced = isEventual(call) && call.query.get("$count") === "true";
  const { test, equals } = compileFilter(text, { ...filter, advanced });
  for (const [property, values] of equals) {
    const found = [...new Set(values)].map((value) =>
      typeof value === "string" ? find?.(property, value) : undefined,
    );
    if (found.every((rows) => rows !== undefined)) return found.flat().filter(test);
  }
  return rows().filter(test);
}

/** The URL of this call with other tokens. */
export function linkTo(call: Call, tokens: Record<string, string>): string {
  const query = new URLSearchParams(call.query);
  for (const name of ["$skiptoken", "$deltatoken"]) query.delete(name);
  for (const [name, value] of Object.entries(tokens)) query.set(name, value);
  // Dollar signs stay readable in links, as Graph writes them.
  return `${call.base}/${call.version}${call.path}?${query.toString().replaceAll("%24", "$")}`;
}
