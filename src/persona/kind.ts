/** ConnectSsoPersona on the engine. */

import { REASON } from "../api/reasons.ts";
import {
  CONDITION,
  type ConnectSsoPersona,
  type ConnectUser,
  FINALIZER,
  INDEX,
  PERSONA,
  USER,
} from "../api/resources.ts";
import { isoSeconds } from "../domain/duration.ts";
import type { Kind, OpenContext } from "../engine/kind.ts";
import { isComplete } from "../engine/ledger.ts";
import type { Clouds } from "../providers/clouds.ts";
import { terminalError, waitingError } from "../providers/verdicts.ts";
import { isTrue } from "../runtime/conditions.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { COMPONENTS } from "./components/index.ts";
import { preflight } from "./preflight.ts";
import { watchProfiles } from "./profiles.ts";
import { strayQuickConnects } from "./quick-connects.ts";
import { type RemovalDeps, removalsOf } from "./removals.ts";
import { type InFlight, type Memory, openScope, type PersonaScope } from "./scope.ts";
import type { ComponentName, Seen } from "./seen.ts";
import { personaStatus } from "./status.ts";

interface PersonaDeps extends RemovalDeps {
  clouds: Clouds;
  /** First part of every owner tag. */
  cluster: string;
}

type PersonaKind = Kind<ConnectSsoPersona, PersonaScope, Seen, PersonaScope, Memory>;

/** Velero puts it on what it restores, which then has neither status nor finalizer and looks new. */
const RESTORED_LABEL = "velero.io/restore-name";
/** While a rotation is under way. */
const SOON_MS = 5_000;
/** What is read once a poll interval is a little younger than one. */
const FRESH_SHARE = 0.9;
/** IAM shows a new object within this time. */
const IAM_SHOWS_MS = 60_000;

export function personaKind(deps: PersonaDeps): PersonaKind {
  const usersOf = ({ metadata }: ConnectSsoPersona) =>
    deps.store.list<ConnectUser>(USER, { index: INDEX.userByPersona, value: `${metadata.namespace}/${metadata.name}` });
  const open = (object: ConnectSsoPersona, context: OpenContext<ConnectSsoPersona, Memory>) =>
    openScope(
      object,
      { ...deps, persist: context.persist, claimedElsewhere: claimedElsewhere(deps.store, object) },
      context.memory,
      {
        tenant: object.metadata.namespace,
        ...(context.signal ? { signal: context.signal } : {}),
      },
    );
  return {
    kind: PERSONA,
    finalizer: FINALIZER,
    components: COMPONENTS,
    readyMessage: "Single sign-on is set up as declared",
    disputed: [REASON.NotOwned, REASON.ForeignOwner],
    newMemory: () => ({ absences: {} }),
    begin: (object, memory) => beginOf(object, memory, deps.now()),
    async open(object, context) {
      const scope = await open(object, context);
      await preflight(scope);
      return scope;
    },
    // Without users of its own nothing else would say that Connect is down.
    async after(scope) {
      await scope.connect.answers(scope.call);
      const maxAgeMs = deps.pollIntervalMs * FRESH_SHARE;
      scope.profiles = await watchProfiles(scope, maxAgeMs);
      scope.remark = await strayQuickConnects(scope, maxAgeMs);
      for (const change of scope.profiles.changes) deps.store.event(scope.object, change);
    },
    removal: {
      hold(object) {
        const users = usersOf(object);
        // Also with Retain: without the persona, nothing would hold back a mass deletion of its users.
        if (users.length > 0)
          throw terminalError(
            REASON.HasUsers,
            `Cannot delete yet: ${users.length} ConnectUser${users.length === 1 ? "" : "s"} still refer to this persona; delete them or move them to another persona`,
          );
      },
      retains: ({ spec }) => spec.deletionPolicy !== "Delete",
      open,
      async after(scope, absent) {
        waitForHidden(scope, absent);
      },
      neverMade: ({ status }) => Object.keys(status?.lastApplied ?? {}).length === 0 && !status?.applicationId,
    },
    status(object, result) {
      return personaStatus(object, result, usersOf(object), removalsOf(object, deps));
    },
    expects: (scope, memory) => (scope.seen.certificate?.next || memory.pendingKey ? SOON_MS : undefined),
    labels: ({ metadata: { namespace, name } }) => ({ namespace, persona: name }),
  };
}

/**
 * A persona that was worked on, and has no status, has lost it: then something may be under way, and that must be known to the next
 * process too.
 */
function beginOf(
  { metadata: { finalizers = [], labels = {} } }: ConnectSsoPersona,
  memory: Memory,
  now: number,
): { inFlight?: InFlight } {
  const isOld = finalizers.includes(FINALIZER) || labels[RESTORED_LABEL] !== undefined;
  if (isOld) memory.inFlight = { ...memory.inFlight, unknownSince: new Date(now).toISOString() };
  return memory.inFlight ? { inFlight: memory.inFlight } : {};
}

/** The ConnectUser of another persona of this instance that is this Entra user, as a person would name it. */
function claimedElsewhere(store: ObjectStore, { metadata, spec }: ConnectSsoPersona) {
  return (entraObjectId: string): string | undefined => {
    const value = entraObjectId.toLowerCase();
    for (const user of store.list<ConnectUser>(USER, { index: INDEX.userByEntraUser, value })) {
      const { namespace, name, deletionTimestamp } = user.metadata;
      const persona = store.get<ConnectSsoPersona>(PERSONA, namespace, user.spec.personaRef.name);
      if (!persona || persona.metadata.uid === metadata.uid || deletionTimestamp) continue;
      if (persona.spec.instanceArn !== spec.instanceArn) continue;
      return `ConnectUser ${namespace}/${name} of persona ${persona.metadata.name}`;
    }
    return undefined;
  };
}

/** An object that no pass has read back may have been created just before the deletion, and not be readable yet. */
function waitForHidden(scope: PersonaScope, absent: readonly string[]): void {
  const { object, iam } = scope;
  const { lastApplied, conditions } = object.status ?? {};
  // Refused before anything was made.
  if (Object.keys(lastApplied ?? {}).length === 0 && isTrue(conditions, CONDITION.Stalled)) return;
  const hidden = (absent as ComponentName[]).filter(
    (name) => COMPONENTS[name].applies(scope) && !isComplete(lastApplied?.[name]),
  );
  const until = Date.parse(object.metadata.deletionTimestamp ?? "") + IAM_SHOWS_MS;
  if (hidden.length > 0 && iam.now().getTime() < until)
    throw waitingError(
      REASON.WaitingForReplication,
      `An object created just before the deletion may not be readable yet; looking for it until ${isoSeconds(until)}`,
      5_000,
    );
}
