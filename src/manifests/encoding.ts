/**
 * Bytes of a CSV file to text. Spreadsheets write UTF-8 with or without a mark, UTF-16 ("Unicode text"), or the code page of the
 * machine: Windows-1252 in Western Europe and America, Windows-1250 in Central Europe. No code page announces itself, so a line that
 * would read otherwise in the other one is a problem wherever the letters do not settle it.
 */
import { analyse } from "chardet";

interface DecodedCsv {
  text: string;
  /** Lines (from 1) whose letters are not certain. */
  problems: { line: number; message: string }[];
}

const ADVICE = "save the file as UTF-8 (in Excel: CSV UTF-8)";

export function decodeCsv(bytes: Uint8Array): DecodedCsv {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = utf16(buffer);
  if (wide) return { text: new TextDecoder(wide).decode(buffer), problems: [] };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(buffer), problems: [] };
  } catch {
    return codePage(buffer);
  }
}

/** By its mark, or because ASCII in UTF-16 has a zero in every other place. */
function utf16(buffer: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return "utf-16le";
  if (buffer[0] === 0xfe && buffer[1] === 0xff) return "utf-16be";
  const start = buffer.subarray(0, 200);
  const zeros = [0, 0];
  for (const [index, byte] of start.entries()) if (byte === 0) zeros[index % 2]!++;
  if (zeros[1]! > start.length / 4 && zeros[0] === 0) return "utf-16le";
  return zeros[0]! > start.length / 4 && zeros[1] === 0 ? "utf-16be" : undefined;
}

const WESTERN = /^(windows-1252|ISO-8859-1)$/;
const CENTRAL = /^(windows-1250|ISO-8859-2)$/;
/** Confidence of the detector, 0 to 100, from which its guess counts, and how much better than the other it must be: a wrong name is worse than a question. */
const LEAST = 40;
const FACTOR = 2;
/** From this share on the guess of a third code page is reported. */
const FOREIGN = 30;

function codePage(buffer: Buffer): DecodedCsv {
  const western = new TextDecoder("windows-1252").decode(buffer);
  const central = new TextDecoder("windows-1250").decode(buffer);
  const guesses = analyse(lettersOf(buffer));
  const confidence = (names: RegExp) =>
    Math.max(0, ...guesses.filter(({ name }) => names.test(name)).map((one) => one.confidence));
  const [west, centre] = [confidence(WESTERN), confidence(CENTRAL)];
  const [first] = guesses;
  if (first && first.confidence >= FOREIGN && first.confidence > Math.max(west, centre))
    return {
      text: western,
      problems: [{ line: lineOf(buffer), message: `the file looks like ${first.name}; ${ADVICE}` }],
    };
  // A byte that stands for nothing in one of the two rules it out.
  if (unassigned(western) !== unassigned(central))
    return { text: unassigned(western) ? central : western, problems: [] };
  if (west >= LEAST && west >= FACTOR * centre) return { text: western, problems: [] };
  if (centre >= LEAST && centre >= FACTOR * west) return { text: central, problems: [] };
  const others = central.split("\n");
  const problems = western.split("\n").flatMap((line, index) => {
    const [one, other] = differing(line, others[index] ?? "");
    return one === undefined
      ? []
      : [
          {
            line: index + 1,
            message: `"${one}" or "${other}": the file does not say which letters it means; ${ADVICE}`,
          },
        ];
  });
  return { text: western, problems };
}

const unassigned = (text: string) => /[\u0080-\u009f]/.test(text);

/** The words that hold a letter beyond ASCII: English headings would drown them. */
function lettersOf(buffer: Buffer): Buffer {
  const words = buffer.toString("latin1").match(/[A-Za-z\u0080-\u00ff]+/g) ?? [];
  return Buffer.from(words.filter((word) => /[\u0080-\u00ff]/.test(word)).join(" "), "latin1");
}

const lineOf = (buffer: Buffer): number => {
  const at = buffer.findIndex((byte) => byte >= 0x80);
  return buffer.subarray(0, at).toString("latin1").split("\n").length;
};

/** The first word that reads otherwise. */
function differing(line: string, other: string): [string, string] | [] {
  const words = line.split(/[;,\t\s]+/);
  const others = other.split(/[;,\t\s]+/);
  const at = words.findIndex((word, index) => word !== others[index]);
  return at < 0 ? [] : [words[at]!, others[at] ?? ""];
}
