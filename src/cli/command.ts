/**
 * How a command is declared. The table of all commands is catalogue/; from it come the parser, `--help`, the shell completions and
 * docs/cli.md. To add a command: one entry there, and one file in commands/ that exports its function. The function gets its positional
 * arguments and options, prints to standard output what was asked for and to standard error what is meant for people only, and returns
 * the exit code. Whatever it imports is loaded only when it runs, so that `--help` stays fast.
 */
import { type Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { terminalText } from "../domain/text.ts";
import { readableStack } from "../observability/stack.ts";

export interface OptionSpec {
  /** As commander reads it: "-f, --filename <path>". */
  flags: string;
  description: string;
  default?: string | boolean;
  choices?: readonly string[];
  required?: boolean;
  /** Variable that sets it, shown in the help. */
  env?: string;
  complete?: Completion;
}

/** What a shell offers for a value: these words, or names of this kind. Paths need none: `<file>` and `<path>` say so. */
export type Completion = readonly string[] | "persona" | "user" | "any" | "namespace" | "context";

export interface ArgumentSpec {
  name: string;
  description: string;
  required?: boolean;
  /** Default: files. */
  complete?: Completion;
}

export interface CommandSpec {
  /** "plan", or "saml decode" for a command of a group. */
  name: string;
  summary: string;
  /** Paragraphs behind the summary. */
  details?: string;
  arguments?: ArgumentSpec[];
  options: readonly OptionSpec[];
  examples: { what: string; line: string }[];
  /** Meaning of each exit code. */
  exitCodes: Record<number, string>;
  run: Run;
}

// biome-ignore lint/suspicious/noExplicitAny: a table of commands holds functions of all signatures; `command` checks each
type Run = () => Promise<(...values: any[]) => Promise<number>>;

/** "filename" of "-f, --filename <path>", "wait" of "--no-wait". */
type OptionName<Flags extends string> = Flags extends `${string}--no-${infer Rest}`
  ? Camel<FirstWord<Rest>>
  : Flags extends `${string}--${infer Rest}`
    ? Camel<FirstWord<Rest>>
    : never;
type FirstWord<Text extends string> = Text extends `${infer Word} ${string}` ? Word : Text;
type Camel<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Text;

/** Names of the options that a command's function reads: its last parameter. */
type Read<R extends Run> =
  Awaited<ReturnType<R>> extends (...values: [...infer _, infer Options]) => unknown
    ? Options extends object
      ? keyof Options & string
      : never
    : never;

/** A command; one whose function reads an option that it does not declare, such as a misspelt one, does not compile. */
export function command<const Options extends readonly OptionSpec[], R extends Run>(
  spec: Omit<CommandSpec, "options" | "run"> & {
    options: Options;
    run: R &
      (Exclude<Read<R>, OptionName<Options[number]["flags"]>> extends never
        ? unknown
        : { undeclared: Exclude<Read<R>, OptionName<Options[number]["flags"]>> });
  },
): CommandSpec {
  return spec;
}

/** A group of commands, `saml` of `saml decode`. */
export interface GroupSpec {
  name: string;
  summary: string;
}

/** A mistake or a state that the caller can fix: printed as one line and a hint, without a stack. */
export class CliError extends Error {
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, options: { hint?: string; exitCode?: number } = {}) {
    super(message);
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

export function buildProgram(
  program: Command,
  groups: GroupSpec[],
  commands: CommandSpec[],
  done: (exitCode: number) => void,
): Command {
  const parents = new Map<string, Command>([["", program]]);
  for (const { name, summary } of groups) parents.set(name, program.command(name).description(summary));
  for (const spec of commands) {
    const words = spec.name.split(" ");
    const parent = parents.get(words.slice(0, -1).join(" "))!;
    const command = parent.command(words.at(-1)!).summary(spec.summary).description(describe(spec));
    for (const { name, description, required } of spec.arguments ?? [])
      command.argument(required ? `<${name}>` : `[${name}]`, description);
    for (const option of spec.options) command.addOption(optionOf(option));
    command.addHelpText("after", footer(spec, program.name()));
    command.showHelpAfterError(`(${program.name()} ${spec.name} --help shows its arguments and options)`);
    command.action(async (...values: unknown[]) => {
      // Commander appends itself.
      const run = await spec.run();
      done(await run(...values.slice(0, -1)));
    });
  }
  return program;
}

/** Summary as a sentence, and the paragraphs behind it. */
export function describe({ summary, details }: CommandSpec): string {
  const sentence = `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
  return details ? `${sentence}\n\n${details}` : sentence;
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.description);
  if (spec.default !== undefined) option.default(spec.default);
  if (spec.choices) option.choices(spec.choices);
  if (spec.required) option.makeOptionMandatory();
  if (spec.env) option.env(spec.env);
  return option;
}

function footer({ examples, exitCodes }: CommandSpec, program: string): string {
  const called = (line: string) => line.replaceAll(/\bconnect-sso (?=[a-z])/g, `${program} `);
  const shown = examples.map(({ what, line }) => `  # ${what}\n  ${called(line)}`).join("\n\n");
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return `\nExamples:\n${shown}\n\nExit codes:\n${codes.join("\n")}\n`;
}

/** Runs the program; every failure becomes one line on standard error, and the exit code. */
export async function main(program: Command, argv = process.argv): Promise<void> {
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`connect-sso: ${terminalText(message)}\n`);
    const hint = error instanceof CliError ? error.hint : hintOf(error as NodeJS.ErrnoException);
    if (hint) process.stderr.write(`  ${terminalText(hint)}\n`);
    if (process.env.CONNECT_SSO_DEBUG && error instanceof Error)
      process.stderr.write(`${readableStack(error.stack ?? "")}\n`);
    process.exitCode = error instanceof CliError ? error.exitCode : 1;
  }
}

/** What helps with an error of the operating system. */
function hintOf({ code }: NodeJS.ErrnoException): string | undefined {
  if (code !== "EADDRINUSE") return undefined;
  return "another process listens there: stop it, or choose another port with --listen (sandbox), --metrics-bind-address or --health-probe-bind-address (run)";
}

/** "10m", "90s", "1h30m" in milliseconds. Throws what the parser shows. */
export function duration(text: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  const ms = match ? (Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)) * 1000 : 0;
  if (ms < 1000) throw new InvalidArgumentError(`a duration is something like 10m, 90s or 1h30m, not ${text}`);
  return ms;
}
