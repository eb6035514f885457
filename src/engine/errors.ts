/** One error policy: providers say of which kind an error is, the engine alone decides what follows from that. */
import { REASON } from "../api/reasons.ts";
import { type ErrorKind, isConflict, KubeApiError, toReconcileError } from "../runtime/errors.ts";

/** After a write that came second, milliseconds: by then the cache has the first one. */
const REREAD_MS = 1_000;

/** What needs attention most comes first. */
const ERROR_KINDS: readonly ErrorKind[] = ["terminal", "conflict", "transient", "throttled", "waiting"];

/** An error as the engine sees it. */
export interface Failure {
  kind: ErrorKind;
  /** PascalCase, fit for a condition. */
  reason: string;
  message: string;
  /** Milliseconds; the earliest next attempt that the other side named. */
  retryAfterMs?: number;
  /** False: it is a defect or an unclassified fault, and the log needs the stack. */
  classified: boolean;
  error: unknown;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof Error && isKind((error as { kind?: unknown }).kind)) {
    const { kind, reason, message, retryAfterMs, code } = error as Error & Failure & { code?: string };
    return {
      kind,
      reason,
      message,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      classified: code !== "Unexpected",
      error,
    };
  }
  if (error instanceof Error && (error.name === "Aborted" || error.name === "AbortError"))
    return {
      kind: "transient",
      reason: REASON.Timeout,
      message: `Not finished in time: ${error.message}`,
      classified: true,
      error,
    };
  const { kind, reason, message, retryAfterMs } = toReconcileError(error);
  // A 409 of the API server is no dispute over a cloud object, and no trouble: the next pass reads the object again.
  if (isConflict(error))
    return { kind: "waiting", reason: REASON.Pending, message, retryAfterMs: REREAD_MS, classified: true, error };
  const classified = error instanceof KubeApiError;
  return {
    kind,
    reason: classified ? reason : REASON.Failed,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    classified,
    error,
  };
}

const isKind = (kind: unknown): kind is ErrorKind => ERROR_KINDS.includes(kind as ErrorKind);

/** Only a person can fix it. */
export const isStalled = ({ kind }: Failure): boolean => kind === "terminal" || kind === "conflict";

/** What the gravest of them is. */
export function gravestKind(failures: readonly Pick<Failure, "kind">[]): ErrorKind | undefined {
  return ERROR_KINDS.find((kind) => failures.some((one) => one.kind === kind));
}

/** First retry of a transient failure, milliseconds; each further one in a row waits twice as long. */
const RETRY_MS = 5_000;
/** A wait that names no time, milliseconds. */
const WAIT_MS = 15_000;

/**
 * When to look again after these failures, milliseconds; never later than the poll interval. `attempt`: how many passes in a row have
 * failed transiently, from 1.
 */
export function nextLook(failures: readonly Failure[], attempt: number, pollIntervalMs: number): number {
  const waits = failures.map(({ kind, retryAfterMs }) => {
    if (retryAfterMs !== undefined) return Math.max(0, retryAfterMs);
    if (kind === "terminal" || kind === "conflict") return pollIntervalMs;
    return kind === "waiting" ? WAIT_MS : RETRY_MS * 2 ** Math.min(attempt - 1, 16);
  });
  return Math.min(pollIntervalMs, ...waits);
}
