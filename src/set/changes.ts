/** Moves and grants: what limits count of a change to one member. Pure. */
import type { ConnectUserSpec } from "../api/generated/types.ts";
import type { LimitedChange, Sort } from "../domain/limits.ts";
import type { Catalogue } from "./catalogue.ts";
import type { MemberSpec } from "./member.ts";

type Placed = Pick<ConnectUserSpec, "personaRef" | "securityProfiles">;

/** The profiles of a user: its own, else its persona's. Those of a persona that is gone are none. */
function profilesOf({ personaRef, securityProfiles }: Placed, catalogue: Catalogue): readonly string[] {
  return securityProfiles ?? catalogue.get(personaRef.name)?.securityProfiles ?? [];
}

/** Profiles that a person would have and has not. */
export function gained(today: Placed | undefined, wanted: Placed, catalogue: Catalogue): string[] {
  const before = today ? profilesOf(today, catalogue) : [];
  return profilesOf(wanted, catalogue)
    .filter((profile) => !before.includes(profile))
    .sort();
}

export const createText = (id: string, wanted: MemberSpec, profiles: readonly string[]) =>
  `create ${id} in ${wanted.personaRef.name} with ${JSON.stringify(profiles)}`;

/** The text names only what limits count, so that an approval is for exactly that. */
export function updateChange(id: string, today: Placed, wanted: MemberSpec, catalogue: Catalogue): LimitedChange {
  const moves = today.personaRef.name !== wanted.personaRef.name;
  const profiles = gained(today, wanted, catalogue);
  const sorts: Sort[] = [...(moves ? ["moves" as const] : []), ...(profiles.length > 0 ? ["grants" as const] : [])];
  const move = moves ? ` from ${today.personaRef.name} to ${wanted.personaRef.name}` : "";
  const grant = profiles.length > 0 ? ` with ${JSON.stringify(profiles)}` : "";
  return { text: `update ${id}${move}${grant}`, sorts };
}
