/** The rules of a set: compiled once per spec, then asked for each person. Pure. */
import type { ConnectUserSetSpec, ConnectUserSpec } from "../api/generated/types.ts";
import type { Person } from "../domain/people.ts";
import { compile, InvalidExpression } from "./expression.ts";

export type GroupReference = { id?: string; displayName?: string };
type Rule = ConnectUserSetSpec["rules"][number];
type Proficiency = NonNullable<ConnectUserSpec["proficiencies"]>[number];

/** A rule or `where` that does not compile. */
interface RuleProblem {
  /** Name of the rule; `where` for the source's condition. */
  rule: string;
  /** Path within the rule. */
  field: string;
  message: string;
  line: number;
  column: number;
}
export interface CompiledSet {
  spec: ConnectUserSetSpec;
  where(person: Person): boolean;
  rules: CompiledRule[];
}
interface CompiledRule {
  name: string;
  group?: string;
  when(person: Person): boolean;
  routingProfile?: (person: Person) => string;
  hierarchyGroup?: (person: Person) => string[];
  rule: Rule;
}

/** What the rules say of one person. Keys of `because`: a field, or a member of one, as in `securityProfiles[Agent]`. */
export interface Decision {
  persona?: string;
  routingProfile?: string;
  hierarchyGroup?: string[];
  securityProfiles: string[];
  proficiencies: Proficiency[];
  tags: Record<string, string>;
  /** The rule, or `template`, that decided each field. */
  because: Record<string, string>;
  overridden: Overridden[];
  /** Why nothing can be done with this decision, each with its rule. */
  problems: string[];
}
export interface Overridden {
  field: string;
  value: string;
  rule: string;
  by: string;
}

/** Key of a group in memberships: as declared, so that a group that is found by another name is another group. */
export const groupKey = ({ id, displayName }: GroupReference) =>
  id ? `id:${id.toLowerCase()}` : `name:${displayName}`;

/** Every group that a set names, once. */
export function groupsOf({ source, rules }: Pick<ConnectUserSetSpec, "source" | "rules">): GroupReference[] {
  const all = [...source.groups, ...rules.flatMap(({ group }) => (group ? [group] : []))];
  return [...new Map(all.map((group) => [groupKey(group), group])).values()];
}

export function compileSet(spec: ConnectUserSetSpec): { set: CompiledSet } | { problems: RuleProblem[] } {
  const problems: RuleProblem[] = [];
  const attempt = <T extends "bool" | "string" | "list<string>">(
    rule: string,
    field: string,
    text: string | undefined,
    type: T,
  ) => {
    if (text === undefined) return undefined;
    try {
      const evaluate = compile(text, type);
      return ({ attributes }: Person) => evaluate(attributes);
    } catch (error) {
      if (!(error instanceof InvalidExpression)) throw error;
      problems.push({ rule, field, message: error.message, line: error.line, column: error.column });
      return undefined;
    }
  };
  const everybody = () => true;
  const where = attempt("where", "source.where", spec.source.where, "bool") ?? everybody;
  const rules = spec.rules.map((rule): CompiledRule => {
    const routingProfile = attempt(rule.name, "compute.routingProfile", rule.compute?.routingProfile, "string");
    const hierarchyGroup = attempt(rule.name, "compute.hierarchyGroup", rule.compute?.hierarchyGroup, "list<string>");
    return {
      name: rule.name,
      ...(rule.group ? { group: groupKey(rule.group) } : {}),
      when: attempt(rule.name, "when", rule.when, "bool") ?? everybody,
      ...(routingProfile ? { routingProfile } : {}),
      ...(hierarchyGroup ? { hierarchyGroup } : {}),
      rule,
    };
  });
  return problems.length > 0 ? { problems } : { set: { spec, where, rules } };
}

/** `rule managers, when, 1:14: …`, for a condition or an error of a manifest. */
export function formatProblem({ rule, field, message, line, column }: RuleProblem): string {
  return `${rule === "where" ? field : `rule ${rule}, ${field}`}, ${line}:${column}: ${message}`;
}

/** `memberships`: keys of the groups that the person is in. */
export function decide({ spec, rules }: CompiledSet, person: Person, memberships: ReadonlySet<string>): Decision {
  const decision: Decision = {
    securityProfiles: [],
    proficiencies: [],
    tags: {},
    because: {},
    overridden: [],
    problems: [],
  };
  for (const rule of rules) {
    try {
      if (!(rule.group === undefined || memberships.has(rule.group)) || !rule.when(person)) continue;
      single(decision, rule, person);
    } catch (error) {
      decision.problems.push(`rule ${rule.name}: ${summaryOf(error)}`);
    }
    unite(decision, rule.name, rule.rule.add ?? {});
  }
  const { routingProfile, hierarchyGroup } = spec.template;
  if (routingProfile !== undefined) settle(decision, "template", "routingProfile", routingProfile);
  if (hierarchyGroup !== undefined) settle(decision, "template", "hierarchyGroup", hierarchyGroup);
  unite(decision, "template", spec.template);
  tooMany(decision);
  return decision;
}

/** Single values: the first rule wins. */
function single(decision: Decision, compiled: CompiledRule, person: Person): void {
  const { set = {} } = compiled.rule;
  if (set.persona !== undefined) settle(decision, compiled.name, "persona", set.persona);
  const routingProfile = compiled.routingProfile?.(person) ?? set.routingProfile;
  if (routingProfile !== undefined) settle(decision, compiled.name, "routingProfile", routingProfile);
  const hierarchyGroup = compiled.hierarchyGroup?.(person) ?? set.hierarchyGroup;
  if (hierarchyGroup !== undefined) settle(decision, compiled.name, "hierarchyGroup", hierarchyGroup);
}

function settle<F extends "persona" | "routingProfile" | "hierarchyGroup">(
  decision: Decision,
  rule: string,
  field: F,
  value: NonNullable<Decision[F]>,
): void {
  const parts = Array.isArray(value) ? value : [value];
  const winner = decision.because[field];
  if (winner !== undefined) {
    if (JSON.stringify(decision[field]) !== JSON.stringify(value))
      decision.overridden.push({ field, value: parts.join(" / "), rule, by: winner });
    return;
  }
  if (parts.length === 0 || parts.some((part) => part.trim() === ""))
    decision.problems.push(`rule ${rule}: ${field} is empty for this person: [${parts.join(", ")}]`);
  decision[field] = value;
  decision.because[field] = rule;
}

/** Members of sets: all of them; of two levels the higher, of two values of a tag the first. */
function unite(
  decision: Decision,
  rule: string,
  add: { securityProfiles?: string[]; proficiencies?: Proficiency[]; tags?: Record<string, string> },
): void {
  const { because, overridden } = decision;
  for (const profile of add.securityProfiles ?? []) {
    if (decision.securityProfiles.includes(profile)) continue;
    decision.securityProfiles.push(profile);
    because[`securityProfiles[${profile}]`] = rule;
  }
  for (const one of add.proficiencies ?? []) {
    const field = `proficiencies[${one.attribute}=${one.value}]`;
    const index = decision.proficiencies.findIndex((p) => p.attribute === one.attribute && p.value === one.value);
    const there = decision.proficiencies[index];
    if (!there) decision.proficiencies.push({ ...one });
    else if (one.level > there.level) decision.proficiencies[index] = { ...one };
    if (there && there.level !== one.level) {
      const [lost, by] =
        one.level > there.level
          ? [{ rule: because[field]!, level: there.level }, rule]
          : [{ rule, level: one.level }, because[field]!];
      overridden.push({ field, value: String(lost.level), rule: lost.rule, by });
    }
    if (!there || one.level > there.level) because[field] = rule;
  }
  for (const [key, value] of Object.entries(add.tags ?? {})) {
    const field = `tags[${key}]`;
    const winner = because[field];
    if (winner === undefined) {
      decision.tags[key] = value;
      because[field] = rule;
    } else if (decision.tags[key] !== value) overridden.push({ field, value, rule, by: winner });
  }
}

/** Quotas of Connect: 10 security profiles and 10 proficiencies a user. A list is never cut. */
function tooMany({ securityProfiles, proficiencies, tags, problems }: Decision): void {
  if (securityProfiles.length > 10)
    problems.push(
      `${securityProfiles.length} security profiles, at most 10 are possible: ${securityProfiles.join(", ")}`,
    );
  if (proficiencies.length > 10)
    problems.push(
      `${proficiencies.length} proficiencies, at most 10 are possible: ${proficiencies.map(({ attribute, value }) => `${attribute}=${value}`).join(", ")}`,
    );
  if (Object.keys(tags).length > 40)
    problems.push(`${Object.keys(tags).length} tags, at most 40 are possible: ${Object.keys(tags).join(", ")}`);
}

/** First line of what the evaluation said. */
export function summaryOf(error: unknown): string {
  const { summary, message } = error as { summary?: string; message: string };
  return (summary ?? message).split("\n")[0]!;
}
