/** Users of the tenant, shared by everything that asks: looked up together, kept for a while, never one by one in a sweep. */
import type { CallOptions } from "../errors.ts";
import { orAborted } from "../kept.ts";
import { changesSince, type Rows, usersSince } from "./changes.ts";
import type { GraphClient } from "./client.ts";
import { type Json, lookUp } from "./lookup.ts";
import { toUser, USER_FIELDS } from "./shapes.ts";
import type { EntraUser } from "./types.ts";

const DEFAULT_MAX_AGE_MS = 60_000;
/** Above this many known users, a delta query costs less than asking for each. */
const DELTA_FROM = 200;
/** Who was not asked for in so long is declared no more. Longer than any sensible poll interval. */
const FORGET_MS = 48 * 3_600_000;
/** How long questions are gathered, milliseconds. */
const GATHER_MS = 5;

interface FindOptions extends CallOptions {
  maxAgeMs?: number;
}
/** Names of all who are going to be asked for: unknown ones are looked up together with the one that is. */
type Among = () => Iterable<string>;

/** `asked`: when somebody last wanted to know. */
type Cached = { user: EntraUser | undefined; at: number; asked: number };
type Waiter = { resolve(user: EntraUser | undefined): void; reject(error: unknown): void };

export class People {
  readonly #client: GraphClient;
  readonly #byKey = new Map<string, Cached>();
  /** Names that are being looked up, with their callers. */
  readonly #pending = new Map<string, Waiter[]>();
  /** Of these, the ones that the next look-up is going to ask for. */
  #next = new Set<string>();
  #among: Among | undefined;
  #token: string | undefined;
  /** All changes between these two are known. */
  #covered = { from: 0, to: 0 };
  #forgotAt = Date.now();
  #refreshing: Promise<void> | undefined;

  constructor(client: GraphClient) {
    this.#client = client;
  }

  async find(key: string, o: FindOptions = {}, among?: Among): Promise<EntraUser | undefined> {
    const name = key.toLowerCase();
    const cached = this.#byKey.get(name);
    if (cached) {
      const now = Date.now();
      const maxAge = o.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
      cached.asked = now;
      if (now - cached.at < maxAge) return cached.user;
      const { from, to } = this.#covered;
      if (cached.user && cached.at >= from && now - to < maxAge) return cached.user;
    }
    return this.#findFresh(name, o, among);
  }

  /** Changes that were read for others. */
  absorb({ rows, since, at }: Pick<Rows, "rows" | "since" | "at">): void {
    for (const json of rows) this.#changed(json, at);
    const { from, to } = this.#covered;
    this.#covered = since <= to ? { from, to: Math.max(to, at) } : { from: since, to: at };
  }

  /** A person who was read for others, or was not there. */
  learn(json: Json): void {
    this.#changed(json, Date.now());
  }

  async #findFresh(name: string, o: FindOptions, among: Among | undefined): Promise<EntraUser | undefined> {
    if (this.#byKey.get(name)?.user && this.#byKey.size > DELTA_FROM) {
      // Shared by all who wait, so one caller's signal must not end it: each leaves by its own.
      this.#refreshing ??= this.#refresh().finally(() => {
        this.#refreshing = undefined;
      });
      await orAborted(this.#refreshing, o.signal);
      const fresh = this.#byKey.get(name);
      if (fresh) return fresh.user;
    }
    return orAborted(this.#ask(name, among), o.signal);
  }

  #ask(name: string, among: Among | undefined): Promise<EntraUser | undefined> {
    return new Promise((resolve, reject) => {
      const waiters = this.#pending.get(name);
      if (waiters) {
        waiters.push({ resolve, reject });
        return;
      }
      this.#pending.set(name, [{ resolve, reject }]);
      this.#among ??= among;
      this.#next.add(name);
      if (this.#next.size === 1) setTimeout(() => void this.#lookUp(), GATHER_MS);
    });
  }

  #remember(user: EntraUser, at: number): void {
    const known = this.#byKey.get(user.id.toLowerCase());
    const entry = { user, at, asked: known?.asked ?? at };
    const old = known?.user?.userPrincipalName.toLowerCase();
    // After a rename the old name may be free, or belong to another person: ask again when it is asked for.
    if (old && old !== user.userPrincipalName.toLowerCase()) this.#byKey.delete(old);
    this.#byKey.set(user.id.toLowerCase(), entry);
    this.#byKey.set(user.userPrincipalName.toLowerCase(), entry);
  }

  async #lookUp(): Promise<void> {
    const names = this.#next;
    this.#next = new Set();
    const among = this.#among;
    this.#among = undefined;
    try {
      for (const one of among?.() ?? []) {
        const name = one.toLowerCase();
        if (this.#byKey.has(name) || this.#pending.has(name)) continue;
        names.add(name);
        this.#pending.set(name, []);
      }
    } catch (error) {
      // No caller waits for this function: what it throws would end the process.
      for (const name of names) this.#fail(name, error);
      return;
    }
    this.#forget();
    await this.#read(names);
  }

  /** A person who was not asked for is no longer declared; without this, everyone who ever was is read for ever. */
  #forget(): void {
    const before = Date.now() - FORGET_MS;
    if (this.#forgotAt > before) return;
    this.#forgotAt = Date.now();
    for (const [key, { asked }] of this.#byKey) if (asked < before) this.#byKey.delete(key);
  }

  async #read(names: Set<string>): Promise<void> {
    try {
      if (names.size > DELTA_FROM && this.#token === undefined) await this.#readChanges();
    } catch (error) {
      for (const name of names) this.#fail(name, error);
      return;
    }
    await lookUp(this.#client, names, USER_FIELDS, {
      found: (json) => {
        const user = toUser(json);
        this.#remember(user, Date.now());
        return [user.userPrincipalName.toLowerCase(), user.id.toLowerCase()].filter((key) => this.#answer(key, user));
      },
      missing: (name) => {
        const at = Date.now();
        this.#byKey.set(name, { user: undefined, at, asked: at });
        this.#answer(name, undefined);
      },
      failed: (name, error) => this.#fail(name, error),
    });
  }

  /** False when no caller had asked. */
  #answer(name: string, user: EntraUser | undefined): boolean {
    const waiters = this.#pending.get(name);
    this.#pending.delete(name);
    for (const { resolve } of waiters ?? []) resolve(user);
    return waiters !== undefined;
  }

  #fail(name: string, error: unknown): void {
    const waiters = this.#pending.get(name);
    this.#pending.delete(name);
    for (const { reject } of waiters ?? []) reject(error);
  }

  /** One pass over what changed in the tenant serves every known user; where changes are unknown, all are read again. */
  async #refresh(): Promise<void> {
    const { reset } = await this.#readChanges();
    if (!reset) return;
    const names = new Set<string>();
    for (const [key, { user }] of this.#byKey) if (user && key === user.id.toLowerCase()) names.add(key);
    const mine = [...names].filter((name) => !this.#pending.has(name));
    for (const name of mine) this.#pending.set(name, []);
    await this.#read(new Set(mine));
  }

  async #readChanges(): Promise<Rows> {
    const [read] = await changesSince(this.#client, [usersSince(this.#token, USER_FIELDS)], { priority: "sweep" });
    this.#token = read.token;
    this.absorb(read);
    return read;
  }

  #changed(json: Json, at: number): void {
    const id = String(json.id).toLowerCase();
    const old = this.#byKey.get(id)?.user;
    if (json["@removed"]) {
      for (const key of [id, old?.userPrincipalName.toLowerCase()])
        if (key && this.#byKey.has(key)) this.#byKey.set(key, { user: undefined, at, asked: at });
    } else if (old || this.#byKey.has(String(json.userPrincipalName).toLowerCase())) {
      this.#remember(toUser({ ...old, ...json }), at);
    }
  }
}
