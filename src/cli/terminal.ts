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

/** Columns of the terminal; undefined where output goes to a file or a pipe, which nobody wraps. */
export function width(stream: Stream = process.stdout, env: NodeJS.ProcessEnv = process.env): number | undefined {
  const given = Number(env.COLUMNS);
  if (stream.isTTY) return stream.columns ?? (given > 0 ? given : 80);
  return undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const COLOUR = /\u001b\[[0-9;]*m/g;

/** Columns that a text takes, colours not counted. */
export function visibleLength(text: string): number {
  return [...text.replace(COLOUR, "")].length;
}

/** Breaks a line between words; what follows the first line is indented by `indent` columns. Words that are too long stay whole. */
export function wrap(text: string, columns: number | undefined, indent = 0): string {
  if (columns === undefined || visibleLength(text) <= columns) return text;
  const lead = /^\s*/.exec(text)![0];
  const lines: string[] = [];
  let line = lead;
  for (const word of text.slice(lead.length).split(" ")) {
    const next = line.trim() === "" ? `${line}${word}` : `${line} ${word}`;
    if (visibleLength(next) > columns && line.trim() !== "") {
      lines.push(line);
      line = `${" ".repeat(indent)}${word}`;
    } else line = next;
  }
  return [...lines, line].join("\n");
}
