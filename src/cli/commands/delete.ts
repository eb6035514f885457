/** `connect-sso delete -f`: what manifests declare is deleted as their deletionPolicy says, users before personas. */
import { setTimeout as sleep } from "node:timers/promises";
import { REASON } from "../../api/reasons.ts";
import { type ConnectSsoPersona, type ConnectUser, FINALIZER, PERSONA, SET_LABEL, USER } from "../../api/resources.ts";
import { INDEXES } from "../../controller/kinds.ts";
import { admit, FolderController } from "../../controller/on-folder.ts";
import { listed, terminalText } from "../../domain/text.ts";
import { conditionsOf } from "../../runtime/conditions.ts";
import { FolderStore } from "../../runtime/folder-store.ts";
import type { KubeObject } from "../../runtime/port.ts";
import { expand } from "../../set/expand.ts";
import { type CloudSession, openClouds } from "../cloud-session.ts";
import { CliError, duration } from "../command.ts";
import { type Declared, label, openDeclared, type Resource } from "../declared-objects.ts";
import type { CloudOptions, ObjectOptions } from "../options.ts";
import { type Remains, remainsOf } from "../remains.ts";
import { paint } from "../render/terminal.ts";
import { refuseBesideController } from "../running-controller.ts";
import { setDeps } from "../set-deps.ts";
import { keyOf, keyOfResource } from "../tagged-objects.ts";

interface DeleteOptions extends CloudOptions, Pick<ObjectOptions, "namespace" | "kubeconfig" | "context"> {
  filename: string;
  among?: string;
  timeout: string;
  withoutController?: boolean;
  dryRun?: boolean;
}

const POLL_MS = 5_000;
/** Between looks for what was deleted and still shows. */
const LOOK_AGAIN_MS = 1_000;
/** Names in a message. */
const NAMED = 3;

/** 0: all of it is gone; 2: something was not found; 1: something was refused, or time is up. */
export async function deleteDeclared(options: DeleteOptions): Promise<number> {
  const deadline = Date.now() + duration(options.timeout);
  const { namespace } = options;
  const declared = await openDeclared({ filename: options.filename, namespace });
  if (declared.problems.length > 0)
    throw new CliError("a manifest cannot be read, so nothing is deleted", { hint: "correct it first" });
  const among = options.among ? await openDeclared({ filename: options.among, namespace }) : undefined;
  const session = await openClouds(options, undefined, { pollIntervalMs: POLL_MS });
  const personas = [...declared.personas(), ...(among?.personas() ?? [])];
  try {
    const going = [...declared.users(), ...(await usersOfSets(declared, personas, session)), ...declared.personas()];
    if (session.cluster !== "folder" && !options.withoutController)
      await refuseBesideController(declared, session.cluster, options);
    refuseWithoutPersona(going, personas);
    const before = await remainsOf(going, personas, session);
    refuseForeign(going, before);
    if (options.dryRun) return preview(going, before);
    return await carryOut({ going, personas, session, before, deadline });
  } finally {
    await session.close();
  }
}

/** The users that the sets of the folder have now. A set itself has nothing in a cloud. */
async function usersOfSets(
  declared: Declared,
  personas: ConnectSsoPersona[],
  { clouds }: CloudSession,
): Promise<ConnectUser[]> {
  if (declared.sets().length === 0) return [];
  const store = new FolderStore(INDEXES, admit);
  for (const one of [...personas, ...declared.users(), ...declared.sets()]) store.load(one);
  for (const set of declared.sets())
    await expand({ ...set, spec: { ...set.spec, mode: "Apply" } }, setDeps({ store }, clouds));
  return store.list<ConnectUser>(USER).filter(({ metadata }) => metadata.labels?.[SET_LABEL] !== undefined);
}

/** Where a user's objects are, its persona says. */
function refuseWithoutPersona(going: Resource[], personas: ConnectSsoPersona[]): void {
  for (const one of going) {
    if (one.kind === PERSONA) continue;
    const { name } = (one as { spec: { personaRef: { name: string } } }).spec.personaRef;
    if (personas.some(({ metadata }) => metadata.name === name && metadata.namespace === one.metadata.namespace))
      continue;
    throw new CliError(`${label(one)}: its persona ${name} is not declared here, so nothing is deleted`, {
      hint: "name the folder that holds the persona with --among",
    });
  }
}

/** Nothing is deleted when a part of it belongs to another cluster name. */
function refuseForeign(going: Resource[], before: Map<string, Remains>): void {
  const foreign = going.flatMap((one) => {
    const { tagged, others } = before.get(keyOfResource(one))!;
    return tagged.length === 0 && others.length > 0 ? [{ one, other: others[0]! }] : [];
  });
  if (foreign.length === 0) return;
  const lines = foreign.map(
    ({ one, other }) => `${label(one)} (${terminalText(other.object)}) belongs to cluster ${other.cluster}`,
  );
  const { cluster } = foreign[0]!.other;
  throw new CliError(`nothing was deleted: ${listed(lines, NAMED, ";")}`, {
    hint: `if a controller works there, delete the object in its cluster with kubectl; otherwise repeat this with --cluster-name ${cluster}`,
  });
}

function preview(going: Resource[], before: Map<string, Remains>): number {
  const { bad, dim } = paint();
  for (const one of going) {
    const { tagged, assigned } = before.get(keyOfResource(one))!;
    const lines = [...(assigned ? ["role assignment"] : []), ...tagged.map(({ object }) => object)];
    const what =
      lines.length === 0
        ? dim("nothing was found")
        : `${deletes(one)} (${lines.map((line) => terminalText(line)).join(", ")})`;
    process.stdout.write(`${lines.length === 0 ? dim("·") : bad("-")} ${label(one)}: ${what}\n`);
  }
  process.stdout.write("Dry run: nothing was deleted.\n");
  return 0;
}

interface Work {
  going: Resource[];
  personas: ConnectSsoPersona[];
  session: CloudSession;
  before: Map<string, Remains>;
  deadline: number;
}

async function carryOut({ going, personas, session, before, deadline }: Work): Promise<number> {
  // Somebody who names the files means all that is in them.
  const controller = new FolderController({ ...session, pollIntervalMs: POLL_MS, massDeletionShare: () => 1 });
  try {
    for (const persona of personas) controller.store.load(persona);
    let code = 0;
    for (const kind of [USER, PERSONA]) {
      const group = going.filter((one) => one.kind === kind);
      // Personas that stay are only read.
      if (kind === PERSONA)
        for (const persona of personas)
          controller.store.load({ ...persona, spec: { ...persona.spec, suspend: true } } as KubeObject);
      for (const one of group) controller.store.load(deleting(one));
      controller.start([kind]);
      const left = () =>
        group.filter(({ kind, metadata }) => controller.store.get(kind, metadata.namespace, metadata.name));
      const settled = () => left().every((one) => stalled(controller, one));
      await controller.until(settled, Math.max(0, deadline - Date.now()), "everything is deleted").catch(() => {});
      const worked = group.filter((one) => !left().includes(one));
      const remaining = await whatRemains(worked, personas, session, deadline);
      for (const one of group) {
        code = Math.max(code, showResult(one, stalled(controller, one), worked.includes(one), before, remaining));
        for (const note of keptOf(controller, one)) process.stdout.write(`  ${terminalText(note)}\n`);
      }
    }
    // A refusal weighs more than something that was not there.
    return code === 3 ? 1 : code;
  } finally {
    await controller.stop();
  }
}

/** As the API server shows an object that was deleted while a controller holds it. */
const deleting = (one: Resource): KubeObject => ({
  ...one,
  metadata: { ...one.metadata, finalizers: [FINALIZER], deletionTimestamp: new Date().toISOString() },
});

function stalled(controller: FolderController, { kind, metadata }: Resource) {
  const now = controller.store.get<Resource>(kind, metadata.namespace, metadata.name);
  return now && conditionsOf(now).find(({ type, status }) => type === "Stalled" && status === "True");
}

/** What stays because something else depends on it. */
function keptOf(controller: FolderController, one: Resource): string[] {
  return controller.store.events
    .filter(({ ref, event }) => event.reason === REASON.Kept && keyOf(ref) === keyOfResource(one))
    .map(({ event }) => event.note);
}

/** Looks until what was to go is gone: the clouds may show it for a while. */
async function whatRemains(
  worked: Resource[],
  personas: ConnectSsoPersona[],
  session: CloudSession,
  deadline: number,
): Promise<Map<string, Remains>> {
  for (;;) {
    const remaining = await remainsOf(worked, personas, session);
    if (worked.every((one) => isGone(one, remaining.get(keyOfResource(one))!)) || Date.now() > deadline)
      return remaining;
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Nothing is left of what the deletionPolicy takes away. */
function isGone({ kind, spec }: Resource, { tagged, assigned }: Remains): boolean {
  switch (spec.deletionPolicy) {
    case "Delete":
      return tagged.length === 0 && !assigned;
    case "RevokeAccess":
      return !assigned || kind === PERSONA;
    default:
      return true;
  }
}

const REFUSED = 3;
const NOT_FOUND = 2;

/** One line for an object. Returns how much it weighs: 0 done, 2 not found, 3 refused. */
function showResult(
  one: Resource,
  why: { reason: string; message: string } | undefined,
  worked: boolean,
  before: Map<string, Remains>,
  remaining: Map<string, Remains>,
): number {
  const { good, dim } = paint();
  const { tagged, assigned } = before.get(keyOfResource(one))!;
  if (worked && tagged.length === 0 && !assigned) {
    process.stdout.write(`${dim("·")} ${label(one)}: nothing of it was found, so nothing was deleted\n`);
    return NOT_FOUND;
  }
  const after = remaining.get(keyOfResource(one));
  if (worked && after && isGone(one, after)) {
    process.stdout.write(`${good("✔")} ${label(one)}: ${done(one)}\n`);
    return 0;
  }
  const left = after?.tagged.map(({ object }) => object).join(", ") || "its role assignment";
  const text = worked
    ? `${terminalText(left)} still shows in the clouds; repeat this to see whether it is gone`
    : why
      ? `${why.reason}: ${terminalText(why.message)}`
      : "not done in time; repeat this to continue";
  process.stderr.write(`connect-sso: ${label(one)}: ${text}\n`);
  return REFUSED;
}

function done({ kind, spec }: Resource): string {
  switch (spec.deletionPolicy) {
    case "Delete":
      return kind === PERSONA
        ? "application, provider, role and what belongs to them are deleted"
        : "the Connect user is deleted";
    case "RevokeAccess":
      return "may no longer sign in; the Connect user and its history stay";
    default:
      return "released: its cloud objects are kept, but no longer managed";
  }
}

function deletes({ kind, spec }: Resource): string {
  switch (spec.deletionPolicy) {
    case "Delete":
      return kind === PERSONA
        ? "would delete application, provider, role and what belongs to them"
        : "would delete the Connect user";
    case "RevokeAccess":
      return "would revoke access, and keep the Connect user";
    default:
      return "would release it: its cloud objects are kept";
  }
}
