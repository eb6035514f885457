interface BackoffOptions {
  /** The first wait, milliseconds. */
  base: number;
  /** The longest wait, milliseconds. */
  max: number;
  random?: () => number;
}

/**
 * Milliseconds to wait before the next try: `base`, doubled with each failure in a row (`attempt` 0 is the first), at most `max`. Jitter takes
 * up to half of it away, so that what failed together does not come back together. Pure but for `random`.
 */
export function backoff(attempt: number, { base, max, random = Math.random }: BackoffOptions): number {
  return Math.min(max, base * 2 ** Math.min(Math.max(attempt, 0), 30)) * (0.5 + random() / 2);
}
