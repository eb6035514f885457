/**
 * Changes of people in Entra wake the users that they concern: a disabled account loses its access without waiting for the poll. One call a
 * tenant and interval, whatever its size; the cache that reconciles read learns from the same answer.
 */
import { REASON } from "../api/reasons.ts";
import { CONDITION, type ConnectSsoPersona, type ConnectUser, INDEX, PERSONA, USER } from "../api/resources.ts";
import type { Direction, Reactions } from "../domain/reactions.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { Graph, PersonChange } from "../providers/graph/types.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Logger } from "../runtime/logger.ts";
import type { ObjectRef, ObjectStore } from "../runtime/port.ts";

interface DirectoryWatch {
  clouds: Clouds;
  store: ObjectStore;
  /** Milliseconds between two readings. */
  intervalMs: number;
  log: Pick<Logger, "error">;
  reactions: Reactions;
  wake(ref: ObjectRef): void;
}

/** `at`: when it was read, milliseconds since the epoch. */
interface Reading {
  token: string;
  at: number;
}
interface Tenant {
  graph: Graph;
  /** Personas of the tenant, as `namespace/name`. */
  personas: Set<string>;
}

/** Reads at once, so that what changes from now on is known, and then in every interval. */
export function watchDirectory(watch: DirectoryWatch): { close(): void } {
  const readings = new Map<string, Reading>();
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const round = async () => {
    for (const tenant of await tenantsOf(watch)) {
      if (isClosed) return;
      const { tenantId } = tenant.graph;
      try {
        readings.set(tenantId, await read(tenant, readings.get(tenantId), watch));
      } catch (error) {
        watch.log.error({ err: error, tenant: tenantId }, "changes of people could not be read");
      }
    }
    watch.reactions.keep((direction, person) => direction === "granted" || usersOf(person, watch).some(loses));
  };
  const next = () => {
    if (isClosed) return;
    timer = setTimeout(() => void round().finally(next), watch.intervalMs);
    timer.unref();
  };
  void round().finally(next);
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

async function read(tenant: Tenant, before: Reading | undefined, watch: DirectoryWatch): Promise<Reading> {
  const at = Date.now();
  const { changes, token, reset } = await tenant.graph.userChanges(before?.token, { priority: "person" });
  // What changed before a token that expired is in no answer any more.
  const all = reset && before ? await changedMeanwhile(tenant, watch) : changes;
  for (const change of all) follow(change, before?.at ?? at, watch);
  return { token, at };
}

/** Those that a persona names and its namespace may use, each once. */
async function tenantsOf({ store, clouds }: DirectoryWatch): Promise<Tenant[]> {
  const found = new Map<string, Tenant>();
  for (const { metadata, spec } of store.list<ConnectSsoPersona>(PERSONA)) {
    if (spec.suspend || metadata.deletionTimestamp) continue;
    const graph = await clouds.graph(spec.application.tenantId, metadata.namespace).catch(() => undefined);
    if (!graph) continue;
    const tenant = found.get(graph.tenantId) ?? { graph, personas: new Set() };
    found.set(graph.tenantId, tenant);
    tenant.personas.add(`${metadata.namespace}/${metadata.name}`);
  }
  return [...found.values()];
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
