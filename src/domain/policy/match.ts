/** Wildcards, ARNs and policy variables. Sources: IAM user guide, "Resource element", "Policy variables", "ARN condition operators". */
import type { Context } from "./context.ts";
import { all, any, type Truth } from "./truth.ts";

/** A pattern in pieces: text that stands for itself, and the wildcards `*` and `?`. */
export type Pattern = Piece[];
type Piece = string | typeof MANY | typeof ONE;
const MANY = Symbol("*");
const ONE = Symbol("?");

/** Every `*` and `?` of the text is a wildcard. */
export function wildcards(text: string): Pattern {
  return text
    .split(/([*?])/)
    .filter((part) => part !== "")
    .map((part) => (part === "*" ? MANY : part === "?" ? ONE : part));
}

/** No wildcards at all: what StringEquals compares. */
export const literal = (text: string): Pattern => (text === "" ? [] : [text]);

/**
 * The text with its variables filled in; a value that is filled in never acts as a wildcard. A variable without a value, or with
 * several, makes it `undefined` (the text matches nothing) or a reason why that is not known.
 */
export function fill(text: string, context: Context, read: (plain: string) => Pattern): Pattern | string | undefined {
  const pattern: Pattern = [];
  for (const part of text.split(/(\$\{[^}]*\})/)) {
    const inner = /^\$\{(.*)\}$/s.exec(part)?.[1];
    if (inner === undefined) {
      pattern.push(...read(part));
      continue;
    }
    // `${*}`, `${?}` and `${$}` stand for the characters themselves.
    if (["*", "?", "$"].includes(inner)) {
      pattern.push(inner);
      continue;
    }
    const [, name, fallback] = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)')?\s*$/.exec(inner) ?? [];
    if (name === undefined) return `the policy variable \${${inner}} cannot be read`;
    const values = context.valuesOf(name);
    if (values === "unknown") return `the value of \${${name}} is not known`;
    if (values.length > 1) return `\${${name}} has several values`;
    const value = values[0] ?? fallback;
    if (value === undefined) return undefined;
    pattern.push(value);
  }
  return pattern;
}

/** Whether the whole text matches, in time proportional to pattern times text. */
export function matches(pattern: Pattern, text: string): boolean {
  const tokens = pattern.flatMap((part): Piece[] => (typeof part === "string" ? [...part] : [part]));
  const characters = [...text];
  let [token, at, star, resume] = [0, 0, -1, 0];
  while (at < characters.length) {
    const want = tokens[token];
    if (want === MANY) {
      star = token++;
      resume = at;
    } else if (want === ONE || (want !== undefined && want === characters[at])) {
      token++;
      at++;
    } else if (star >= 0) {
      // The last `*` takes one character more.
      token = star + 1;
      at = ++resume;
    } else return false;
  }
  while (tokens[token] === MANY) token++;
  return token === tokens.length;
}

/** Actions are compared without case. */
export const matchesAction = (pattern: string, action: string): boolean =>
  matches(wildcards(pattern.toLowerCase()), action.toLowerCase());

/**
 * A Resource. Wildcards stay within a segment of an ARN, except a `*` at the very end; where a wildcard would have to run over a colon
 * elsewhere, the guide and reports about the service disagree, and so the answer is not known.
 */
function matchesResource(pattern: Pattern, resource: string): Truth {
  if (!matches(pattern, resource)) return false;
  if (pattern.every((piece) => typeof piece === "string")) return true;
  const parts = segments(pattern);
  const wanted = resource.split(":");
  if (parts.length === 1 && pattern.length === 1 && pattern[0] === MANY) return true;
  const open = parts.at(-1)?.at(-1) === MANY;
  const last = Math.min(parts.length, 6) - 1;
  const within =
    parts.length >= 6 || open
      ? parts.slice(0, last).every((part, index) => matches(part, wanted[index] ?? "")) &&
        matches(parts.slice(last).reduce(joined), wanted.slice(last).join(":"))
      : false;
  return within || `whether a wildcard of ${show(pattern)} runs over a colon is not documented`;
}

/** ArnLike and ArnEquals behave the same: each of the six segments is matched by itself, and the last may hold colons. */
export function matchesArn(pattern: Pattern, arn: string): Truth {
  const parts = segments(pattern);
  if (parts.length < 6) return `${show(pattern)} is not an ARN of six segments`;
  const wanted = arn.split(":");
  if (wanted.length < 6 || wanted[0] !== "arn") return false;
  const tail = parts.slice(5).reduce(joined);
  return (
    parts.slice(0, 5).every((part, index) => matches(part, wanted[index]!)) && matches(tail, wanted.slice(5).join(":"))
  );
}

function segments(pattern: Pattern): Pattern[] {
  const parts: Pattern[] = [[]];
  for (const piece of pattern) {
    if (typeof piece !== "string") {
      parts.at(-1)!.push(piece);
      continue;
    }
    for (const [index, text] of piece.split(":").entries()) {
      if (index > 0) parts.push([]);
      if (text !== "") parts.at(-1)!.push(text);
    }
  }
  return parts;
}

const joined = (left: Pattern, right: Pattern): Pattern => [...left, ":", ...right];
const show = (pattern: Pattern): string =>
  pattern.map((piece) => (piece === MANY ? "*" : piece === ONE ? "?" : piece)).join("");

/** Whether any of the patterns of a Resource matches. A variable without a value matches nothing. */
export function anyResource(patterns: string[], resource: string, context: Context, variables: boolean): Truth {
  return any(
    patterns.map((text) => {
      const pattern = variables ? fill(text, context, wildcards) : wildcards(text);
      if (pattern === undefined) return false;
      return typeof pattern === "string" ? pattern : matchesResource(pattern, resource);
    }),
  );
}

/** As `anyResource` for NotResource: there a variable without a value leaves the answer open. */
export function noResource(patterns: string[], resource: string, context: Context, variables: boolean): Truth {
  return all(
    patterns.map((text) => {
      const pattern = variables ? fill(text, context, wildcards) : wildcards(text);
      if (pattern === undefined) return `a variable of ${text} has no value`;
      if (typeof pattern === "string") return pattern;
      const found = matchesResource(pattern, resource);
      return typeof found === "string" ? found : !found;
    }),
  );
}
