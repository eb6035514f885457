/**
 * HTTP to the API server over one shared connection pool. client-node opens a TLS connection per request and neither times out nor
 * retries; only its kubeconfig and authentication are used (kubeconfig.ts). Headers and bodies are never logged.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { HttpProxyAgent, HttpsProxyAgent } from "hpagent";
import { backoff } from "./backoff.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { KubeApiError } from "./errors.ts";

export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  rejectUnauthorized?: boolean;
  servername?: string;
}

/** Where the API server is and how to connect to it at this moment. */
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
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Milliseconds for one attempt; 30 s when absent. */
  timeoutMs?: number;
}

interface TransportOptions {
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
const CONNECT_MS = 10_000;
/** Without the first byte of an answer, also of a watch. */
const HEADERS_MS = 30_000;
/** Kept open without a request; the API server itself waits longer. */
const IDLE_MS = 30_000;
/** Bytes at a time of what is compressed, and of what it becomes; from 128 kB on malloc would ask the system for each. */
const COMPRESSED = 16 * 1024;
const DECOMPRESSED = 120 * 1024;
const JSON_PATCH = "application/json-patch+json";

export class Transport {
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  #agent: HttpAgent | undefined;
  #fingerprint = "";
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The parsed answer. Throws KubeApiError for every status but 2xx, after the retries that the verb allows. */
  request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
    return this.#repeated(method, options, this.#options.attempts, (refresh) =>
      this.#once<T>(method, path, options, refresh),
    );
  }

  /**
   * The body of a long GET, chunk by chunk; the caller's signal ends it. `compressed`: the server may compress it. `retries`: until the
   * answer begins, as for `request`; without, one attempt, and another one after a 401.
   */
  stream(
    path: string,
    options: RequestOptions & { signal: AbortSignal; retries?: boolean; compressed?: boolean },
  ): Promise<AsyncIterable<Buffer>> {
    const attempts = options.retries ? this.#options.attempts : 1;
    return this.#repeated("GET", options, attempts, async (refresh) => {
      const headers: Record<string, string> = options.compressed ? { "accept-encoding": "gzip" } : {};
      const response = await this.#send("GET", path, { ...options, headers }, refresh, options.signal);
      if (response.statusCode! >= 300) throw await asError("GET", path, response);
      if (response.headers["content-encoding"] !== "gzip") return response;
      // The reader gets the error, whichever of the two streams it happens to.
      return pipeline(response, gathered, createGunzip({ chunkSize: DECOMPRESSED }), () => {});
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#agent?.destroy();
  }

  async #repeated<T>(
    method: Method,
    options: RequestOptions,
    attempts: number | undefined,
    once: (refresh: boolean) => Promise<T>,
  ): Promise<T> {
    const most = attempts ?? 4;
    let refresh = false;
    for (let attempt = 0; ; attempt++) {
      try {
        return await once(refresh);
      } catch (error) {
        refresh = error instanceof KubeApiError && error.code === 401;
        const wait = retryWait(error, method, options, attempt);
        const last = attempt + 1 >= most && !(refresh && attempt === 0);
        if (wait === undefined || last || options.signal?.aborted || this.#closed) throw error;
        await sleep(this.#clock, wait, options.signal);
        if (options.signal?.aborted) throw error;
      }
    }
  }

  async #once<T>(method: Method, path: string, options: RequestOptions, refresh: boolean): Promise<T> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    try {
      const response = await this.#send(method, path, options, refresh, signal);
      if (response.statusCode! >= 300) throw await asError(method, path, response);
      return JSON.parse(await textOf(response)) as T;
    } finally {
      if (timeout.aborted) this.#dropIdle();
    }
  }

  /** A connection that went silent is seldom alone: the next attempt, of a lease above all, must not take another half-open one. */
  #dropIdle(): void {
    for (const sockets of Object.values(this.#agent?.freeSockets ?? {}))
      for (const socket of [...(sockets ?? [])]) socket.destroy();
  }

  async #send(
    method: Method,
    path: string,
    options: RequestOptions,
    refresh: boolean,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const access = await this.#options.access(refresh);
    const headers: Record<string, string> = {
      ...options.headers,
      ...access.headers,
      accept: "application/json",
      "user-agent": this.#options.userAgent ?? "controller",
    };
    const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
    if (body) {
      headers["content-type"] = options.contentType ?? "application/json";
      headers["content-length"] = String(body.length);
    }
    const started = this.#clock.monotonic();
    let code = "error";
    try {
      const url = new URL(access.server + path + queryString(options.query));
      const response = await exchange(url, { method, headers, signal, agent: this.#pool(access) }, body);
      code = String(response.statusCode);
      return response;
    } finally {
      this.#options.onRequest?.({ method, code, durationMs: this.#clock.monotonic() - started });
    }
  }

  /** One pool for as long as certificates and address stay; a rotated CA or client certificate starts a new one. */
  #pool({ server, tls, proxyUrl }: ClusterAccess): HttpAgent {
    if (this.#closed) throw new Error("the transport is closed");
    const fingerprint = [server, proxyUrl, tls.ca, tls.cert, tls.key, tls.rejectUnauthorized, tls.servername].join(
      "\n",
    );
    if (this.#agent && fingerprint === this.#fingerprint) return this.#agent;
    // The old pool is left to itself: requests under way end on it, idle connections time out.
    const pool = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 32, timeout: IDLE_MS };
    const secure = server.startsWith("https:");
    if (proxyUrl) {
      const proxy = { ...pool, proxy: proxyUrl };
      this.#agent = secure ? new HttpsProxyAgent({ ...proxy, ...tls }) : new HttpProxyAgent(proxy);
    } else {
      // HTTPS_PROXY and NO_PROXY, which Node itself reads.
      const direct = { ...pool, proxyEnv: process.env };
      this.#agent = secure ? new HttpsAgent({ ...direct, ...tls }) : new HttpAgent(direct);
    }
    this.#fingerprint = fingerprint;
    return this.#agent;
  }
}

/** One request; resolves with the head of the answer. Rejects with the signal's reason, or when no connection or no head comes in time. */
function exchange(
  url: URL,
  options: { method: Method; headers: Record<string, string>; signal: AbortSignal; agent: HttpAgent },
  body: Buffer | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { signal, ...rest } = options;
    if (signal.aborted) return reject(signal.reason);
    const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, rest);
    let abort = () => void request.destroy(signal.reason);
    const onAbort = () => abort();
    const late = (what: string) => () =>
      request.destroy(Object.assign(new Error(`no ${what} in time`), { code: "ETIMEDOUT" }));
    let timer = setTimeout(late("connection"), CONNECT_MS);
    signal.addEventListener("abort", onAbort, { once: true });
    request.once("socket", (socket) => {
      const connected = () => {
        clearTimeout(timer);
        timer = setTimeout(late("answer"), HEADERS_MS);
      };
      if (socket.connecting) socket.once(url.protocol === "https:" ? "secureConnect" : "connect", connected);
      else connected();
    });
    request.once("response", (response) => {
      clearTimeout(timer);
      // From here on the reader gets the error.
      abort = () => void response.destroy(signal.reason);
      response.once("close", () => signal.removeEventListener("abort", onAbort));
      response.on("error", () => {});
      resolve(response);
    });
    request.on("error", (error) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      reject(signal.aborted ? signal.reason : error);
    });
    request.end(body);
  });
}

/** Small pieces together: each one costs a way to the thread that decompresses, and back. */
async function* gathered(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    pieces.push(chunk);
    bytes += chunk.length;
    if (bytes < COMPRESSED) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(pieces);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Milliseconds until the next attempt, or undefined when there must be none. A 429 was refused before it was executed, so every verb
 * may repeat it; a 5xx or a lost connection may have been executed, so only idempotent verbs do.
 */
function retryWait(error: unknown, method: Method, options: RequestOptions, attempt: number): number | undefined {
  const wait = backoff(attempt, { base: 200, max: 5_000 });
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
  const { code, name } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof code === "string" || name === "SyntaxError" || name === "TimeoutError";
}

async function asError(method: Method, path: string, response: IncomingMessage): Promise<KubeApiError> {
  const code = response.statusCode!;
  const text = await textOf(response).catch(() => "");
  let status: { reason?: string; message?: string; details?: { retryAfterSeconds?: number } } = {};
  try {
    status = JSON.parse(text) ?? {};
  } catch {
    // A proxy's HTML page; its text says nothing of ours and may hold anything.
  }
  const header = Number(response.headers["retry-after"]);
  const seconds = Number.isFinite(header) && header > 0 ? header : status.details?.retryAfterSeconds;
  const said = typeof status.message === "string" ? status.message.slice(0, 500) : "";
  return new KubeApiError(
    code,
    status.reason ?? "",
    `${method} ${path}: ${code} ${status.reason ?? ""} ${said}`.trimEnd(),
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
