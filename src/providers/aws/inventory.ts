/**
 * All users of one Connect instance, read in pages and shared by every resource: 10,000 users are 20 calls. The search
 * index lags, so own writes lie over it until it shows them, and an absence is confirmed by ListUsers.
 */
import {
  DescribeUserCommand,
  ListUserProficienciesCommand,
  ListUsersCommand,
  SearchUsersCommand,
} from "@aws-sdk/client-connect";
import type { Clock } from "../../runtime/clock.ts";
import type { CallOptions } from "../errors.ts";
import { type Call, pages } from "./call.ts";
import { orMissing } from "./errors.ts";
import { listUnitOf, type TimeUnit } from "./handling.ts";
import type { ConnectUserView, Proficiency } from "./types.ts";
import { UserIndex } from "./user-index.ts";
import { createIntern, shows, viewOf } from "./user-view.ts";

type Detail = "identity" | "proficiencies";

interface Inventory {
  /**
   * Users as the index saw them at most `maxAgeMs` ago, own later writes included. A person gets an older state at once, while the new
   * one is read: pages of thousands take longer than a person waits.
   */
  users(maxAgeMs: number, o?: CallOptions): Promise<ReadonlyMap<string, ConnectUserView>>;
  /** One of them; for a person read again by itself when the inventory is old, as long as few ask for that. */
  user(username: string, maxAgeMs: number, o?: CallOptions): Promise<ConnectUserView | undefined>;
  byLowerCase(username: string): ConnectUserView[];
  byTag(key: string, value: string): ConnectUserView[];
  detailed(
    view: ConnectUserView,
    wanted: Detail[],
    maxAgeMs: number,
    o?: CallOptions,
  ): Promise<ConnectUserView | undefined>;
  /** The id of the user of exactly this name in a ListUsers that is at most `maxAgeMs` old; fresh when absent. */
  listed(username: string, o?: CallOptions & { maxAgeMs?: number }): Promise<string | undefined>;
  describe(id: string, o?: CallOptions): Promise<ConnectUserView | undefined>;
  /** As it is now, or was a moment ago if it was read by itself then. */
  latest(view: ConnectUserView, o?: CallOptions): Promise<ConnectUserView | undefined>;
  wrote(view: ConnectUserView): void;
  removed(view: ConnectUserView): void;
  readAt(): number | undefined;
}

interface OwnWrite {
  /** Undefined: deleted. */
  view: ConnectUserView | undefined;
  /** What an index that lags behind still shows. Anything else in it is newer than our write. */
  before: ConnectUserView | undefined;
  at: number;
}
interface Details {
  readAt: number;
  /** LastModifiedTime as ListUsers said when the detail was read, ms. */
  modified: number | undefined;
  identity?: { secondaryEmail: string | null; mobile: string | null };
  proficiencies?: Proficiency[];
}

/** How many times its age the inventory may have for a person, while a new one is read. */
const STALE = 3;
/** A person's user is read again when what is known of it is older, milliseconds. */
const PERSON_AGE_MS = 30_000;
/** Of these reads at most so many in ten seconds, half of Connect's default quota: a thousand changes at once do with the inventory. */
const MOST_SINGLES = 10;
const SINGLES_WINDOW_MS = 10_000;
/**
 * What was read so recently by itself is not read again before it is written, milliseconds; a write may wait as long for its turn. With two
 * reads for a change, 111 of DescribeUser for 120 changes, the p99 of a change during a sweep was 4.3 s.
 */
const MOMENT_MS = 5_000;
const SEARCH_PAGE = 500;
const LIST_PAGE = 1000;
/** How long an own write is believed over an index that says otherwise; its lag is not documented. */
const INDEX_LAG_MS = 60_000;
/** Whether proficiency edits move a user's LastModifiedTime is not documented, so they age as well. */
const PROFICIENCY_AGE_MS = 60 * 60_000;

export function createInventory(p: { instanceId: string; call: Call; clock: Clock }): Inventory {
  const { call, clock, instanceId: InstanceId } = p;
  let users = new Map<string, ConnectUserView>();
  /** By what they are asked for; made when first asked. */
  const indexes = new Map<string, UserIndex>();
  let readAt: number | undefined;
  /** Of the lists per channel in SearchUsers. */
  let listUnit: TimeUnit = 1000;
  let reading: Promise<void> | undefined;
  const own = new Map<string, OwnWrite>();
  const details = new Map<string, Details>();
  /** When users were read one by one since the last inventory, by name. */
  const single = new Map<string, number>();
  let singles: number[] = [];
  let list: { readAt: number; idByName: Map<string, string>; modifiedById: Map<string, number> } | undefined;
  let listing: { startedAt: number; done: Promise<NonNullable<typeof list>> } | undefined;

  async function readAll(o: CallOptions): Promise<void> {
    const startedAt = clock.now();
    const intern = createIntern();
    const fresh = new Map<string, ConnectUserView>();
    let NextToken: string | undefined;
    do {
      const input = { InstanceId, MaxResults: SEARCH_PAGE, NextToken };
      const r = await call(new SearchUsersCommand(input), o);
      const found = r.Users ?? [];
      // Once seconds, always seconds: the service has one way.
      if (listUnitOf(found) === 1) listUnit = 1;
      for (const user of found) if (user.Username) fresh.set(user.Username, viewOf(user, 1000, listUnit, intern));
      NextToken = r.NextToken;
    } while (NextToken);
    for (const [name, write] of own) {
      const seen = fresh.get(name);
      const lags = !shows(seen, write.view) && shows(seen, write.before);
      const settled = write.at < startedAt - INDEX_LAG_MS || !lags;
      if (settled && write.at < startedAt) own.delete(name);
      else if (write.view) fresh.set(name, write.view);
      else fresh.delete(name);
    }
    users = fresh;
    single.clear();
    indexes.clear();
    readAt = startedAt;
    const ids = new Set([...fresh.values()].map((view) => view.id));
    for (const id of details.keys()) if (!ids.has(id)) details.delete(id);
  }

  /** A list that was asked for no earlier than `since`. */
  async function listSince(since: number, o: CallOptions) {
    if (list && list.readAt >= since) return list;
    if (!listing || listing.startedAt < since) {
      const started = { startedAt: clock.now(), done: readList({ priority: o.priority }) };
      listing = started;
      const forget = () => {
        if (listing === started) listing = undefined;
      };
      started.done.then(forget, forget);
    }
    return listing.done;
  }
  async function readList(o: CallOptions) {
    const fresh = { readAt: clock.now(), idByName: new Map<string, string>(), modifiedById: new Map<string, number>() };
    let NextToken: string | undefined;
    do {
      const input = { InstanceId, MaxResults: LIST_PAGE, NextToken };
      const r = await call(new ListUsersCommand(input), o);
      for (const user of r.UserSummaryList ?? []) {
        fresh.idByName.set(user.Username!, user.Id!);
        fresh.modifiedById.set(user.Id!, user.LastModifiedTime?.getTime() ?? 0);
      }
      NextToken = r.NextToken;
    } while (NextToken);
    list = fresh;
    return fresh;
  }

  async function describe(id: string, o: CallOptions = {}): Promise<ConnectUserView | undefined> {
    const input = { InstanceId, UserId: id };
    const r = await orMissing(call(new DescribeUserCommand(input), o));
    const user = r?.User;
    if (!user) return undefined;
    return {
      ...viewOf(user, 1, 1),
      secondaryEmail: user.IdentityInfo?.SecondaryEmail ?? null,
      mobile: user.IdentityInfo?.Mobile ?? null,
    };
  }

  function proficiencies(id: string, o: CallOptions): Promise<Proficiency[]> {
    return pages(async (NextToken) => {
      const r = await call(new ListUserProficienciesCommand({ InstanceId, UserId: id, MaxResults: 100, NextToken }), o);
      const found = (r.UserProficiencyList ?? []).map((x) => ({
        attribute: x.AttributeName!,
        value: x.AttributeValue!,
        level: x.Level!,
      }));
      return [found, r.NextToken];
    });
  }

  function put(name: string, view: ConnectUserView | undefined): void {
    const earlier = own.get(name);
    own.set(name, { view, before: earlier ? earlier.before : users.get(name), at: clock.now() });
    show(name, view);
  }

  function show(name: string, view: ConnectUserView | undefined): void {
    for (const index of indexes.values()) index.move(users.get(name), view);
    if (view) users.set(name, view);
    else users.delete(name);
  }

  function indexed(name: string, by: (view: ConnectUserView) => string | undefined, value: string) {
    const index = indexes.get(name) ?? new UserIndex(by, users);
    indexes.set(name, index);
    return index.get(value).flatMap((username) => users.get(username) ?? []);
  }

  function age(): number {
    return readAt === undefined ? Number.POSITIVE_INFINITY : clock.now() - readAt;
  }

  async function current(maxAgeMs: number, o: CallOptions): Promise<ReadonlyMap<string, ConnectUserView>> {
    const old = age();
    if (old < maxAgeMs) return users;
    // Shared by everybody who waits, so no single caller's signal may cut it off.
    reading ??= readAll({ priority: o.priority }).finally(() => {
      reading = undefined;
    });
    if (o.priority === "sweep" || old >= maxAgeMs * STALE) await reading;
    else reading.catch(() => undefined);
    return users;
  }

  /** Whether one more user may be read by itself now. */
  function maySingle(now: number): boolean {
    singles = singles.filter((at) => at > now - SINGLES_WINDOW_MS);
    if (singles.length >= MOST_SINGLES) return false;
    singles.push(now);
    return true;
  }

  async function freshUser(username: string, maxAgeMs: number, o: CallOptions): Promise<ConnectUserView | undefined> {
    // Read again, one that is known is one call; all of them are twenty.
    const wanted = maxAgeMs === 0 && o.priority !== "sweep" && users.has(username);
    const view = wanted ? users.get(username) : (await current(maxAgeMs, o)).get(username);
    if (!view || o.priority === "sweep") return view;
    const now = clock.now();
    const knownAt = Math.max(readAt ?? 0, own.get(username)?.at ?? 0, single.get(username) ?? 0);
    if (now - knownAt < Math.min(maxAgeMs, PERSON_AGE_MS) || !(wanted || maySingle(now))) return view;
    const seen = await describe(view.id, o);
    // Somebody may have written meanwhile; what they wrote is newer.
    if ((own.get(username)?.at ?? 0) >= now) return users.get(username);
    single.set(username, now);
    const { secondaryEmail: _, mobile: __, ...fresh } = seen ?? {};
    show(username, seen && (fresh as ConnectUserView));
    return users.get(username);
  }

  return {
    users: (maxAgeMs, o = {}) => current(maxAgeMs, o),
    user: (username, maxAgeMs, o = {}) => freshUser(username, maxAgeMs, o),
    byLowerCase: (username) => indexed("name", (view) => view.username.toLowerCase(), username.toLowerCase()),
    byTag: (key, value) => indexed(`tag ${key}`, ({ tags }) => tags[key], value),
    async detailed(view, wanted, maxAgeMs, o = {}) {
      const now = clock.now();
      const known: Details = details.get(view.id) ?? { readAt: 0, modified: undefined };
      const { modifiedById } = await listSince(now - maxAgeMs, o);
      const modified = modifiedById.get(view.id);
      const moved = modified !== known.modified;
      if (wanted.includes("identity") && (moved || !known.identity)) {
        const seen = await describe(view.id, o);
        if (!seen) return undefined;
        known.identity = { secondaryEmail: seen.secondaryEmail ?? null, mobile: seen.mobile ?? null };
      } else if (moved) known.identity = undefined;
      if (wanted.includes("proficiencies")) {
        if (moved || !known.proficiencies || now - known.readAt > PROFICIENCY_AGE_MS) {
          known.proficiencies = await proficiencies(view.id, o);
          known.readAt = now;
        }
      } else if (moved) known.proficiencies = undefined;
      known.modified = modified;
      details.set(view.id, known);
      return { ...view, ...known.identity, proficiencies: known.proficiencies };
    },
    async listed(username, o = {}) {
      return (await listSince(clock.now() - (o.maxAgeMs ?? 0), o)).idByName.get(username);
    },
    describe,
    async latest(view, o) {
      const at = single.get(view.username) ?? Number.NEGATIVE_INFINITY;
      return clock.now() - at < MOMENT_MS ? users.get(view.username) : describe(view.id, o);
    },
    wrote(view) {
      details.delete(view.id);
      put(view.username, view);
    },
    removed(view) {
      details.delete(view.id);
      put(view.username, undefined);
    },
    readAt: () => readAt,
  };
}
