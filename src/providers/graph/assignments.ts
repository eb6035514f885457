/** Who is assigned to an application, as one inventory that all its users share. */
import type { CallOptions } from "../errors.ts";
import { orAborted } from "../kept.ts";
import type { GraphClient } from "./client.ts";
import { principalPath } from "./paths.ts";
import { toAssignment } from "./shapes.ts";
import type { Assignment } from "./types.ts";

const DEFAULT_MAX_AGE_MS = 60_000;
/** How many times its age a list may have for a person, while a new one is under way. */
const STALE = 3;
const NONE: readonly Assignment[] = [];
/** An own write: what now is under this id, or nothing after a removal. */
type Written = { principalId: string | undefined; assignment?: Assignment; until: number };

/** Assignments of one application's service principal, by principal. The list lags, so own writes are laid over it for a while. */
export class Assignments {
  readonly #client: GraphClient;
  readonly #servicePrincipalId: string;
  #byPrincipal = new Map<string, Assignment[]>();
  /** Assignment id to principal id, once somebody asks: a removal names the assignment only. */
  #principals: Map<string, string> | undefined;
  #readAt = 0;
  #reading: Promise<void> | undefined;
  readonly #written = new Map<string, Written>();
  /** Assignments of groups, found once for each state of the list. */
  #groups: Assignment[] | undefined;

  constructor(client: GraphClient, servicePrincipalId: string) {
    this.#client = client;
    this.#servicePrincipalId = servicePrincipalId;
  }

  async all(o: CallOptions & { maxAgeMs?: number } = {}): Promise<Assignment[]> {
    await this.#fresh(o);
    return [...this.#byPrincipal.values()].flat();
  }

  async of(principalId: string, o: CallOptions & { maxAgeMs?: number } = {}): Promise<readonly Assignment[]> {
    await this.#fresh(o);
    return this.#byPrincipal.get(principalId) ?? NONE;
  }

  /** Few among thousands, and every user's reconcile asks for them. */
  async groups(o: CallOptions & { maxAgeMs?: number } = {}): Promise<readonly Assignment[]> {
    await this.#fresh(o);
    this.#groups ??= [...this.#byPrincipal.values()].flat().filter(({ principalType }) => principalType === "Group");
    return this.#groups;
  }

  /** For two minutes this write is believed over the list. `principalId` saves the search for whose assignment was removed. */
  wrote(id: string, assignment: Assignment | undefined, principalId = assignment?.principalId): void {
    const written = { principalId: principalId ?? this.#principalOf(id), assignment, until: Date.now() + 120_000 };
    this.#written.set(id, written);
    this.#lay(id, written);
  }

  /** Undefined when no caller has to wait. */
  #fresh(o: CallOptions & { maxAgeMs?: number }): Promise<void> | undefined {
    const age = Date.now() - this.#readAt;
    const maxAgeMs = o.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
    if (this.#readAt > 0 && age < maxAgeMs) return undefined;
    this.#reading ??= this.#read(o).finally(() => {
      this.#reading = undefined;
    });
    // A person does not wait for the pages of ten thousand: a duplicate is refused by Graph, and what is gone is gone.
    if (o.priority === "sweep" || this.#readAt === 0 || age >= maxAgeMs * STALE)
      return orAborted(this.#reading, o.signal);
    this.#reading.catch(() => undefined);
    return undefined;
  }

  async #read(o: CallOptions): Promise<void> {
    const at = Date.now();
    const found = new Map<string, Assignment[]>();
    let last: Assignment | undefined;
    for await (const { value } of this.#client.pages<Record<string, unknown>>(
      `${principalPath(this.#servicePrincipalId)}/appRoleAssignedTo?$top=999`,
      { priority: o.priority },
    )) {
      for (const json of value) {
        const assignment = toAssignment(json);
        // Thousands of the same role of the same application: one copy of each id.
        if (assignment.appRoleId === last?.appRoleId) assignment.appRoleId = last.appRoleId;
        assignment.resourceId = this.#servicePrincipalId;
        last = assignment;
        const of = found.get(assignment.principalId);
        if (of) of.push(assignment);
        else found.set(assignment.principalId, [assignment]);
      }
    }
    this.#byPrincipal = found;
    this.#principals = undefined;
    this.#groups = undefined;
    this.#readAt = at;
    this.#overlay();
  }

  #principalOf(id: string): string | undefined {
    if (!this.#principals) {
      this.#principals = new Map();
      for (const [principalId, all] of this.#byPrincipal)
        for (const one of all) this.#principals.set(one.id, principalId);
    }
    return this.#principals.get(id);
  }

  #overlay(): void {
    for (const [id, written] of this.#written) {
      written.principalId ??= this.#principalOf(id);
      if (written.until < Date.now()) this.#written.delete(id);
      else this.#lay(id, written);
    }
  }

  /** Touches the list of one principal only: thousands of writes follow each other in a sweep. */
  #lay(id: string, { principalId, assignment }: Written): void {
    if (!principalId) return;
    const others = (this.#byPrincipal.get(principalId) ?? []).filter((one) => one.id !== id);
    this.#groups = undefined;
    this.#byPrincipal.set(principalId, assignment ? [...others, assignment] : others);
    this.#principals?.set(id, principalId);
  }
}
