/** A review as CSV, a person a line. */
import { csvLine } from "../domain/text.ts";
import type { Review, ReviewedPerson } from "./review.ts";

const COLUMNS: [string, (one: ReviewedPerson) => string][] = [
  ["namespace", ({ namespace }) => namespace],
  ["name", ({ name }) => name],
  ["username", ({ username }) => username],
  ["entraUser", ({ entraUser }) => entraUser],
  ["entraObjectId", ({ entraObjectId }) => entraObjectId],
  ["fullName", ({ fullName }) => fullName],
  ["persona", ({ persona }) => persona],
  ["declaredBy", ({ declaredBy }) => declaredBy],
  ["declaredSince", ({ declaredSince }) => declaredSince],
  ["state", ({ state }) => state],
  ["roleAssigned", ({ roleAssigned }) => roleAssigned],
  ["roleAssignedSince", ({ roleAssignedSince }) => roleAssignedSince],
  ["securityProfiles", ({ securityProfiles }) => securityProfiles.join("; ")],
  ["foundSecurityProfiles", ({ foundSecurityProfiles }) => foundSecurityProfiles?.join("; ") ?? "not asked"],
  ["routingProfile", ({ routingProfile }) => routingProfile],
  ["hierarchyGroup", ({ hierarchyGroup }) => hierarchyGroup],
  ["connectUserId", ({ connectUserId }) => connectUserId],
  [
    "differences",
    ({ differences }) =>
      differences.map(({ path, desired, observed }) => `${path}: declared ${desired}, found ${observed}`).join("; "),
  ],
];

export function reviewCsv({ people, undeclared = [], undeclaredAssignments = [] }: Review): string {
  const declared = people.map((person) => COLUMNS.map(([, read]) => read(person)));
  const others: Record<string, string>[] = [
    ...undeclared.map(({ username, securityProfiles }) => ({
      username,
      foundSecurityProfiles: securityProfiles.join("; "),
    })),
    ...undeclaredAssignments.map(({ namespace, persona, principal, principalId }) => ({
      namespace,
      persona,
      entraUser: principal,
      entraObjectId: principalId,
      roleAssigned: "yes",
    })),
  ];
  const lines = [
    COLUMNS.map(([name]) => name),
    ...declared,
    ...others.map((one) => COLUMNS.map(([name]) => (name === "declaredBy" ? "no one" : (one[name] ?? "")))),
  ];
  return lines.map(csvLine).join("");
}
