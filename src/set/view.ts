/** One row a person, for people: who, today, then, by which rule, and what was overridden. Pure. */
import type { ConnectUserSpec } from "../api/generated/types.ts";
import type { MemberSpec } from "./member.ts";
import type { Member, MemberState } from "./members.ts";
import type { Outcome } from "./outcome.ts";
import type { Overridden } from "./rules.ts";

/** What a change is called to people. */
export type RowChange = "create" | "update" | "move" | "grant" | "leave" | "remove" | "hand over";

export interface PersonRow {
  person: string;
  objectId: string;
  displayName: string;
  connectUser: string;
  state: MemberState;
  change?: RowChange;
  /** The change waits for a person's word. */
  held: boolean;
  /** Absent: there is, or will be, no ConnectUser. */
  today?: Placement;
  planned?: Placement;
  /** Field, or member of one, to the rule that decided. */
  because: Record<string, string>;
  overridden: Overridden[];
  reasons: string[];
  /** ISO 8601: end of the grace period. */
  leavesAt?: string;
}
export interface Placement {
  persona: string;
  routingProfile?: string;
  hierarchyGroup?: string[];
  securityProfiles?: string[];
}

export function rowsOf({ members, held }: Pick<Outcome, "members" | "held">): PersonRow[] {
  const waiting = new Set(held.map(({ id }) => id));
  return members.map((member) => {
    const { id, who, displayName, name, state, change, today, because, overridden, reasons, leavesAt } = member;
    const planned = plannedOf(member);
    return {
      person: who,
      objectId: id,
      displayName,
      connectUser: name,
      state,
      ...(change ? { change: changeOf(change) } : {}),
      held: waiting.has(id),
      ...(today ? { today: placementOf(today) } : {}),
      ...(planned ? { planned: placementOf(planned) } : {}),
      because,
      overridden,
      reasons,
      ...(leavesAt ? { leavesAt } : {}),
    };
  });
}

/** Someone who stays keeps what they have today. */
function plannedOf({ state, wanted, today, change }: Member): MemberSpec | ConnectUserSpec | undefined {
  if (state === "Active") return wanted;
  return state === "Leaving" || (state === "LeftOut" && !change) ? today : undefined;
}

function changeOf({ verb, sorts }: NonNullable<Member["change"]>): RowChange {
  if (verb === "HandOver") return "hand over";
  if (verb !== "Update") return verb.toLowerCase() as RowChange;
  if (sorts.includes("moves")) return "move";
  return sorts.includes("grants") ? "grant" : "update";
}

function placementOf({ personaRef, routingProfile, hierarchyGroup, securityProfiles }: MemberSpec): Placement {
  return {
    persona: personaRef.name,
    ...(routingProfile !== undefined ? { routingProfile } : {}),
    ...(hierarchyGroup !== undefined ? { hierarchyGroup } : {}),
    ...(securityProfiles !== undefined ? { securityProfiles } : {}),
  };
}
