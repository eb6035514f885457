/**
 * What every user's reconcile begins with is read as soon as the objects are listed, on a standby, too, so that a new leader has it. All of
 * this returns at once; what fails here fails again in a reconcile, which says so.
 */
import { type ConnectSsoPersona, PERSONA } from "../api/resources.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { namesOf } from "../user/scope.ts";

/** Connect users and role assignments; once the personas are listed. */
export function warmInventories(clouds: Clouds, store: ObjectStore, maxAgeMs: number): void {
  for (const persona of awake(store)) readInventories(clouds, persona, maxAgeMs).catch(() => undefined);
}

/** People of Entra; once the users are listed. */
export function warmPeople(clouds: Clouds, store: ObjectStore, maxAgeMs: number): void {
  const tenants = new Map(awake(store).map((persona) => [persona.spec.application.tenantId, persona]));
  for (const persona of tenants.values())
    readPeople(clouds, persona, () => namesOf(store, persona), maxAgeMs).catch(() => undefined);
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
