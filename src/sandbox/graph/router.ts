/** Which operation a request is: OData paths to routes. Segment names ignore case, keys may be quoted in parentheses. */
import { badGatewayRequest } from "./error.ts";

export type Body = Record<string, unknown>;

export interface Call {
  /** The keys in the path, decoded, in order. An alternate key stays as `name='value'`. */
  ids: string[];
  body: Body;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** Path below /v1.0 as it was called; for next links. */
  path: string;
  /** The URL that /v1.0 is below; for links and `@odata.context`. */
  base: string;
  version: "v1.0" | "beta";
}

export interface Answer {
  status: number;
  body?: Body;
  /** Plain text instead of JSON. */
  text?: string;
  headers?: Record<string, string>;
}

export interface Route {
  /** Method and template, for example "PATCH /applications/{id}". */
  name: string;
  /** Resource units of a plain call, per the throttling guide. */
  cost: number;
  run(call: Call): Promise<Answer> | Answer;
}

interface Entry extends Route {
  segments: string[];
}

export const NO_CONTENT: Answer = { status: 204 };

export class Router {
  readonly #routes = new Map<string, Entry[]>();

  /** Routes with more fixed segments must be added before those with keys in their place. */
  add(method: string, template: string, run: Route["run"], cost = 1): void {
    const segments = template.slice(1).split("/");
    const key = `${method} ${segments.length}`;
    const lowered = segments.map((one) => (one.startsWith("{") ? one : one.toLowerCase()));
    const entry = { name: `${method} ${template}`, cost, run, segments: lowered };
    const among = this.#routes.get(key);
    if (among) among.push(entry);
    else this.#routes.set(key, [entry]);
  }

  /** `path` is below /v1.0, percent-encoded. */
  find(method: string, path: string): { route: Route; ids: string[] } | undefined {
    const segments = segmentsOf(path);
    for (const route of this.#routes.get(`${method} ${segments.length}`) ?? []) {
      const ids: string[] = [];
      const fits = route.segments.every((expected, index) => {
        const { text, key } = segments[index]!;
        if (!expected.startsWith("{")) return !key && expected === text.toLowerCase();
        // OData forbids a segment that begins with $: such a name is given as ('$name').
        if (!key && text.startsWith("$")) return false;
        ids.push(text);
        return true;
      });
      if (fits) return { route, ids };
    }
    return undefined;
  }
}

/** `users('a')` is two segments, the second one surely a key; `delta()` is one. */
function segmentsOf(path: string): { text: string; key: boolean }[] {
  return path
    .split("/")
    .slice(1)
    .filter((raw, index, all) => raw !== "" || index < all.length - 1)
    .flatMap((raw) => {
      // "graph" is the service's alias of the namespace; Microsoft's SDKs write it.
      const text = decode(raw).replace(/^graph\.(?=[A-Za-z]+(\(\))?$)/, "microsoft.graph.");
      const [, name, key] = /^(?:microsoft\.graph\.)?([A-Za-z]+)\((.*)\)$/s.exec(text) ?? [];
      if (name === undefined) return [{ text, key: false }];
      if (key === "") return [{ text: name, key: false }];
      const [, quoted] = /^'(.*)'$/s.exec(key!) ?? [];
      return [
        { text: name, key: false },
        { text: quoted?.replaceAll("''", "'") ?? key!, key: true },
      ];
    });
}

function decode(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/** The id at the end of an `@odata.id` reference. */
export function referencedId(body: Body): string {
  const reference = body["@odata.id"];
  if (typeof reference !== "string" || !URL.canParse(reference))
    throw badGatewayRequest("The request body must hold an @odata.id with the URL of the object.");
  return decode(new URL(reference).pathname.split("/").at(-1) ?? "");
}
