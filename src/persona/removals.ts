/**
 * The guard against mass deletion: which deletions it counts, why it halts them, what the persona shows, and when a permission counts as
 * used. It counts by persona, and by Connect instance within the namespace: users that were moved to other personas first are counted there.
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
import { isOutstanding, removalText } from "../domain/limits.ts";
import type { RemovalGuard } from "../domain/massdeletion.ts";
import type { ConditionInput } from "../runtime/conditions.ts";
import type { ObjectStore } from "../runtime/port.ts";

export interface GuardDeps {
  store: Pick<ObjectStore, "get" | "list">;
  removals: RemovalGuard;
  now(): number;
}

export interface Removals {
  condition: ConditionInput;
  /** Value of the permission that was used up: everything that was to be removed is gone. */
  handled?: string;
}

/** Permission to continue: the value of the annotation as long as it was not used. */
export function removalAllowed({ metadata, status }: ConnectSsoPersona): string | undefined {
  const value = metadata.annotations?.[ANNOTATIONS.allowMassDeletion];
  return value && status?.handledRequests?.[requestName(ANNOTATIONS.allowMassDeletion)] !== value ? value : undefined;
}

/** What a person does who means it. */
export function howToAllow(namespace: string, persona: string): string {
  return `if it is meant: kubectl annotate connectssopersona -n ${namespace} ${persona} --overwrite ${ANNOTATIONS.allowMassDeletion}="$(date +%s)"`;
}

/** The status says that nothing was created. Without a status that is not known. */
export function neverMade({ status }: ConnectUser): boolean {
  return (
    Object.keys(status?.lastApplied ?? {}).length === 0 &&
    status?.appRoleAssignmentId === undefined &&
    status?.connectUserId === undefined
  );
}

const isMade = (user: ConnectUser) => !neverMade(user);

/**
 * Whether the deletion takes something away that no other limit has counted. `Retain` takes nothing away. What a set removes, the limits of
 * the set have counted: its status says so, which the controller alone writes. Labels and annotations of a user prove nothing.
 */
function isCounted(user: ConnectUser, { store }: Pick<GuardDeps, "store">): boolean {
  if (user.spec.deletionPolicy === "Retain" || (user.status && neverMade(user))) return false;
  const { namespace, labels } = user.metadata;
  const set = store.get<ConnectUserSet>(SET, namespace, labels?.[SET_LABEL] ?? "");
  const id = user.spec.entraUser.objectId?.toLowerCase() ?? "";
  return !isOutstanding(set?.status?.admitted ?? [], removalText(id));
}

interface Scope {
  key: string;
  has(user: ConnectUser): boolean;
}

function scopesOf(namespace: string, persona: string, instanceArn: string | undefined, deps: GuardDeps): Scope[] {
  const ofPersona = {
    key: `${namespace}/${persona}`,
    has: ({ spec }: ConnectUser) => spec.personaRef.name === persona,
  };
  if (!instanceArn) return [ofPersona];
  return [ofPersona, { key: `${namespace} ${instanceArn}`, has: (user) => instanceOf(user, deps) === instanceArn }];
}

/** Where the Connect user is, whatever persona the spec names by now. */
function instanceOf({ metadata, spec, status }: ConnectUser, { store }: GuardDeps): string | undefined {
  const persona = () => store.get<ConnectSsoPersona>(PERSONA, metadata.namespace, spec.personaRef.name);
  return status?.connectUserArn?.split("/agent/")[0] ?? persona()?.spec.instanceArn;
}

const scopesOfUser = (user: ConnectUser, deps: GuardDeps) =>
  scopesOf(user.metadata.namespace, user.spec.personaRef.name, instanceOf(user, deps), deps);

/** Why this user is not removed now; undefined when it may go. */
export function whyHalted(user: ConnectUser, deps: GuardDeps): string | undefined {
  return isCounted(user, deps) ? haltedIn(user.metadata.namespace, scopesOfUser(user, deps), deps) : undefined;
}

/** Of the users that were made: a tenant could declare any number of others. */
function haltedIn(namespace: string, scopes: readonly Scope[], deps: GuardDeps): string | undefined {
  const users = deps.store.list<ConnectUser>(USER, { namespace });
  const going = new Set(users.filter((user) => user.metadata.deletionTimestamp && isCounted(user, deps)));
  const counted = users.filter((user) => (user.metadata.deletionTimestamp ? going.has(user) : isMade(user)));
  for (const { key, has } of scopes) {
    const within = counted.filter(has);
    const removing = within.filter((user) => going.has(user)).length;
    const why = removing > 0 && deps.removals.halted(key, { total: within.length, removing }, deps.now());
    if (why) return why;
  }
  return undefined;
}

/** One user is gone. */
export function noteRemoved(user: ConnectUser, deps: GuardDeps): void {
  if (isCounted(user, deps)) for (const { key } of scopesOfUser(user, deps)) deps.removals.note(key, deps.now());
}

/** `users`: of this persona. */
export function removalsOf(persona: ConnectSsoPersona, users: readonly ConnectUser[], deps: GuardDeps): Removals {
  const { namespace, name } = persona.metadata;
  const scopes = scopesOf(namespace, name, persona.spec.instanceArn, deps);
  const type = CONDITION.RemovalsHalted;
  const isRemoving = users.some((user) => user.metadata.deletionTimestamp && isCounted(user, deps));
  const why = isRemoving ? haltedIn(namespace, scopes, deps) : undefined;
  const allowed = removalAllowed(persona);
  if (why && allowed)
    return {
      condition: {
        type,
        status: "False",
        reason: REASON.MassDeletionAllowed,
        message: `${why}; allowed by annotation ${allowed}`,
      },
    };
  if (why)
    return {
      condition: {
        type,
        status: "True",
        reason: REASON.MassDeletionHalted,
        message: `${why}; ${howToAllow(namespace, name)}`,
      },
    };
  const isUsed = allowed !== undefined && !isRemoving;
  if (isUsed) for (const { key } of scopes) deps.removals.forget(key);
  return {
    condition: { type, status: "False", reason: REASON.NotHalted, message: "no removal of users is halted" },
    ...(isUsed ? { handled: allowed } : {}),
  };
}
