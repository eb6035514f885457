/** The part of OData that directory clients use: $filter with eq, startswith, any, and/or; $select; $top with next links. */
import { badRequest } from "./error.ts";

type Entity = Record<string, unknown>;
type Test = (entity: Entity) => boolean;

const TOKEN = /\s*(?:('(?:[^']|'')*')|([(),:])|(true|false|null)\b|([A-Za-z_][\w/.]*)|(-?\d+))/y;

/** Compiles a filter. String comparison ignores case, as the directory does. Unsupported filters are 400, as they are there. */
export function compileFilter(filter: string): Test {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < filter.trimEnd().length) {
    const match = TOKEN.exec(filter);
    if (!match) throw badRequest("Invalid filter clause");
    tokens.push(match[0].trim());
  }
  let at = 0;
  const next = () => tokens[at++];
  const expect = (token: string) => {
    if (next() !== token) throw badRequest("Invalid filter clause");
  };
  const literal = (token: string | undefined): string | boolean | null | number => {
    if (token === undefined) throw badRequest("Invalid filter clause");
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'").toLowerCase();
    if (token === "true" || token === "false") return token === "true";
    if (token === "null") return null;
    return Number(token);
  };
  const fold = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : (value ?? null));
  const get = (entity: Entity, path: string): unknown =>
    path.split("/").reduce<unknown>((value, part) => (value as Entity | null | undefined)?.[part], entity);

  function or(): Test {
    let left = and();
    while (tokens[at] === "or") {
      at++;
      const [a, b] = [left, and()];
      left = (entity) => a(entity) || b(entity);
    }
    return left;
  }
  function and(): Test {
    let left = term();
    while (tokens[at] === "and") {
      at++;
      const [a, b] = [left, term()];
      left = (entity) => a(entity) && b(entity);
    }
    return left;
  }
  function term(): Test {
    const token = next();
    if (token === "(") {
      const inner = or();
      expect(")");
      return inner;
    }
    if (token === "startswith") {
      expect("(");
      const path = next()!;
      expect(",");
      const prefix = String(literal(next()));
      expect(")");
      return (entity) =>
        String(get(entity, path) ?? "")
          .toLowerCase()
          .startsWith(prefix);
    }
    if (token?.endsWith("/any")) {
      const path = token.slice(0, -4);
      expect("(");
      const variable = next();
      expect(":");
      const test = anyBody(variable!);
      expect(")");
      return (entity) => ((get(entity, path) as unknown[] | undefined) ?? []).some((item) => test(item));
    }
    if (token === undefined || !/^[A-Za-z_]/.test(token)) throw badRequest("Invalid filter clause");
    expect("eq");
    const value = literal(next());
    return (entity) => fold(get(entity, token)) === value;
  }
  function anyBody(variable: string): (item: unknown) => boolean {
    const token = next();
    if (token === "startswith") {
      expect("(");
      expect(variable);
      expect(",");
      const prefix = String(literal(next()));
      expect(")");
      return (item) => String(item).toLowerCase().startsWith(prefix);
    }
    if (token !== variable) throw badRequest("Invalid filter clause");
    expect("eq");
    const value = literal(next());
    return (item) => fold(item) === value;
  }
  const test = or();
  if (at !== tokens.length) throw badRequest("Invalid filter clause");
  return test;
}

export function select(entity: Entity, fields: string | null, always: string[] = ["id"]): Entity {
  if (!fields) return entity;
  const wanted = new Set([...always, ...fields.split(",").map((field) => field.trim())]);
  return Object.fromEntries(Object.entries(entity).filter(([name]) => wanted.has(name)));
}

/** One page of a collection, with `@odata.nextLink` when there is more. Page size 100 unless $top says so, at most 999. */
export function collection(
  items: readonly Entity[],
  context: string,
  url: { base: string; path: string; query: URLSearchParams },
): Entity {
  const top = Math.min(999, Math.max(1, Number(url.query.get("$top") ?? 100)));
  const start = Number(url.query.get("$skiptoken") ?? 0);
  if (!Number.isInteger(start)) throw badRequest("Invalid skiptoken");
  const answer: Entity = { "@odata.context": context };
  if (start + top < items.length) {
    const query = new URLSearchParams(url.query);
    query.set("$skiptoken", String(start + top));
    answer["@odata.nextLink"] = `${url.base}/v1.0${url.path}?${query}`;
  }
  answer["value"] = items.slice(start, start + top).map((item) => select(item, url.query.get("$select")));
  return answer;
}
