/** The part of OData that directory clients use: $filter, $select, $top and next links. */
import { badGatewayRequest, badRequest, GraphError, unsupportedQuery } from "./error.ts";

export type Entity = Record<string, unknown>;
type Test = (entity: Entity) => boolean;
type Literal = string | boolean | null | number;

const TOKEN = /\s*(?:('(?:[^']|'')*')|([(),:])|(true|false|null)\b|([A-Za-z_][\w/.]*)|(-?\d+))/y;
const PREFIX_FUNCTIONS: Record<string, (value: string, argument: string) => boolean> = {
  startswith: (value, argument) => value.startsWith(argument),
  endswith: (value, argument) => value.endsWith(argument),
  contains: (value, argument) => value.includes(argument),
};
/** "Too many child clauses specified in filter expression containing 'or' operators". */
const MOST_OR_CLAUSES = 15;

export interface FilterRules {
  /** Type name as errors give it, for example "Application". */
  resource: string;
  /** Properties that can be filtered on. */
  properties: ReadonlySet<string>;
  /** contains(), which only few collections know. */
  contains?: boolean;
  /** `ConsistencyLevel: eventual` with `$count=true`: allows ne, not and endswith. */
  advanced?: boolean;
}

interface Filter {
  test: Test;
  /** Comparisons every result fulfils with one of the values, in lower case: what an index can be asked for. */
  equals: [property: string, values: Literal[]][];
}

/** Compiles a filter. String comparison ignores case, as the directory does. Unsupported filters are 400, as they are there. */
export function compileFilter(filter: string, rules: FilterRules): Filter {
  return new FilterParser(filter, rules).parse();
}

class FilterParser {
  readonly #tokens: string[] = [];
  readonly #rules: FilterRules;
  #at = 0;
  #orClauses = 1;

  constructor(filter: string, rules: FilterRules) {
    this.#rules = rules;
    const text = filter.trimEnd();
    const token = new RegExp(TOKEN);
    while (token.lastIndex < text.length) {
      const match = token.exec(text);
      if (!match) throw invalid();
      this.#tokens.push(match[0].trim());
    }
  }

  parse(): Filter {
    const filter = this.#or();
    if (this.#at !== this.#tokens.length) throw invalid();
    return filter;
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw invalid();
    return token;
  }
  #expect(token: string): void {
    if (this.#next() !== token) throw invalid();
  }
  #taken(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #or(): Filter {
    let left = this.#and();
    while (this.#taken("or")) {
      if (++this.#orClauses > MOST_OR_CLAUSES)
        throw unsupportedQuery(
          `Too many child clauses specified in filter expression containing 'or' operators: ${this.#orClauses}. Max allowed: ${MOST_OR_CLAUSES}.`,
        );
      const [a, b] = [left.test, this.#and().test];
      left = { test: (entity) => a(entity) || b(entity), equals: [] };
    }
    return left;
  }

  #and(): Filter {
    let left = this.#term();
    while (this.#taken("and")) {
      const [a, b] = [left, this.#term()];
      left = { test: (entity) => a.test(entity) && b.test(entity), equals: [...a.equals, ...b.equals] };
    }
    return left;
  }

  #term(): Filter {
    const token = this.#next();
    if (token === "(") {
      const inner = this.#or();
      this.#expect(")");
      return inner;
    }
    if (token === "not") {
      this.#needsAdvanced("not");
      const { test } = this.#term();
      return { test: (entity) => !test(entity), equals: [] };
    }
    if (Object.hasOwn(PREFIX_FUNCTIONS, token)) return { test: this.#call(token), equals: [] };
    if (token.endsWith("/any")) return { test: this.#any(token.slice(0, -4)), equals: [] };
    if (!/^[A-Za-z_]/.test(token)) throw invalid();
    return this.#comparison(token);
  }

  #comparison(property: string): Filter {
    this.#allowed(property);
    const operator = this.#next();
    if (operator === "in") {
      const values = this.#list();
      return { test: (entity) => values.includes(fold(get(entity, property))), equals: [[property, values]] };
    }
    if (operator === "ne") this.#needsAdvanced("ne");
    else if (operator !== "eq") throw this.#unsupported(property);
    const value = this.#literal();
    if (operator === "eq")
      return { test: (entity) => fold(get(entity, property)) === value, equals: [[property, [value]]] };
    return { test: (entity) => fold(get(entity, property)) !== value, equals: [] };
  }

  /** startswith(property,'text') and its kin. */
  #call(name: string, variable?: string): (subject: unknown) => boolean {
    if (name === "contains" && !this.#rules.contains)
      throw unsupportedQuery("Filter function 'contains' is not supported.");
    if (name === "endswith") this.#needsAdvanced("endsWith");
    this.#expect("(");
    const property = this.#next();
    if (variable === undefined) this.#allowed(property);
    else if (property !== variable) throw invalid();
    this.#expect(",");
    const argument = String(this.#literal());
    this.#expect(")");
    const matches = PREFIX_FUNCTIONS[name]!;
    return (subject) =>
      matches(
        String((variable === undefined ? get(subject as Entity, property) : subject) ?? "").toLowerCase(),
        argument,
      );
  }

  /** property/any(x:x eq 'text'). */
  #any(property: string): Test {
    this.#allowed(property);
    this.#expect("(");
    const variable = this.#next();
    this.#expect(":");
    const token = this.#next();
    let test: (item: unknown) => boolean;
    if (Object.hasOwn(PREFIX_FUNCTIONS, token)) test = this.#call(token, variable);
    else {
      if (token !== variable) throw invalid();
      this.#expect("eq");
      const value = this.#literal();
      test = (item) => fold(item) === value;
    }
    this.#expect(")");
    return (entity) => ((get(entity, property) as unknown[] | undefined) ?? []).some((item) => test(item));
  }

  #list(): Literal[] {
    this.#expect("(");
    const values = [this.#literal()];
    while (this.#taken(",")) values.push(this.#literal());
    this.#expect(")");
    if (values.length > MOST_OR_CLAUSES)
      throw unsupportedQuery(
        `Too many values in the 'in' operator: ${values.length}. Max allowed: ${MOST_OR_CLAUSES}.`,
      );
    return values;
  }

  #literal(): Literal {
    const token = this.#next();
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'").toLowerCase();
    if (token === "true" || token === "false") return token === "true";
    if (token === "null") return null;
    if (!/^-?\d+$/.test(token)) throw invalid();
    return Number(token);
  }

  #allowed(property: string): void {
    if (!this.#rules.properties.has(property)) throw this.#unsupported(property);
  }
  #needsAdvanced(operator: string): void {
    if (!this.#rules.advanced)
      throw unsupportedQuery(
        `Operator '${operator}' is not supported because the 'ConsistencyLevel:eventual' header or $count is missing.`,
      );
  }
  #unsupported(property: string): GraphError {
    return unsupportedQuery(
      `Unsupported or invalid query filter clause specified for property '${property}' of resource '${this.#rules.resource}'.`,
    );
  }
}

const invalid = () => badGatewayRequest("Invalid filter clause");
const fold = (value: unknown): Literal =>
  typeof value === "string" ? value.toLowerCase() : ((value ?? null) as Literal);
const get = (entity: Entity, path: string): unknown =>
  path.split("/").reduce<unknown>((value, part) => (value as Entity | null | undefined)?.[part], entity);

/** $search="property:text", clauses joined by AND or OR: words of the value that begin with the text. */
export function searchTest(search: string): (entity: Entity) => boolean {
  const clauses = search.split(/\s+(AND|OR)\s+/);
  const testOf = (clause: string) => {
    const [, property, text] = /^"(\w+):(.*)"$/s.exec(clause.trim()) ?? [];
    if (property === undefined) throw badRequest(`Syntax error: invalid $search clause ${clause}.`);
    const wanted = text!.toLowerCase();
    return (entity: Entity) =>
      String(entity[property] ?? "")
        .toLowerCase()
        .split(/[\s.,_@-]+/)
        .some((_, index, words) => words.slice(index).join(" ").startsWith(wanted));
  };
  let test = testOf(clauses[0]!);
  for (let i = 1; i + 1 < clauses.length; i += 2) {
    const [left, right] = [test, testOf(clauses[i + 1]!)];
    test = clauses[i] === "AND" ? (one) => left(one) && right(one) : (one) => left(one) || right(one);
  }
  return test;
}

/** $orderby=property or "property desc", one property. */
export function ordered<T extends Entity>(rows: readonly T[], order: string): T[] {
  const [property = "", direction = "asc"] = order.trim().split(/\s+/);
  const sign = direction.toLowerCase() === "desc" ? -1 : 1;
  const key = (row: T) => String(row[property] ?? "").toLowerCase();
  return [...rows].sort((a, b) => sign * key(a).localeCompare(key(b)));
}

/** The fields asked for, and annotations. Unknown names are left out silently, as the directory does for open types. */
export function select(entity: Entity, fields: string | null): Entity {
  if (!fields || fields === "*") return entity;
  const wanted = fields.split(",").map((field) => field.trim());
  const chosen: Entity = {};
  for (const name of Object.keys(entity)) if (name.startsWith("@")) chosen[name] = entity[name];
  for (const name of wanted) if (Object.hasOwn(entity, name)) chosen[name] = entity[name];
  return chosen;
}

interface Page<T> {
  items: T[];
  /** Value of `$skiptoken` for the next page; undefined on the last one. */
  token: string | undefined;
}

/**
 * One page of a collection: 100 rows unless $top says so, at most 999. The token remembers the last row, so that rows which
 * vanish between two pages make no other row skip.
 */
export function page<T>(rows: readonly T[], query: URLSearchParams, idOf: (row: T) => string): Page<T> {
  const top = topOf(query);
  const start = positionAfter(rows, query.get("$skiptoken"), idOf);
  const items = rows.slice(start, start + top);
  const end = start + items.length;
  const token = end < rows.length ? encodeToken({ at: end, last: idOf(items.at(-1)!) }) : undefined;
  return { items, token };
}

function topOf(query: URLSearchParams): number {
  const text = query.get("$top");
  if (text === null) return 100;
  const top = Number(text);
  if (!Number.isInteger(top) || top < 1 || top > 999)
    throw badRequest(`Invalid page size specified: '${text}'. Must be between 1 and 999 inclusive.`);
  return top;
}

function positionAfter<T>(rows: readonly T[], token: string | null, idOf: (row: T) => string): number {
  if (token === null) return 0;
  const { at, last } = decodeToken<{ at: number; last: string }>(token);
  if (at > 0 && at <= rows.length && idOf(rows[at - 1]!) === last) return at;
  const moved = rows.findIndex((row) => idOf(row) === last);
  return moved < 0 ? Math.max(0, at - 1) : moved + 1;
}

export const encodeToken = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Tokens are opaque to callers; one that is not ours is refused. */
export function decodeToken<T extends object>(token: string): T {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (typeof value === "object" && value !== null) return value as T;
  } catch {
    // falls through to the refusal
  }
  throw new GraphError(
    400,
    "Directory_ExpiredPageToken",
    "The specified page token value has expired and can no longer be included in your request.",
  );
}
