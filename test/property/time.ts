/**
 * Simulated time, and processes in it. While a simulation runs, the clock stops as long as anything is left to do and then
 * jumps to the next timer, so that hours of polling, back-off and replication pass in moments, in the same order for the same seed.
 * Import this first: whoever keeps a reference to a clock at its own import must get this one.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const RealDate = Date;
const realPerformance = performance;
/** As they were before. */
export const real = {
  setTimeout,
  clearTimeout,
  setImmediate,
  random: Math.random,
  now: performance.now.bind(performance),
  timeoutSignal: AbortSignal.timeout.bind(AbortSignal),
};

/** What a controller leaves behind when it is killed: nothing of it runs, and nothing it still has under way comes back. */
export class Process {
  dead = false;
  /** How far its machine's wall clock is off, milliseconds; durations do not feel it. */
  clockErrorMs = 0;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  run<T>(work: () => T): T {
    return processes.run(this, work);
  }

  static current(): Process | undefined {
    return processes.getStore();
  }
}
const processes = new AsyncLocalStorage<Process>();

class Timer {
  readonly due: number;
  readonly run: () => void;
  readonly owner = Process.current();
  cancelled = false;

  constructor(due: number, run: () => void) {
    this.due = due;
    const inContext = AsyncLocalStorage.snapshot();
    this.run = () => inContext(run);
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
}

let current: Simulation | undefined;

export class Simulation {
  /** Milliseconds since 1970. */
  now = RealDate.UTC(2026, 0, 5, 8);
  readonly random: () => number;
  #timers: Timer[] = [];
  #busy = 0;

  constructor(random: () => number) {
    this.random = random;
  }

  /** Clocks, timers and chance are simulated from now on, for everything in this test file. */
  start(): void {
    if (current) throw new Error("one simulation at a time");
    current = this;
    Math.random = this.random;
  }

  end(): void {
    current = undefined;
    Math.random = real.random;
    this.#timers = [];
  }

  /** Work that takes no simulated time but does not end at once, such as making a key pair. */
  async busy<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.setTimer(resolve, ms));
  }

  /** Lets `ms` pass, or less when `stop` says so, which is asked after everything that happened. */
  async pass(ms: number, stop: () => boolean = () => false): Promise<void> {
    const until = this.now + ms;
    do {
      await this.idle();
      if (stop()) return;
    } while (this.jump(until));
    this.now = until;
  }

  /** How long until the next timer is due; undefined when there is none. */
  protected untilNext(): number | undefined {
    const next = this.#timers[0];
    return next && Math.max(0, next.due - this.now);
  }

  /** Goes to the next timer and runs it; false when none is due by `until`. */
  protected jump(until: number): boolean {
    const next = this.#timers[0];
    if (!next || next.due > until) return false;
    this.#timers.shift();
    this.now = Math.max(this.now, next.due);
    if (!next.cancelled && !next.owner?.dead) next.run();
    return true;
  }

  /** Waits in real time for work outside of timers; the clock moves only if that work waits for a timer. */
  async until<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    work.then(mark, mark);
    await this.pass(24 * 3_600_000, () => settled);
    return work;
  }

  setTimer(run: () => void, ms: number): Timer {
    const timer = new Timer(this.now + Math.max(0, ms || 0), run);
    let at = this.#timers.length;
    while (at > 0 && this.#timers[at - 1]!.due > timer.due) at--;
    this.#timers.splice(at, 0, timer);
    return timer;
  }

  /** Two turns of the real event loop without work in hand: whatever follows from the last event has happened. */
  protected async idle(): Promise<void> {
    for (let quiet = 0; quiet < 2; ) {
      await new Promise((resolve) => real.setImmediate(resolve));
      quiet = this.#busy > 0 ? 0 : quiet + 1;
    }
  }
}

class SimulatedDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(SimulatedDate.now());
    else super(...(args as [number]));
  }
  static override now(): number {
    return current ? Math.floor(current.now + (Process.current()?.clockErrorMs ?? 0)) : RealDate.now();
  }
}

Object.assign(globalThis, {
  Date: SimulatedDate,
  setTimeout(run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) {
    return current ? current.setTimer(() => run(...args), ms) : real.setTimeout(run, ms, ...args);
  },
  clearTimeout(timer: unknown) {
    if (timer instanceof Timer) timer.cancelled = true;
    else real.clearTimeout(timer as NodeJS.Timeout);
  },
});
Object.defineProperty(globalThis, "performance", {
  configurable: true,
  value: new Proxy(realPerformance, {
    get(target, name) {
      if (name === "now" && current) return () => current!.now;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  }),
});
AbortSignal.timeout = (ms: number) => {
  if (!current) return real.timeoutSignal(ms);
  const controller = new AbortController();
  current.setTimer(
    () => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
    ms,
  );
  return controller.signal;
};
