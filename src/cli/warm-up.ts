/**
 * What every user's reconcile begins with is read while the API server is still listing the users, and on a standby, so that a new leader
 * has it. All of this returns at once; what fails here fails again in a reconcile, which says so.
 */
import { type ConnectSsoPersona, PERSONA } from "../api/resources.ts";
import type { Clouds } from "../providers/clouds.ts";
import { makeRoom } from "../runtime/memory.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { namesOf } from "../user/resolve.ts";

/** Connect users and role assignments; once the personas are listed. */
export function warmInventories(clouds: Clouds, store: ObjectStore, maxAgeMs: number): void {
  thenMakeRoom(awake(store).map((persona) => readInventories(clouds, persona, maxAgeMs)));
}

/** People of Entra; once the users are listed. */
export function warmPeople(clouds: Clouds, store: ObjectStore, maxAgeMs: number): void {
  const tenants = new Map(awake(store).map((persona) => [persona.spec.application.tenantId, persona]));
  thenMakeRoom([...tenants.values()].map((persona) => readPeople(clouds, store, persona, maxAgeMs)));
}

/** The answers were several times what is kept of them. */
function thenMakeRoom(reads: Promise<void>[]): void {
  void Promise.allSettled(reads).then(makeRoom);
}

function awake(store: ObjectStore): ConnectSsoPersona[] {
  const personas = store.list<ConnectSsoPersona>(PERSONA);
  return personas.filter(({ spec, metadata }) => !spec.suspend && !metadata.deletionTimestamp);
}

async function readPeople(clouds: Clouds, store: ObjectStore, persona: ConnectSsoPersona, maxAgeMs: number) {
  const graph = await clouds.graph(persona.spec.application.tenantId, persona.metadata.namespace);
  const among = () => namesOf(store, persona);
  const [first] = among();
  // The first one's look-up takes all the others along; an object id has no "@".
  const key = first?.includes("@") ? { userPrincipalName: first } : { objectId: first ?? "" };
  if (first) await graph.user(key, { priority: "sweep", maxAgeMs, among });
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
