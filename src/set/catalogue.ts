/** What a decision may name: personas of the namespace, what each allows, and what its Connect instance has. Pure. */
import type { Decision } from "./rules.ts";

export interface PersonaFacts {
  /** The persona's list: default of its users, and all that they may have. */
  securityProfiles: readonly string[];
  /** Undefined as long as the instance could not be read. */
  instance?: InstanceNames | undefined;
  /** Why it could not. */
  unreadable?: string;
  deleting?: boolean;
  uid?: string;
}
/** Names as Connect has them; it compares case. */
export interface InstanceNames {
  hasSecurityProfile(name: string): boolean;
  hasRoutingProfile(name: string): boolean;
  /** Whether there is a hierarchy group at this path from the top level. */
  hasHierarchyGroup(path: readonly string[]): boolean;
}
export type Catalogue = ReadonlyMap<string, PersonaFacts>;

/** What cannot be, each with the rule that says so and its value; empty when the decision can be carried out. */
export function impossible(decision: Decision, catalogue: Catalogue): string[] {
  const { persona, because, routingProfile, hierarchyGroup, securityProfiles } = decision;
  if (persona === undefined) return [];
  const facts = catalogue.get(persona);
  const by = (field: string) => (because[field] === "template" ? "template" : `rule ${because[field]}`);
  if (!facts) return [`${by("persona")}: there is no persona ${persona}`];
  if (facts.deleting) return [`${by("persona")}: persona ${persona} is being deleted`];
  const problems: string[] = [];
  for (const profile of securityProfiles) {
    const rule = by(`securityProfiles[${profile}]`);
    if (!facts.securityProfiles.includes(profile))
      problems.push(`${rule}: persona ${persona} does not list security profile ${profile}`);
    else if (facts.instance && !facts.instance.hasSecurityProfile(profile))
      problems.push(`${rule}: Connect has no security profile ${profile}`);
  }
  const { instance } = facts;
  if (!instance)
    return [
      ...problems,
      `the Connect instance of persona ${persona} could not be read${facts.unreadable ? `: ${facts.unreadable}` : ""}`,
    ];
  if (routingProfile !== undefined && !instance.hasRoutingProfile(routingProfile))
    problems.push(`${by("routingProfile")}: Connect has no routing profile ${routingProfile}`);
  if (hierarchyGroup !== undefined && !instance.hasHierarchyGroup(hierarchyGroup))
    problems.push(`${by("hierarchyGroup")}: Connect has no hierarchy group ${hierarchyGroup.join(" / ")}`);
  return problems;
}
