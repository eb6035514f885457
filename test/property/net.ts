/** The network of a simulation: what the SDK and `fetch` send goes straight to the sandbox, late by chance, and not at all from a dead process. */
import { Readable } from "node:stream";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Sandbox, WireAnswer, WireRequest } from "../../src/sandbox/server.ts";
import { Process, type Simulation } from "./time.ts";

export interface Network {
  sandbox: Sandbox;
  simulation: Simulation;
  /** Simulated milliseconds that one way takes at most. */
  latencyMs: number;
  /** No name of a cloud is resolved while this holds. */
  unresolvable?: boolean;
  /** Called with every request of a process before it has an effect, and again after. */
  onTraffic?(process: Process, request: WireRequest, stage: "sent" | "carried out"): void;
}
let network: Network | undefined;
/** Timers of the clouds must not end with the life of whoever called. */
const CLOUDS = new Process("clouds");

/** Of whoever is not part of what is tested: no latency, no fault. */
export const ADMINISTRATOR = new Process("administrator");

export function connectNetwork(to: Network): () => void {
  network = to;
  return () => {
    network = undefined;
  };
}

const never = <T>() => new Promise<T>(() => {});

type Answer = WireAnswer & { unresolvable?: boolean };

async function send(request: WireRequest): Promise<Answer> {
  const process = Process.current();
  if (!network || !process) throw new Error(`a request from nobody: ${request.method} ${request.url}`);
  const { simulation, sandbox, latencyMs, onTraffic } = network;
  const exchange = (undisturbed: boolean) =>
    simulation.busy(CLOUDS.run(() => sandbox.exchange(request, { undisturbed })));
  if (process === ADMINISTRATOR) return exchange(true);
  onTraffic?.(process, request, "sent");
  if (process.dead) return never();
  await simulation.sleep(simulation.random() * latencyMs);
  if (network.unresolvable) return { fault: "cut", unresolvable: true };
  if (process.dead) return never();
  const answer = await exchange(false);
  onTraffic?.(process, request, "carried out");
  if (process.dead) return never();
  await simulation.sleep(simulation.random() * latencyMs);
  return process.dead ? never() : answer;
}

const failure = (message: string, code: string, name = "Error") => Object.assign(new Error(message), { code, name });

/** Truncated bodies break off half-way. */
function bodyOf({ fault, response }: WireAnswer): { text: string; broken: boolean } {
  const text = response?.body ?? "";
  return fault === "truncated" ? { text: text.slice(0, text.length / 2), broken: true } : { text, broken: false };
}

NodeHttpHandler.prototype.handle = async (request, { abortSignal } = {}) => {
  const { path, query } = request;
  const search = Object.entries(query ?? {}).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) =>
      one === null ? encodeURIComponent(key) : `${encodeURIComponent(key)}=${encodeURIComponent(one)}`,
    ),
  );
  const body = textOf(request.body);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const answer = await orAborted(
    send({ method: request.method, url: search.length > 0 ? `${path}?${search.join("&")}` : path, headers, body }),
    abortSignal as AbortSignal | undefined,
  );
  if (answer.fault === "timeout") {
    await orAborted(network!.simulation.sleep(30_000), abortSignal as AbortSignal | undefined);
    throw failure("the request took longer than 30000 ms", "ETIMEDOUT", "TimeoutError");
  }
  if (answer.unresolvable) throw failure(`getaddrinfo EAI_AGAIN ${request.hostname}`, "EAI_AGAIN");
  if (!answer.response || answer.fault === "lostAnswer") throw failure("socket hang up", "ECONNRESET");
  const { text, broken } = bodyOf(answer);
  const stream = Readable.from(
    (async function* () {
      if (text) yield Buffer.from(text);
      if (broken) throw failure("aborted", "ECONNRESET");
    })(),
  );
  return {
    response: { statusCode: answer.response.status, headers: answer.response.headers ?? {}, body: stream } as never,
  };
};

const realFetch = globalThis.fetch;
globalThis.fetch = async (input, init = {}) => {
  if (!network) return realFetch(input, init);
  const url = new URL(input instanceof Request ? input.url : String(input));
  const headers: Record<string, string> = { host: url.host };
  new Headers(init.headers as never).forEach((value, name) => {
    headers[name] = value;
  });
  const signal = init.signal ?? undefined;
  const { method = "GET" } = init;
  const answer = await orAborted(
    send({ method, url: url.pathname + url.search, headers, body: init.body ? String(init.body) : "" }),
    signal,
  );
  if (answer.fault === "timeout") return orAborted(never<Response>(), signal);
  if (answer.unresolvable)
    throw new TypeError("fetch failed", { cause: failure(`getaddrinfo EAI_AGAIN ${url.hostname}`, "EAI_AGAIN") });
  if (!answer.response || answer.fault === "lostAnswer")
    throw new TypeError("fetch failed", { cause: failure("other side closed", "UND_ERR_SOCKET") });
  const { text, broken } = bodyOf(answer);
  const { status, headers: answered } = answer.response;
  if (status === 204) return new Response(null, { status, headers: answered });
  const chunks = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (broken)
        controller.error(new TypeError("terminated", { cause: failure("other side closed", "UND_ERR_SOCKET") }));
      else controller.close();
    },
  });
  return new Response(chunks, { status, headers: answered });
};

function textOf(body: string | Uint8Array | undefined): string {
  if (body === undefined || typeof body === "string") return body ?? "";
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
