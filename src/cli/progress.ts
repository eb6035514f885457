/** Shows something that changes: redrawn in place on a terminal, otherwise each new state once, as lines. */

const INTERVAL_MS = 500;
/** A log that nobody watches live needs less. */
const PIPED_INTERVAL_MS = 2_000;

export class Progress {
  readonly #draw: () => string;
  readonly #out: NodeJS.WriteStream;
  #timer: NodeJS.Timeout | undefined;
  #shown = "";
  /** Lines on the screen that the next drawing replaces. */
  #height = 0;

  constructor(draw: () => string, out: NodeJS.WriteStream = process.stdout) {
    this.#draw = draw;
    this.#out = out;
  }

  start(): void {
    this.#timer = setInterval(() => this.#show(), this.#live ? INTERVAL_MS : PIPED_INTERVAL_MS);
    if (this.#live) this.#show();
  }

  /** Shows the last state and leaves it there. */
  end(): void {
    clearInterval(this.#timer);
    this.#show();
    this.#height = 0;
  }

  get #live(): boolean {
    return this.#out.isTTY === true && process.env.TERM !== "dumb";
  }

  #show(): void {
    const text = this.#draw();
    if (text === this.#shown) return;
    this.#shown = text;
    if (!this.#live) {
      this.#out.write(`${text}\n\n`);
      return;
    }
    // What is taller than the screen cannot be redrawn: its end matters most.
    const room = (this.#out.rows ?? 24) - 1;
    const lines = text.split("\n").slice(-room);
    const back = this.#height > 0 ? `\u001b[${this.#height}A\u001b[J` : "";
    this.#out.write(`${back}${lines.join("\n")}\n`);
    this.#height = lines.length;
  }
}
