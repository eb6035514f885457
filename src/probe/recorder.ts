/** Every request of a step and what was answered, as it was; redact.ts makes it fit to be shown. */
export interface Exchange {
  service: "graph" | "login" | "iam" | "sts" | "connect";
  /** Method and path without ids, or the operation's name. */
  operation: string;
  /** Since the step began. */
  at: number;
  /** How long the answer took. */
  seconds: number;
  request: { method: string; path: string; body?: string };
  /** Absent when none came. */
  answer?: { status: number; requestId?: string; body: string };
}

export class Recorder {
  #began = Date.now();
  #exchanges: Exchange[] = [];

  begin(): void {
    this.#began = Date.now();
    this.#exchanges = [];
  }
  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }
  add(exchange: Omit<Exchange, "at" | "seconds">, sentAt: number): void {
    const round = (ms: number) => Math.round(ms) / 1000;
    this.#exchanges.push({ ...exchange, at: round(sentAt - this.#began), seconds: round(Date.now() - sentAt) });
  }
}
