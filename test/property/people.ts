/** What only people can mend, once the faults have ended: they do what conditions ask of them, and no more. */
import { DeleteUserCommand } from "@aws-sdk/client-connect";
import type { KubeObject } from "../../src/runtime/port.ts";
import type { Administrator, Json } from "./administrator.ts";
import type { Cluster } from "./cluster.ts";
import type { Declarations } from "./declarations.ts";
import { deleteInCapitals } from "./edits.ts";
import { names } from "./oracle.ts";
import { instanceOf, instanceOfUser, OWNER_TAG, PERSONAS, type UserName, upnOf } from "./world.ts";

export interface Scene {
  admin: Administrator;
  cluster: Cluster;
  declarations: Declarations;
  /** Long enough for everything to be looked at twice. */
  twoPolls(): Promise<void>;
  note(line: string): void;
}

interface Condition {
  type: string;
  status: string;
  reason: string;
}
export function conditionsOf(object: KubeObject | undefined): Condition[] {
  return (object?.status as { conditions?: Condition[] } | undefined)?.conditions ?? [];
}
export const readyOf = (object: KubeObject | undefined) => conditionsOf(object).find(({ type }) => type === "Ready");

/** Before anything else is judged. */
export async function heal(scene: Scene): Promise<void> {
  const { admin, declarations, twoPolls } = scene;
  await twoPolls();
  expectSuspended(scene);
  declarations.change(({ suspend, reports, ...rest }) => (suspend || reports ? rest : undefined));
  resume(scene);
  for (const [name, spec] of declarations.users)
    if (!declarations.personas.has(spec.persona)) await declarations.deleteUser(name);
  // Lists lag: whom somebody made a moment ago shows later.
  await twoPolls();
  await admin.do(() => deleteInCapitals(admin));
  await admin.do(() => clearRetained(scene));
  await twoPolls();
  letGo(scene);
}

/** `suspend` holds a deletion as well: what is being deleted goes once somebody resumes it. */
function resume({ cluster, note }: Scene): void {
  for (const object of cluster.objects()) {
    const { suspend, ...spec } = object.spec as { suspend?: boolean };
    if (!object.metadata.deletionTimestamp || !suspend) continue;
    note(`${object.metadata.name} is resumed, and so deleted`);
    cluster.api.apply({ ...object, spec });
  }
}

/** Suspended objects say so, for the spec that they have. */
function expectSuspended({ declarations, cluster }: Scene): void {
  const all = [...declarations.personas, ...declarations.users];
  for (const [name, { policies }] of all) {
    if (!policies?.suspend) continue;
    const object = cluster.objects().find(({ metadata }) => metadata.name === name);
    const { observedGeneration } = object!.status as { observedGeneration?: number };
    if (readyOf(object)?.reason !== "Suspended" || observedGeneration !== object!.metadata.generation)
      throw new Error(`${name} is suspended, and Ready says ${JSON.stringify(readyOf(object))}`);
  }
}

/** Whoever takes over what Retain left of somebody, or deletes it, does so by hand. */
async function clearRetained({ admin, declarations, note }: Scene): Promise<void> {
  const clouds = await admin.look();
  for (const name of declarations.retained) {
    declarations.touchedUser(name);
    const instance = instanceOfUser(name);
    if (!declarations.users.has(name))
      for (const { Id, Tags, instance: InstanceId } of clouds.connectUsers)
        if (InstanceId === instance.id && Tags?.[OWNER_TAG] === `test/team/${name}`)
          await admin.connect(instance).send(new DeleteUserCommand({ InstanceId, UserId: Id }));
    const person = clouds.people.find(({ userPrincipalName }) => userPrincipalName === upnOf(name))!;
    const declared = declarations.of(name).map((one) => declarations.personaOf(one));
    for (const persona of PERSONAS) {
      if (instanceOf(persona) !== instance || declared.includes(persona)) continue;
      const application = clouds.applications.find(({ tags }) => tags.includes(names(persona).entraTag));
      const principal = clouds.servicePrincipals.find(({ appId }) => appId === application?.appId);
      for (const { id, principalId } of (principal?.assignments as Json[]) ?? [])
        if (principalId === person.id) {
          note(`what ${name} left in ${persona} is taken away`);
          await admin.graph("DELETE", `/servicePrincipals/${principal!.id}/appRoleAssignedTo/${id}`);
        }
    }
  }
}

/** Nobody knows any more in which instance these users were; their conditions say what to do. */
function letGo({ cluster, declarations, note }: Scene): void {
  for (const object of cluster.objects().filter(({ metadata }) => metadata.deletionTimestamp)) {
    const name = object.metadata.name as UserName;
    if (readyOf(object)?.reason !== "PersonaNotFound") continue;
    note(`${name} is let go`);
    declarations.removedUsers.delete(name);
    cluster.api.apply({ ...object, spec: { ...(object.spec as object), deletionPolicy: "RevokeAccess" } });
  }
}

/** "It carries no owner tag": then it may be taken over. */
export function allowAdoption({ cluster, declarations, note }: Scene): void {
  declarations.change((before, name) => {
    const object = cluster.objects().find(({ metadata }) => metadata.name === name);
    const asked = conditionsOf(object).some(({ reason }) => reason === "NotOwned");
    if (!asked || before.adopts) return undefined;
    note(`${name} may take over what it finds`);
    return { ...before, adopts: true };
  });
}

/** "Connect cannot rename a user": then it may be replaced. */
export function allowRenaming({ cluster, declarations, note }: Scene): void {
  for (const { kind, metadata, ...object } of cluster.objects()) {
    if (kind !== "ConnectUser") continue;
    const asked = conditionsOf({ kind, metadata, ...object }).find(({ reason }) => reason === "UsernameChanged");
    const value = `renamed-${metadata.generation}`;
    if (!asked || metadata.annotations?.["connectsso.dev/recreate"] === value) continue;
    note(`${metadata.name} may have another name`);
    declarations.ask("ConnectUser", metadata.name as UserName, { "connectsso.dev/recreate": value });
  }
}
