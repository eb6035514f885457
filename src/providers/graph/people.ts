/** Users and assignments, shared by everything that asks: looked up together, kept for a while, never one by one in a sweep. */
import { type CallOptions, CloudError } from "../errors.ts";
import { type GraphClient, orAborted } from "./client.ts";
import { toAssignment, toUser } from "./shapes.ts";
import type { Assignment, EntraUser } from "./types.ts";

const FIELDS = "id,userPrincipalName,mail,displayName,givenName,surname,accountEnabled,userType";
const DEFAULT_MAX_AGE_MS = 60_000;
/** Above this many known users, a delta query of the tenant costs less than asking for each. */
const DELTA_FROM = 200;
/** An own write: what now stands under this id, or nothing after a removal. */
type Written = { principalId: string | undefined; assignment?: Assignment; until: number };
type Cached = { user: EntraUser | undefined; at: number };

export class People {
  readonly #client: GraphClient;
  readonly #byKey = new Map<string, Cached>();
  #waiting = new Map<string, { resolve(user: EntraUser | undefined): void; reject(error: unknown): void }[]>();
  #scheduled = false;
  #deltaPath: string | undefined;
  #deltaAt = 0;
  #refreshing: Promise<void> | undefined;

  constructor(client: GraphClient) {
    this.#client = client;
  }

  async find(key: string, o: CallOptions & { maxAgeMs?: number } = {}): Promise<EntraUser | undefined> {
    const name = key.toLowerCase();
    const maxAge = o.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
    const cached = this.#byKey.get(name);
    if (cached && (Date.now() - cached.at < maxAge || (cached.user && Date.now() - this.#deltaAt < maxAge)))
      return cached.user;
    if (cached?.user && this.#byKey.size > DELTA_FROM) {
      // Shared by all who wait, so one caller's signal must not end it: each leaves by its own.
      this.#refreshing ??= this.#refresh().finally(() => {
        this.#refreshing = undefined;
      });
      await orAborted(this.#refreshing, o.signal);
      const fresh = this.#byKey.get(name);
      if (fresh) return fresh.user;
    }
    const found = new Promise<EntraUser | undefined>((resolve, reject) => {
      const waiters = this.#waiting.get(name);
      if (waiters) waiters.push({ resolve, reject });
      else this.#waiting.set(name, [{ resolve, reject }]);
      if (this.#scheduled) return;
      this.#scheduled = true;
      setTimeout(() => void this.#lookUp(), 5);
    });
    return orAborted(found, o.signal);
  }

  #remember(user: EntraUser, at: number): void {
    const entry = { user, at };
    const old = this.#byKey.get(user.id.toLowerCase())?.user?.userPrincipalName.toLowerCase();
    // After a rename the old name may belong to nobody, or to somebody else: ask again when it is asked for.
    if (old && old !== user.userPrincipalName.toLowerCase()) this.#byKey.delete(old);
    this.#byKey.set(user.id.toLowerCase(), entry);
    this.#byKey.set(user.userPrincipalName.toLowerCase(), entry);
  }

  /** Twenty to a batch. Every inner answer counts by itself. */
  async #lookUp(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#scheduled = false;
    const names = [...waiting.keys()];
    for (let start = 0; start < names.length; start += 20) {
      const chunk = names.slice(start, start + 20);
      try {
        const requests = chunk.map((name, index) => ({
          id: String(index),
          method: "GET",
          url: `/users/${encodeURIComponent(name)}?$select=${FIELDS}`,
        }));
        const answer = await this.#client.send<{
          responses: { id: string; status: number; body?: Record<string, unknown> }[];
        }>({
          method: "POST",
          operation: "/$batch",
          path: "/$batch",
          body: { requests },
          reads: true,
          cost: requests.length,
        });
        const responses = new Map((answer?.responses ?? []).map((response) => [response.id, response]));
        for (const [index, name] of chunk.entries())
          this.#settle(name, waiting.get(name)!, responses.get(String(index)));
      } catch (error) {
        for (const name of chunk) for (const { reject } of waiting.get(name)!) reject(error);
      }
    }
  }

  #settle(
    name: string,
    waiters: { resolve(user: EntraUser | undefined): void; reject(error: unknown): void }[],
    response: { status: number; body?: Record<string, unknown> } | undefined,
  ): void {
    const at = Date.now();
    if (response?.status === 200) {
      const user = toUser(response.body!);
      this.#remember(user, at);
      for (const { resolve } of waiters) resolve(user);
    } else if (response?.status === 404) {
      this.#byKey.set(name, { user: undefined, at });
      for (const { resolve } of waiters) resolve(undefined);
    } else {
      // Throttled or failed inside the batch: asked again by itself, where retries are.
      this.#client
        .read<Record<string, unknown>>({
          operation: "/users/{id}",
          path: `/users/${encodeURIComponent(name)}?$select=${FIELDS}`,
        })
        .then((json) => {
          const user = json ? toUser(json) : undefined;
          if (user) this.#remember(user, Date.now());
          for (const { resolve } of waiters) resolve(user);
        })
        .catch((error: unknown) => {
          for (const { reject } of waiters) reject(error);
        });
    }
  }

  /** One pass over what changed in the tenant serves every known user. */
  async #refresh(): Promise<void> {
    const at = Date.now();
    const known = new Set(this.#byKey.keys());
    const first = this.#deltaPath === undefined;
    const path = this.#deltaPath ?? `/users/delta?$select=${FIELDS}&$top=999`;
    try {
      for await (const { value, deltaLink } of this.#client.pages<Record<string, unknown>>({
        operation: "/users/delta",
        path,
        options: { priority: "sweep" },
      })) {
        for (const json of value) {
          const id = String(json.id).toLowerCase();
          const old = this.#byKey.get(id)?.user;
          if (json["@removed"]) {
            for (const key of [id, old?.userPrincipalName.toLowerCase()])
              if (key) this.#byKey.set(key, { user: undefined, at });
          } else if (known.has(id) || known.has(String(json.userPrincipalName).toLowerCase())) {
            this.#remember(toUser({ ...old, ...json }), at);
          }
        }
        if (deltaLink) this.#deltaPath = this.#client.relative(deltaLink, "/users/delta");
      }
      this.#deltaAt = at;
    } catch (error) {
      // 410: the token is too old; begin anew. Any other failure leaves it as good as it was.
      if (first || !(error instanceof CloudError && error.status === 410)) throw error;
      this.#deltaPath = undefined;
      await this.#refresh();
    }
  }
}

/** Assignments of one application's service principal, by principal. The list lags, so own writes are laid over it for a while. */
export class Assignments {
  readonly #client: GraphClient;
  readonly #servicePrincipalId: string;
  #byPrincipal = new Map<string, Assignment[]>();
  /** Assignment id to principal id: a removal names the assignment only. */
  #principalOf = new Map<string, string>();
  #readAt = 0;
  #reading: Promise<void> | undefined;
  readonly #written = new Map<string, Written>();

  constructor(client: GraphClient, servicePrincipalId: string) {
    this.#client = client;
    this.#servicePrincipalId = servicePrincipalId;
  }

  async all(o: CallOptions & { maxAgeMs?: number } = {}): Promise<Assignment[]> {
    await this.#fresh(o);
    return [...this.#byPrincipal.values()].flat();
  }

  async of(principalId: string, o: CallOptions & { maxAgeMs?: number } = {}): Promise<Assignment[]> {
    await this.#fresh(o);
    return this.#byPrincipal.get(principalId) ?? [];
  }

  /** For two minutes this write is believed over the list. `principalId` saves the search for whose assignment was removed. */
  wrote(id: string, assignment: Assignment | undefined, principalId = assignment?.principalId): void {
    const written = { principalId: principalId ?? this.#principalOf.get(id), assignment, until: Date.now() + 120_000 };
    this.#written.set(id, written);
    this.#lay(id, written);
  }

  async #fresh(o: CallOptions & { maxAgeMs?: number }): Promise<void> {
    if (this.#readAt > 0 && Date.now() - this.#readAt < (o.maxAgeMs ?? DEFAULT_MAX_AGE_MS)) return;
    this.#reading ??= this.#read(o).finally(() => {
      this.#reading = undefined;
    });
    await orAborted(this.#reading, o.signal);
  }

  async #read(o: CallOptions): Promise<void> {
    const at = Date.now();
    const path = `/servicePrincipals/${this.#servicePrincipalId}/appRoleAssignedTo`;
    const found = new Map<string, Assignment[]>();
    const principalOf = new Map<string, string>();
    for await (const { value } of this.#client.pages<Record<string, unknown>>({
      operation: "/servicePrincipals/{id}/appRoleAssignedTo",
      path: `${path}?$top=999`,
      options: { priority: o.priority },
    })) {
      for (const json of value) {
        const assignment = toAssignment(json);
        principalOf.set(assignment.id, assignment.principalId);
        const of = found.get(assignment.principalId);
        if (of) of.push(assignment);
        else found.set(assignment.principalId, [assignment]);
      }
    }
    this.#byPrincipal = found;
    this.#principalOf = principalOf;
    this.#readAt = at;
    this.#overlay();
  }

  #overlay(): void {
    for (const [id, written] of this.#written) {
      written.principalId ??= this.#principalOf.get(id);
      if (written.until < Date.now()) this.#written.delete(id);
      else this.#lay(id, written);
    }
  }

  /** Touches the list of one principal only: thousands of writes follow each other in a sweep. */
  #lay(id: string, { principalId, assignment }: Written): void {
    if (!principalId) return;
    const others = (this.#byPrincipal.get(principalId) ?? []).filter((one) => one.id !== id);
    this.#byPrincipal.set(principalId, assignment ? [...others, assignment] : others);
    this.#principalOf.set(id, principalId);
  }
}
