/** The network of a simulation: what the clients of both clouds send goes straight to the sandbox, late by chance, and not at all from a dead process. */
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

export async function send(request: WireRequest): Promise<Answer> {
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
