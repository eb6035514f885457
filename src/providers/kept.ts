/** Reads that many callers share. */
import type { Clock } from "../runtime/clock.ts";
import type { CallOptions } from "./errors.ts";

export interface Kept<T> {
  /** What was read at most `maxAgeMs` ago, else read now. */
  get(maxAgeMs: number, o?: CallOptions): Promise<T>;
  forget(): void;
}

/** A read that fails is not kept: the next caller reads again, or gets the one before while that is young enough. */
export function kept<T>(clock: Pick<Clock, "now">, read: (o: CallOptions) => Promise<T>): Kept<T> {
  let known: { at: number; value: Promise<T> } | undefined;
  return {
    get(maxAgeMs, o) {
      const before = known;
      if (before && clock.now() - before.at <= maxAgeMs) return orAborted(before.value, o?.signal);
      // Without the signal: one caller that gives up must not end the read of the others; each leaves by its own.
      const fresh = { at: clock.now(), value: read({ priority: o?.priority, tenant: o?.tenant }) };
      known = fresh;
      fresh.value.catch(() => {
        if (known === fresh) known = before;
      });
      return orAborted(fresh.value, o?.signal);
    },
    forget() {
      known = undefined;
    },
  };
}

/** What does not listen to the signal, or must not because others share it, is at least not waited for. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
