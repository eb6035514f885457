/**
 * Microsoft's Graph client with our own middleware: a token per attempt, a time-out per attempt, retries for reads and
 * idempotent writes only, never for a POST that creates (a retried one makes a second application).
 */
import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { Client, type Context, GraphError, type Middleware } from "@microsoft/microsoft-graph-client";
import type { ApiCall, Breaker } from "../breaker.ts";
import { type CallOptions, type CallRecord, CloudError } from "../errors.ts";
import { orAborted } from "../kept.ts";
import type { Limiter } from "../limiter.ts";
import { classifyGraph, type GraphFailure, retryAfterMs, unreachable } from "./errors.ts";
import { exchange, type HttpAnswer, TooLarge } from "./http.ts";
import { templateOf } from "./paths.ts";

export interface GraphClientOptions {
  /** Without version, for example https://graph.microsoft.com. */
  baseUrl: string;
  token(): Promise<string>;
  onCall?(call: CallRecord): void;
  limiter?: Limiter;
  /** Reads and writes have a bucket each: `<limiterKey>/read` counts resource units, `<limiterKey>/write` calls. */
  limiterKey?: string;
  breaker?: Breaker;
  timeoutMs?: number;
  attempts?: number;
  sleep?(ms: number, signal?: AbortSignal): Promise<void>;
}

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
export interface GraphRequest {
  method: Method;
  /** Path with ids, query included. */
  path: string;
  body?: unknown;
  target?: string;
  /** A POST that only reads, such as $batch of GETs: retried, never reported as a write. */
  reads?: true;
  /** Resource units, default 1: what a batch holds counts each by itself. */
  cost?: number;
  options?: CallOptions;
}

interface Page<T> {
  value?: T[];
  "@odata.nextLink"?: string;
  "@odata.deltaLink"?: string;
}

const RETRYABLE = new Set([429, 500, 502, 503, 504]);
/** Far above the largest page of 999 objects; a broken or hostile proxy must not fill the memory. */
const RESPONSE_BYTES = 32 * 1024 * 1024;
const operationOf = ({ method, path }: Pick<GraphRequest, "method" | "path">) => `${method} ${templateOf(path)}`;
const apiCallOf = (request: GraphRequest): ApiCall => ({
  operation: operationOf(request),
  write: !isRead(request),
  target: request.target ?? request.path,
});
const isRead = ({ method, reads }: GraphRequest): boolean => method === "GET" || reads === true;

export class GraphClient {
  readonly #options: Required<Pick<GraphClientOptions, "timeoutMs" | "attempts" | "sleep">> & GraphClientOptions;
  readonly #client: Client;
  /** Server time minus ours, from Date headers. */
  #skewMs = 0;

  constructor(options: GraphClientOptions) {
    this.#options = { timeoutMs: 30_000, attempts: 4, sleep: defaultSleep, ...options };
    this.#client = Client.initWithMiddleware({
      middleware: this.#chain(),
      baseUrl: `${options.baseUrl.replace(/\/$/, "")}/`,
      defaultVersion: "v1.0",
    });
  }

  get baseUrl(): string {
    return this.#options.baseUrl.replace(/\/$/, "");
  }

  /** The cloud's own clock. */
  now(): Date {
    return new Date(Date.now() + this.#skewMs);
  }

  /** Undefined for 404 on a read, and for a void answer. */
  async send<T = unknown>(request: GraphRequest): Promise<T | undefined> {
    const call = this.#client.api(request.path).responseType("json" as never);
    const sent: Sent = { request };
    call.option("connectSso" as never, sent as never);
    try {
      const { method, body } = request;
      const answer =
        method === "GET"
          ? call.get()
          : method === "DELETE"
            ? call.delete()
            : method === "PUT"
              ? call.put(body)
              : method === "PATCH"
                ? call.patch(body)
                : call.post(body);
      return (await answer) as T;
    } catch (error) {
      throw this.#classify(sent.failure ?? error, request);
    }
  }

  async read<T>(path: string, options?: CallOptions): Promise<T | undefined> {
    try {
      return await this.send<T>({ method: "GET", path, options });
    } catch (error) {
      if (error instanceof CloudError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** For a read that was refused for rate inside a batch: no read goes out for so long. */
  throttled(ms: number): void {
    const { limiter, limiterKey = "graph" } = this.#options;
    limiter?.throttled(`${limiterKey}/read`, ms);
  }

  /** All pages. Next links must stay with this service. `given`: the first page, where it came in a batch. */
  async *pages<T>(
    first: string,
    options?: CallOptions,
    given?: object,
  ): AsyncGenerator<{ value: T[]; deltaLink?: string }> {
    let path: string | undefined = first;
    let known: Page<T> | undefined = given;
    while (path) {
      const page: Page<T> | undefined = known ?? (await this.send({ method: "GET", path, options }));
      known = undefined;
      // A page without rows has an empty list; without a list it was cut off.
      if (!Array.isArray(page?.value))
        throw new CloudError(`GET ${templateOf(path)}: the answer has no list`, {
          kind: "transient",
          reason: "MalformedAnswer",
          code: "NoList",
        });
      yield { value: page.value, deltaLink: page["@odata.deltaLink"] };
      path = page["@odata.nextLink"] ? this.relative(page["@odata.nextLink"]) : undefined;
    }
  }

  async list<T>(path: string, options?: CallOptions): Promise<T[]> {
    const all: T[] = [];
    for await (const { value } of this.pages<T>(path, options)) all.push(...value);
    return all;
  }

  /** A link of the service as a path of ours; a link elsewhere is refused, it would carry our token away. */
  relative(link: string): string {
    const prefix = `${this.#options.baseUrl.replace(/\/$/, "")}/v1.0`;
    if (!link.startsWith(`${prefix}/`)) {
      throw new CloudError(`a link of Microsoft Graph leads away from ${prefix}`, {
        kind: "terminal",
        reason: "GraphRefused",
        code: "ForeignLink",
      });
    }
    return link.slice(prefix.length);
  }

  #chain(): Middleware[] {
    const attempts = new Attempts((context) => this.#attempt(context), this.#options);
    return [attempts];
  }

  async #attempt(context: Context): Promise<Response> {
    const { limiter, limiterKey = "graph", breaker } = this.#options;
    const request = requestOf(context);
    const bucket = `${limiterKey}/${isRead(request) ? "read" : "write"}`;
    const answered = await limiter?.take(bucket, request.options, isRead(request) ? request.cost : 1);
    try {
      breaker?.enter(apiCallOf(request));
      return await this.#sent(context, bucket);
    } finally {
      answered?.();
    }
  }

  async #sent(context: Context, bucket: string): Promise<Response> {
    const { token, timeoutMs, onCall, limiter, breaker } = this.#options;
    const request = requestOf(context);
    const started = performance.now();
    const sentAt = performance.now();
    const record = (code: string, wasThrottled = false) =>
      onCall?.({
        api: "graph",
        operation: operationOf(request),
        code,
        write: !isRead(request),
        durationMs: performance.now() - started,
        throttled: wasThrottled,
        target: request.target,
      });
    const signal = AbortSignal.any([
      AbortSignal.timeout(timeoutMs),
      ...(request.options?.signal ? [request.options.signal] : []),
    ]);
    const headers = { ...(context.options?.headers as Record<string, string> | undefined) };
    try {
      headers.authorization = `Bearer ${await orAborted(token(), signal)}`;
    } catch (error) {
      record("error");
      // Nothing was sent, so nothing can have happened.
      const failure =
        error instanceof CloudError ? error : unreachable(`token for ${templateOf(request.path)}`, error, true);
      throw this.#failed(failure, request);
    }
    headers["client-request-id"] = randomUUID();
    headers["x-ms-throttle-priority"] = request.options?.priority === "sweep" ? "low" : "normal";
    const body = context.options?.body as string | undefined;
    if (body) headers["content-type"] = "application/json";
    try {
      const { method } = request;
      const answer = await exchange(String(context.request), { method, headers, body, signal, limit: RESPONSE_BYTES });
      const date = Date.parse(answer.headers.date ?? "");
      if (!Number.isNaN(date)) this.#skewMs = date - Date.now();
      const throttled = answer.status === 429;
      if (throttled)
        limiter?.throttled(bucket, retryAfterMs(answer.headers["retry-after"], new Date()) ?? 1000, sentAt);
      else limiter?.succeeded(bucket);
      record(String(answer.status), throttled);
      if (answer.status < 300) {
        breaker?.succeeded(apiCallOf(request));
        return responseOf(answer);
      }
      const refused = breaker?.failed(classifyGraph(failureOf(answer), templateOf(request.path)), apiCallOf(request));
      if (refused?.reason === "CircuitOpen") throw refused;
      return responseOf(answer);
    } catch (error) {
      if (error instanceof CloudError) throw error;
      record("error");
      const operation = operationOf(request);
      const failure =
        error instanceof TooLarge
          ? tooLarge(operation, isRead(request))
          : unreachable(operation, error, isRead(request));
      throw this.#failed(failure, request);
    }
  }

  /** No answer: a caller that gave up says nothing about the service. Returns what the caller gets. */
  #failed(failure: CloudError, request: GraphRequest): CloudError {
    const { breaker } = this.#options;
    if (!request.options?.signal?.aborted) return breaker?.failed(failure, apiCallOf(request)) ?? failure;
    breaker?.abandoned(apiCallOf(request));
    return failure;
  }

  #classify(error: unknown, request: GraphRequest): CloudError {
    if (error instanceof CloudError) return error;
    const operation = operationOf(request);
    if (error instanceof GraphError && error.statusCode > 0) {
      const body =
        typeof error.body === "string"
          ? (safeJson(error.body) as { details?: { code?: string; target?: string }[] })
          : undefined;
      return classifyGraph(
        {
          status: error.statusCode,
          code: error.code ?? "Unknown",
          message: error.message ?? "",
          details: body?.details,
          retryAfterMs: retryAfterMs(error.headers?.get("retry-after"), new Date()),
        },
        operation,
        isRead(request),
      );
    }
    return unreachable(operation, error, isRead(request));
  }
}

/** A longer Retry-After is not waited for here: the answer goes to the caller. */
const LONGEST_WAIT_MS = 10_000;

/** Retries what may be retried: reads, and writes that say the whole of what they set. */
class Attempts implements Middleware {
  readonly #attempt: (context: Context) => Promise<Response>;
  readonly #options: { attempts: number; sleep(ms: number, signal?: AbortSignal): Promise<void> };

  constructor(
    attempt: (context: Context) => Promise<Response>,
    options: { attempts: number; sleep(ms: number, signal?: AbortSignal): Promise<void> },
  ) {
    this.#attempt = attempt;
    this.#options = options;
  }

  async execute(context: Context): Promise<void> {
    const request = requestOf(context);
    const attempts = request.method === "POST" && !request.reads ? 1 : this.#options.attempts;
    for (let attempt = 1; ; attempt++) {
      try {
        context.response = undefined;
        context.response = await this.#attempt(context);
        if (attempt >= attempts || !RETRYABLE.has(context.response.status)) return;
      } catch (error) {
        const lasting = error instanceof CloudError && (error.kind === "terminal" || error.reason === "CircuitOpen");
        if (attempt >= attempts || lasting || request.options?.signal?.aborted) {
          sentOf(context).failure = error;
          throw error;
        }
      }
      const asked = retryAfterMs(context.response?.headers.get("retry-after"), new Date());
      if (asked !== undefined && asked > LONGEST_WAIT_MS) return;
      await this.#options.sleep(asked ?? 250 * 2 ** attempt * (0.5 + Math.random() / 2), request.options?.signal);
    }
  }
}

/** Microsoft's client turns what a middleware throws into an error of its own; ours is kept beside it. */
interface Sent {
  request: GraphRequest;
  failure?: unknown;
}
const sentOf = (context: Context): Sent => (context.options as unknown as { connectSso: Sent }).connectSso;
const requestOf = (context: Context): GraphRequest => sentOf(context).request;

const tooLarge = (operation: string, reads: boolean) =>
  new CloudError(`${operation}: the answer is larger than ${RESPONSE_BYTES / 1024 / 1024} MiB`, {
    kind: "terminal",
    reason: "GraphRefused",
    code: "ResponseTooLarge",
    outcomeUnknown: !reads,
  });

/** What Microsoft's client reads of a Response; a real one would load all of undici. */
function responseOf({ status, headers, body }: HttpAnswer): Response {
  const text = () => body.toString("utf8");
  return {
    status,
    ok: status < 300,
    statusText: STATUS_CODES[status] ?? "",
    headers: { get: (name: string) => headers[name.toLowerCase()] ?? null },
    text: async () => text(),
    json: async () => JSON.parse(text()),
  } as unknown as Response;
}

function failureOf({ status, headers, body }: HttpAnswer): GraphFailure {
  const said = safeJson(body.toString("utf8")) as { error?: { code?: string; message?: string } } | undefined;
  return {
    status,
    code: said?.error?.code ?? "Unknown",
    message: said?.error?.message ?? STATUS_CODES[status] ?? "",
    retryAfterMs: retryAfterMs(headers["retry-after"], new Date()),
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function defaultSleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
