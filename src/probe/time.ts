/** Time of a run: real, or what a test says. */
export interface Time {
  /** Milliseconds since 1970. */
  now(): number;
  /** Rejects when the run is interrupted. */
  sleep(ms: number): Promise<void>;
}

export function realTime(signal: AbortSignal): Time {
  return {
    now: () => Date.now(),
    sleep: (ms) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const stop = () => {
          clearTimeout(timer);
          reject(signal.reason);
        };
        const timer = setTimeout(() => {
          signal.removeEventListener("abort", stop);
          resolve();
        }, ms);
        signal.addEventListener("abort", stop, { once: true });
      }),
  };
}

/** Asks every so often until there is a value; undefined when the patience ends first. All in seconds. */
export async function until<T>(
  time: Time,
  { patience, every }: { patience: number; every: number },
  ask: () => Promise<T | undefined>,
): Promise<{ value: T; seconds: number } | undefined> {
  const began = time.now();
  for (;;) {
    const value = await ask();
    const seconds = (time.now() - began) / 1000;
    if (value !== undefined) return { value, seconds };
    if (seconds >= patience) return undefined;
    await time.sleep(every * 1000);
  }
}
