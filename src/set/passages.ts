/** How long people wait for what the directory says of them: from the reading that showed it until it is done. In memory of the process. */
import type { ConnectUser } from "../api/resources.ts";
import { isReady } from "../runtime/conditions.ts";
import type { Member, MemberChange } from "./members.ts";
import type { Outcome } from "./outcome.ts";

export const PASSAGES = ["join", "move", "leave"] as const;
export type Passage = (typeof PASSAGES)[number];

/** Listens to the sets; metrics do. */
export interface SetObserver {
  /** Somebody can sign in, has moved, or is gone. */
  passed?(set: { namespace: string; name: string }, passage: Passage, durationMs: number): void;
  /** Since when the oldest that is not done yet waits, ms since the epoch. */
  underWay?(set: { namespace: string; name: string }, oldest: Partial<Record<Passage, number>>): void;
}

/** Of one set. What is held waits for a person, and the first expansion for the quota: neither is measured. */
export class Passages {
  readonly #open = new Map<string, { passage: Passage; since: number }>();

  /** `readAt`: when the directory was read, ms since the epoch. Returns what is done. */
  note(
    { members, go }: Pick<Outcome, "members" | "go">,
    userOf: (id: string) => ConnectUser | undefined,
    { readAt, now }: { readAt: number; now: number },
  ): { passage: Passage; durationMs: number }[] {
    for (const { id, change } of go) {
      const passage = passageOf(change);
      if (passage && this.#open.get(id)?.passage !== passage) this.#open.set(id, { passage, since: readAt });
    }
    const all = new Map(members.map((member) => [member.id, member]));
    const done: { passage: Passage; durationMs: number }[] = [];
    for (const [id, { passage, since }] of this.#open) {
      const state = stateOf(passage, all.get(id), userOf(id));
      if (state === "open") continue;
      this.#open.delete(id);
      if (state === "done") done.push({ passage, durationMs: Math.max(0, now - since) });
    }
    return done;
  }

  oldest(): Partial<Record<Passage, number>> {
    const oldest: Partial<Record<Passage, number>> = {};
    for (const { passage, since } of this.#open.values())
      oldest[passage] = Math.min(since, oldest[passage] ?? Number.POSITIVE_INFINITY);
    return oldest;
  }
}

function passageOf({ verb, sorts }: MemberChange): Passage | undefined {
  if (verb === "Remove") return "leave";
  if (verb === "Create") return sorts.length > 0 ? "join" : undefined;
  return verb === "Update" && sorts.includes("moves") ? "move" : undefined;
}

/** "dropped": it is not wanted any more, or waits for a person's word. */
function stateOf(
  passage: Passage,
  member: Member | undefined,
  user: ConnectUser | undefined,
): "open" | "done" | "dropped" {
  if (passage === "leave") return member === undefined ? "done" : member.state === "Going" ? "open" : "dropped";
  if (member?.state !== "Active") return "dropped";
  if (member.change || !user) return "open";
  return isReady(user) && user.status?.observedGeneration === user.metadata.generation ? "done" : "open";
}
