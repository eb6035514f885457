// docs/conditions.md: every condition type and every reason of the code, with the text of reasons.mjs. Fails where a text is missing.
import { REASON } from "../src/api/reasons.ts";
import { CONDITION } from "../src/api/resources.ts";
import { CONDITIONS, REASONS } from "./reasons.mjs";

const INTRO = `<!-- Generated from src/api/reasons.ts and scripts/reasons.mjs by \`make generate\`. Do not edit. -->
# Conditions and reasons

\`kubectl describe\` and \`connect-sso status\` show conditions. Each has a type, a status, a reason and a message. Start with \`Ready\`; the message
says what to do. If the status is \`Unknown\`, the controller could not read the cloud.
`;

/** What the code has and the table lacks, and the other way round. */
export function gaps(conditions = CONDITIONS, reasons = REASONS) {
  const described = Object.values(reasons).flatMap(Object.keys);
  const known = new Set(Object.values(REASON));
  return [
    ...[...known].filter((one) => !described.includes(one)).map((one) => `reason ${one} has no text`),
    ...described.filter((one) => !known.has(one)).map((one) => `reason ${one} does not exist`),
    ...described.filter((one, at) => described.indexOf(one) !== at).map((one) => `reason ${one} is there twice`),
    ...Object.values(CONDITION)
      .filter((one) => !conditions[one])
      .map((one) => `condition ${one} has no text`),
    ...Object.keys(conditions)
      .filter((one) => !CONDITION[one])
      .map((one) => `condition ${one} does not exist`),
  ];
}

export function conditionsReference() {
  const missing = gaps();
  if (missing.length > 0) throw new Error(`scripts/reasons.mjs: ${missing.join("; ")}`);
  const types = Object.entries(CONDITIONS).map(([type, [kinds, text]]) => `| \`${type}\` | ${kinds} | ${text} |`);
  const groups = Object.entries(REASONS).map(([title, reasons]) => {
    const rows = Object.entries(reasons)
      .map(([reason, [meaning, action]]) => `| \`${reason}\` | ${meaning} | ${action || "Nothing."} |`)
      .join("\n");
    return `\n## ${title}\n\n| Reason | Meaning | What to do |\n|---|---|---|\n${rows}\n`;
  });
  return `${INTRO}\n## Conditions\n\n| Type | Kinds | Meaning when True |\n|---|---|---|\n${types.join("\n")}\n${groups.join("")}`;
}
