/** Deletion of a set: its users stay, as if they had been written by hand, or go, as deletionPolicy says. The limits hold here too. */
import { REASON } from "../api/reasons.ts";
import type { ConnectUserSet } from "../api/resources.ts";
import { windowOf } from "../domain/limits.ts";
import { counted } from "../domain/text.ts";
import type { OpenContext } from "../engine/kind.ts";
import { waitingError } from "../providers/verdicts.ts";
import { stalled } from "./errors.ts";
import { existingOf } from "./facts.ts";
import { goingMembers } from "./members.ts";
import { outcomeOf } from "./outcome.ts";
import { approvalOf, type SetDeps, type SetMemory } from "./scope.ts";
import { heldMessage } from "./status.ts";
import { orphan, remove } from "./write.ts";

/** How soon to look whether the users are gone, milliseconds. */
const GONE_MS = 2_000;

export interface SetRemoval {
  object: ConnectUserSet;
  deps: SetDeps;
  context: Pick<OpenContext<ConnectUserSet, SetMemory>, "persist" | "found" | "signal">;
}

export async function removeMembers({ object, deps, context }: SetRemoval): Promise<boolean> {
  const users = existingOf(object, deps);
  if (object.spec.deletionPolicy === "Orphan") {
    for (const user of users) {
      context.signal?.throwIfAborted();
      if (!user.metadata.deletionTimestamp) await orphan(deps.store, user, object);
    }
    return users.length > 0;
  }
  const approve = approvalOf(object);
  const members = goingMembers(object.metadata.name, users, `set ${object.metadata.name} is being deleted`);
  const outcome = outcomeOf({
    // A deletion is no plan, whatever the set's mode was.
    set: { ...object, spec: { ...object.spec, mode: "Apply" } },
    members,
    found: 0,
    ready: 0,
    ...(approve ? { approve } : {}),
    now: deps.now(),
    windowMs: windowOf(deps),
  });
  const { admitted, pending } = outcome.status;
  Object.assign(context.found, { pending, admitted });
  if (outcome.held.length > 0)
    throw stalled(REASON.ChangesHeld, heldMessage(object, outcome), deps.directoryIntervalMs);
  if (outcome.go.length > 0) await context.persist({ admitted });
  for (const user of users) {
    context.signal?.throwIfAborted();
    if (!user.metadata.deletionTimestamp) await remove(deps.store, user);
  }
  // As long as they exist, the status of the set says that its limits have counted their removal.
  const left = existingOf(object, deps).length;
  if (left > 0) throw waitingError(REASON.WaitingFor, `${counted(left, "ConnectUser")} still being deleted`, GONE_MS);
  return users.length > 0;
}
