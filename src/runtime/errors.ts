/** What a worker needs to know of a failure: how soon to look again. Providers classify, workers obey. */

/**
 * - `terminal`: only a change of spec, permissions or configuration helps; reconciled again at the poll interval all the same.
 * - `transient`: tried again with back-off.
 * - `waiting`: nothing is wrong, something does not exist yet (replication, import); reconciled again after `retryAfterMs`.
 * - `throttled`: the quota is used up; tried again after `retryAfterMs`.
 * - `conflict`: another writer owns or changed the object.
 */
export type ErrorKind = "terminal" | "transient" | "waiting" | "throttled" | "conflict";

export class ReconcileError extends Error {
  readonly kind: ErrorKind;
  /** PascalCase, fit for a condition. */
  readonly reason: string;
  /** The earliest next attempt, milliseconds from now, when the other side named one. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: ErrorKind,
    reason: string,
    message: string,
    options: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ReconcileError";
    this.kind = kind;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** An answer of the API server that is not a success. Holds neither headers nor bodies, only the Status' own words. */
export class KubeApiError extends Error {
  /** HTTP status, or the code of a Status in a watch stream. */
  readonly code: number;
  /** metav1 StatusReason, such as `NotFound` or `Expired`; empty when there was none. */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = "KubeApiError";
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubeApiError && error.code === 404;
}

export function isConflict(error: unknown): boolean {
  return error instanceof KubeApiError && error.code === 409;
}

/** The resourceVersion is too old: list again. */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeApiError && (error.code === 410 || error.reason === "Expired");
}

/** Any failure as a ReconcileError; pure. What is unknown is transient: it is retried, slower and slower. */
export function toReconcileError(error: unknown): ReconcileError {
  if (error instanceof ReconcileError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof KubeApiError))
    return new ReconcileError("transient", "ReconcileFailed", message, { cause: error });
  const { retryAfterMs } = error;
  const reason = error.reason || "KubernetesApiError";
  if (error.code === 409) return new ReconcileError("conflict", reason, message, { cause: error });
  if (error.code === 429) return new ReconcileError("throttled", reason, message, { retryAfterMs, cause: error });
  if (error.code === 400 || error.code === 422)
    return new ReconcileError("terminal", reason, message, { cause: error });
  return new ReconcileError("transient", reason, message, { retryAfterMs, cause: error });
}
