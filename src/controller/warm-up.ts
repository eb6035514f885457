/**
 * What every user's reconcile begins with is read while the API server is still listing the users, and on a standby, so that a new leader
 * has it. All of this returns at once; what fails here fails again in a reconcile, which says so.
 */
import { type ConnectSsoPersona, type ConnectUser, PERSONA } from "../api/resources.ts";
import type { Clouds } from "../providers/clouds.ts";
import { makeRoom } from "../runtime/memory.ts";
import type { KubeObject, ObjectStore } from "../runtime/port.ts";
import { nameOf, namesOf } from "../user/resolve.ts";

/** People to look up at a time: four batches of Microsoft Graph, which go out together. */
const AHEAD = 1_200;

/** Connect users and role assignments; once the personas are listed. */
export function warmInventories(clouds: Clouds, store: ObjectStore, maxAgeMs: number): void {
  for (const persona of awake(store)) readInventories(clouds, persona, maxAgeMs).catch(() => undefined);
}

/**
 * People of Entra: of users that are still being listed, as these arrive. Returns users whose people were asked for just now: they may be
 * looked at early.
 */
export function createPeopleAhead(clouds: Clouds, maxAgeMs: number) {
  const waiting = new Map<string | undefined, { persona: ConnectSsoPersona; names: string[]; users: KubeObject[] }>();
  let read = 0;
  let tidiedAt = AHEAD;
  return (arrived: KubeObject[], store: ObjectStore): KubeObject[] => {
    const asked: KubeObject[] = [];
    for (const user of arrived as ConnectUser[]) {
      const { metadata, spec } = user;
      const persona = store.get<ConnectSsoPersona>(PERSONA, metadata.namespace, spec.personaRef.name);
      const name = nameOf(spec);
      if (!persona || !name || !isAwake(persona)) continue;
      const { tenantId } = persona.spec.application;
      const group = waiting.get(tenantId) ?? { persona, names: [], users: [] };
      waiting.set(tenantId, group);
      group.names.push(name);
      group.users.push(user);
      if (group.names.length < AHEAD) continue;
      waiting.delete(tenantId);
      const reads = readPeople(clouds, persona, () => group.names, maxAgeMs);
      read += AHEAD;
      // Each time that they are four times as many: what this costs grows no faster than they do.
      if (read >= 4 * tidiedAt) {
        tidiedAt = read;
        thenMakeRoom([reads]);
      } else reads.catch(() => undefined);
      for (const one of group.users) asked.push(one);
    }
    return asked;
  };
}

/** All others; once the users are listed. */
export function warmPeople(clouds: Clouds, store: ObjectStore, maxAgeMs: number): void {
  const tenants = new Map(awake(store).map((persona) => [persona.spec.application.tenantId, persona]));
  const reads = [...tenants.values()].map((persona) =>
    readPeople(clouds, persona, () => namesOf(store, persona), maxAgeMs),
  );
  thenMakeRoom(reads);
}

/** The answers were several times what is kept of them. */
function thenMakeRoom(reads: Promise<void>[]): void {
  void Promise.allSettled(reads).then(makeRoom);
}

function awake(store: ObjectStore): ConnectSsoPersona[] {
  return store.list<ConnectSsoPersona>(PERSONA).filter(isAwake);
}

function isAwake({ spec, metadata }: ConnectSsoPersona): boolean {
  return !spec.suspend && !metadata.deletionTimestamp;
}

/** The first one's look-up takes all the others along. */
async function readPeople(
  clouds: Clouds,
  { metadata, spec }: ConnectSsoPersona,
  among: () => Iterable<string>,
  maxAgeMs: number,
): Promise<void> {
  const graph = await clouds.graph(spec.application.tenantId, metadata.namespace);
  const [first] = among();
  // An object id has no "@".
  const key = first?.includes("@") ? { userPrincipalName: first } : { objectId: first ?? "" };
  if (first) await graph.user(key, { priority: "sweep", maxAgeMs }, among);
}

async function readInventories(clouds: Clouds, { metadata, spec, status }: ConnectSsoPersona, maxAgeMs: number) {
  const call = { priority: "sweep" as const, maxAgeMs };
  const [{ account }, graph] = await Promise.all([
    clouds.aws(spec.instanceArn, metadata.namespace),
    clouds.graph(spec.application.tenantId, metadata.namespace),
  ]);
  await Promise.all([
    account.instance(spec.instanceArn).users(call),
    status?.servicePrincipalId && graph.groupAssignments(status.servicePrincipalId, call),
  ]);
}
