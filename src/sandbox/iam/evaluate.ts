/** IAM's decision over identity policies. */
import { isObject, statementsOf, stringsOf } from "./documents.ts";

export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

/** One request as policies see it. Context keys are matched without regard to case; values are lists. */
export interface Question {
  action: string;
  resource: string;
  context: Record<string, string[]>;
}

type Json = Record<string, unknown>;

/** IAM's decision over identity policies: an explicit Deny wins, then any Allow, else implicitly denied. */
export function evaluate(documents: string[], question: Question): Decision {
  let allowed = false;
  for (const document of documents) {
    for (const statement of statementsOf(JSON.parse(document) as Json) ?? []) {
      if (!applies(statement, question)) continue;
      if (statement.Effect === "Deny") return "explicitDeny";
      if (statement.Effect === "Allow") allowed = true;
    }
  }
  return allowed ? "allowed" : "implicitDeny";
}

function applies(statement: Json, question: Question): boolean {
  const anyAction = (value: unknown): boolean =>
    (stringsOf(value) ?? []).some((pattern) => like(pattern, question.action, true));
  const anyResource = (value: unknown): boolean =>
    (stringsOf(value) ?? []).some((pattern) => {
      const filled = fill(pattern, question.context);
      return filled !== undefined && like(filled, question.resource);
    });
  const action = "NotAction" in statement ? !anyAction(statement.NotAction) : anyAction(statement.Action);
  const resource = "NotResource" in statement ? !anyResource(statement.NotResource) : anyResource(statement.Resource);
  return action && resource && conditionsHold(statement.Condition, question.context);
}

/** All operators and all keys must hold; the values of a key are alternatives. */
function conditionsHold(condition: unknown, context: Record<string, string[]>): boolean {
  if (condition === undefined) return true;
  if (!isObject(condition)) return false;
  return Object.entries(condition).every(
    ([operator, keys]) =>
      isObject(keys) &&
      Object.entries(keys).every(([key, value]) =>
        holds(operator, contextValues(context, key), stringsOf(value) ?? [], context),
      ),
  );
}

function holds(
  fullOperator: string,
  actual: string[] | undefined,
  wanted: string[],
  context: Record<string, string[]>,
): boolean {
  const quantifier = /^(ForAllValues|ForAnyValue):/.exec(fullOperator)?.[1];
  const ifExists = fullOperator.endsWith("IfExists");
  const operator = fullOperator.replace(/^For\w+:/, "").replace(/IfExists$/, "");
  if (operator === "Null")
    return wanted.some((value) => (value.toLowerCase() === "true") === (actual === undefined || actual.length === 0));
  const negated = operator.includes("Not");
  if (actual === undefined || actual.length === 0)
    return ifExists || quantifier === "ForAllValues" || (negated && quantifier !== "ForAnyValue");
  const expected = wanted.map((value) => fill(value, context)).filter((value) => value !== undefined);
  const one = (value: string): boolean => {
    const matched = expected.some((pattern) => compare(operator.replace("Not", ""), value, pattern));
    return negated ? !matched : matched;
  };
  return quantifier === "ForAllValues" || (negated && quantifier !== "ForAnyValue")
    ? actual.every(one)
    : actual.some(one);
}

function compare(operator: string, actual: string, wanted: string): boolean {
  switch (operator) {
    case "StringEquals":
      return actual === wanted;
    case "StringEqualsIgnoreCase":
    case "Bool":
      return actual.toLowerCase() === wanted.toLowerCase();
    case "StringLike":
      return like(wanted, actual);
    case "ArnEquals":
    case "ArnLike":
      return arnLike(wanted, actual);
    case "NumericEquals":
      return Number(actual) === Number(wanted);
    case "NumericLessThan":
      return Number(actual) < Number(wanted);
    case "NumericLessThanEquals":
      return Number(actual) <= Number(wanted);
    case "NumericGreaterThan":
      return Number(actual) > Number(wanted);
    case "NumericGreaterThanEquals":
      return Number(actual) >= Number(wanted);
    default:
      return false;
  }
}

/** Each of the six parts of an ARN is matched on its own, so a `*` does not run over a colon. */
function arnLike(pattern: string, arn: string): boolean {
  const split = (text: string): string[] => [...text.split(":").slice(0, 5), text.split(":").slice(5).join(":")];
  const parts = split(arn);
  return pattern === "*" || split(pattern).every((part, index) => like(part, parts[index] ?? ""));
}

/** `*` and `?` as IAM reads them. */
function like(pattern: string, text: string, ignoreCase = false): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, ignoreCase ? "is" : "s").test(text);
}

/** Policy variables; a variable without a value makes the whole string match nothing. */
function fill(text: string, context: Record<string, string[]>): string | undefined {
  let known = true;
  const filled = text.replace(/\$\{([^}]+)\}/g, (_, name: string) => {
    const value = contextValues(context, name)?.[0];
    if (value === undefined) known = false;
    return value ?? "";
  });
  return known ? filled : undefined;
}

function contextValues(context: Record<string, string[]>, key: string): string[] | undefined {
  const wanted = key.toLowerCase();
  return Object.entries(context).find(([name]) => name.toLowerCase() === wanted)?.[1];
}
