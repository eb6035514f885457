/** Raw answers of Microsoft Graph and of the login service: facts are about statuses and error bodies, which the client of the providers classifies. */
import { randomUUID } from "node:crypto";
import { exchange, type HttpAnswer } from "../providers/graph/http.ts";
import type { GraphAccess } from "../providers/graph/index.ts";
import type { Recorder } from "./recorder.ts";
import type { Time } from "./time.ts";
import type { Answer } from "./types.ts";

const LIMIT = 32 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
/** A throttled call had no effect and is sent again. */
const MOST_ATTEMPTS = 8;
/** Replicas learn of a new object within this; until then they answer 404. */
const REPLICATION_SECONDS = 120;

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
type Body = Record<string, unknown>;
const ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

const operationOf = (method: string, path: string): string =>
  `${method} ${path
    .split("?")[0]!
    .replaceAll(/\/aws\.[^/]+/g, "/{id}")
    .replaceAll(ID, "{id}")
    .replaceAll(/\/appRoleAssignedTo\/[^/]+/g, "/appRoleAssignedTo/{id}")}`;

export class GraphCloud {
  readonly tenantId: string;
  readonly #access: GraphAccess;
  readonly #recorder: Recorder;
  readonly #time: Time;
  readonly #signal: AbortSignal | undefined;

  constructor(access: GraphAccess, recorder: Recorder, time: Time, signal?: AbortSignal) {
    this.tenantId = access.tenantId;
    this.#access = access;
    this.#recorder = recorder;
    this.#time = time;
    this.#signal = signal;
  }

  get baseUrl(): string {
    return this.#access.graphUrl;
  }
  token(): Promise<string> {
    return this.#access.token();
  }

  async call<T = Body>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#send("graph", method, `${this.#access.graphUrl}/v1.0${path}`, path, body);
      const again = answer.status === 429 || (method === "GET" && answer.status >= 500);
      if (!again || attempt >= MOST_ATTEMPTS) return answerOf<T>(answer, operationOf(method, path));
      await this.#time.sleep(1000 * Math.min(120, Number(answer.headers["retry-after"]) || 2 ** attempt));
    }
  }

  /** For an object that was made just now: repeated while replicas do not know it. */
  async settled<T = Body>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
    const began = this.#time.now();
    for (;;) {
      const answer = await this.call<T>(method, path, body);
      if (answer.status !== 404 || this.#time.now() - began > REPLICATION_SECONDS * 1000) return answer;
      await this.#time.sleep(2000);
    }
  }

  /** All pages of a list. */
  async list<T = Body>(path: string): Promise<Answer<T[]>> {
    const rows: T[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const answer: Answer<{ value?: T[]; "@odata.nextLink"?: string }> = await this.call("GET", next);
      if (!answer.ok) return { ...answer, body: undefined };
      rows.push(...(answer.body?.value ?? []));
      const link = answer.body?.["@odata.nextLink"];
      // A link elsewhere would carry the token away.
      const prefix = `${this.#access.graphUrl}/v1.0/`;
      next = link?.startsWith(prefix) ? link.slice(prefix.length - 1) : undefined;
    }
    return { ok: true, status: 200, body: rows, operation: operationOf("GET", path) };
  }

  /** Certificates (base64 of DER) that the federation metadata of an application lists for signing. */
  async signingCertificates(appId: string): Promise<Answer<string[]>> {
    const path = `/${this.tenantId}/federationmetadata/2007-06/federationmetadata.xml?appid=${appId}`;
    const answer = await this.#send("login", "GET", `${this.#access.loginUrl}${path}`, path, undefined);
    const xml = answer.body.toString("utf8");
    const descriptor = /<(?:\w+:)?IDPSSODescriptor[\s\S]*?<\/(?:\w+:)?IDPSSODescriptor>/.exec(xml)?.[0] ?? "";
    const found = [...descriptor.matchAll(/<(?:\w+:)?X509Certificate>([^<]+)</g)].map(([, text]) =>
      text!.replace(/\s/g, ""),
    );
    return {
      ok: answer.status === 200,
      status: answer.status,
      body: [...new Set(found)],
      operation: "GET federation metadata",
    };
  }

  /** The document as IAM takes it. */
  async metadataDocument(appId: string): Promise<string> {
    const path = `/${this.tenantId}/federationmetadata/2007-06/federationmetadata.xml?appid=${appId}`;
    return (await this.#send("login", "GET", `${this.#access.loginUrl}${path}`, path, undefined)).body.toString("utf8");
  }

  async #send(
    service: "graph" | "login",
    method: Method,
    url: string,
    path: string,
    body: unknown,
  ): Promise<HttpAnswer> {
    const headers: Record<string, string> = { "client-request-id": randomUUID() };
    if (service === "graph") headers.authorization = `Bearer ${await this.#access.token()}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sentAt = Date.now();
    const request = { method, path, ...(text !== undefined && { body: text }) };
    const operation = service === "login" ? "GET federation metadata" : operationOf(method, path);
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(this.#signal ? [this.#signal] : [])]);
      const answer = await exchange(url, { method, headers, body: text, signal, limit: LIMIT });
      const requestId = answer.headers["request-id"] ?? answer.headers["x-ms-request-id"];
      this.#recorder.add(
        {
          service,
          operation,
          request,
          answer: { status: answer.status, ...(requestId && { requestId }), body: answer.body.toString("utf8") },
        },
        sentAt,
      );
      return answer;
    } catch (error) {
      this.#recorder.add({ service, operation, request }, sentAt);
      throw error;
    }
  }
}

function answerOf<T>({ status, body }: HttpAnswer, operation: string): Answer<T> {
  let json: unknown;
  try {
    json = body.length === 0 ? undefined : JSON.parse(body.toString("utf8"));
  } catch {
    json = undefined;
  }
  const error = (json as { error?: { code?: string; message?: string } } | undefined)?.error;
  return {
    ok: status < 300,
    status,
    body: json as T,
    operation,
    ...(status >= 300 && { code: error?.code ?? "", message: error?.message ?? "" }),
  };
}
