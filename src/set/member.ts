/** The ConnectUser of one member: its name, its spec, and its labels and annotations. Pure. */
import { createHash } from "node:crypto";
import type { ConnectUserSetSpec, ConnectUserSpec } from "../api/generated/types.ts";
import type { ConnectUser } from "../api/resources.ts";
import { shorten } from "../domain/names.ts";
import type { Decision } from "./rules.ts";

/** What a set says of a ConnectUser; everything else belongs to others. */
export type MemberSpec = Pick<ConnectUserSpec, "personaRef" | "entraUser"> &
  Partial<Omit<ConnectUserSpec, "personaRef" | "entraUser">>;

/** `<set>-<object id>`: readable, found by either part, and the same whatever the person is called today. */
export function memberName(set: string, objectId: string): string {
  return shorten(`${set}-${objectId.toLowerCase()}`, 253);
}

/** Whether this is the ConnectUser that a set of this name makes for the person. A label alone, which anyone may set, does not make it one. */
export function isMemberOf(set: string, { metadata: { name }, spec }: Pick<ConnectUser, "metadata" | "spec">): boolean {
  const { objectId } = spec.entraUser;
  return objectId !== undefined && name === memberName(set, objectId);
}

export function memberSpec(objectId: string, decision: Decision, template: ConnectUserSetSpec["template"]): MemberSpec {
  const { persona, routingProfile, hierarchyGroup, securityProfiles, proficiencies, tags } = decision;
  const { routingProfile: _, hierarchyGroup: __, securityProfiles: ___, ...common } = template;
  return {
    ...common,
    personaRef: { name: persona! },
    entraUser: { objectId: objectId.toLowerCase() },
    ...(routingProfile !== undefined ? { routingProfile } : {}),
    ...(hierarchyGroup !== undefined ? { hierarchyGroup } : {}),
    ...(securityProfiles.length > 0 ? { securityProfiles } : {}),
    ...(proficiencies.length > 0 ? { proficiencies } : {}),
    ...(Object.keys(tags).length > 0 ? { tags } : {}),
  };
}

/** Independent of the order of keys, and of lists whose order says nothing. `owners`: uids of owners beside the set. */
export function memberHash(spec: MemberSpec, because: Record<string, string>, owners: readonly string[] = []): string {
  return createHash("sha256").update(canonical({ spec, because, owners })).digest("hex").slice(0, 16);
}

/** The decisions as one line. */
export function becauseText(because: Record<string, string>): string {
  return Object.entries(because)
    .map(([field, rule]) => `${field}=${rule}`)
    .sort()
    .join(", ");
}

/** Names of the fields that are not as the set says. */
export function differing(spec: MemberSpec, observed: Partial<ConnectUserSpec>): string[] {
  return Object.entries(spec)
    .filter(([field, value]) => !covers(value, observed[field as keyof ConnectUserSpec], field))
    .map(([field]) => field);
}

/** An object is covered key by key: what somebody else added beside ours is hers. */
function covers(wanted: unknown, observed: unknown, field: string): boolean {
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted))
    return canonical(wanted, field) === canonical(observed, field);
  if (typeof observed !== "object" || observed === null) return false;
  return Object.entries(wanted).every(([key, value]) => covers(value, (observed as Record<string, unknown>)[key], key));
}

const UNORDERED = ["securityProfiles", "proficiencies"];

function canonical(value: unknown, field = ""): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item));
    return `[${(UNORDERED.includes(field) ? items.sort() : items).join()}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const keys = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${keys.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner, key)}`).join()}}`;
}
