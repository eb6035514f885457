/** A review as CSV, a person a line (RFC 4180). Cells that a spreadsheet would take for a formula begin with an apostrophe. */
import { plainLine } from "../domain/text.ts";
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

export function reviewCsv({ people, undeclared = [] }: Review): string {
  const declared = people.map((person) => COLUMNS.map(([, read]) => read(person)));
  const others = undeclared.map(({ username, securityProfiles }) =>
    COLUMNS.map(([name]) =>
      name === "username"
        ? username
        : name === "declaredBy"
          ? "nobody"
          : name === "foundSecurityProfiles"
            ? securityProfiles.join("; ")
            : "",
    ),
  );
  const lines = [COLUMNS.map(([name]) => name), ...declared, ...others];
  return lines.map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

function cell(value: string): string {
  const line = plainLine(value);
  const safe = /^[=+\-@]/.test(line) ? `'${line}` : line;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
