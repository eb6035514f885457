/** A clock that is moved by hand; timers run in order. */
import { FakeClock } from "../runtime/clock.ts";

export class HandClock extends FakeClock {
  /** What was woken has run, too, when this resolves. */
  override async advance(ms: number): Promise<void> {
    const end = this.monotonic() + ms;
    for (;;) {
      const due = this.nextTimer();
      if (due === undefined || due > end) break;
      super.advance(due - this.monotonic());
      await new Promise((resolve) => setImmediate(resolve));
    }
    super.advance(end - this.monotonic());
    await new Promise((resolve) => setImmediate(resolve));
  }
}
