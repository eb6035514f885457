/** The sandbox as a server: one port, a path prefix per API, and in front of each the latency, quotas and faults of the world. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createConnect } from "./connect/index.ts";
import { Gate } from "./gate.ts";
import { createGraph } from "./graph/index.ts";
import { CLIENT_ID, tokenOf } from "./graph/token.ts";
import { createHost, type HostControls, type SandboxClock } from "./host.ts";
import { createIam } from "./iam/index.ts";
import type { Admit, Operation, SandboxRequest, SandboxResponse, SandboxService } from "./service.ts";
import { type Fault, readWorld, type World, type WorldInput } from "./world.ts";

/** Credentials that the sandbox accepts as its administrator. They open nothing else. */
export const ADMIN = { accessKeyId: "AKIASANDBOXADMIN0000", secretAccessKey: "sandbox-administrator-secret" };
const LOG_LENGTH = 10_000;

export interface LoggedRequest {
  service: string;
  operation: string;
  path: string;
  /** 0 when the connection was cut or left without an answer. */
  status: number;
  writes: boolean;
  /** Real time, milliseconds since 1970. */
  at: number;
}
export interface Exchange {
  service: string;
  operation: string;
  request: SandboxRequest;
  response: SandboxResponse;
}
/** A request as it comes off the wire; `url` begins with the prefix of an API, for example "/iam/". */
export interface WireRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}
/** What the caller gets to see. An answer is absent when the connection is cut or stays silent. */
export interface WireAnswer {
  /** `cut` and `timeout` had no effect; `lostAnswer` had. `truncated` breaks off in the middle of the body. */
  fault?: "cut" | "timeout" | "lostAnswer" | "truncated";
  response?: SandboxResponse;
}
export interface Sandbox {
  url: string;
  /** Variables by which any program finds the sandbox. */
  env: Record<string, string>;
  clock: SandboxClock;
  world: World;
  /** The last requests, at most 10,000. */
  readonly log: LoggedRequest[];
  /** How often each "service:Operation" was called since the start, refused calls included. */
  counts(): Record<string, number>;
  faults: { add(fault: Fault): void; clear(): void };
  /**
   * One request without a socket, through the same faults, quotas and log: for simulations in one process. `undisturbed` passes
   * faults and quotas by, for those that arrange or judge a test.
   */
  exchange(request: WireRequest, options?: { undisturbed?: boolean }): Promise<WireAnswer>;
  /** Called with every answer before it is sent; returns the way to stop. */
  onExchange(listener: (exchange: Exchange) => void): () => void;
  close(): Promise<void>;
}

/** What `startSandbox` needs: a world (object, or path of a YAML file) and where to listen; default any free port of 127.0.0.1. */
interface SandboxOptions {
  world?: WorldInput | string;
  listen?: { host?: string; port?: number };
}

export async function startSandbox({ world: input, listen = {} }: SandboxOptions = {}): Promise<Sandbox> {
  const world = readWorld(input);
  const controls = createHost(world);
  const { host } = controls;
  host.callers.set(ADMIN.accessKeyId, {
    account: world.account,
    arn: `arn:aws:iam::${world.account}:user/sandbox-administrator`,
    secret: ADMIN.secretAccessKey,
  });
  const front = new Front(controls, [...createIam(host), ...createConnect(host), ...createGraph(host)]);
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    front.serve(request, response).catch((error: unknown) => {
      process.stderr.write(
        `sandbox: ${request.method} ${request.url?.split("?")[0]}: ${error instanceof Error ? error.stack : String(error)}\n`,
      );
      if (!response.headersSent) response.statusCode = 500;
      response.end();
    });
  });
  const address = listen.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port ?? 0, address, resolve);
  });
  const url = urlOf(server, address);
  return {
    url,
    world,
    clock: host.clock,
    env: environment(url, world),
    log: front.log,
    counts: () => Object.fromEntries(front.counts),
    faults: { add: (fault) => front.gate.add(fault), clear: () => front.gate.clear() },
    exchange: (request, options) => front.exchange(request, options),
    onExchange: (listener) => {
      front.listeners.add(listener);
      return () => void front.listeners.delete(listener);
    },
    async close() {
      host.clock.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function urlOf(server: Server, host: string): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
}

function environment(url: string, world: World): Record<string, string> {
  const token = tokenOf(world.tenant.id, world.behaviour.graphPermissions);
  const region = world.instances[0]?.region ?? "us-east-1";
  return {
    AWS_ENDPOINT_URL_IAM: `${url}/iam`,
    AWS_ENDPOINT_URL_STS: `${url}/sts`,
    AWS_ENDPOINT_URL_CONNECT: `${url}/connect`,
    AWS_ACCESS_KEY_ID: ADMIN.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ADMIN.secretAccessKey,
    AWS_REGION: region,
    // The AWS CLI and boto3 read this one alone.
    AWS_DEFAULT_REGION: region,
    CONNECT_SSO_GRAPH_URL: `${url}/graph`,
    CONNECT_SSO_LOGIN_URL: `${url}/login`,
    // Of several tenants, the client writes the one it means.
    CONNECT_SSO_GRAPH_TOKEN: world.tenants.length > 1 ? `${token}/{tenant}` : token,
    CONNECT_SSO_ALLOW_INSECURE_ENDPOINTS: "1",
    AZURE_TENANT_ID: world.tenant.id,
    AZURE_CLIENT_ID: CLIENT_ID,
  };
}

/** What every request passes: name, faults, latency, quota, the service itself, and the answer on the wire. */
class Front {
  readonly gate: Gate;
  readonly log: LoggedRequest[] = [];
  readonly counts = new Map<string, number>();
  readonly listeners = new Set<(exchange: Exchange) => void>();
  readonly #controls: HostControls;
  readonly #services: Map<string, SandboxService>;

  constructor(controls: HostControls, services: SandboxService[]) {
    this.#controls = controls;
    this.#services = new Map(services.map((service) => [service.name, service]));
    this.gate = new Gate(controls.host);
  }

  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(incoming.headers))
      headers[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
    const { method = "GET", url = "/" } = incoming;
    const { fault, response } = await this.exchange({ method, url, headers, body: await bodyOf(incoming) });
    if (fault === "timeout") await new Promise((resolve) => outgoing.once("close", resolve));
    else if (response && fault !== "lostAnswer") send(outgoing, response, fault === "truncated");
    else incoming.socket.destroy();
  }

  async exchange(wire: WireRequest, { undisturbed = false } = {}): Promise<WireAnswer> {
    const [, prefix = ""] = /^\/([^/?]*)/.exec(wire.url) ?? [];
    const service = this.#services.get(prefix);
    if (!service) return { response: { status: 404 } };
    const request = requestOf(wire, prefix);
    const operation = service.operation(request);
    if (undisturbed) return { response: this.#onTheWire(await service.handle(request, operation), false) };
    const fault = this.gate.fault(service.name, operation);
    if (fault === "cut" || fault === "timeout") {
      this.#record(service, operation, request, 0);
      return { fault };
    }
    const { latencyMs } = this.#controls.host.behaviour;
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
    const response = await this.#answer(service, request, operation, fault);
    this.#record(service, operation, request, response.status);
    for (const listener of this.listeners)
      listener({ service: service.name, operation: operation.name, request, response });
    return {
      ...(fault === "lostAnswer" || fault === "truncated" ? { fault } : {}),
      response: this.#onTheWire(response, fault === "malformed"),
    };
  }

  #answer(
    service: SandboxService,
    request: SandboxRequest,
    operation: Operation,
    fault: Fault["kind"] | undefined,
  ): Promise<SandboxResponse> | SandboxResponse {
    const refused = refusalOf(fault) ?? this.#throttle(service, request, operation);
    if (refused) return service.infrastructureError(refused.kind, request, refused.retryAfterSeconds);
    const admit: Admit = (inner) =>
      refusalOf(this.gate.fault(service.name, inner, operation)) ?? this.#throttle(service, request, inner);
    if (fault === "staleRead") return this.#controls.withStaleReads(() => service.handle(request, operation, admit));
    return service.handle(request, operation, admit);
  }

  #throttle(service: SandboxService, request: SandboxRequest, operation: Operation): ReturnType<Admit> {
    const wait = this.gate.throttle(service.name, operation, request);
    return wait === undefined ? undefined : { kind: "throttled", retryAfterSeconds: wait };
  }

  /** The Date header has simulated time: clients judge the age of keys and certificates by it. */
  #onTheWire(response: SandboxResponse, malformed: boolean): SandboxResponse {
    const headers = { ...response.headers, date: this.#controls.host.clock.now().toUTCString() };
    if (response.status === 204) return { status: 204, headers };
    const body = malformed ? "<<<this is neither XML nor JSON" : (response.body ?? "");
    return { ...response, body, headers: { ...headers, "content-length": String(Buffer.byteLength(body)) } };
  }

  #record(service: SandboxService, operation: Operation, request: SandboxRequest, status: number): void {
    const name = `${service.name}:${operation.name}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.log.push({
      service: service.name,
      operation: operation.name,
      path: request.path,
      status,
      writes: operation.writes,
      at: Date.now(),
    });
    // A tenth at a time: shifting one by one would copy the log for every request.
    if (this.log.length > LOG_LENGTH) this.log.splice(0, LOG_LENGTH / 10);
  }
}

/** The answer that a fault stands for, when it is one. */
function refusalOf(fault: Fault["kind"] | undefined): ReturnType<Admit> {
  switch (fault) {
    case "throttle":
      return { kind: "throttled", retryAfterSeconds: 1 };
    case "internal":
    case "unavailable":
    case "denied":
    case "unauthorized":
    case "conflict":
      return { kind: fault };
    default:
      return undefined;
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? "" : Buffer.concat(chunks).toString("utf8");
}

function send(outgoing: ServerResponse, { status, headers, body }: SandboxResponse, truncated: boolean): void {
  outgoing.writeHead(status, headers);
  const bytes = Buffer.from(body ?? "");
  if (truncated && bytes.length > 1) {
    outgoing.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => outgoing.socket?.destroy());
    return;
  }
  outgoing.end(body === undefined ? undefined : bytes);
}

/** The path is cut from the raw URL: `URL` would decode dots and could not tell an encoded slash in an ARN from a separator. */
function requestOf({ method, url, headers, body }: WireRequest, prefix: string): SandboxRequest {
  const raw = url.slice(prefix.length + 1);
  const mark = raw.indexOf("?");
  const path = mark < 0 ? raw : raw.slice(0, mark);
  return {
    method,
    path: path.startsWith("/") ? path : `/${path}`,
    wirePath: `/${prefix}${path}`,
    query: new URLSearchParams(mark < 0 ? "" : raw.slice(mark + 1)),
    headers,
    body,
    baseUrl: `http://${headers.host ?? "localhost"}/${prefix}`,
  };
}
