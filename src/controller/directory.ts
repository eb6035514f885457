/**
 * Changes in Entra wake the users and sets that they concern: a disabled account loses its access, and a joiner gets it, without waiting for
 * the poll. One call a tenant and interval, whatever its size; sets and the cache that reconciles read learn from the same answer.
 */
import { REASON } from "../api/reasons.ts";
import {
  CONDITION,
  type ConnectSsoPersona,
  type ConnectUser,
  type ConnectUserSet,
  INDEX,
  PERSONA,
  SET,
  USER,
} from "../api/resources.ts";
import type { Direction, Reactions } from "../domain/reactions.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { Graph, PersonChange } from "../providers/graph/types.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Logger } from "../runtime/logger.ts";
import type { ObjectRef, ObjectStore } from "../runtime/port.ts";
import type { SetRegistry } from "../set/registry.ts";

interface DirectoryWatch {
  clouds: Clouds;
  store: ObjectStore;
  sets: SetRegistry;
  /** Milliseconds between two readings. */
  intervalMs: number;
  now(): number;
  log: Pick<Logger, "error">;
  reactions: Reactions;
  wake(ref: ObjectRef): void;
}

interface Tenant {
  graph: Graph;
  /** Personas of the tenant, as `namespace/name`. */
  personas: Set<string>;
}
/** Of one tenant that is followed. */
interface Followed {
  close(): void;
  /** Changes are lost since this reading, ms since the epoch: everybody is to be compared. */
  lostAfter?: number | undefined;
}

/** Reads at once, so that what changes from now on is known, and then in every interval. */
export function watchDirectory(watch: DirectoryWatch): { close(): void } {
  const { intervalMs, sets, now, log, reactions } = watch;
  const all = new Map<Graph, Followed>();
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const round = async () => {
    for (const tenant of await tenantsOf(watch)) {
      if (isClosed) return;
      const { graph } = tenant;
      const directory = sets.directoryOf(graph, now);
      const followed: Followed =
        all.get(graph) ??
        directory.follow(({ people, moved, lost, after = now() }) => {
          for (const change of people) follow(change, after, watch);
          if (lost) followed.lostAfter ??= after;
          if (moved) wakeSets(watch);
        });
      all.set(graph, followed);
      try {
        await directory.look({ priority: "person", maxAgeMs: intervalMs });
        await catchUp(tenant, followed, watch);
      } catch (error) {
        log.error({ err: error, tenant: graph.tenantId }, "changes of people could not be read");
      }
    }
    reactions.keep((direction, person) =>
      usersOf(person, watch).some((user) => (direction === "granted" ? !user.metadata.deletionTimestamp : loses(user))),
    );
  };
  const next = () => {
    if (isClosed) return;
    timer = setTimeout(() => void round().finally(next), intervalMs);
    timer.unref();
  };
  void round().finally(next);
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      for (const one of all.values()) one.close();
    },
  };
}

/** What changed before a token that expired is in no answer any more. */
async function catchUp(tenant: Tenant, followed: Followed, watch: DirectoryWatch): Promise<void> {
  const after = followed.lostAfter;
  if (after === undefined) return;
  for (const change of await changedMeanwhile(tenant, watch)) follow(change, after, watch);
  followed.lostAfter = undefined;
}

/** Those that a persona or a set names and its namespace may use, each once. */
async function tenantsOf({ store, clouds }: DirectoryWatch): Promise<Iterable<Tenant>> {
  const found = new Map<Graph, Tenant>();
  const tenantOf = async (tenantId: string | undefined, { metadata, spec }: ConnectSsoPersona | ConnectUserSet) => {
    if (spec.suspend || metadata.deletionTimestamp) return undefined;
    const graph = await clouds.graph(tenantId, metadata.namespace).catch(() => undefined);
    if (!graph) return undefined;
    const tenant = found.get(graph) ?? { graph, personas: new Set() };
    found.set(graph, tenant);
    return tenant;
  };
  for (const set of store.list<ConnectUserSet>(SET)) await tenantOf(set.spec.source.tenantId, set);
  for (const persona of store.list<ConnectSsoPersona>(PERSONA)) {
    const tenant = await tenantOf(persona.spec.application.tenantId, persona);
    tenant?.personas.add(`${persona.metadata.namespace}/${persona.metadata.name}`);
  }
  return found.values();
}

/** People of whom Entra says something else than the status of their users: all are read, and compared. */
async function changedMeanwhile({ graph, personas }: Tenant, { store }: DirectoryWatch): Promise<PersonChange[]> {
  const users = new Map<string, ConnectUser>();
  for (const user of store.list<ConnectUser>(USER)) {
    const id = user.status?.entraObjectId;
    if (id && personas.has(`${user.metadata.namespace}/${user.spec.personaRef.name}`))
      users.set(id.toLowerCase(), user);
  }
  const found = await graph.people([...users.keys()], { priority: "person" });
  return [...users].flatMap(([id, user]): PersonChange[] => {
    const person = found.get(id);
    const state = !person ? REASON.EntraUserNotFound : person.accountEnabled ? undefined : REASON.EntraUserDisabled;
    const declared = user.spec.entraUser.userPrincipalName?.toLowerCase();
    const isRenamed = person && declared !== undefined && person.userPrincipalName.toLowerCase() !== declared;
    if (state === withdrawnAs(user) && !isRenamed) return [];
    return [person ? { id, person } : { id, removed: "changed" }];
  });
}

function follow(change: PersonChange, after: number, watch: DirectoryWatch): void {
  const users = usersOf(change.id, watch, change.person?.userPrincipalName);
  for (const user of users) {
    const direction = directionOf(user, change);
    if (direction && isWatched(user, watch)) watch.reactions.expect(direction, change.id, after);
    watch.wake({ kind: USER, namespace: user.metadata.namespace, name: user.metadata.name });
  }
}

function usersOf(id: string, { store }: Pick<DirectoryWatch, "store">, name?: string): ConnectUser[] {
  const names = new Set([id.toLowerCase(), ...(name === undefined ? [] : [name.toLowerCase()])]);
  const found = [...names].flatMap((value) => store.list<ConnectUser>(USER, { index: INDEX.userByEntraUser, value }));
  return [...new Set(found)];
}

/** What the change means for the access that the status says there is. */
function directionOf(user: ConnectUser, { removed, person }: PersonChange): Direction | undefined {
  const isOut = withdrawnAs(user) !== undefined;
  const mustGo = removed !== undefined || (person?.accountEnabled === false && user.spec.whenDisabled !== "Keep");
  if (mustGo) return isOut || !loses(user) ? undefined : "revoked";
  return isOut ? "granted" : undefined;
}

const loses = ({ spec }: ConnectUser): boolean => !spec.suspend;

function isWatched({ metadata, spec }: ConnectUser, { store }: DirectoryWatch): boolean {
  const persona = store.get<ConnectSsoPersona>(PERSONA, metadata.namespace, spec.personaRef.name);
  return persona !== undefined && !persona.spec.suspend;
}

/** Why the person has no access, if that is Entra's word. */
function withdrawnAs({ status }: ConnectUser): string | undefined {
  const reason = findCondition(status?.conditions, CONDITION.Ready)?.reason;
  return reason === REASON.EntraUserDisabled || reason === REASON.EntraUserNotFound ? reason : undefined;
}

/** Whichever they are: a set that nothing changed for finds all it needs in memory. */
function wakeSets({ store, wake }: DirectoryWatch): void {
  for (const { metadata } of store.list<ConnectUserSet>(SET))
    wake({ kind: SET, namespace: metadata.namespace, name: metadata.name });
}
