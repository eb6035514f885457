/** Memberships and attributes that are only planned: what a set would do as of a day that has not come. Pure. */
import { attributesOf, type Person, TEXT_ATTRIBUTES } from "../domain/people.ts";
import type { Source } from "./members.ts";
import { type GroupReference, groupKey } from "./rules.ts";

/** The content of a file for `connect-sso people --as-of`. People by user principal name or object id. */
export interface Planned {
  groups?: (GroupReference & { add?: string[]; remove?: string[] })[];
  /** Attributes that will be different, also of somebody who is not in the directory yet. */
  people?: ({ userPrincipalName: string } & Record<string, unknown>)[];
}

/** The source as it would be, and what in the plan does not fit it. */
export function asPlanned(source: Source, planned: Planned): { source: Source; problems: string[] } {
  const problems: string[] = [];
  const people = new Map(source.people);
  const byName = new Map([...people.values()].map((one) => [one.attributes.userPrincipalName.toLowerCase(), one.id]));
  for (const one of planned.people ?? []) {
    const unknown = Object.keys(one).filter((name) => !ATTRIBUTES.has(name));
    if (unknown.length > 0) problems.push(`${one.userPrincipalName}: no attribute of a person: ${unknown.join(", ")}`);
    const name = one.userPrincipalName.toLowerCase();
    const id = byName.get(name) ?? name;
    people.set(id, changed(people.get(id) ?? { id, attributes: attributesOf({ accountEnabled: true }) }, one));
    byName.set(name, id);
  }
  const idOf = (who: string, where: string): string[] => {
    const id = people.has(who.toLowerCase()) ? who.toLowerCase() : byName.get(who.toLowerCase());
    if (id === undefined) problems.push(`${where}: ${who} is in none of the groups; describe the person under people`);
    return id === undefined ? [] : [id];
  };
  const groups = new Map(source.groups);
  for (const group of planned.groups ?? []) {
    const [key, name] = [groupKey(group), group.displayName ?? group.id ?? ""];
    const members = groups.get(key);
    if (!members) {
      problems.push(`the set does not name group ${name}`);
      continue;
    }
    const next = new Set(members);
    for (const who of group.add ?? []) for (const id of idOf(who, name)) next.add(id);
    for (const who of group.remove ?? [])
      for (const id of idOf(who, name)) if (!next.delete(id)) problems.push(`${name}: ${who} is no member`);
    groups.set(key, next);
  }
  return { source: { people, groups }, problems };
}

const ATTRIBUTES: ReadonlySet<string> = new Set([...TEXT_ATTRIBUTES, "accountEnabled"]);

function changed(person: Person, given: Record<string, unknown>): Person {
  const known = Object.fromEntries(Object.entries(given).filter(([name]) => ATTRIBUTES.has(name)));
  return { id: person.id, attributes: attributesOf({ ...person.attributes, ...known }) };
}
