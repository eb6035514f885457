/** ConnectUserSet on the engine. */
import { type ConnectUserSet, FINALIZER, SET } from "../api/resources.ts";
import type { Kind } from "../engine/kind.ts";
import { members } from "./components/members.ts";
import { source } from "./components/source.ts";
import type { SetRemoval } from "./removal.ts";
import { openScope, type Seen, type SetDeps, type SetMemory, type SetScope } from "./scope.ts";
import { setStatus } from "./status.ts";

type SetKind = Kind<ConnectUserSet, SetScope, Seen, SetRemoval, SetMemory>;

export function setKind(deps: SetDeps): SetKind {
  return {
    kind: SET,
    finalizer: FINALIZER,
    components: { source, members },
    readyMessage: "Everybody is as the rules say",
    disputed: [],
    newMemory: () => ({}),
    open: (object, context) => openScope(object, deps, context),
    removal: {
      hold: () => {},
      retains: () => false,
      open: async (object, context) => ({ object, deps, context }),
      neverMade: ({ status }) => status?.people === undefined,
      done: ({ metadata }) => deps.sets.release(metadata),
    },
    status: setStatus,
    // The directory is read again, and someone's grace period may end before that.
    expects: ({ seen }) => Math.max(0, Math.min(deps.directoryIntervalMs, nextLeaveMs(seen, deps.now()))),
    labels: ({ metadata: { namespace } }) => ({ namespace, persona: "" }),
  };
}

function nextLeaveMs({ members: outcome }: Partial<Seen>, now: number): number {
  const ends = (outcome?.members ?? []).flatMap(({ state, leavesAt }) =>
    state === "Leaving" && leavesAt ? [Date.parse(leavesAt)] : [],
  );
  return ends.reduce((first, end) => Math.min(first, end - now), Number.POSITIVE_INFINITY);
}
