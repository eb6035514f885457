/** The one error class of the providers; the reconcilers and the workers look at `kind` only. */

/**
 * - terminal: only a person can mend it (still looked at again at the poll interval)
 * - transient: try again with back-off
 * - waiting: the cloud is not ready yet (replication, import); look again after `retryAfterMs`
 * - throttled: the quota is used up; look again after `retryAfterMs`
 * - conflict: somebody else owns or changed it
 */
export type ErrorKind = "terminal" | "transient" | "waiting" | "throttled" | "conflict";

export class CloudError extends Error {
  readonly kind: ErrorKind;
  /** PascalCase, fit for a condition's reason. */
  readonly reason: string;
  /** The provider's own error name, for example "NoSuchEntityException" or "Request_ResourceNotFound". */
  readonly code: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** True when the request may have taken effect although no answer came (time-out, cut connection, 5xx after a write). */
  readonly outcomeUnknown: boolean;

  constructor(
    message: string,
    fields: {
      kind: ErrorKind;
      reason: string;
      code: string;
      status?: number;
      retryAfterMs?: number;
      outcomeUnknown?: boolean;
      cause?: unknown;
    },
  ) {
    super(message, { cause: fields.cause });
    this.name = "CloudError";
    this.kind = fields.kind;
    this.reason = fields.reason;
    this.code = fields.code;
    this.status = fields.status;
    this.retryAfterMs = fields.retryAfterMs;
    this.outcomeUnknown = fields.outcomeUnknown ?? false;
  }
}

/** What a provider reports of each call, for metrics, quota views and the log line of each write. */
export interface CallRecord {
  api: "iam" | "sts" | "connect" | "graph" | "login";
  /** "CreateUser", "PATCH /applications/{id}". */
  operation: string;
  /** HTTP status, or "error" when there was no answer. */
  code: string;
  write: boolean;
  durationMs: number;
  throttled: boolean;
  /** What was written, as a person names it; no secret. Only for writes. */
  target?: string;
}

/** At once when it is in memory: of what every user's reconcile asks for, all of it is. */
export type MaybePromise<T> = T | Promise<T>;

export interface CallOptions {
  signal?: AbortSignal;
  /** "person": somebody just changed it and waits; "sweep": resync, inventories. Default "person". */
  priority?: "person" | "sweep";
}
