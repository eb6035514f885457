/** What changed between two reviews, person by person and field by field. Pure. */
import type { Review, ReviewedPerson } from "./review.ts";

export interface PersonChange {
  namespace: string;
  name: string;
  username: string;
  change: "added" | "removed" | "changed";
  fields: { path: string; before: string; after: string }[];
}

export interface Comparison {
  /** Date of the older review. */
  since: string;
  people: PersonChange[];
  /** Connect users and role assignments in Entra that are not declared, and that were not there (or were) in the older review. */
  undeclared: { username: string; change: "added" | "removed" }[];
}

/** What an auditor asks about; a message that is worded differently is no change of access. */
const FIELDS: [string, (one: ReviewedPerson) => string][] = [
  ["username", ({ username }) => username],
  ["entraUser", ({ entraUser }) => entraUser],
  ["persona", ({ persona }) => persona],
  ["declaredBy", ({ declaredBy }) => declaredBy],
  ["roleAssigned", ({ roleAssigned }) => roleAssigned],
  ["securityProfiles", ({ securityProfiles }) => listed(securityProfiles)],
  ["foundSecurityProfiles", ({ foundSecurityProfiles }) => listed(foundSecurityProfiles)],
  ["routingProfile", ({ routingProfile }) => routingProfile],
  ["hierarchyGroup", ({ hierarchyGroup }) => hierarchyGroup],
  ["state", ({ state }) => state],
];

const listed = (names: readonly string[] | undefined) => (names ?? []).toSorted().join(", ");

export function compareReviews(old: Review, now: Review): Comparison {
  const before = new Map(old.people.map((one) => [keyOf(one), one]));
  const after = new Map(now.people.map((one) => [keyOf(one), one]));
  const people: PersonChange[] = [];
  for (const [key, person] of after) {
    const earlier = before.get(key);
    const fields = earlier ? differing(earlier, person) : [];
    if (!earlier) people.push({ ...named(person), change: "added", fields: granted(person) });
    else if (fields.length > 0) people.push({ ...named(person), change: "changed", fields });
  }
  for (const [key, person] of before)
    if (!after.has(key)) people.push({ ...named(person), change: "removed", fields: [] });
  return { since: old.date, people, undeclared: undeclared(old, now) };
}

const keyOf = ({ namespace, name }: ReviewedPerson) => `${namespace}/${name}`;
const named = ({ namespace, name, username }: ReviewedPerson) => ({ namespace, name, username });

function differing(old: ReviewedPerson, now: ReviewedPerson): PersonChange["fields"] {
  return FIELDS.flatMap(([path, read]) => {
    // What was not asked in one of the two is no difference.
    if (path === "foundSecurityProfiles" && (!old.foundSecurityProfiles || !now.foundSecurityProfiles)) return [];
    const [before, after] = [read(old), read(now)];
    return before === after ? [] : [{ path, before, after }];
  });
}

const granted = ({ persona, securityProfiles }: ReviewedPerson): PersonChange["fields"] => [
  { path: "persona", before: "", after: persona },
  { path: "securityProfiles", before: "", after: listed(securityProfiles) },
];

/** What was not asked in one of the two is no difference. */
function undeclared(old: Review, now: Review): Comparison["undeclared"] {
  return [
    ...cameAndWent(
      old.undeclared,
      now.undeclared,
      ({ instanceArn, username }) => `${instanceArn} ${username}`,
      ({ username }) => username,
    ),
    ...cameAndWent(
      old.undeclaredAssignments,
      now.undeclaredAssignments,
      ({ namespace, persona, principalId }) => `${namespace}/${persona} ${principalId}`,
      ({ namespace, persona, principal }) => `${principal}, persona ${namespace}/${persona}`,
    ),
  ];
}

function cameAndWent<T>(
  old: readonly T[] | undefined,
  now: readonly T[] | undefined,
  key: (one: T) => string,
  named: (one: T) => string,
): Comparison["undeclared"] {
  if (!old || !now) return [];
  const [before, after] = [new Set(old.map(key)), new Set(now.map(key))];
  const changed = (all: readonly T[], others: ReadonlySet<string>, change: "added" | "removed") =>
    all.filter((one) => !others.has(key(one))).map((one) => ({ username: named(one), change }));
  return [...changed(now, before, "added"), ...changed(old, after, "removed")];
}

/** A review as `report --json` wrote it. Throws one line that says what is wrong. */
export function readReview(text: string): Review {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
  const { version, date, people } = (value ?? {}) as Partial<Review>;
  if (version !== 1 || typeof date !== "string" || !Array.isArray(people))
    throw new Error("it is not a review that connect-sso report --json wrote");
  return value as Review;
}
