/**
 * The people of a CSV file as one ConnectUserSet over a group: what all have in common is its template, and where people differ a rule names
 * them. What a set has no field for, or no rule can tell apart, stays a ConnectUser, which wins over a set. Pure.
 */
import { API_VERSION, type ConnectUserSetSpec, type ConnectUserSpec, SET } from "../api/resources.ts";
import type { Written } from "./write.ts";

interface FromCsv {
  line: number;
  object: Written["object"] & { spec: ConnectUserSpec };
  comments: string[];
}

interface SetOptions {
  name: string;
  namespace: string;
  persona: string;
  /** Display name of the Entra group that holds, or will hold, these people. */
  group: string;
  /** False: a manifest is updated, and whether it writes anything stays as it is. */
  isNew: boolean;
}

type Rule = ConnectUserSetSpec["rules"][number];
type Template = NonNullable<ConnectUserSetSpec["template"]>;

/** Fields that only one person has: a set has none of them. */
const OWN = ["secondaryEmail", "mobile"] as const;
/** Fields that a template has and a rule has not: who differs in one of them stays a ConnectUser. */
const COMMON = ["phone", "contactHandling"] as const;
/** As the schema and the expressions of a set limit them. */
const [MOST_RULES, LONGEST_WHEN, MOST_NAMES] = [50, 1024, 100];

/** `rest`: users who stay ConnectUsers, with a comment that says why. */
export function setFromCsv(users: readonly FromCsv[], options: SetOptions): { set: Written; rest: FromCsv[] } {
  const specs = users.map(({ object }) => object.spec);
  const common = Object.fromEntries(COMMON.map((field) => [field, mostOften(specs, field)]));
  /** Who stays a ConnectUser, and why. */
  const own = new Map<ConnectUserSpec, string>();
  for (const spec of specs) {
    const fields = [
      ...OWN.filter((field) => spec[field] !== undefined),
      ...COMMON.filter((field) => textOf(spec[field]) !== textOf(common[field])),
    ];
    if (fields.length > 0) own.set(spec, `cannot say ${fields.join(" and ")} of one person`);
  }
  const people = specs.filter((spec) => !own.has(spec));
  const { template, rules, left } = rulesOf(people, options.persona);
  for (const spec of left) own.set(spec, `has room for ${MOST_RULES} rules`);
  const spec = {
    source: { groups: [{ displayName: options.group }] },
    rules,
    template: definedOf({ ...template, ...common }),
    ...(options.isNew ? { mode: "Plan" } : {}),
  };
  const { name, namespace } = options;
  return {
    set: {
      object: { apiVersion: API_VERSION, kind: SET, metadata: { name, namespace }, spec } as Written["object"],
      comments: [
        `${users.length - own.size} of ${users.length} people of the file, once they are members of group "${options.group}". First and last names come from Entra.`,
        `mode: Plan writes nothing; \`connect-sso people ${name} -n ${namespace}\` shows what mode: Apply would do.`,
      ],
    },
    rest: users.flatMap((user) => {
      const why = own.get(user.object.spec);
      return why === undefined ? [] : [{ ...user, comments: [...user.comments, `not in the set, which ${why}`] }];
    }),
  };
}

function rulesOf(people: ConnectUserSpec[], persona: string) {
  const template: Template = {
    routingProfile: inAll(people, "routingProfile"),
    hierarchyGroup: inAll(people, "hierarchyGroup"),
    securityProfiles: filled(
      people.reduce<string[] | undefined>(
        (all, { securityProfiles: own }) => own && all?.filter((name) => own.includes(name)),
        people[0]?.securityProfiles,
      ),
    ),
  };
  const isCommon = ([key, value]: [string, string]) => people.every(({ tags }) => tags?.[key] === value);
  const tags = Object.fromEntries(Object.entries(people[0]?.tags ?? {}).filter(isCommon));
  const groups = Map.groupBy(people, (one) => JSON.stringify(differenceOf(one, template, tags)));
  const rules: Rule[] = [];
  const left: ConnectUserSpec[] = [];
  for (const [text, members] of [...groups].sort(([, a], [, b]) => b.length - a.length)) {
    const difference = JSON.parse(text) as Omit<Rule, "name">;
    if (Object.keys(difference).length === 0) continue;
    for (const [when, some] of conditions(members))
      if (rules.length < MOST_RULES - 1) rules.push({ name: `difference-${rules.length + 1}`, when, ...difference });
      else left.push(...some);
  }
  const add = filled({ tags: filled(tags) });
  return { template, rules: [...rules, { name: "everybody", set: { persona }, ...(add ? { add } : {}) }], left };
}

/** What a rule says of people whom the template does not describe. */
function differenceOf(one: ConnectUserSpec, template: Template, common: Record<string, string>): Omit<Rule, "name"> {
  const other = <K extends "routingProfile" | "hierarchyGroup">(field: K) =>
    textOf(one[field]) === textOf(template[field]) ? undefined : one[field];
  const profiles = (one.securityProfiles ?? []).filter((name) => !template.securityProfiles?.includes(name)).sort();
  const tags = Object.fromEntries(
    Object.entries(one.tags ?? {})
      .filter(([key]) => !(key in common))
      .sort(),
  );
  return {
    set: filled({ routingProfile: other("routingProfile"), hierarchyGroup: other("hierarchyGroup") }),
    add: filled({ securityProfiles: filled(profiles), tags: filled(tags) }),
  };
}

/** Expressions that are true for these people, each as long as a set takes one. */
function* conditions(people: readonly ConnectUserSpec[]): Generator<[when: string, people: ConnectUserSpec[]]> {
  const when = (names: string[]) => `user.userPrincipalName.lowerAscii() in [${names.join(", ")}]`;
  let some: ConnectUserSpec[] = [];
  let names: string[] = [];
  for (const one of people) {
    const name = JSON.stringify(one.entraUser.userPrincipalName!.toLowerCase());
    if (names.length === MOST_NAMES || when([...names, name]).length > LONGEST_WHEN) {
      yield [when(names), some];
      [some, names] = [[], []];
    }
    some.push(one);
    names.push(name);
  }
  yield [when(names), some];
}

/** The value that most have, where all have one: who has none gets the persona's, which a template would hide. */
function inAll<K extends "routingProfile" | "hierarchyGroup">(
  people: readonly ConnectUserSpec[],
  field: K,
): ConnectUserSpec[K] {
  if (people.some((one) => one[field] === undefined)) return undefined;
  return mostOften(people, field);
}

function mostOften<K extends keyof ConnectUserSpec>(people: readonly ConnectUserSpec[], field: K): ConnectUserSpec[K] {
  const groups = Map.groupBy(people, (one) => textOf(one[field]));
  const [most] = [...groups.values()].sort((a, b) => b.length - a.length);
  return most?.[0]?.[field] as ConnectUserSpec[K];
}

const textOf = (value: unknown): string => JSON.stringify(value) ?? "";
const definedOf = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
/** Undefined where it has nothing. */
const filled = <T extends object>(fields: T | undefined): T | undefined =>
  Object.values(fields ?? {}).some((value) => value !== undefined) ? fields : undefined;
