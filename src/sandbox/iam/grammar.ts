/**
 * The grammar of policy documents: names of the elements, kinds of their values, operators and dates of conditions. Sources: IAM user
 * guide (grammar of the policy language, condition operators) and the recorded verdicts.
 */
import { IamError } from "./error.ts";

export type Json = Record<string, unknown>;

const TOP = ["Version", "Id", "Statement"];
const STATEMENT = [
  ...["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"],
  ...["Resource", "NotResource", "Condition"],
];
const ORDER = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];
const OPERATORS = new Set([
  ...["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"],
  ...["StringLike", "StringNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"],
  ...["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
  ...ORDER.flatMap((one) => [`Numeric${one}`, `Date${one}`]),
]);

export const malformed = (message: string) => new IamError("MalformedPolicyDocument", message, 400);
export const SYNTAX = "Syntax errors in policy.";

export function isObject(value: unknown): value is Json {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The statements of a document, one or a list; undefined when there is something else. */
export function statementsOf(document: Json): Json[] | undefined {
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  return statements.length > 0 && statements.every(isObject) ? statements : undefined;
}

/** One string or a list of strings, as a list; undefined for anything else. Numbers and booleans count as their text. */
export function stringsOf(value: unknown): string[] | undefined {
  const values = Array.isArray(value) ? value : [value];
  return values.every((one) => ["string", "number", "boolean"].includes(typeof one)) ? values.map(String) : undefined;
}

/** A list of resources may contain null, which names nothing. Source: getmoto/moto test_iam_policies.py. */
export function withoutNull(value: unknown): unknown {
  return Array.isArray(value) ? value.filter((one) => one !== null) : (value ?? []);
}

/** An operator without its set qualifier and `IfExists`. */
export function bareOperator(operator: string): string {
  return operator.replace(/^For(AllValues|AnyValue):/, "").replace(/IfExists$/, "");
}

/** The document when it follows the grammar. The exact case of Effect is judged later, after the version. */
export function parse(text: string, notJson: string): { document: Json; statements: Json[] } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed(notJson);
  }
  if (!isObject(document)) throw malformed(notJson);
  const statements = statementsOf(document);
  const known =
    Object.keys(document).every((name) => TOP.includes(name)) &&
    ["2012-10-17", "2008-10-17", undefined].includes(document.Version as string) &&
    isTextOrAbsent(document.Id);
  if (!known || !statements?.every(isStatement)) throw malformed(SYNTAX);
  return { document, statements };
}

function isStatement(statement: Json): boolean {
  const { Sid, Effect, Condition } = statement;
  return (
    Object.keys(statement).every((name) => STATEMENT.includes(name)) &&
    isTextOrAbsent(Sid) &&
    typeof Effect === "string" &&
    /^(allow|deny)$/i.test(Effect) &&
    [statement.Action, statement.NotAction].every((value) => stringsOf(value ?? []) !== undefined) &&
    [statement.Resource, statement.NotResource].every((value) => stringsOf(withoutNull(value)) !== undefined) &&
    !("Action" in statement && "NotAction" in statement) &&
    !("Resource" in statement && "NotResource" in statement) &&
    (Condition === undefined || isCondition(Condition))
  );
}

/** An operator without keys may have any name. */
function isCondition(condition: unknown): boolean {
  return (
    isObject(condition) &&
    Object.entries(condition).every(
      ([operator, keys]) =>
        isObject(keys) &&
        Object.values(keys).every((value) => stringsOf(value) !== undefined) &&
        (Object.keys(keys).length === 0 || OPERATORS.has(bareOperator(operator))),
    )
  );
}

const isTextOrAbsent = (value: unknown) => value === undefined || typeof value === "string";

/** Every value of a date operator is a date. */
export function datesAreDates(condition: unknown): boolean {
  return Object.entries((condition as Json | undefined) ?? {})
    .filter(([operator]) => bareOperator(operator).startsWith("Date"))
    .flatMap(([, keys]) => Object.values(keys as Json).flatMap((value) => stringsOf(value) ?? []))
    .every(isDate);
}

const DATE =
  /^(-?\d+)(?:-(\d{1,2}))?(?:-(\d{1,2}))?(?:t(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.\d{1,9})?(?:z|[+-](\d\d)(?::(\d\d))?)?)?)?)?)?$/i;

/** Seconds since 1970 that fit into 63 bits, or as much of an ISO 8601 date as there is: `01T` passes. */
function isDate(text: string): boolean {
  if (/^\d+$/.test(text)) return BigInt(text) < 2n ** 63n;
  const parts = DATE.exec(text);
  if (!parts) return false;
  const [year, month, day, hour, minute, second, zoneHour, zoneMinute] = parts
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  const within = (value: number | undefined, least: number, most: number) =>
    value === undefined || (value >= least && value <= most);
  return (
    within(year, -292_275_054, 292_278_993) &&
    within(month, 1, 12) &&
    within(day, 1, 31) &&
    within(hour, 0, 23) &&
    within(minute, 0, 59) &&
    within(second, 0, 59) &&
    within(zoneHour, 0, 23) &&
    within(zoneMinute, 0, 59)
  );
}
