/** Thin typed client of the API server: one method per verb, addressed by group, version and plural. */
import { KubeApiError } from "./errors.ts";
import { type ListEnd, readList } from "./list-reader.ts";
import type { KubeObject } from "./port.ts";
import type { RequestOptions, Transport } from "./transport.ts";

export interface Resource {
  /** Empty for the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
}

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  object: KubeObject;
}

type PatchType = "json" | "merge" | "apply";
const PATCH_TYPES: Record<PatchType, string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  apply: "application/apply-patch+yaml",
};

interface Version {
  minor?: string;
}

/** Of a list without a further byte, milliseconds. */
const LIST_IDLE_MS = 60_000;
/** No single object comes near this; etcd refuses them above 1.5 MiB. */
const LONGEST_LINE = 16 * 1024 * 1024;

function resourcePath(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const base = resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`;
  const parts = [namespace ? `namespaces/${encodeURIComponent(namespace)}` : "", resource.plural];
  if (name) parts.push(encodeURIComponent(name));
  if (subresource) parts.push(subresource);
  return `${base}/${parts.filter(Boolean).join("/")}`;
}

export class KubeClient {
  readonly transport: Transport;
  #version: Promise<Version> | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  get<T = KubeObject>(resource: Resource, namespace: string | undefined, name: string, options?: RequestOptions) {
    return this.transport.request<T>("GET", resourcePath(resource, namespace, name), options);
  }

  create<T = KubeObject>(resource: Resource, namespace: string | undefined, body: unknown, options?: RequestOptions) {
    return this.transport.request<T>("POST", resourcePath(resource, namespace), { ...options, body });
  }

  replace<T = KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    body: unknown,
    options?: RequestOptions,
  ) {
    return this.transport.request<T>("PUT", resourcePath(resource, namespace, name), { ...options, body });
  }

  /** `apply` needs a `fieldManager` in the query. */
  patch<T = KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    patch: { type: PatchType; body: unknown; subresource?: string },
    options?: RequestOptions,
  ) {
    return this.transport.request<T>("PATCH", resourcePath(resource, namespace, name, patch.subresource), {
      ...options,
      body: patch.body,
      contentType: PATCH_TYPES[patch.type],
    });
  }

  delete(resource: Resource, namespace: string | undefined, name: string, options?: RequestOptions) {
    return this.transport.request<unknown>("DELETE", resourcePath(resource, namespace, name), options);
  }

  /**
   * All objects, as many at a time as have arrived; returns the resourceVersion of the list. Servers that answer from their cache are
   * asked for all at once, others for `pageSize` at a time. Throws 410 when a continuation expired, and after a minute of silence.
   */
  async *list(
    resource: Resource,
    options: {
      namespace?: string;
      labelSelector?: string;
      fieldSelector?: string;
      pageSize?: number;
      signal?: AbortSignal;
    } = {},
  ): AsyncGenerator<KubeObject[], string> {
    const { namespace, labelSelector, fieldSelector, signal } = options;
    const pageSize = (await this.#listsFromCache(signal)) ? undefined : (options.pageSize ?? 500);
    const silence = new Silence(LIST_IDLE_MS, `the list of ${resource.plural}`, signal);
    try {
      for (let token: string | undefined; ; ) {
        const body = await this.transport.stream(resourcePath(resource, namespace), {
          query: { limit: pageSize, continue: token, labelSelector, fieldSelector },
          signal: silence.signal,
          compressed: true,
          retries: true,
        });
        const end: ListEnd = yield* readList(silence.heard(body));
        if (!end.continue) return end.resourceVersion;
        token = end.continue;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new KubeApiError(500, "MalformedList", `${resource.plural}: the answer is not a list`);
    } finally {
      silence.end();
    }
  }

  /**
   * Since 1.31 a list of all comes from the server's cache, while each page is read from its store; before, both were. False when the
   * server does not say; then the next list asks again. One question serves all kinds, which are listed at the same time.
   */
  async #listsFromCache(signal: AbortSignal | undefined): Promise<boolean> {
    this.#version ??= this.transport.request<Version>("GET", "/version", { signal });
    const answer = this.#version;
    try {
      // Managed clusters say "31+".
      return Number.parseInt((await answer).minor ?? "", 10) >= 31;
    } catch {
      if (this.#version === answer) this.#version = undefined;
      return false;
    }
  }

  /**
   * Events from `resourceVersion` on, until the server ends the watch. An ERROR event, a line that is not an event, or silence for
   * `idleMs` (bookmarks come about once a minute, so a healthy watch is never silent) throws.
   */
  async *watch(
    resource: Resource,
    options: {
      resourceVersion: string;
      namespace?: string;
      labelSelector?: string;
      timeoutSeconds: number;
      idleMs: number;
      signal: AbortSignal;
    },
  ): AsyncGenerator<WatchEvent> {
    const { resourceVersion, labelSelector, timeoutSeconds } = options;
    const silence = new Silence(options.idleMs, `the watch of ${resource.plural}`, options.signal);
    try {
      const body = await this.transport.stream(resourcePath(resource, options.namespace), {
        query: { watch: true, allowWatchBookmarks: true, resourceVersion, labelSelector, timeoutSeconds },
        signal: silence.signal,
      });
      for await (const line of lines(silence.heard(body))) yield parseEvent(resource, line);
    } finally {
      // Ends the connection also when the consumer left in the middle of the stream.
      silence.end();
    }
  }
}

/** Ends a stream that says nothing for a while: the other side may be gone without a word. */
class Silence {
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number, what: string, stop?: AbortSignal) {
    this.signal = stop ? AbortSignal.any([stop, this.#abort.signal]) : this.#abort.signal;
    this.#timer = setTimeout(() => this.#abort.abort(new Error(`${what} was silent for ${ms} ms`)), ms);
    this.#timer.unref();
  }

  async *heard(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    this.#timer.refresh();
    for await (const chunk of chunks) {
      this.#timer.refresh();
      yield chunk;
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }
}

async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", start)) {
      if (end > start) yield rest.slice(start, end);
      start = end + 1;
    }
    rest = rest.slice(start);
    if (rest.length > LONGEST_LINE) throw new KubeApiError(500, "MalformedEvent", "a watch event is too long");
  }
  if (rest.trim()) throw new KubeApiError(500, "MalformedEvent", "the watch ended inside an event");
}

/** A line that cannot be read is an event that was lost: it throws, and the watcher lists again. */
function parseEvent(resource: Resource, line: string): WatchEvent {
  let event: { type?: string; object?: KubeObject & { code?: number; reason?: string; message?: string } };
  try {
    event = JSON.parse(line);
  } catch {
    throw new KubeApiError(500, "MalformedEvent", `${resource.plural}: a line of the watch is not JSON`);
  }
  const { type, object } = event ?? {};
  if (type === "ERROR")
    throw new KubeApiError(
      object?.code ?? 500,
      object?.reason ?? "",
      `${resource.plural}: ${object?.message ?? "error"}`,
    );
  const known = type === "ADDED" || type === "MODIFIED" || type === "DELETED" || type === "BOOKMARK";
  if (!known || !object?.metadata?.resourceVersion)
    throw new KubeApiError(500, "MalformedEvent", `${resource.plural}: a line of the watch is not an event`);
  return { type, object };
}
