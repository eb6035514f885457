/** What a reconcile asks for next. Two constructors, no other way. */
export type Action = { readonly requeueAfterMs?: number };

/** Look again after this many milliseconds, or at the next change. */
export function requeueAfter(ms: number): Action {
  return { requeueAfterMs: ms };
}

/** Look again at the next change only. */
export function awaitChange(): Action {
  return {};
}

/** A duration moved by up to `percent` either way, so that ten thousand objects do not come due at once. */
export function withJitter(ms: number, percent = 10, random: () => number = Math.random): number {
  return Math.round(ms * (1 + (percent / 100) * (2 * random() - 1)));
}
