/**
 * What may stand at the end of an unfinished command line. Speaks the protocol that kubectl and the scripts of completion.ts read:
 * a line `value TAB what` for each candidate, then `:N` with 0 (files may follow) or 4 (no files).
 */
import type { ArgumentSpec, CommandSpec, Completion, GroupSpec, OptionSpec } from "../command.ts";

export interface Candidate {
  value: string;
  what?: string;
}
interface Answer {
  candidates: Candidate[];
  directive: 0 | 4;
}
interface Table {
  groups: readonly GroupSpec[];
  commands: readonly CommandSpec[];
}
/** Options typed so far, by long name; "true" for one without a value. */
export type Typed = Readonly<Record<string, string>>;
/** Names that only the cluster or the manifests know. */
export type Names = (kind: Exclude<Completion, readonly string[]>, typed: Typed) => Promise<Candidate[]>;

const NOTHING: Answer = { candidates: [], directive: 4 };
const FILES: Answer = { candidates: [], directive: 0 };

/** `words` after the program's name; the last one is being typed and may be empty. */
export async function candidates(table: Table, words: readonly string[], names: Names): Promise<Answer> {
  const last = words.at(-1) ?? "";
  const before = words.slice(0, -1).filter((word, index) => index > 0 || word !== "help");
  const { command, group, rest } = findCommand(table, before);
  if (!command) return rest.length > 0 ? NOTHING : starting(firstWords(table, group), last);
  const options = command.options.map(parsed);
  const { values, positional, open } = readLine(options, rest);
  const inline = /^(--[^=]+)=(.*)$/s.exec(last);
  if (inline) {
    const answer = await valuesOf(options.find(({ long }) => long === inline[1])?.spec, inline[2]!, names, values);
    return { ...answer, candidates: answer.candidates.map((one) => ({ ...one, value: `${inline[1]}=${one.value}` })) };
  }
  if (open) return valuesOf(open.spec, last, names, values);
  if (last.startsWith("-")) {
    const flags = options.map(({ long, spec }) => ({ value: long, what: spec.description }));
    return starting([...flags, { value: "--help", what: "display help for command" }], last);
  }
  const argument: ArgumentSpec | undefined = command.arguments?.[positional];
  if (!argument) return NOTHING;
  return argument.complete ? offer(argument.complete, last, names, values) : FILES;
}

function findCommand({ commands, groups }: Table, [first = "", second = "", ...more]: readonly string[]) {
  const command =
    commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first);
  const group = command ? undefined : groups.find(({ name }) => name === first)?.name;
  const given = [first, second, ...more].filter((word, index) => word !== "" || index > 1);
  return { command, group, rest: given.slice(command ? command.name.split(" ").length : group ? 1 : 0) };
}

function firstWords({ commands, groups }: Table, group: string | undefined): Candidate[] {
  const prefix = group ? `${group} ` : "";
  const here = commands.filter(({ name }) => name.startsWith(prefix) && !name.slice(prefix.length).includes(" "));
  const words = here.map(({ name, summary }) => ({ value: name.slice(prefix.length), what: summary }));
  if (group) return words;
  return [...words, ...groups.map(({ name, summary }) => ({ value: name, what: summary })), { value: "help" }];
}

interface Parsed {
  short: string | undefined;
  long: string;
  takesValue: boolean;
  spec: OptionSpec;
}
function parsed(spec: OptionSpec): Parsed {
  const words = spec.flags.split(/[ ,]+/);
  return {
    short: words.find((word) => /^-\w$/.test(word)),
    long: words.find((word) => word.startsWith("--"))!,
    takesValue: /[<[]/.test(spec.flags),
    spec,
  };
}

/** Values so far, how many positional words, and an option that still waits for its value. */
function readLine(options: Parsed[], words: readonly string[]) {
  const values: Record<string, string> = {};
  let positional = 0;
  let open: Parsed | undefined;
  for (const word of words) {
    if (open) {
      values[open.long] = word;
      open = undefined;
      continue;
    }
    const [name = "", value] = word.split(/=(.*)/s);
    const option = options.find(({ short, long }) => name === short || name === long);
    if (!option) positional += word.startsWith("-") && word !== "-" ? 0 : 1;
    else if (value !== undefined) values[option.long] = value;
    else if (option.takesValue) open = option;
    else values[option.long] = "true";
  }
  return { values, positional, open };
}

async function valuesOf(spec: OptionSpec | undefined, last: string, names: Names, typed: Typed): Promise<Answer> {
  if (!spec) return NOTHING;
  if (/<(file|path|dir)>/.test(spec.flags)) return FILES;
  const complete = spec.choices ?? spec.complete;
  return complete ? offer(complete, last, names, typed) : NOTHING;
}

/** No cluster, or no right to list: nothing to offer, and no one to report to. */
async function offer(complete: Completion, last: string, names: Names, typed: Typed): Promise<Answer> {
  const all = typeof complete === "string" ? await names(complete, typed).catch(() => []) : complete.map(asCandidate);
  return starting(all, last);
}

const asCandidate = (value: string): Candidate => ({ value });
const starting = (all: Candidate[], last: string): Answer => ({
  candidates: all.filter(({ value }) => value.startsWith(last)),
  directive: 4,
});

/** `connect-sso __complete WORD…` */
export async function complete(table: Table, words: readonly string[]): Promise<void> {
  const { nameSource } = await import("../completion-names.ts");
  const answer = await candidates(table, words.length > 0 ? words : [""], nameSource);
  const lines = answer.candidates.map(({ value, what }) => (what ? `${value}\t${what}` : value));
  process.stdout.write(`${[...lines, `:${answer.directive}`].join("\n")}\n`);
}
