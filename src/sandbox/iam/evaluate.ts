/** IAM's decision over identity policies. Source: IAM user guide, policy evaluation logic and elements of the policy language. */
import { bareOperator, isObject, type Json, statementsOf, stringsOf, withoutNull } from "./grammar.ts";
import { compare } from "./operators.ts";
import { type Expanded, expand, like } from "./patterns.ts";

export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

/** One request as policies see it. Context keys are matched without regard to case; values are lists. */
export interface Question {
  action: string;
  resource: string;
  context: Record<string, string[]>;
}

/** An explicit Deny wins, then any Allow, else implicitly denied. */
export function evaluate(documents: string[], question: Question): Decision {
  let allowed = false;
  for (const text of documents) {
    const document = JSON.parse(text) as Json;
    // Before 2012 there were no policy variables: `${…}` stands for itself.
    const scope = { ...question, variables: document.Version === "2012-10-17" };
    for (const statement of statementsOf(document) ?? []) {
      if (!applies(statement, scope)) continue;
      if (statement.Effect === "Deny") return "explicitDeny";
      if (statement.Effect === "Allow") allowed = true;
    }
  }
  return allowed ? "allowed" : "implicitDeny";
}

interface Scope extends Question {
  variables: boolean;
}

function applies(statement: Json, scope: Scope): boolean {
  const anyAction = (value: unknown): boolean =>
    (stringsOf(value) ?? []).some((pattern) => like({ literal: pattern, pattern }, scope.action, true));
  const anyResource = (value: unknown): boolean =>
    (stringsOf(withoutNull(value)) ?? []).some((pattern) => {
      const expanded = expandIn(scope, completed(pattern));
      return expanded !== undefined && like(expanded, scope.resource);
    });
  const action = "NotAction" in statement ? !anyAction(statement.NotAction) : anyAction(statement.Action);
  const resource = "NotResource" in statement ? !anyResource(statement.NotResource) : anyResource(statement.Resource);
  return action && resource && conditionsHold(statement.Condition, scope);
}

/** IAM adds `*` for the parts that an ARN lacks. */
function completed(pattern: string): string {
  const parts = pattern.split(":");
  return pattern === "*" || parts.length >= 6 ? pattern : [...parts, ...Array(6 - parts.length).fill("*")].join(":");
}

function expandIn({ context, variables }: Scope, text: string): Expanded | undefined {
  return variables ? expand(text, (name) => contextValues(context, name)?.[0]) : { literal: text, pattern: text };
}

/** All operators and all keys must hold; the values of a key are alternatives. */
function conditionsHold(condition: unknown, scope: Scope): boolean {
  if (condition === undefined) return true;
  if (!isObject(condition)) return false;
  return Object.entries(condition).every(
    ([operator, keys]) =>
      isObject(keys) &&
      Object.entries(keys).every(([key, value]) => holds(operator, key, stringsOf(value) ?? [], scope)),
  );
}

function holds(operator: string, key: string, wanted: string[], scope: Scope): boolean {
  const actual = contextValues(scope.context, key) ?? [];
  const name = bareOperator(operator);
  if (name === "Null") return wanted.some((value) => (value.toLowerCase() === "true") === (actual.length === 0));
  const negated = name.includes("Not");
  const forAll = operator.startsWith("ForAllValues:");
  const forAny = operator.startsWith("ForAnyValue:");
  if (actual.length === 0) return operator.endsWith("IfExists") || forAll || (negated && !forAny);
  const expected = wanted.map((value) => expandIn(scope, value)).filter((value) => value !== undefined);
  const one = (value: string): boolean =>
    expected.some((item) => compare(name.replace("Not", ""), value, item)) !== negated;
  return forAll || (negated && !forAny) ? actual.every(one) : actual.some(one);
}

function contextValues(context: Record<string, string[]>, key: string): string[] | undefined {
  const wanted = key.toLowerCase();
  return Object.entries(context).find(([name]) => name.toLowerCase() === wanted)?.[1];
}
