/** How long access takes to follow the directory: from a change that a delta query showed to the access that it asks for. */

export const DIRECTIONS = ["granted", "revoked"] as const;
export type Direction = (typeof DIRECTIONS)[number];

interface Expected {
  direction: Direction;
  /** Milliseconds since the epoch: the reading before the one that showed the change, so it cannot be older. */
  after: number;
}

/**
 * Shared by what reads the directory and what brings users about. Held in memory: a new process looks at everybody when it starts, and
 * measures from there.
 */
export class Reactions {
  readonly #expected = new Map<string, Expected>();
  readonly #now: () => number;
  /** Called with the seconds that a change took. */
  onSettled: (direction: Direction, seconds: number) => void = () => {};

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The person is to get or to lose access. `person`: Entra's object id. The first change counts until it is settled. */
  expect(direction: Direction, person: string, after: number): void {
    const key = person.toLowerCase();
    if (this.#expected.get(key)?.direction !== direction) this.#expected.set(key, { direction, after });
  }

  /** Access is as the directory asks. */
  settled(direction: Direction, person: string): void {
    const key = person.toLowerCase();
    const expected = this.#expected.get(key);
    if (expected?.direction !== direction) return;
    this.#expected.delete(key);
    this.onSettled(direction, (this.#now() - expected.after) / 1000);
  }

  /** Forgets what is expected no more: the user is suspended, or is kept as it is. */
  keep(isExpected: (direction: Direction, person: string) => boolean): void {
    for (const [person, { direction }] of this.#expected)
      if (!isExpected(direction, person)) this.#expected.delete(person);
  }

  /** Milliseconds since the epoch of the oldest change that is not settled. */
  oldest(direction: Direction): number | undefined {
    const open = [...this.#expected.values()].filter((one) => one.direction === direction);
    return open.length > 0 ? Math.min(...open.map(({ after }) => after)) : undefined;
  }
}
