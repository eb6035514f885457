/**
 * A waiting line that serves tenants in turn: a tenant with many waiters delays only its own. First in, first out within a tenant.
 * Every operation takes constant time, but for the tenants that `take` passes over.
 */
export class FairLine<T> {
  /** In the order of their turns; a tenant without waiters has no entry. */
  readonly #tenants = new Map<string, Line<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many of the tenant wait. */
  sizeOf(tenant: string): number {
    return this.#tenants.get(tenant)?.size ?? 0;
  }

  add(tenant: string, item: T): void {
    let line = this.#tenants.get(tenant);
    if (!line) {
      line = new Line();
      this.#tenants.set(tenant, line);
    }
    if (line.add(item)) this.#size++;
  }

  /** An item that is not in the line is ignored. */
  delete(tenant: string, item: T): void {
    const line = this.#tenants.get(tenant);
    if (!line?.delete(item)) return;
    this.#size--;
    if (line.size === 0) this.#tenants.delete(tenant);
  }

  /** What `take` would return. */
  peek(): T | undefined {
    for (const line of this.#tenants.values()) return line.first();
    return undefined;
  }

  /** The first item of the tenant whose turn it is; tenants that `accepts` refuses keep their turn. */
  take(accepts: (tenant: string) => boolean = () => true): T | undefined {
    for (const [tenant, line] of this.#tenants) {
      if (!accepts(tenant)) continue;
      const item = line.first()!;
      line.delete(item);
      this.#size--;
      this.#tenants.delete(tenant);
      if (line.size > 0) this.#tenants.set(tenant, line);
      return item;
    }
    return undefined;
  }

  clear(): void {
    this.#tenants.clear();
    this.#size = 0;
  }
}

/** One iterator serves all of its life: a new one would walk over everything that was taken before. */
class Line<T> {
  readonly #items = new Set<T>();
  #iterator = this.#items.values();
  #first: T | undefined;

  get size(): number {
    return this.#items.size;
  }

  /** False when it was there. */
  add(item: T): boolean {
    if (this.#items.has(item)) return false;
    this.#items.add(item);
    return true;
  }

  delete(item: T): boolean {
    return this.#items.delete(item);
  }

  first(): T | undefined {
    if (this.#first !== undefined && this.#items.has(this.#first)) return this.#first;
    let next = this.#iterator.next();
    if (next.done) {
      this.#iterator = this.#items.values();
      next = this.#iterator.next();
    }
    this.#first = next.value;
    return this.#first;
  }
}
