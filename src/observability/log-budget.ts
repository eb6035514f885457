/**
 * The budget of the log: a line that repeats itself is counted, and no fault writes more than so many lines a minute. Lines of external writes
 * are never left out: they are the record of what was done, and quotas bound them.
 */
import { type Clock, systemClock } from "../runtime/clock.ts";

const WINDOW_MS = 60_000;
/** Equal lines in a window; further ones are counted. */
const MOST_EQUAL = 3;
/** Lines in a window, of whatever kind. */
const MOST_LINES = 3_000;
/** Different lines to remember. */
const MOST_KEYS = 1_000;

export interface Line {
  level: number;
  fields: Record<string, unknown>;
  text: string;
}

interface Entry {
  line: Line;
  since: number;
  count: number;
}

export class LogBudget {
  readonly #clock: Clock;
  readonly #write: (line: Line) => void;
  /** In the order in which their windows began. */
  readonly #entries = new Map<string, Entry>();
  #since = 0;
  #lines = 0;
  #leftOut = 0;

  /** `write` takes the lines that count others that were left out. */
  constructor(write: (line: Line) => void, clock: Clock = systemClock) {
    this.#write = write;
    this.#clock = clock;
  }

  /** Whether this line is to be written. */
  admit(line: Line): boolean {
    this.#tidy();
    if ("operation" in line.fields) return true;
    const key = keyOf(line);
    const entry = this.#entries.get(key) ?? { line, since: this.#clock.monotonic(), count: 0 };
    entry.count++;
    this.#entries.set(key, entry);
    if (entry.count > MOST_EQUAL) return false;
    if (++this.#lines <= MOST_LINES) return true;
    this.#leftOut++;
    return false;
  }

  /** Ends windows, and says what they left out. */
  #tidy(): void {
    const now = this.#clock.monotonic();
    for (const [key, { line, since, count }] of this.#entries) {
      if (now - since < WINDOW_MS && this.#entries.size <= MOST_KEYS) break;
      this.#entries.delete(key);
      if (count > MOST_EQUAL) this.#write({ ...line, fields: { ...line.fields, repeated: count - MOST_EQUAL } });
    }
    if (now - this.#since < WINDOW_MS) return;
    if (this.#leftOut > 0)
      this.#write({ level: 40, fields: { lines: this.#leftOut }, text: "log lines were left out" });
    this.#since = now;
    this.#lines = this.#leftOut = 0;
  }
}

/** What makes two lines equal: not their times and durations. */
function keyOf({ level, fields, text }: Line): string {
  const { kind, namespace, name, reason, resource, err, error } = fields;
  const failure = (err ?? error) as Error | string | undefined;
  const said = failure instanceof Error ? failure.message : failure;
  return JSON.stringify([level, text, kind, namespace, name, resource, reason, said]);
}
