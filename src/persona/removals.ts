/**
 * The guard against mass deletion over a store. Its record is in the status of personas, and each decision is stored there before a user
 * goes. Annotations and labels of a user decide nothing: the person who may delete users may write those too.
 */
import { REASON } from "../api/reasons.ts";
import {
  ANNOTATIONS,
  CONDITION,
  type ConnectSsoPersona,
  type ConnectUser,
  type ConnectUserSet,
  PERSONA,
  requestName,
  SET,
  SET_LABEL,
  USER,
} from "../api/resources.ts";
import { type Admitted, isOutstanding, removalText, windowOf } from "../domain/limits.ts";
import { type GuardedUser, type GuardVerdict, guardRemovals, mayGo } from "../domain/massdeletion.ts";
import type { ConditionInput } from "../runtime/conditions.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { personasOf } from "./same-instance.ts";

export interface RemovalDeps {
  store: ObjectStore;
  now(): number;
  pollIntervalMs: number;
  /** Share of a persona's users, 0 to 1, that may go within the window. */
  massDeletionShare(): number;
}

export interface Removals {
  condition: ConditionInput;
  /** For `status.removals`. */
  admitted: Admitted[];
  /** Value of the permission that was used up: everything that was to be removed is gone. */
  handled?: string;
}

/** One decision at a time: it needs the record of the one before. */
const turns = new WeakMap<ObjectStore, Promise<unknown>>();

/** Why this user must not go yet; undefined: it may, and the record says so. */
export function whyHeld(user: ConnectUser, deps: RemovalDeps): Promise<string | undefined> {
  const decide = () => decideOn(user, deps);
  const mine = (turns.get(deps.store) ?? Promise.resolve()).then(decide, decide);
  turns.set(
    deps.store,
    mine.catch(() => undefined),
  );
  return mine;
}

async function decideOn(user: ConnectUser, deps: RemovalDeps): Promise<string | undefined> {
  const { store } = deps;
  const { namespace, uid } = user.metadata;
  if (!counts(user, store)) return undefined;
  const instanceArn = instanceOf(user, store);
  const keeper = keeperOf(user, personasOf(namespace, instanceArn, store), store);
  const { name } = user.spec.personaRef;
  if (mayGo(keeper?.status?.removals ?? [], { uid })) return undefined;
  const { why, admitted } = verdictOf({ namespace, instanceArn }, keeper, deps);
  if (why && keeper) return `${why}, so this one is not removed; ${howToAllow(namespace, keeper.metadata.name)}`;
  if (why)
    return `${why}, so this one is not removed; there is no persona ${name} that could allow it: set personaRef to the persona that the user belongs to`;
  if (keeper) await store.updateStatus(keeper, { ...keeper.status, removals: admitted });
  return undefined;
}

/** What the persona's status shows of it. Decides nothing that is not stored with that status. */
export function removalsOf(persona: ConnectSsoPersona, deps: RemovalDeps): Removals {
  const { namespace, name } = persona.metadata;
  // What another decision has stored since this pass began counts.
  const current = deps.store.get<ConnectSsoPersona>(PERSONA, namespace, name) ?? persona;
  const { instanceArn } = persona.spec;
  const { why, approvedNow, admitted, isRemoving } = verdictOf({ namespace, instanceArn }, current, deps);
  const type = CONDITION.RemovalsHalted;
  const allowed = removalAllowed(persona);
  const halted = (status: "True" | "False", reason: ConditionInput["reason"], message: string) => ({
    condition: { type, status, reason, message },
    admitted,
  });
  if (why) return halted("True", REASON.MassDeletionHalted, `${why}; ${howToAllow(namespace, name)}`);
  if (allowed && (approvedNow || isRemoving))
    return halted("False", REASON.MassDeletionAllowed, `Removals continue, allowed by annotation ${allowed}`);
  return {
    ...halted("False", REASON.NotHalted, "No removal of users is halted"),
    ...(allowed ? { handled: allowed } : {}),
  };
}

function verdictOf(
  { namespace, instanceArn }: { namespace: string; instanceArn: string | undefined },
  keeper: ConnectSsoPersona | undefined,
  deps: RemovalDeps,
): GuardVerdict & { isRemoving: boolean } {
  const { store } = deps;
  const persona = keeper?.metadata.name;
  const personas = personasOf(namespace, instanceArn, store);
  const there = store.list<ConnectUser>(USER, { namespace });
  // While none is deleted, which is nearly always, it does not matter how many there are.
  const users = (there.some(isDeleting) ? there : [])
    .filter((one) => instanceOf(one, store) === instanceArn)
    .map((one): GuardedUser => {
      const deleting = isDeleting(one);
      return {
        uid: one.metadata.uid,
        keeper: keeperOf(one, personas, store)?.metadata.name,
        deleting,
        counts: deleting ? counts(one, store) : !neverMade(one),
      };
    });
  const ledgers = new Map(
    [...personas, ...(keeper ? [keeper] : [])].map((one) => [one.metadata.name, one.status?.removals ?? []]),
  );
  const verdict = guardRemovals({
    scope: `${namespace}/${persona}`,
    persona,
    users,
    ledgers,
    share: deps.massDeletionShare(),
    now: deps.now(),
    windowMs: windowOf(deps),
    allowed: keeper !== undefined && removalAllowed(keeper) !== undefined,
  });
  return { ...verdict, isRemoving: users.some((one) => one.keeper === persona && one.deleting && one.counts) };
}

const isDeleting = ({ metadata }: ConnectUser) => metadata.deletionTimestamp !== undefined;

/** The status says that nothing was created. Without a status that is not known. */
export function neverMade({ status }: ConnectUser): boolean {
  return (
    Object.keys(status?.lastApplied ?? {}).length === 0 &&
    status?.appRoleAssignmentId === undefined &&
    status?.connectUserId === undefined
  );
}

/**
 * Whether the deletion takes something away that no other limit has counted. `Retain` takes nothing away. What a set removes, the limits of
 * the set have counted: its status says so, which the controller alone writes. Labels and annotations of a user prove nothing.
 */
function counts(user: ConnectUser, store: ObjectStore): boolean {
  if (user.spec.deletionPolicy === "Retain" || (user.status && neverMade(user))) return false;
  const { namespace, labels } = user.metadata;
  const set = store.get<ConnectUserSet>(SET, namespace, labels?.[SET_LABEL] ?? "");
  const id = user.spec.entraUser.objectId?.toLowerCase() ?? "";
  return !isOutstanding(set?.status?.admitted ?? [], removalText(id));
}

/** Where the Connect user is, whatever persona the user names today. */
function instanceOf({ metadata: { namespace }, spec, status }: ConnectUser, store: ObjectStore): string | undefined {
  const made = status?.connectUserArn?.split("/agent/")[0];
  return made ?? store.get<ConnectSsoPersona>(PERSONA, namespace, spec.personaRef.name)?.spec.instanceArn;
}

/**
 * The persona that a user names, if it is of the user's instance; else the oldest of that instance: a name that leads elsewhere is no way
 * out. `personas`: those of the instance.
 */
function keeperOf(
  { metadata: { namespace }, spec }: ConnectUser,
  personas: readonly ConnectSsoPersona[],
  store: ObjectStore,
): ConnectSsoPersona | undefined {
  const named = store.get<ConnectSsoPersona>(PERSONA, namespace, spec.personaRef.name);
  return named && personas.includes(named) ? named : (personas[0] ?? named);
}

/** Permission to continue: the value of the annotation as long as it was not used. */
function removalAllowed({ metadata, status }: ConnectSsoPersona): string | undefined {
  const value = metadata.annotations?.[ANNOTATIONS.allowMassDeletion];
  return value && status?.handledRequests?.[requestName(ANNOTATIONS.allowMassDeletion)] !== value ? value : undefined;
}

/** What a person does who means it. */
function howToAllow(namespace: string, persona: string): string {
  return `if it is meant: kubectl annotate connectssopersona -n ${namespace} ${persona} --overwrite ${ANNOTATIONS.allowMassDeletion}="$(date +%s)"`;
}
