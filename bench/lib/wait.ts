/** Waiting, and work in parallel with a limit. */
import { setTimeout as sleep } from "node:timers/promises";

export { sleep };

/** Runs `work` over all items, at most `limit` at a time. */
export async function eachLimited<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const run = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: limit }, run));
}

/** Asks again and again until `ready` answers something; throws with `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ready: () => Promise<T | undefined | false>,
  intervalMs = 200,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ready();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await sleep(intervalMs);
  }
}
