/** The one error class of the providers; everything above them looks at `kind` only. */
import type { Reason } from "../api/reasons.ts";
import { type ErrorKind, ReconcileError } from "../runtime/errors.ts";

export type { ErrorKind };

export class CloudError extends ReconcileError {
  declare readonly reason: Reason;
  /** The provider's own error name, for example "NoSuchEntityException" or "Request_ResourceNotFound". */
  readonly code: string;
  readonly status: number | undefined;
  /** True when the request may have taken effect although no answer came (time-out, cut connection, 5xx after a write). */
  readonly outcomeUnknown: boolean;

  constructor(
    message: string,
    fields: {
      kind: ErrorKind;
      reason: Reason;
      code: string;
      status?: number;
      retryAfterMs?: number;
      outcomeUnknown?: boolean;
      cause?: unknown;
    },
  ) {
    const { kind, reason, retryAfterMs, cause } = fields;
    super(kind, reason, message, { retryAfterMs, cause });
    this.name = "CloudError";
    this.code = fields.code;
    this.status = fields.status;
    this.outcomeUnknown = fields.outcomeUnknown ?? false;
  }
}

/** What a read found; undefined where the right to read is missing. Other errors are thrown. */
export async function ifAllowed<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof CloudError && error.reason === "AccessDenied") return undefined;
    throw error;
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

export interface CallOptions {
  signal?: AbortSignal;
  /** For whom the call is made, such as a namespace: tenants get their turns one after another. */
  tenant?: string;
  /** "person": a change that a person waits for; "sweep": resync, inventories. Default "person". */
  priority?: "person" | "sweep";
}
