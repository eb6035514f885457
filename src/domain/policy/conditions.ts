/** Condition blocks. Source: IAM user guide, "Condition operators" and "Conditions with multiple keys or values". */
import type { Context } from "./context.ts";
import type { Statement } from "./document.ts";
import { OPERATORS } from "./operators.ts";
import { all, any, not, type Truth } from "./truth.ts";

/** All operators and all keys must hold. */
export function conditionsHold({ conditions, variables }: Statement, context: Context): Truth {
  return all(conditions.map((condition) => holds(condition, context, variables)));
}

function holds({ operator: full, key, values }: Statement["conditions"][number], context: Context, variables: boolean) {
  const [, quantifier, name, ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(full) ?? [];
  const actual = context.valuesOf(key);
  const unknown = `the condition ${full} depends on ${key}, which is not known here`;
  if (name === "Null")
    return ifExists || quantifier ? `the operator ${full} does not exist` : isNull(values, actual, unknown);
  const operator = name === undefined ? undefined : OPERATORS[name];
  if (!operator) return `the condition operator ${full} is not known`;
  if (actual === "unknown") return unknown;
  if (actual.length === 0) {
    if (ifExists || quantifier === "ForAllValues") return true;
    return operator.negated && quantifier !== "ForAnyValue";
  }
  // The values of a policy are alternatives; of a negated operator none may match.
  const one = (value: string): Truth => {
    const found = any(values.map((wanted) => operator.matches(value, wanted, context, variables)));
    return operator.negated ? not(found) : found;
  };
  const results = actual.map(one);
  if (quantifier === "ForAllValues") return all(results);
  if (quantifier === "ForAnyValue") return any(results);
  const [first] = results;
  if (results.every((result) => result === first)) return first!;
  return `${key} has several values, and ${full} has neither ForAllValues nor ForAnyValue`;
}

/** `true`: the key must be absent; `false`: it must be there. */
function isNull(values: string[], actual: readonly string[] | "unknown", unknown: string): Truth {
  return any(
    values.map((value) => {
      if (!/^(true|false)$/i.test(value)) return `the condition Null compares with ${value}`;
      if (actual === "unknown") return unknown;
      return (value.toLowerCase() === "true") === (actual.length === 0);
    }),
  );
}
