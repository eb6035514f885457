/** What the services of the sandbox share: time, chance, the world, and state that readers see late. */
import type { Behaviour, World } from "./world.ts";

/** Simulated time: it starts at real time and runs `timeScale` times as fast; tests move it by hand. */
export class SandboxClock {
  readonly #started = Date.now();
  readonly #scale: number;
  #advanced = 0;
  #timers: { due: number; run: () => void }[] = [];
  #wake: NodeJS.Timeout | undefined;

  constructor(scale: number) {
    this.#scale = scale;
  }

  now(): Date {
    return new Date(this.#time());
  }

  /** Real time, in milliseconds since 1970. */
  real(): number {
    return Date.now();
  }

  /** Moves simulated time on; timers that come due run at once, in order. */
  advance(ms: number): void {
    this.#advanced += ms;
    this.#run();
  }

  /** Runs once, `ms` simulated milliseconds from now. Returns the way to cancel. */
  setTimer(ms: number, run: () => void): () => void {
    const timer = { due: this.#time() + ms, run };
    this.#timers.push(timer);
    this.#schedule();
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  close(): void {
    clearTimeout(this.#wake);
    this.#timers = [];
  }

  #time(): number {
    return this.#started + (Date.now() - this.#started) * this.#scale + this.#advanced;
  }

  #run(): void {
    for (;;) {
      const next = this.#timers.sort((a, b) => a.due - b.due)[0];
      if (!next || next.due > this.#time()) break;
      this.#timers.shift();
      next.run();
    }
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#wake);
    const next = this.#timers.reduce((least, { due }) => Math.min(least, due), Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#wake = setTimeout(() => this.#run(), Math.min(Math.max(0, (next - this.#time()) / this.#scale), 2 ** 31 - 1));
    this.#wake.unref();
  }
}

/** How many past writes a stale read may undo. */
const REMEMBERED_WRITES = 100;

/**
 * Eventually consistent state. Writers and uniqueness checks see the truth; readers see each write `delayMs` of real time
 * later. Values are replaced, never changed in place.
 */
export class EventualMap<K, V> {
  readonly #truth = new Map<K, V>();
  readonly #lagging = new Map<K, { visibleFrom: number; value: V | undefined }[]>();
  /** What the last writes replaced, oldest first: the state that a stale read is served from. */
  readonly #before = new Map<K, V | undefined>();
  readonly #delayMs: () => number;
  readonly #stale: () => boolean;
  #all: readonly V[] | undefined;

  constructor(delayMs: () => number, stale: () => boolean = () => false) {
    this.#delayMs = delayMs;
    this.#stale = stale;
  }

  get(key: K): V | undefined {
    return this.#truth.get(key);
  }
  has(key: K): boolean {
    return this.#truth.has(key);
  }
  values(): IterableIterator<V> {
    return this.#truth.values();
  }
  get size(): number {
    return this.#truth.size;
  }

  set(key: K, value: V): void {
    this.#remember(key);
    this.#truth.set(key, value);
  }
  delete(key: K): boolean {
    if (!this.#truth.has(key)) return false;
    this.#remember(key);
    return this.#truth.delete(key);
  }

  /** The state the world begins with: visible at once. */
  seed(key: K, value: V): void {
    this.#all = undefined;
    this.#truth.set(key, value);
  }

  /** As a reader sees it. */
  read(key: K): V | undefined {
    if (this.#stale() && this.#before.has(key)) return this.#before.get(key);
    const history = this.#settle(key);
    return history ? history[0]!.value : this.#truth.get(key);
  }

  /** Everything a reader sees. The array is shared between calls: not to be changed. */
  readAll(): readonly V[] {
    const stale = this.#stale() && this.#before.size > 0;
    if (!stale && this.#all && this.#lagging.size === 0) return this.#all;
    if (!stale && this.#lagging.size === 0) {
      this.#all = [...this.#truth.values()];
      return this.#all;
    }
    const seen: V[] = [];
    const keys = new Set([...this.#truth.keys(), ...this.#lagging.keys(), ...(stale ? this.#before.keys() : [])]);
    for (const key of keys) {
      const value = this.read(key);
      if (value !== undefined) seen.push(value);
    }
    return seen;
  }

  /** Keeps what readers still see until the write becomes visible: a list of past values, oldest first. */
  #remember(key: K): void {
    const value = this.#truth.get(key);
    this.#all = undefined;
    this.#before.delete(key);
    this.#before.set(key, value);
    if (this.#before.size > REMEMBERED_WRITES) this.#before.delete(this.#before.keys().next().value as K);
    const delay = this.#delayMs();
    if (delay <= 0) return;
    const history = this.#lagging.get(key) ?? [];
    history.push({ visibleFrom: Date.now() + delay, value });
    this.#lagging.set(key, history);
  }

  #settle(key: K): { visibleFrom: number; value: V | undefined }[] | undefined {
    const history = this.#lagging.get(key);
    if (!history) return undefined;
    const now = Date.now();
    while (history.length > 0 && history[0]!.visibleFrom <= now) history.shift();
    if (history.length > 0) return history;
    this.#lagging.delete(key);
    return undefined;
  }
}

/** Who signs with an access key. STS adds one for every session it opens, IAM one for every access key it makes. */
export interface Caller {
  account: string;
  /** For a role session `arn:aws:sts::…:assumed-role/ROLE/SESSION`. */
  arn: string;
  secret: string;
  /** Set for role sessions. */
  role?: {
    /** Unique id of the role (AROA…), which a recreated role does not get back. */
    id: string;
    sessionName: string;
    /** Absent for a role of another account, whose policies the sandbox does not hold. */
    name?: string;
  };
  /** Temporary credentials: the token must come with each request. */
  session?: { token: string; expires: Date };
}

export interface SandboxHost {
  clock: SandboxClock;
  /** Seeded: the same world and the same requests give the same chances. */
  random: () => number;
  world: World;
  behaviour: Behaviour;
  /** `lagMs`: how much later than others its readers see a write, real time. */
  eventual<K, V>(name: string, lagMs?: number): EventualMap<K, V>;
  /** By access key id. */
  callers: Map<string, Caller>;
  /** Account that a SigV4 `Authorization` header names, believed without a look at the signature; for unknown callers the world's first. */
  accountOf(headers: Record<string, string>): string;
  /** Region of the credential scope in the same header, or undefined. */
  regionOf(headers: Record<string, string>): string | undefined;
  /** Seams between the clouds, filled by the services. */
  shared: {
    iam?: {
      account: string;
      /** What iam:ListRoles called with that key would show Entra's provisioning; marks the key as used. */
      rolesVisibleTo(
        accessKeyId: string,
        secretAccessKey: string,
      ): { denied: true } | { roles: { arn: string; samlProviderArns: string[] }[] };
      /** Whether the principal may do `action` on `resource`, by the policies IAM holds. */
      authorize(accessKeyId: string, action: string, resource: string, context?: Record<string, string[]>): boolean;
    };
  };
}

const CREDENTIAL = /Credential=([^/,\s]+)\/[0-9]{8}\/([^/]+)\//;

export interface HostControls {
  host: SandboxHost;
  /** While `run` runs (its synchronous part), reads see the state before the last writes. */
  withStaleReads<T>(run: () => T): T;
}

export function createHost(world: World): HostControls {
  const { behaviour } = world;
  let stale = false;
  const callers = new Map<string, Caller>();
  const accountOf = (headers: Record<string, string>): string => {
    const [, key = ""] = CREDENTIAL.exec(headers.authorization ?? "") ?? [];
    return callers.get(key)?.account ?? world.account;
  };
  return {
    host: {
      clock: new SandboxClock(behaviour.timeScale),
      random: seededRandom(behaviour.seed),
      world,
      behaviour,
      eventual: (_, lagMs = 0) =>
        new EventualMap(
          () => behaviour.consistencyDelayMs + lagMs,
          () => stale,
        ),
      callers,
      accountOf,
      regionOf: (headers) => CREDENTIAL.exec(headers.authorization ?? "")?.[2],
      shared: {},
    },
    withStaleReads(run) {
      stale = true;
      try {
        return run();
      } finally {
        stale = false;
      }
    },
  };
}

/** Mulberry32: small, seeded, good enough for chance in tests. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
