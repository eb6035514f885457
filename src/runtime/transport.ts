/**
 * HTTP to the API server over one shared connection pool. client-node opens a TLS connection per request and neither times out nor
 * retries; only its kubeconfig and authentication are used (kubeconfig.ts). Headers and bodies are never logged.
 */
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";
import { backoff, type Clock, sleep, systemClock } from "./clock.ts";
import { KubeApiError } from "./errors.ts";

export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  rejectUnauthorized?: boolean;
  servername?: string;
}

/** Where the API server is and how to speak to it at this moment. */
export interface ClusterAccess {
  /** Base URL without a trailing slash. */
  server: string;
  tls: TlsOptions;
  /** Authorization; read again for every attempt. */
  headers: Record<string, string>;
  proxyUrl?: string;
}
/** `refresh` is true after a 401: what is remembered is no longer good. */
export type AccessProvider = (refresh: boolean) => Promise<ClusterAccess>;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
  /** Milliseconds for one attempt; 30 s when absent. */
  timeoutMs?: number;
}

export interface TransportOptions {
  access: AccessProvider;
  clock?: Clock;
  userAgent?: string;
  /** Attempts in all, the first included. */
  attempts?: number;
  /** Called once per attempt; `code` is the HTTP status or `error`. */
  onRequest?: (record: { method: Method; code: string; durationMs: number }) => void;
}

/** A Retry-After beyond this is the caller's affair, not a connection's. */
const LONGEST_WAIT_MS = 10_000;
const JSON_PATCH = "application/json-patch+json";

export class Transport {
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  #dispatcher: Dispatcher | undefined;
  #fingerprint = "";
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The parsed answer. Throws KubeApiError for every status but 2xx, after the retries that the verb allows. */
  async request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
    const attempts = this.#options.attempts ?? 4;
    let refresh = false;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once<T>(method, path, options, refresh);
      } catch (error) {
        refresh = error instanceof KubeApiError && error.code === 401;
        const wait = retryWait(error, method, options, attempt);
        if (wait === undefined || attempt + 1 >= attempts || options.signal?.aborted || this.#closed) throw error;
        await sleep(this.#clock, wait, options.signal);
        if (options.signal?.aborted) throw error;
      }
    }
  }

  /** The body of a long GET, chunk by chunk; the caller's signal ends it. One attempt: a watcher has its own back-off. */
  async stream(path: string, options: RequestOptions & { signal: AbortSignal }): Promise<AsyncIterable<Buffer>> {
    for (const refresh of [false, true]) {
      const response = await this.#send("GET", path, options, refresh, options.signal, 0);
      if (response.statusCode === 401 && !refresh) {
        await response.body.dump();
        continue;
      }
      if (response.statusCode >= 300) throw await asError("GET", path, response);
      return response.body;
    }
    throw new Error("unreachable");
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#dispatcher?.destroy();
  }

  async #once<T>(method: Method, path: string, options: RequestOptions, refresh: boolean): Promise<T> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const response = await this.#send(method, path, options, refresh, signal, options.timeoutMs ?? 30_000);
    if (response.statusCode >= 300) throw await asError(method, path, response);
    return (await response.body.json()) as T;
  }

  async #send(
    method: Method,
    path: string,
    options: RequestOptions,
    refresh: boolean,
    signal: AbortSignal,
    bodyTimeout: number,
  ): Promise<Dispatcher.ResponseData> {
    const access = await this.#options.access(refresh);
    const headers: Record<string, string> = {
      ...access.headers,
      accept: "application/json",
      "user-agent": this.#options.userAgent ?? "controller",
    };
    if (options.body !== undefined) headers["content-type"] = options.contentType ?? "application/json";
    const started = this.#clock.monotonic();
    let code = "error";
    try {
      const response = await request(access.server + path + queryString(options.query), {
        method,
        headers,
        body: options.body === undefined ? null : JSON.stringify(options.body),
        signal,
        dispatcher: this.#pool(access),
        headersTimeout: 30_000,
        bodyTimeout,
      });
      code = String(response.statusCode);
      return response;
    } finally {
      this.#options.onRequest?.({ method, code, durationMs: this.#clock.monotonic() - started });
    }
  }

  /** One pool for as long as certificates and address stay; a rotated CA or client certificate starts a new one. */
  #pool({ server, tls, proxyUrl }: ClusterAccess): Dispatcher {
    if (this.#closed) throw new Error("the transport is closed");
    const fingerprint = [server, proxyUrl, tls.ca, tls.cert, tls.key, tls.rejectUnauthorized, tls.servername].join(
      "\n",
    );
    if (this.#dispatcher && fingerprint === this.#fingerprint) return this.#dispatcher;
    // Requests under way end on the old pool; close() waits for them and must not hold up this one.
    this.#dispatcher?.close().catch(() => {});
    const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 15_000, timeout: 10_000 };
    this.#dispatcher = proxyUrl
      ? new ProxyAgent({ uri: proxyUrl, requestTls: tls, connect })
      : new Agent({ connect, connections: 32, pipelining: 1, keepAliveTimeout: 30_000 });
    this.#fingerprint = fingerprint;
    return this.#dispatcher;
  }
}

/**
 * Milliseconds until the next attempt, or undefined when there must be none. A 429 was refused before it was executed, so every verb
 * may repeat it; a 5xx or a lost connection may have been executed, so only idempotent verbs do.
 */
function retryWait(error: unknown, method: Method, options: RequestOptions, attempt: number): number | undefined {
  const wait = backoff(attempt, 200, 5_000);
  const idempotent = method !== "POST" && options.contentType !== JSON_PATCH;
  if (!(error instanceof KubeApiError)) return idempotent && isConnectionError(error) ? wait : undefined;
  const asked = error.retryAfterMs ?? 0;
  if (asked > LONGEST_WAIT_MS) return undefined;
  if (error.code === 401) return attempt === 0 ? 0 : undefined;
  if (error.code === 429) return Math.max(asked, wait);
  if ([502, 503, 504].includes(error.code) || (error.code === 500 && asked > 0))
    return idempotent ? Math.max(asked, wait) : undefined;
  return undefined;
}

/** Cut, refused or timed-out connections, and bodies that end early; not mistakes of this program. */
function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" || error instanceof SyntaxError || error.name === "TimeoutError";
}

async function asError(method: Method, path: string, response: Dispatcher.ResponseData): Promise<KubeApiError> {
  const text = await response.body.text().catch(() => "");
  let status: { reason?: string; message?: string; details?: { retryAfterSeconds?: number } } = {};
  try {
    status = JSON.parse(text) ?? {};
  } catch {
    // A proxy's HTML page; its text helps nobody and may hold anything.
  }
  const header = Number(response.headers["retry-after"]);
  const seconds = Number.isFinite(header) && header > 0 ? header : status.details?.retryAfterSeconds;
  const said = typeof status.message === "string" ? status.message.slice(0, 500) : "";
  return new KubeApiError(
    response.statusCode,
    status.reason ?? "",
    `${method} ${path}: ${response.statusCode} ${status.reason ?? ""} ${said}`.trimEnd(),
    seconds ? seconds * 1000 : undefined,
  );
}

function queryString(query: RequestOptions["query"]): string {
  const pairs = Object.entries(query ?? {})
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]): [string, string] => [name, String(value)]);
  if (pairs.length === 0) return "";
  return `?${new URLSearchParams(pairs)}`;
}
