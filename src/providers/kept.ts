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
      if (before && clock.now() - before.at <= maxAgeMs) return before.value;
      // Without the signal: one caller that gives up must not end the read of the others.
      const fresh = { at: clock.now(), value: read({ priority: o?.priority, tenant: o?.tenant }) };
      known = fresh;
      fresh.value.catch(() => {
        if (known === fresh) known = before;
      });
      return fresh.value;
    },
    forget() {
      known = undefined;
    },
  };
}
