/** Shows something that changes: redrawn in place on a terminal, otherwise each new state once, as lines. On standard error, so that results stay clean. */
import { truncate } from "./terminal.ts";

const INTERVAL_MS = 500;
/** A log that is not watched live needs less. */
const PIPED_INTERVAL_MS = 2_000;

/** A block at the end of the screen that takes the place of the one before. */
export class LiveProgress {
  readonly #out: NodeJS.WriteStream;
  #shown = "";
  #height = 0;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  get live(): boolean {
    return this.#out.isTTY === true && process.env.TERM !== "dumb";
  }

  /** `block` on a terminal; elsewhere `line`, when it is another one than before. */
  show(block: string, line: string): void {
    const text = this.live ? block : line;
    if (text === this.#shown) return;
    this.#shown = text;
    if (!this.live) {
      this.#out.write(`${text}\n`);
      return;
    }
    this.#out.write(`${this.#back()}${this.#fitting(text)}\n`);
  }

  /** A remark that stays. */
  note(text: string): void {
    this.#out.write(`${this.#back()}${text}\n`);
    this.#height = 0;
    this.#shown = "";
  }

  /** Takes the block away, or leaves it standing. */
  end({ keep = false } = {}): void {
    if (!keep && this.#height > 0) this.#out.write(this.#back());
    this.#height = 0;
  }

  /** No line is broken by the terminal, and no more lines than the screen has: otherwise the way back to the first one is lost. */
  #fitting(text: string): string {
    const columns = this.#out.columns || 80;
    const most = Math.max(4, (this.#out.rows || 24) - 1);
    let lines = text.split("\n").map((line) => truncate(line, columns));
    if (lines.length > most) {
      const tail = lines.slice(-Math.floor(most / 3));
      const head = lines.slice(0, most - tail.length - 1);
      lines = [...head, `… ${lines.length - head.length - tail.length} more lines`, ...tail];
    }
    this.#height = lines.length;
    return lines.join("\n");
  }

  #back(): string {
    const back = this.#height > 0 ? `\u001b[${this.#height}A\r\u001b[J` : "";
    this.#height = 0;
    return back;
  }
}

/** Draws again and again. */
export class Progress {
  readonly #draw: () => string;
  readonly #piped: () => string;
  readonly #live: LiveProgress;
  readonly #out: NodeJS.WriteStream;
  #timer: NodeJS.Timeout | undefined;
  #shown = "";

  /** `piped` is what is written where nothing can be redrawn: what is new since it was asked last; empty for nothing. */
  constructor(draw: () => string, piped: () => string, out: NodeJS.WriteStream = process.stderr) {
    this.#draw = draw;
    this.#piped = piped;
    this.#out = out;
    this.#live = new LiveProgress(out);
  }

  start(): void {
    this.#timer = setInterval(() => this.#show(), this.#live.live ? INTERVAL_MS : PIPED_INTERVAL_MS);
    if (this.#live.live) this.#show();
  }

  /** Takes the block away, so that the result replaces it; or shows the last state and leaves it. */
  end({ keep = false } = {}): void {
    clearInterval(this.#timer);
    if (keep || !this.#live.live) this.#show();
    this.#live.end({ keep });
  }

  /** A line that stays, above the block. */
  note(text: string): void {
    this.#live.note(text);
    this.#shown = "";
  }

  #show(): void {
    if (this.#live.live) this.#live.show(this.#draw(), "");
    else {
      const text = this.#piped();
      if (text && text !== this.#shown) this.#out.write(`${text}\n`);
      this.#shown = text;
    }
  }
}
