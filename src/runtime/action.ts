import type { ErrorKind } from "./errors.ts";

/** What a reconcile asks for next. Two constructors, no other way. */
export type Action = {
  readonly requeueAfterMs?: number;
  /** It failed, and its status says so: counted as an error, not logged again. */
  readonly error?: { readonly kind: ErrorKind; readonly reason: string };
};

/** Look again after this many milliseconds, or at the next change. */
export function requeueAfter(ms: number, error?: Action["error"]): Action {
  return error ? { requeueAfterMs: ms, error: { kind: error.kind, reason: error.reason } } : { requeueAfterMs: ms };
}

/** Look again at the next change only. */
export function awaitChange(): Action {
  return {};
}

/** A duration moved by up to `percent` either way, so that ten thousand objects do not come due at once. */
export function withJitter(ms: number, percent = 10, random: () => number = Math.random): number {
  return Math.round(ms * (1 + (percent / 100) * (2 * random() - 1)));
}
