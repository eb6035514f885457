/**
 * Workers of one sort, and the namespaces that they work for. A quarter of them, and of several at least one, is kept for namespaces that
 * have no work in the pool: a namespace whose work never ends cannot occupy all.
 */
export class WorkerPool {
  /** Takes no resyncs: kept free for changes while resyncs occupy the others. */
  readonly changesOnly: boolean;
  readonly size: number;
  /** Keys in work by namespace; no entry for zero. */
  readonly #working = new Map<string, number>();
  #total = 0;

  constructor(options: { size: number; changesOnly?: boolean }) {
    this.size = options.size;
    this.changesOnly = options.changesOnly ?? false;
  }

  accepts(namespace: string): boolean {
    const kept = this.size > 1 ? Math.ceil(this.size / 4) : 0;
    return this.#total < this.size - kept || !this.#working.has(namespace);
  }

  begin(namespace: string): void {
    this.#total++;
    this.#working.set(namespace, (this.#working.get(namespace) ?? 0) + 1);
  }

  end(namespace: string): void {
    this.#total--;
    const left = this.#working.get(namespace)! - 1;
    if (left > 0) this.#working.set(namespace, left);
    else this.#working.delete(namespace);
  }
}
