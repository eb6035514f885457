/**
 * What every emulated API has in common: the server hands each request to one service, which names the operation,
 * and answers. Latency, quotas and faults are the server's; the protocol is the service's.
 */

/** One HTTP request, with the service's own path prefix already taken off. */
export interface SandboxRequest {
  method: string;
  /** Path below the service's prefix, percent-encoding untouched, always beginning with "/". */
  path: string;
  /** Path as the caller wrote it, prefix included and nothing added: what a signature covers. */
  wirePath: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: string;
  /** Absolute URL of the service's prefix as the caller used it; for next links and `@odata.context`. */
  baseUrl: string;
}

export interface SandboxResponse {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export type ServiceName = "iam" | "sts" | "connect" | "graph" | "login";

/** The answers that come from the infrastructure in front of an operation, in the protocol of the service. */
export type InfrastructureError = "throttled" | "internal" | "unavailable" | "denied" | "unauthorized" | "conflict";

/** What may go wrong with a request. */
export const FAULT_KINDS = [
  "throttle",
  "internal",
  "unavailable",
  "denied",
  "unauthorized",
  "conflict",
  "timeout",
  "cut",
  "lostAnswer",
  "malformed",
  "truncated",
  "staleRead",
] as const;

/** What one request is, before it is carried out: the key of its quota, and of the faults that may hit it. */
export interface Operation {
  /** API name, for example "CreateUser" or "PATCH /applications/{id}". */
  name: string;
  /** False for reads. Decides which faults (a lost answer after the effect) make sense. */
  writes: boolean;
  /** Buckets this request takes tokens from, as [bucket key, tokens]; default: one token of the operation's name. */
  cost?: [bucket: string, tokens: number][];
}

/** Whether quotas and faults let a request pass that came inside another one. */
export type Admit = (inner: Operation) => { kind: InfrastructureError; retryAfterSeconds?: number } | undefined;

export interface SandboxService {
  readonly name: ServiceName;
  /** Never throws: an unknown request is an operation called "Unknown". */
  operation(request: SandboxRequest): Operation;
  /** Without `admit` everything inside the request passes. */
  handle(request: SandboxRequest, operation: Operation, admit?: Admit): Promise<SandboxResponse> | SandboxResponse;
  infrastructureError(kind: InfrastructureError, request: SandboxRequest, retryAfterSeconds?: number): SandboxResponse;
}
