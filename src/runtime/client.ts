/** Thin typed client of the API server: one method per verb, addressed by group, version and plural. */
import { KubeApiError } from "./errors.ts";
import type { KubeObject } from "./port.ts";
import type { RequestOptions, Transport } from "./transport.ts";

export interface Resource {
  /** Empty for the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
}

export interface Page {
  items: KubeObject[];
  metadata: { resourceVersion: string; continue?: string };
}

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  object: KubeObject;
}

/** The bookmark that ends the first part of a streamed list: all that there is has been told. */
export function endsList({ type, object }: WatchEvent): boolean {
  return type === "BOOKMARK" && object.metadata.annotations?.["k8s.io/initial-events-end"] === "true";
}

export type PatchType = "json" | "merge" | "apply";
const PATCH_TYPES: Record<PatchType, string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** No single object comes near this; etcd refuses them above 1.5 MiB. */
const LONGEST_LINE = 16 * 1024 * 1024;

export function resourcePath(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const base = resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`;
  const parts = [namespace ? `namespaces/${encodeURIComponent(namespace)}` : "", resource.plural];
  if (name) parts.push(encodeURIComponent(name));
  if (subresource) parts.push(subresource);
  return `${base}/${parts.filter(Boolean).join("/")}`;
}

export class KubeClient {
  readonly transport: Transport;

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

  /** All objects page by page; no page is kept once the next is asked for. Throws 410 when the continuation expired. */
  async *list(
    resource: Resource,
    options: { namespace?: string; labelSelector?: string; pageSize?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<Page> {
    let token: string | undefined;
    do {
      const page: Page = await this.transport.request<Page>("GET", resourcePath(resource, options.namespace), {
        query: { limit: options.pageSize ?? 500, continue: token, labelSelector: options.labelSelector },
        signal: options.signal,
        timeoutMs: 60_000,
      });
      if (!Array.isArray(page?.items) || !page.metadata?.resourceVersion)
        throw new KubeApiError(500, "MalformedList", `${resource.plural}: the answer is not a list`);
      token = page.metadata.continue;
      yield page;
    } while (token);
  }

  /**
   * Events from `resourceVersion` on, until the server ends the watch; without one, everything that there is as ADDED events first, up
   * to the one that `endsList` (Kubernetes 1.32 and later; others answer 400 or 422, or never send that event). An ERROR event, a line that is not an event, or silence for
   * `idleMs` (bookmarks come about once a minute, so a healthy watch is never silent) throws.
   */
  async *watch(
    resource: Resource,
    options: {
      resourceVersion: string | undefined;
      namespace?: string;
      labelSelector?: string;
      timeoutSeconds: number;
      idleMs: number;
      signal: AbortSignal;
      /** The stream is open: the server has accepted the resourceVersion. */
      onOpen?: () => void;
    },
  ): AsyncGenerator<WatchEvent> {
    const idle = new AbortController();
    const silent = () => idle.abort(new Error(`${resource.plural}: the watch was silent for ${options.idleMs} ms`));
    const timer = setTimeout(silent, options.idleMs);
    timer.unref();
    try {
      const body = await this.transport.stream(resourcePath(resource, options.namespace), {
        query: {
          watch: true,
          allowWatchBookmarks: true,
          ...(options.resourceVersion === undefined
            ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }
            : { resourceVersion: options.resourceVersion }),
          labelSelector: options.labelSelector,
          timeoutSeconds: options.timeoutSeconds,
        },
        signal: AbortSignal.any([options.signal, idle.signal]),
      });
      options.onOpen?.();
      timer.refresh();
      for await (const line of lines(body, () => timer.refresh())) yield parseEvent(resource, line);
    } finally {
      clearTimeout(timer);
      // Ends the connection also when the consumer left in the middle of the stream.
      idle.abort();
    }
  }
}

async function* lines(chunks: AsyncIterable<Buffer>, onChunk: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    onChunk();
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
