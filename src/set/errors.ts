/** Errors of a set. */
import type { Reason } from "../api/reasons.ts";
import { CloudError } from "../providers/errors.ts";

/** Manual action is needed, in the directory or on the set, so it is checked as often as the directory is. */
export function stalled(reason: Reason, message: string, retryAfterMs: number): CloudError {
  return new CloudError(message, { kind: "terminal", reason, code: reason, retryAfterMs });
}
