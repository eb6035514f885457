/**
 * The people of a CSV file as one ConnectUserSet over a group: what all have in common is its template, and where people differ a rule names
 * them. What a set has no field for, or no rule can tell apart, stays a ConnectUser, which wins over a set. Pure.
 */
import { API_VERSION, type ConnectUserSetSpec, type ConnectUserSpec, SET } from "../api/resources.ts";
import { validate } from "./schema.ts";
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
  const common = Object.fromEntries(COMMON.map((field) => [field, mostOften(users, field)]));
  const why = ({ object: { spec } }: FromCsv): string[] => [
    ...OWN.filter((field) => spec[field] !== undefined),
    ...COMMON.filter((field) => textOf(spec[field]) !== textOf(common[field])),
  ];
  const rest = users.flatMap((user) => {
    const fields = why(user);
    if (fields.length === 0) return [];
    const comment = `not in the set, which cannot say ${fields.join(" and ")} of one person`;
    return [{ ...user, comments: [...user.comments, comment] }];
  });
  const people = users.filter((user) => why(user).length === 0).map(({ object }) => object.spec);
  const { template, rules, left } = rulesOf(people, options.persona);
  const unruled = users
    .filter(({ object }) => left.includes(object.spec))
    .map((user) => ({
      ...user,
      comments: [...user.comments, `not in the set, which has room for ${MOST_RULES} rules`],
    }));
  const spec = {
    source: { groups: [{ displayName: options.group }] },
    rules,
    template: definedOf({ ...template, ...common }),
    ...(options.isNew ? { mode: "Plan" } : {}),
  };
  const { name, namespace } = options;
  const count = people.length - left.length;
  return {
    set: {
      object: { apiVersion: API_VERSION, kind: SET, metadata: { name, namespace }, spec } as Written["object"],
      comments: [
        `${count} of ${users.length} people of the file, once they are members of group "${options.group}". First and last names come from Entra.`,
        `mode: Plan writes nothing; \`connect-sso people ${name} -n ${namespace}\` shows what mode: Apply would do.`,
      ],
    },
    rest: [...rest, ...unruled].sort((a, b) => a.line - b.line),
  };
}

/** What the schema says against a set, one line each. A copy: the validation fills in defaults. */
export const problemsOf = ({ object }: Written): string[] =>
  validate(SET, JSON.parse(JSON.stringify(object))).map(({ path, message }) => `${path.join(".")}: ${message}`);

function rulesOf(people: ConnectUserSpec[], persona: string) {
  const template: Template = definedOf({
    routingProfile: inAll(people, "routingProfile"),
    hierarchyGroup: inAll(people, "hierarchyGroup"),
    securityProfiles: people.reduce<string[] | undefined>(
      (all, { securityProfiles: own }) => own && all?.filter((name) => own.includes(name)),
      people[0]?.securityProfiles,
    ),
  });
  if (template.securityProfiles?.length === 0) delete template.securityProfiles;
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
  const add = Object.keys(tags).length > 0 ? { add: { tags } } : {};
  return { template, rules: [...rules, { name: "everybody", set: { persona }, ...add }], left };
}

/** What a rule says of people whom the template does not describe. */
function differenceOf(one: ConnectUserSpec, template: Template, common: Record<string, string>): Omit<Rule, "name"> {
  const other = <K extends "routingProfile" | "hierarchyGroup">(field: K) =>
    textOf(one[field]) === textOf(template[field]) ? undefined : one[field];
  const set = definedOf({ routingProfile: other("routingProfile"), hierarchyGroup: other("hierarchyGroup") });
  const profiles = (one.securityProfiles ?? []).filter((name) => !template.securityProfiles?.includes(name)).sort();
  const tags = Object.fromEntries(
    Object.entries(one.tags ?? {})
      .filter(([key]) => !(key in common))
      .sort(),
  );
  const add = definedOf({
    securityProfiles: profiles.length > 0 ? profiles : undefined,
    tags: Object.keys(tags).length > 0 ? tags : undefined,
  });
  return definedOf({
    set: Object.keys(set).length > 0 ? set : undefined,
    add: Object.keys(add).length > 0 ? add : undefined,
  }) as Omit<Rule, "name">;
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
  return mostOften(
    people.map((spec) => ({ object: { spec } })),
    field,
  ) as ConnectUserSpec[K];
}

function mostOften(users: readonly { object: { spec: ConnectUserSpec } }[], field: keyof ConnectUserSpec): unknown {
  const groups = Map.groupBy(users, ({ object }) => textOf(object.spec[field]));
  const [most] = [...groups.values()].sort((a, b) => b.length - a.length);
  return most?.[0]?.object.spec[field];
}

const textOf = (value: unknown): string => JSON.stringify(value) ?? "";
const definedOf = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
