/** What a reconcile says when it does not go on: the same few kinds of CloudError, made in one place. */
import { REASON, type Reason } from "../api/reasons.ts";
import { CloudError } from "./errors.ts";

/** Only a person can mend it; nothing is written. */
export function refuse(reason: Reason | string, message: string): CloudError {
  return new CloudError(message, { kind: "terminal", reason, code: reason });
}

/** Somebody else owns it; nothing is written. */
export function contested(reason: Reason | string, message: string): CloudError {
  return new CloudError(message, { kind: "conflict", reason, code: reason });
}

/** Not there yet; look again after `retryAfterMs`. */
export function waitFor(reason: Reason | string, message: string, retryAfterMs: number): CloudError {
  return new CloudError(message, { kind: "waiting", reason, code: reason, retryAfterMs });
}

/** Anything else that was thrown is a defect or a passing fault: tried again. */
export function asCloudError(error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  return new CloudError(error instanceof Error ? error.message : String(error), {
    kind: "transient",
    reason: REASON.Failed,
    code: "Unexpected",
    cause: error,
  });
}
