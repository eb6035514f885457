/** Whether what was read of the directory may be acted on. Pure. */
import type { ConnectUserSetSpec, ConnectUserSetStatus } from "../api/resources.ts";
import { candidates, type Source } from "./members.ts";
import type { GroupReference } from "./rules.ts";

/** Display name or id, as declared. */
export const groupName = ({ id, displayName }: GroupReference) => displayName ?? id ?? "";

/** A group that is declared by name and is another one than before: perhaps somebody took the name of a group that is gone. */
export function changedGroup(
  known: NonNullable<ConnectUserSetStatus["source"]>["groups"],
  found: ReadonlyMap<string, string>,
): string | undefined {
  for (const { name, id } of known ?? []) {
    const now = found.get(name);
    if (now !== undefined && now.toLowerCase() !== id.toLowerCase())
      return `the group called ${name} is another one than before (${id} then, ${now} now); if it is meant, name it by id in the spec`;
  }
  return undefined;
}

/** An empty source is far more often a mistake in the directory than the wish to remove everyone; for that, delete the set. */
export function emptySource(spec: ConnectUserSetSpec, source: Source): string | undefined {
  if (candidates({ spec }, source).length > 0) return undefined;
  return `no one is in ${spec.source.groups.map(groupName).join(", ")}; nothing is changed until someone is. To remove everyone, delete the set`;
}
