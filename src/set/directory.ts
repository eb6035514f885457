/**
 * The groups of a tenant that sets name, and the people in them, kept as they are by delta queries: one call in each interval, whatever
 * their number. Shared by all sets of the tenant, and by those who follow its people. The groups are not asked for before a set names one.
 *
 * Guarantees: what `read` returns was read to its end; anything else is an error. Groups in groups count at any depth, circles end.
 * Assumptions: a change that is not in the delta yet comes with a later one (the service is eventually consistent).
 */
import { REASON } from "../api/reasons.ts";
import { attributesOf, type Person } from "../domain/people.ts";
import type { CallOptions } from "../providers/errors.ts";
import type { Graph, Person as GraphPerson, GroupChange, PersonChange } from "../providers/graph/types.ts";
import { terminalError, waitingError } from "../providers/verdicts.ts";
import type { Account } from "./members.ts";
import { type GroupReference, groupKey } from "./rules.ts";

export type DirectoryPort = Pick<
  Graph,
  "members" | "memberGroups" | "people" | "userChanges" | "directoryChanges" | "findGroups"
>;

/** What a reading brought. */
export interface News {
  people: readonly PersonChange[];
  /** Something that sets read has changed. */
  moved: boolean;
  /** What changed between the reading before and this one is in no answer any more. */
  lost: boolean;
  /** When the reading before was, ms since the epoch; undefined: this is the first. */
  after: number | undefined;
}

/** Direct members. `groups` is read only where nested groups count. */
interface Direct {
  users: Set<string>;
  groups?: Set<string>;
}
export interface Reading {
  people: ReadonlyMap<string, Person>;
  /** Object ids of people by group key. */
  groups: ReadonlyMap<string, ReadonlySet<string>>;
  /** Object ids of groups by group key. */
  ids: ReadonlyMap<string, string>;
  /** Moves when anything that this directory knows has changed. */
  version: number;
  /** Milliseconds since the epoch: everything until then is in. */
  at: number;
  /** The reading before, in the same unit: what is new in this one is not older. */
  after: number;
}

const RETRY_MS = 15_000;
const personOf = (user: GraphPerson): Person => ({ id: user.id.toLowerCase(), attributes: attributesOf(user) });
const accountOf = ({ attributes }: Person): Account => (attributes.accountEnabled ? "Enabled" : "Disabled");

export class Directory {
  readonly #graph: DirectoryPort;
  readonly #now: () => number;
  readonly #direct = new Map<string, Direct>();
  readonly #people = new Map<string, Person>();
  /** Accounts of people outside the groups who were asked for. */
  readonly #accounts = new Map<string, Account>();
  readonly #deleted = new Set<string>();
  /** Group ids by key. */
  readonly #found = new Map<string, string>();
  /** They learn what each reading brought. */
  readonly #followers = new Set<(news: News) => void>();
  #tokens: { users?: string; groups?: string } = {};
  #at = 0;
  #after = 0;
  /** When people were read last; groups may be older. */
  #peopleAt: number | undefined;
  #version = 0;
  /** One at a time: all sets share what is read. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(graph: DirectoryPort, now: () => number = Date.now) {
    this.#graph = graph;
    this.#now = now;
  }

  /** Not older than `maxAgeMs`. `pins`: ids by key of groups that were found before, which decide where several groups have a name now. */
  read(
    groups: readonly GroupReference[],
    { pins, ...o }: CallOptions & { nested: boolean; maxAgeMs: number; pins?: ReadonlyMap<string, string> },
  ): Promise<Reading> {
    return this.#inTurn(async () => {
      if (this.#tokens.groups === undefined || this.#isOlder(o.maxAgeMs)) await this.#refresh(o, true);
      const ids = new Map<string, string>();
      for (const group of groups) ids.set(groupKey(group), await this.#find(group, pins?.get(groupKey(group)), o));
      for (const id of ids.values()) await this.#track(id, o);
      await this.#complete(
        [...ids.values()].flatMap((id) => this.#groupsIn(id, o.nested)),
        o,
      );
      const sets = [...ids].map(([key, id]) => [key, this.#within(id, o.nested)] as const);
      // A copy: what another set's look changes while this one is still computed must not look like somebody who left.
      const people = new Map<string, Person>();
      for (const [, members] of sets) for (const id of members) people.set(id, this.#people.get(id)!);
      return { people, groups: new Map(sets), ids, version: this.#version, at: this.#at, after: this.#after };
    });
  }

  /** What changed reaches the followers; nothing is asked for when it is not older than `maxAgeMs`. */
  look(o: CallOptions & { maxAgeMs: number }): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isOlder(o.maxAgeMs)) return;
      const withGroups = this.#tokens.groups !== undefined;
      try {
        await this.#refresh(o, withGroups);
      } catch (error) {
        // A right to groups that is gone must not hide a leaver.
        if (withGroups) await this.#refresh(o, false);
        throw error;
      }
    });
  }

  follow(follower: (news: News) => void): { close(): void } {
    this.#followers.add(follower);
    return { close: () => void this.#followers.delete(follower) };
  }

  #isOlder(maxAgeMs: number): boolean {
    return this.#now() - this.#at >= maxAgeMs;
  }

  /** What became of people who may be in no group any more. */
  accounts(ids: readonly string[], o: CallOptions): Promise<Map<string, Account>> {
    return this.#inTurn(async () => {
      const unknown = ids.filter((id) => !this.#people.has(id) && !this.#accounts.has(id));
      if (unknown.length > 0) {
        const found = await this.#graph.people(unknown, o);
        for (const id of unknown) {
          const user = found.get(id);
          this.#accounts.set(id, user ? accountOf(personOf(user)) : "Deleted");
        }
      }
      return new Map(
        ids.map((id) => {
          const person = this.#people.get(id);
          return [id, person ? accountOf(person) : this.#accounts.get(id)!];
        }),
      );
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #refresh(o: CallOptions, withGroups: boolean): Promise<void> {
    const at = this.#now();
    const before = this.#version;
    const { users, groups } = withGroups
      ? await this.#graph.directoryChanges(this.#tokens, o)
      : { users: await this.#graph.userChanges(this.#tokens.users, o), groups: undefined };
    if (groups?.reset || users.reset) this.#forget();
    else {
      for (const change of groups?.changes ?? []) this.#groupChanged(change);
      for (const change of users.changes) this.#userChanged(change);
    }
    this.#tokens = { ...this.#tokens, users: users.token, ...(groups ? { groups: groups.token } : {}) };
    if (withGroups || this.#tokens.groups === undefined) {
      this.#after = this.#at || at;
      this.#at = at;
    }
    const after = this.#peopleAt;
    this.#peopleAt = at;
    const lost = users.reset && after !== undefined;
    for (const follower of this.#followers)
      follower({ people: users.changes, moved: this.#version !== before, lost, after });
  }

  /** Everything is read again; tokens are older than what is read, so nothing is missed. */
  #forget(): void {
    this.#direct.clear();
    this.#people.clear();
    this.#accounts.clear();
    this.#deleted.clear();
    this.#found.clear();
    this.#version++;
  }

  #groupChanged({ id: given, removed, displayName, members }: GroupChange): void {
    const id = given.toLowerCase();
    for (const [key, found] of this.#found)
      if (
        found === id &&
        (removed || (displayName !== undefined && key.startsWith("name:") && key !== `name:${displayName}`))
      )
        this.#found.delete(key);
    const direct = this.#direct.get(id);
    if (!direct) return;
    this.#version++;
    // What a group in it brings along, or takes away, has to be read; so has a group that is back.
    if (removed || members.some(({ type }) => type !== "user" && type !== "device" && type !== "servicePrincipal")) {
      this.#direct.delete(id);
      return;
    }
    for (const member of members) {
      if (member.type !== "user") continue;
      if (member.removed) direct.users.delete(member.id.toLowerCase());
      else direct.users.add(member.id.toLowerCase());
    }
  }

  #userChanged({ id: given, removed, person }: PersonChange): void {
    const id = given.toLowerCase();
    const known = this.#people.has(id);
    if (removed) {
      if (known || this.#accounts.has(id)) this.#version++;
      this.#people.delete(id);
      if (known || this.#accounts.has(id)) this.#accounts.set(id, "Deleted");
      if (known) this.#deleted.add(id);
      for (const { users } of this.#direct.values()) users.delete(id);
      return;
    }
    // A restored account gets its memberships back, of which the groups may say nothing.
    if (this.#deleted.has(id)) {
      this.#forget();
      return;
    }
    if (!person) return;
    if (known) this.#people.set(id, personOf(person));
    if (this.#accounts.has(id)) this.#accounts.set(id, accountOf(personOf(person)));
    if (known || this.#accounts.has(id)) this.#version++;
  }

  async #find(group: GroupReference, pinned: string | undefined, o: CallOptions): Promise<string> {
    const key = groupKey(group);
    const known = this.#found.get(key);
    if (known) return known;
    const name = group.displayName ?? group.id!;
    const found = await this.#graph.findGroups(group.id ? { id: group.id } : { displayName: name }, o);
    if (found.length === 0) throw terminalError(REASON.UnknownGroup, `there is no Entra group ${name}`);
    // Not remembered: another set may have pinned another one of them.
    if (found.length > 1 && found.some(({ id }) => id.toLowerCase() === pinned)) return pinned!;
    if (found.length > 1)
      throw terminalError(
        REASON.AmbiguousGroup,
        `${found.length} Entra groups are called ${name}: name one by id (${found.map(({ id }) => id).join(", ")})`,
      );
    const id = found[0]!.id.toLowerCase();
    this.#found.set(key, id);
    return id;
  }

  /** Reads a group, and the groups in it, unless they are known. */
  async #track(root: string, { nested, ...o }: CallOptions & { nested: boolean }): Promise<void> {
    const open = [root];
    const seen = new Set(open);
    for (const id of open) {
      const direct = this.#direct.get(id) ?? (await this.#readUsers(id, o));
      if (!nested) continue;
      direct.groups ??= await this.#readGroups(id, o);
      for (const inner of direct.groups)
        if (!seen.has(inner)) {
          seen.add(inner);
          open.push(inner);
        }
    }
  }

  async #readUsers(id: string, o: CallOptions): Promise<Direct> {
    const users = await this.#graph.members(id, { ...o, nested: false });
    if (!users) throw this.#gone(id);
    const direct: Direct = { users: new Set() };
    for (const user of users) {
      const person = personOf(user);
      direct.users.add(person.id);
      this.#people.set(person.id, person);
    }
    this.#direct.set(id, direct);
    this.#version++;
    return direct;
  }

  async #readGroups(id: string, o: CallOptions): Promise<Set<string>> {
    const groups = await this.#graph.memberGroups(id, o);
    if (!groups) throw this.#gone(id);
    return new Set(groups.map((group) => group.id.toLowerCase()));
  }

  #gone(id: string): Error {
    for (const [key, found] of this.#found) if (found === id) this.#found.delete(key);
    this.#direct.delete(id);
    return terminalError(REASON.UnknownGroup, `there is no Entra group ${id} any more`);
  }

  /**
   * Attributes of everybody in these groups who came by a delta. Somebody without them would look like somebody who left. Of groups that other
   * sets name no one is asked for: such a member delays those sets alone.
   */
  async #complete(groups: readonly string[], o: CallOptions): Promise<void> {
    const members = groups.flatMap((id) => [...this.#direct.get(id)!.users]);
    const missing = new Set(members.filter((id) => !this.#people.has(id)));
    if (missing.size === 0) return;
    const found = await this.#graph.people([...missing], o);
    for (const [id, user] of found) {
      this.#people.set(id.toLowerCase(), personOf(user));
      missing.delete(id.toLowerCase());
    }
    this.#version++;
    if (missing.size === 0) return;
    // Deleted since, or not readable yet: the next look begins with the whole lists.
    for (const id of groups) this.#direct.delete(id);
    throw waitingError(REASON.SourceIncomplete, `${missing.size} members of the groups cannot be read yet`, RETRY_MS);
  }

  #within(root: string, nested: boolean): Set<string> {
    return new Set(this.#groupsIn(root, nested).flatMap((id) => [...this.#direct.get(id)!.users]));
  }

  /** Ids of the group and of the groups in it. */
  #groupsIn(root: string, nested: boolean): string[] {
    const all = new Set([root]);
    // A set that grows is walked to its end.
    for (const id of all) for (const inner of nested ? this.#direct.get(id)!.groups! : []) all.add(inner);
    return [...all];
  }
}
