/** Condition operators: how one value of the request compares with one value of the policy. */
import { BlockList, isIP } from "node:net";
import type { Context } from "./context.ts";
import { fill, literal, matches, matchesArn, type Pattern, wildcards } from "./match.ts";
import type { Truth } from "./truth.ts";

export interface Operator {
  /** True for StringNotEquals and its kind: `matches` is then of the operator without Not. */
  negated: boolean;
  /** `actual` is a value of the request, `wanted` one of the policy. */
  matches(actual: string, wanted: string, context: Context, variables: boolean): Truth;
}
type Compare = Operator["matches"];

/** String and ARN operators take policy variables. */
const text =
  (read: (plain: string) => Pattern, compare: (pattern: Pattern, actual: string) => Truth): Compare =>
  (actual, wanted, context, variables) => {
    const pattern = variables ? fill(wanted, context, read) : read(wanted);
    // Without a value the comparison cannot be made, and a negated operator must not take that for a difference.
    if (pattern === undefined) return `a variable of ${wanted} has no value`;
    return typeof pattern === "string" ? pattern : compare(pattern, actual);
  };

const lowered = (pattern: Pattern): Pattern =>
  pattern.map((part) => (typeof part === "string" ? part.toLowerCase() : part));
const arn = text(wildcards, matchesArn);

/** Both sides read by `read`; a value that it does not understand leaves the answer open. */
const ordered =
  (
    kind: string,
    read: (value: string) => number | undefined,
    holds: (actual: number, wanted: number) => boolean,
  ): Compare =>
  (actual, wanted) => {
    const [left, right] = [read(actual), read(wanted)];
    if (left === undefined) return `the request's value ${actual} is not a ${kind}`;
    if (right === undefined) return `the policy's value ${wanted} is not a ${kind}`;
    return holds(left, right);
  };

const ORDERS: Record<string, (actual: number, wanted: number) => boolean> = {
  Equals: (actual, wanted) => actual === wanted,
  LessThan: (actual, wanted) => actual < wanted,
  LessThanEquals: (actual, wanted) => actual <= wanted,
  GreaterThan: (actual, wanted) => actual > wanted,
  GreaterThanEquals: (actual, wanted) => actual >= wanted,
};

const number = (value: string) => (/^[+-]?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined);

/** ISO 8601, or seconds since 1970. In milliseconds. */
function date(value: string): number | undefined {
  if (/^\d{5,12}$/.test(value)) return Number(value) * 1000;
  if (!/^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?$/i.test(value)) return undefined;
  const at = Date.parse(value.toUpperCase());
  return Number.isNaN(at) ? undefined : at;
}

const bool: Compare = (actual, wanted) => {
  for (const value of [actual, wanted]) if (!/^(true|false)$/i.test(value)) return `${value} is neither true nor false`;
  return actual.toLowerCase() === wanted.toLowerCase();
};

const ip: Compare = (actual, wanted) => {
  const family = isIP(actual);
  const [, address, bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(wanted) ?? [];
  const range = isIP(address ?? "");
  const most = range === 6 ? 128 : 32;
  if (family === 0) return `the request's value ${actual} is not an IP address`;
  if (range === 0 || Number(bits ?? most) > most) return `the policy's value ${wanted} is not a range of IP addresses`;
  if (family !== range) return false;
  const list = new BlockList();
  list.addSubnet(address!, Number(bits ?? most), range === 6 ? "ipv6" : "ipv4");
  return list.check(actual, family === 6 ? "ipv6" : "ipv4");
};

const binary: Compare = (actual, wanted) => {
  for (const value of [actual, wanted]) if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return `${value} is not base64`;
  return Buffer.from(actual, "base64").equals(Buffer.from(wanted, "base64"));
};

const positive: Record<string, Compare> = {
  StringEquals: text(literal, matches),
  StringEqualsIgnoreCase: text(literal, (pattern, actual) => matches(lowered(pattern), actual.toLowerCase())),
  StringLike: text(wildcards, matches),
  ArnEquals: arn,
  ArnLike: arn,
  NumericEquals: ordered("number", number, ORDERS.Equals!),
  DateEquals: ordered("date", date, ORDERS.Equals!),
  IpAddress: ip,
};

export const OPERATORS: Record<string, Operator | undefined> = Object.assign(Object.create(null), {
  ...Object.fromEntries(
    Object.entries(positive).map(([name, compare]) => [name, { negated: false, matches: compare }]),
  ),
  ...Object.fromEntries(
    Object.entries(positive).map(([name, compare]) => [negation(name), { negated: true, matches: compare }]),
  ),
  ...Object.fromEntries(
    Object.entries(ORDERS)
      .filter(([order]) => order !== "Equals")
      .flatMap(([order, holds]) => [
        [`Numeric${order}`, { negated: false, matches: ordered("number", number, holds) }],
        [`Date${order}`, { negated: false, matches: ordered("date", date, holds) }],
      ]),
  ),
  Bool: { negated: false, matches: bool },
  BinaryEquals: { negated: false, matches: binary },
});

/** StringEquals → StringNotEquals, IpAddress → NotIpAddress. */
function negation(name: string): string {
  return name === "IpAddress" ? "NotIpAddress" : name.replace(/^(String|Arn|Numeric|Date)/, "$1Not");
}
