/** What may be printed where: colours and redrawing on a terminal only, never with NO_COLOR; lines no wider than the terminal. */

export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  busy(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
}

/** NO_COLOR (any value that is not empty) wins over FORCE_COLOR, which wins over what the stream is. */
export function hasColours(stream: Stream = process.stdout, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0";
  return stream.isTTY === true && env.TERM !== "dumb";
}

export function paint(on = hasColours()): Paint {
  const code = (number: number) => (text: string) => (on ? `\u001b[${number}m${text}\u001b[0m` : text);
  return { good: code(32), bad: code(31), busy: code(33), dim: code(2), bold: code(1) };
}

/** Columns of the terminal; undefined where output goes to a file or a pipe, which is not wrapped. */
export function width(stream: Stream = process.stdout, env: NodeJS.ProcessEnv = process.env): number | undefined {
  const given = Number(env.COLUMNS);
  if (stream.isTTY) return stream.columns ?? (given > 0 ? given : 80);
  return undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const COLOUR = /\u001b\[[0-9;]*m/g;

const SEGMENTS = new Intl.Segmenter();
/** East Asian wide and full-width characters, and what is drawn as a picture. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const PLAIN = /^[\x20-\x7e]*$/;

/** Columns that a text takes on a terminal, colours not counted. */
export function visibleLength(text: string): number {
  const bare = text.replace(COLOUR, "");
  if (PLAIN.test(bare)) return bare.length;
  let columns = 0;
  for (const { segment } of SEGMENTS.segment(bare)) columns += WIDE.test(segment) ? 2 : 1;
  return columns;
}

/** Cut to `columns` with an ellipsis; a colour that is open there is closed. */
export function truncate(text: string, columns: number): string {
  if (visibleLength(text) <= columns) return text;
  let cut = "";
  let used = 0;
  for (const part of text.split(new RegExp(`(${COLOUR.source})`))) {
    if (part.startsWith("\u001b")) {
      cut += part;
      continue;
    }
    for (const { segment } of SEGMENTS.segment(part)) {
      const size = visibleLength(segment);
      if (used + size > columns - 1) return `${cut}…${cut.includes("\u001b") ? "\u001b[0m" : ""}`;
      cut += segment;
      used += size;
    }
  }
  return cut;
}

/** Breaks a line between words; what follows the first line begins with `indent` (columns, or the text itself). Words that are too long stay whole. */
export function wrap(text: string, columns: number | undefined, indent: number | string = 0): string {
  if (columns === undefined || visibleLength(text) <= columns) return text;
  const lead = /^\s*/.exec(text)![0];
  const lines: string[] = [];
  let line = lead;
  for (const word of text.slice(lead.length).split(" ")) {
    const next = line.trim() === "" ? `${line}${word}` : `${line} ${word}`;
    if (visibleLength(next) > columns && line.trim() !== "") {
      lines.push(line);
      line = `${typeof indent === "number" ? " ".repeat(indent) : indent}${word}`;
    } else line = next;
  }
  return [...lines, line].join("\n");
}
