/** Users of the tenant, shared by everything that asks: looked up together, kept for a while, never one by one in a sweep. */
import { type CallOptions, CloudError, type MaybePromise } from "../errors.ts";
import { BATCH, type Inner, readBatch } from "./batch.ts";
import { type GraphClient, orAborted } from "./client.ts";
import { literal } from "./context.ts";
import { classifyGraph, unreachable } from "./errors.ts";
import { toUser } from "./shapes.ts";
import type { EntraUser } from "./types.ts";

const FIELDS = "id,userPrincipalName,mail,displayName,givenName,surname,accountEnabled,userType";
const DEFAULT_MAX_AGE_MS = 60_000;
/** Above this many known users, a delta query costs less than asking for each. */
const DELTA_FROM = 200;
/** Values in one `in`. Source: facts/microsoft-graph.md 8. */
const IN = 15;
/** Batches at a time. */
const PARALLEL = 4;
/** Who was not asked for in so long is declared no more. Longer than any sensible poll interval. */
const FORGET_MS = 48 * 3_600_000;
/** How long questions are gathered, milliseconds. */
const GATHER_MS = 5;

export interface FindOptions extends CallOptions {
  maxAgeMs?: number;
}
/** Names of all who are going to be asked for: those that nobody knows yet are looked up together with the one that is. */
type Among = () => Iterable<string>;

/** `asked`: when somebody last wanted to know. */
type Cached = { user: EntraUser | undefined; at: number; asked: number };
type Waiter = { resolve(user: EntraUser | undefined): void; reject(error: unknown): void };
type Json = Record<string, unknown>;

export class People {
  readonly #client: GraphClient;
  readonly #byKey = new Map<string, Cached>();
  /** Names that are being looked up, with whoever waits for them. */
  readonly #pending = new Map<string, Waiter[]>();
  /** Of these, the ones that the next look-up is going to ask for. */
  #next = new Set<string>();
  #among: Among | undefined;
  #deltaPath: string | undefined;
  #deltaAt = 0;
  #forgotAt = Date.now();
  #refreshing: Promise<void> | undefined;

  constructor(client: GraphClient) {
    this.#client = client;
  }

  find(key: string, o: FindOptions = {}, among?: Among): MaybePromise<EntraUser | undefined> {
    const name = key.toLowerCase();
    const cached = this.#byKey.get(name);
    if (cached) {
      const now = Date.now();
      const maxAge = o.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
      cached.asked = now;
      if (now - cached.at < maxAge || (cached.user && now - this.#deltaAt < maxAge)) return cached.user;
    }
    return this.#findAnew(name, o, among);
  }

  async #findAnew(name: string, o: FindOptions, among: Among | undefined): Promise<EntraUser | undefined> {
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
    // After a rename the old name may belong to nobody, or to somebody else: ask again when it is asked for.
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
      // Nobody waits for this function: what it throws would end the process.
      for (const name of names) this.#fail(name, error);
      return;
    }
    this.#forget();
    await this.#read(names);
  }

  /** Whoever nobody has asked for is declared no more; without this, everybody who ever was is read again and again. */
  #forget(): void {
    const before = Date.now() - FORGET_MS;
    if (this.#forgotAt > before) return;
    this.#forgotAt = Date.now();
    for (const [key, { asked }] of this.#byKey) if (asked < before) this.#byKey.delete(key);
  }

  /** A few names each by itself, many by `in` first: fifteen to a filter, twenty filters to a batch. */
  async #read(names: Set<string>): Promise<void> {
    try {
      if (names.size > DELTA_FROM) await this.#beginDelta();
      if (names.size > BATCH) for (const name of await this.#filtered([...names])) names.delete(name);
    } catch (error) {
      for (const name of names) this.#fail(name, error);
      return;
    }
    const chunks = chunked([...names], BATCH);
    await inParallel(chunks, async (chunk) => {
      try {
        const urls = chunk.map((name) => `/users/${encodeURIComponent(name)}?$select=${FIELDS}`);
        const answers = await readBatch(this.#client, urls);
        for (const [index, name] of chunk.entries()) this.#settle(name, answers[index]);
      } catch (error) {
        for (const name of chunk) this.#fail(name, error);
      }
    });
  }

  /** Answers the names that filters find, and returns them. Filters read an index, so a name that they miss is asked for by itself. */
  async #filtered(names: string[]): Promise<string[]> {
    const isId = (name: string) => !name.includes("@");
    const filters = [names.filter(isId), names.filter((name) => !isId(name))].flatMap((same, kind) =>
      chunked(same, IN).map((chunk) => ({ property: kind === 0 ? "id" : "userPrincipalName", chunk })),
    );
    const found: string[] = [];
    await inParallel(chunked(filters, BATCH), async (chunk) => {
      const urls = chunk.map(
        (one) => `/users?$filter=${one.property} in (${one.chunk.map(literal).join(",")})&$select=${FIELDS}&$top=${IN}`,
      );
      const answers = await readBatch(this.#client, urls);
      const at = Date.now();
      for (const answer of answers)
        for (const json of answer?.status === 200 ? ((answer.body?.value ?? []) as Json[]) : []) {
          const user = toUser(json);
          this.#remember(user, at);
          for (const name of [user.userPrincipalName.toLowerCase(), user.id.toLowerCase()])
            if (this.#answer(name, user)) found.push(name);
        }
    });
    return found;
  }

  /** Every inner answer of a batch counts by itself. */
  #settle(name: string, response: Inner | undefined): void {
    const at = Date.now();
    if (response?.status === 200) {
      const user = toUser(response.body!);
      this.#remember(user, at);
      this.#answer(name, user);
    } else if (response?.status === 404) {
      this.#byKey.set(name, { user: undefined, at, asked: at });
      this.#answer(name, undefined);
    } else this.#fail(name, failureOf(response));
  }

  /** False when nobody had asked. */
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

  /** Changes are counted from now on: the tenant itself, which may be far larger than what we know of it, is never listed. */
  async #beginDelta(): Promise<void> {
    if (this.#deltaPath !== undefined) return;
    const at = Date.now();
    const path = `/users/delta?$select=${FIELDS}&$deltatoken=latest`;
    for await (const { deltaLink } of this.#changes(path))
      if (deltaLink) this.#deltaPath = this.#client.relative(deltaLink, "/users/delta");
    this.#deltaAt = at;
  }

  #changes(path: string) {
    return this.#client.pages<Json>({ operation: "/users/delta", path, options: { priority: "sweep" } });
  }

  /** One pass over what changed in the tenant serves every known user. */
  async #refresh(): Promise<void> {
    const at = Date.now();
    if (this.#deltaPath === undefined) return this.#readAgain();
    try {
      for await (const { value, deltaLink } of this.#changes(this.#deltaPath)) {
        for (const json of value) this.#changed(json, at);
        if (deltaLink) this.#deltaPath = this.#client.relative(deltaLink, "/users/delta");
      }
      this.#deltaAt = at;
    } catch (error) {
      // Any other failure leaves the token as good as it was.
      if (!isTokenGone(error)) throw error;
      this.#deltaPath = undefined;
      await this.#readAgain();
    }
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

  /** Every known user once more, by name: whoever was renamed or has gone is noticed. */
  async #readAgain(): Promise<void> {
    await this.#beginDelta();
    const names = new Set<string>();
    for (const [key, { user }] of this.#byKey) if (user && key === user.id.toLowerCase()) names.add(key);
    const mine = [...names].filter((name) => !this.#pending.has(name));
    for (const name of mine) this.#pending.set(name, []);
    await this.#read(new Set(mine));
  }
}

/**
 * The changes since a token are told no more: it is older than seven days (codes of the 40x series), or the service wants everybody to begin
 * anew (410). Source: delta query overview, "Synchronization reset" and "Token duration".
 */
function isTokenGone(error: unknown): boolean {
  if (!(error instanceof CloudError)) return false;
  return error.status === 410 || /^(syncStateNotFound|syncStateInvalid|resyncRequired)$/i.test(error.code);
}

/** Of one request inside a batch, after it was sent again and again. */
function failureOf(inner: Inner | undefined): CloudError {
  const said = (inner?.body as { error?: { code?: string; message?: string } } | undefined)?.error;
  if (!inner) return unreachable("GET /users/{id}", new Error("no answer inside the batch"), true);
  const { code = "Unknown", message = "" } = said ?? {};
  return classifyGraph({ status: inner.status, code, message }, "GET /users/{id}");
}

function chunked<T>(list: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}

/** Stops at the first failure; what is under way ends by itself. */
async function inParallel<T>(list: T[], work: (item: T) => Promise<void>): Promise<void> {
  const iterator = list.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const item of iterator) await work(item);
    }),
  );
}
