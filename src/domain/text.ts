/**
 * Text from specs and clouds, made safe once per medium at the edge where it leaves the program. Nothing is dropped silently: what a
 * medium would obey is written as an escape that a person sees.
 */

/**
 * What no medium may obey: controls (ESC and line breaks among them), line and paragraph separators, format characters (direction, no
 * width, tags) and halves of a surrogate pair. The two joiners stay: emoji and Persian names need them.
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const NAMES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function visible(character: string): string {
  const hex = character.codePointAt(0)!.toString(16);
  return NAMES[character] ?? (hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`);
}

/** One line, everything unsafe as a visible escape. The base of all others. */
const plainLine = (text: string): string => text.replace(UNSAFE, visible);

/** A terminal: one line that neither moves the cursor, nor changes a colour, nor turns its direction. */
export const terminalText = plainLine;

/** Text of JSON, laid out or not: the same data, with escapes for what a terminal would obey. */
export const jsonText = (text: string): string =>
  text.replace(UNSAFE, (one) => (one === "\n" ? one : unitEscapes(one)));

const unitEscapes = (text: string): string =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");

/** Text of YAML in which every string with such characters is in double quotes. */
export const yamlText = (text: string): string =>
  text.replace(UNSAFE, (one) =>
    one === "\n" ? one : one.length > 1 ? `\\U${one.codePointAt(0)!.toString(16).padStart(8, "0")}` : unitEscapes(one),
  );

/** Whether a terminal would obey something in it. */
export const isUnsafe = (text: string): boolean => text !== plainLine(text);

/** A comment of YAML: one line, so that nothing behind it becomes a document. */
export const yamlComment = plainLine;

/** A line of CSV (RFC 4180) with its end. What a spreadsheet would take for a formula begins with an apostrophe. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(",")}\r\n`;

function csvCell(text: string): string {
  const line = plainLine(text);
  const safe = /^[=+\-@]/.test(line) ? `'${line}` : line;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const HTML: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text and quoted attributes of HTML. */
export const htmlText = (text: string): string => plainLine(text).replace(/[&<>"']/g, (character) => HTML[character]!);

/**
 * Inline text of Markdown, also in a table: no markup, no HTML, no image. A character without width keeps GitHub, GitLab and Azure DevOps from
 * taking it for a mention, a label or a reference.
 */
export const markdownText = (text: string): string =>
  plainLine(text)
    .replace(/[\\`*_{}[\]()<>|~+.!-]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replace(/[@#]/g, "&#8203;$&&#8203;")
    .replace(/:\/\//g, ":&#8203;//")
    .replace(/\bwww\\\./gi, "www&#8203;\\.")
    .replace(/\bGH\\-(?=\d)/gi, "GH&#8203;\\-");

/** Inline code of Markdown, outside tables: everything in it is literal, backticks included. */
export function markdownCode(text: string): string {
  const line = plainLine(text);
  const fence = "`".repeat(longestRun(line) + 1);
  const pad = line === "" || /^[` ]|[` ]$/.test(line) ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A block of code: `lines` are joined, and the fence is longer than any in them. */
export function markdownBlock(lines: readonly string[], language = ""): string {
  const safe = lines.map(plainLine);
  const fence = "`".repeat(Math.max(3, longestRun(safe.join("\n")) + 1));
  return `${fence}${language}\n${safe.join("\n")}\n${fence}`;
}

const longestRun = (text: string): number =>
  (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0);

/** `3 users`, `1 user`. Only for words whose plural takes an s. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** The first of a list: `a, b and 3 more`; with a mark `a; b; and 3 more`. */
export function listed(names: readonly string[], most = 5, mark: "" | "," | ";" = ""): string {
  const shown = names.slice(0, most).join(`${mark || ","} `);
  return names.length > most ? `${shown}${mark} and ${names.length - most} more` : shown;
}

/** At most `max` characters (UTF-16 units, at least 1), with an ellipsis where something is missing; no surrogate pair is torn. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = max - 1;
  const high = text.charCodeAt(end - 1);
  return `${text.slice(0, high >= 0xd800 && high <= 0xdbff ? end - 1 : end)}…`;
}

/** A copy of plain data with every string changed, keys included; what is not plain (dates, functions) stays as it is. */
export function everyString<T>(value: T, change: (text: string) => string): T {
  if (typeof value === "string") return change(value) as T;
  if (Array.isArray(value)) return value.map((one) => everyString(one, change)) as T;
  if (value instanceof Map)
    return new Map([...value].map(([key, one]) => [everyString(key, change), everyString(one, change)])) as T;
  if (value instanceof Set) return new Set([...value].map((one) => everyString(one, change))) as T;
  if (value === null || typeof value !== "object" || ![Object.prototype, null].includes(Object.getPrototypeOf(value)))
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [change(key), everyString(one as unknown, change)]),
  ) as T;
}
