/** Time as a port, so that tests move it by hand. The one clock of the program. */
export interface Clock {
  /** Wall clock, Unix milliseconds. For stamps and for comparing with other systems' times only: it may jump. */
  now(): number;
  /** Milliseconds since some fixed point; never goes back. For every duration. */
  monotonic(): number;
  /** Calls back once after `ms`, however long that is; the returned function cancels. */
  setTimeout(callback: () => void, ms: number): () => void;
}

/** Node fires a longer timer at once (2^31-1 ms, about 25 days). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, ms) {
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      timer =
        left > LONGEST_TIMER_MS
          ? setTimeout(() => wait(left - LONGEST_TIMER_MS), LONGEST_TIMER_MS)
          : setTimeout(callback, left);
    };
    wait(ms);
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
