/**
 * Names of Connect users by a value of their view, changed with each write. Rebuilt after each write, ten thousand creates would
 * look at a hundred million users.
 */
import type { ConnectUserView } from "./types.ts";

export class UserIndex {
  readonly #names = new Map<string, Set<string>>();
  readonly #valueOf: (view: ConnectUserView) => string | undefined;

  constructor(by: (view: ConnectUserView) => string | undefined, users: ReadonlyMap<string, ConnectUserView>) {
    this.#valueOf = by;
    for (const view of users.values()) this.move(undefined, view);
  }

  /** Undefined before: the user is new. Undefined after: it is gone. */
  move(before: ConnectUserView | undefined, after: ConnectUserView | undefined): void {
    const old = before && this.#valueOf(before);
    const value = after && this.#valueOf(after);
    if (before && old !== undefined && (old !== value || before.username !== after?.username))
      this.#names.get(old)?.delete(before.username);
    if (!after || value === undefined) return;
    const names = this.#names.get(value);
    if (names) names.add(after.username);
    else this.#names.set(value, new Set([after.username]));
  }

  get(value: string): string[] {
    return [...(this.#names.get(value) ?? [])];
  }
}
