/** Constructors of the errors that end a pass, one for each kind that a reconcile decides on itself. */
import { REASON, type Reason } from "../api/reasons.ts";
import { CloudError } from "./errors.ts";

/** A person must act first. Nothing is written. */
export function terminalError(reason: Reason, message: string): CloudError {
  return new CloudError(message, { kind: "terminal", reason, code: reason });
}

/** Another owner holds the object. Nothing is written. */
export function conflictError(reason: Reason, message: string): CloudError {
  return new CloudError(message, { kind: "conflict", reason, code: reason });
}

/** The object does not exist yet; look again after `retryAfterMs`. */
export function waitingError(reason: Reason, message: string, retryAfterMs: number): CloudError {
  return new CloudError(message, { kind: "waiting", reason, code: reason, retryAfterMs });
}

/** Anything else that was thrown is a defect or a passing fault, and is tried again. */
export function asCloudError(error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  return new CloudError(error instanceof Error ? error.message : String(error), {
    kind: "transient",
    reason: REASON.Failed,
    code: "Unexpected",
    cause: error,
  });
}
