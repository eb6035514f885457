/** ConnectUser on the engine. */
import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, type ConnectUser, FINALIZER, PERSONA, USER } from "../api/resources.ts";
import type { Kind } from "../engine/kind.ts";
import { neverMade, type RemovalDeps, whyHeld } from "../persona/removals.ts";
import { terminalError } from "../providers/verdicts.ts";
import { COMPONENTS } from "./components/index.ts";
import { openRemoval, type UserMemory, type UserRemoval } from "./removal.ts";
import { openScope, type UserDeps, type UserScope } from "./scope.ts";
import type { Seen } from "./seen.ts";
import { userStatus } from "./status.ts";

type UserKind = Kind<ConnectUser, UserScope, Seen, UserRemoval, UserMemory>;

export function userKind(deps: UserDeps & RemovalDeps): UserKind {
  const personaOf = ({ metadata, spec }: ConnectUser) =>
    deps.store.get<ConnectSsoPersona>(PERSONA, metadata.namespace, spec.personaRef.name);
  return {
    kind: USER,
    finalizer: FINALIZER,
    components: COMPONENTS,
    readyMessage: "The user can sign in",
    disputed: [REASON.NotOwned, REASON.ForeignOwner],
    newMemory: () => ({}),
    suspended(object) {
      const persona = personaOf(object);
      if (!persona?.spec.suspend) return undefined;
      return {
        reason: REASON.PersonaSuspended,
        message: `Persona ${persona.metadata.name} is suspended: nothing is checked or changed`,
      };
    },
    open: (object, context) => openScope(object, deps, context),
    async after({ withdrawn, assignment: { principalId } }, { outcomes }) {
      const outcome = outcomes.get(withdrawn ? "withdrawal" : "role-assignment");
      // A person who is gone is refused for it, once everything was taken away.
      const isDone =
        outcome?.state === "failed" ? outcome.failure.reason === withdrawn?.reason : outcome?.state === "ready";
      if (isDone) deps.reactions?.settled(withdrawn ? "revoked" : "granted", principalId);
    },
    removal: {
      async hold(object) {
        const why = await whyHeld(object, deps);
        if (why) throw terminalError(REASON.MassDeletionHalted, why);
      },
      retains: ({ spec }) => spec.deletionPolicy === "Retain",
      open: (object, context) => openRemoval(object, deps, context),
      neverMade,
      done({ status }) {
        if (status?.entraObjectId) deps.reactions?.settled("revoked", status.entraObjectId);
      },
    },
    status: (object, result) => userStatus(object, result, remarksOf(personaOf(object))),
    // An API that is left alone shows on the personas and as a metric.
    isReportedElsewhere: (_, reason) => reason === REASON.CircuitOpen,
    labels: ({ metadata: { namespace }, spec }) => ({ namespace, persona: spec.personaRef.name }),
  };
}

/** Standing drift of the persona's trust or rights: the user may not be able to sign in, whatever its own components say. */
function remarksOf(persona: ConnectSsoPersona | undefined): string[] {
  const grave = (persona?.status?.drift ?? []).filter(({ concern }) => concern !== "settings");
  if (!persona || grave.length === 0 || persona.spec.driftPolicy !== "Report") return [];
  const rows = grave.slice(0, 3).map(({ component, path }) => `${component} ${path}`);
  return [
    `The user may not be able to sign in: persona ${persona.metadata.name} has differences that are not corrected (${rows.join(", ")})`,
  ];
}
