/** Label selectors as kubectl's -l takes them: `team=a`, `team!=a`, `team`, `!team`, `team in (a, b)`, `team notin (a, b)`, with commas for "and". */
import { CliError } from "./command.ts";

type Labels = Record<string, string> | undefined;

const REQUIREMENT =
  /^\s*(?:(!?)\s*([\w./-]+)|([\w./-]+)\s*(==?|!=)\s*([\w.-]*)|([\w./-]+)\s+(in|notin)\s*\(([^)]*)\))\s*$/;

/** Throws a CliError for what is no selector. As for kubectl, `!=` and `notin` also hold without the label. */
export function labelSelector(text: string): (labels: Labels) => boolean {
  // A comma inside parentheses separates values.
  const requirements = text.split(/,(?![^(]*\))/).map(requirement);
  return (labels) => requirements.every((holds) => holds(labels ?? {}));
}

function requirement(text: string): (labels: Record<string, string>) => boolean {
  const match = REQUIREMENT.exec(text);
  if (!match)
    throw new CliError(`${text.trim() || "(nothing)"} is not a label selector`, { hint: "such as team=a,tier!=test" });
  const [, not, present, key, operator, value, setKey, setOperator, values] = match;
  if (present !== undefined) return (labels) => present in labels !== (not === "!");
  if (key !== undefined) return (labels) => (labels[key] === value) === (operator !== "!=");
  const wanted = new Set(values!.split(",").map((one) => one.trim()));
  return (labels) => (labels[setKey!] !== undefined && wanted.has(labels[setKey!]!)) === (setOperator === "in");
}
