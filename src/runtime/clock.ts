/** Time as a port, so that tests move it by hand. */
export interface Clock {
  /** Wall clock, Unix milliseconds. For stamps only: it may jump. */
  now(): number;
  /** Milliseconds since some fixed point; never goes back. For every duration. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function cancels. */
  setTimeout(callback: () => void, ms: number): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, ms) {
    const timer = setTimeout(callback, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when the signal aborts; never rejects, so a stop during a back-off is clean. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Full jitter between half and all of `base * 2^attempt`, at most `cap`; milliseconds. */
export function backoff(attempt: number, base: number, cap: number, random: () => number = Math.random): number {
  return Math.min(cap, base * 2 ** Math.min(attempt, 30)) * (0.5 + random() / 2);
}
