/** `connect-sso completion SHELL`: scripts made from the catalogue. As a kubectl plugin, kubectl asks `kubectl_complete-connect_sso`. */
import { COMMANDS, GROUPS } from "./catalogue.ts";
import { CliError, type CommandSpec, type OptionSpec } from "./command.ts";

const SHELLS = { bash, zsh, fish, powershell };

export async function completion(shell: string): Promise<number> {
  const script = SHELLS[shell as keyof typeof SHELLS];
  if (!script) throw new CliError(`no completion for ${shell}`, { hint: `there is ${Object.keys(SHELLS).join(", ")}` });
  process.stdout.write(script());
  return 0;
}

/** "-o, --output <format>" is ["-o", "--output"]. */
const names = ({ flags }: OptionSpec) => flags.split(/[ ,]+/).filter((word) => word.startsWith("-"));
const takesValue = ({ flags }: OptionSpec) => /[<[]/.test(flags);
const takesPath = ({ flags }: OptionSpec) => /<(file|path|dir)>/.test(flags);
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** First words, and for each group its second words. */
function words(): Map<string, { name: string; summary: string }[]> {
  const tree = new Map<string, { name: string; summary: string }[]>([["", [...GROUPS]]]);
  for (const { name, summary } of COMMANDS) {
    const parts = name.split(" ");
    const parent = parts.slice(0, -1).join(" ");
    tree.set(parent, [...(tree.get(parent) ?? []), { name: parts.at(-1)!, summary }]);
  }
  return tree;
}

const flagsOf = (spec: CommandSpec) => [...spec.options.flatMap(names), "--help"];

function bash(): string {
  const choices = COMMANDS.flatMap(({ name, options }) =>
    options.flatMap((option) =>
      names(option).map((flag) =>
        option.choices
          ? `    ${quoted(`${name}:${flag}`)}) COMPREPLY=($(compgen -W ${quoted(option.choices.join(" "))} -- "$cur")); return ;;`
          : takesPath(option)
            ? `    ${quoted(`${name}:${flag}`)}) COMPREPLY=($(compgen -f -- "$cur")); return ;;`
            : takesValue(option)
              ? `    ${quoted(`${name}:${flag}`)}) return ;;`
              : "",
      ),
    ),
  ).filter(Boolean);
  const first = [...words().get("")!].map(({ name }) => name);
  const groups = GROUPS.map(
    ({ name }) => `    ${name}) list=${quoted((words().get(name) ?? []).map((one) => one.name).join(" "))} ;;`,
  );
  const flags = COMMANDS.map((spec) => `    ${quoted(spec.name)}) flags=${quoted(flagsOf(spec).join(" "))} ;;`);
  return `# bash completion of connect-sso
_connect_sso() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} flags='' list=''
  case "$command" in ${GROUPS.map(({ name }) => name).join("|") || "-"}) [ "$COMP_CWORD" -gt 2 ] && command="$command \${COMP_WORDS[2]}" ;; esac
  case "$command:$prev" in
${choices.join("\n")}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W ${quoted([...first, "--help", "--version"].join(" "))} -- "$cur")); return; fi
  case "$command" in
${[...groups, ...flags].join("\n")}
  esac
  if [ -n "$list" ]; then COMPREPLY=($(compgen -W "$list" -- "$cur")); return; fi
  case "$cur" in -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;; *) COMPREPLY=($(compgen -f -- "$cur")) ;; esac
}
complete -o filenames -F _connect_sso connect-sso
`;
}

function zsh(): string {
  const describe = (list: { name: string; summary: string }[]) =>
    list.map(({ name, summary }) => quoted(`${name}:${summary.replaceAll(":", "\\:")}`)).join(" ");
  const option = (one: OptionSpec) => {
    const text = one.description.replaceAll(/[[\]:]/g, " ");
    const value = one.choices
      ? `:value:(${one.choices.join(" ")})`
      : takesPath(one)
        ? ":file:_files"
        : takesValue(one)
          ? ":value:"
          : "";
    return names(one).map((flag) => quoted(`${flag}[${text}]${value}`));
  };
  const cases = COMMANDS.map(
    (spec) =>
      `    ${quoted(spec.name)}) _arguments ${[...spec.options.flatMap(option), quoted("*:file:_files")].join(" ")} ;;`,
  );
  const groups = GROUPS.map(
    ({ name }) =>
      `    ${name}) if (( CURRENT == 3 )); then local -a sub; sub=(${describe(words().get(name) ?? [])}); _describe command sub; return; fi; command="$command $words[3]" ;;`,
  );
  return `#compdef connect-sso
_connect_sso() {
  local -a commands; commands=(${describe(words().get("")!)})
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  case "$command" in
${groups.join("\n")}
  esac
  case "$command" in
${cases.join("\n")}
  esac
}
compdef _connect_sso connect-sso
`;
}

function fish(): string {
  const lines = ["# fish completion of connect-sso"];
  for (const { name, summary } of words().get("")!)
    lines.push(`complete -c connect-sso -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`);
  for (const { name } of GROUPS)
    for (const sub of words().get(name) ?? [])
      lines.push(
        `complete -c connect-sso -n '__fish_seen_subcommand_from ${name}' -f -a ${sub.name} -d ${quoted(sub.summary)}`,
      );
  for (const { name, options } of COMMANDS) {
    const when = name
      .split(" ")
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join("; and ");
    for (const option of options) {
      const flags = names(option).map((flag) =>
        flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      );
      const value = option.choices
        ? `-x -a ${quoted(option.choices.join(" "))}`
        : takesPath(option)
          ? "-r"
          : takesValue(option)
            ? "-x"
            : "";
      lines.push(
        `complete -c connect-sso -n ${quoted(when)} ${flags.join(" ")} ${value} -d ${quoted(option.description)}`.replace(
          / {2,}/g,
          " ",
        ),
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function powershell(): string {
  const rows = COMMANDS.map(
    (spec) =>
      `    '${spec.name}' = @(${flagsOf(spec)
        .map((flag) => `'${flag}'`)
        .join(", ")})`,
  );
  const seconds = GROUPS.map(
    ({ name }) => `    '${name}' = @(${(words().get(name) ?? []).map((one) => `'${one.name}'`).join(", ")})`,
  );
  return `# PowerShell completion of connect-sso
Register-ArgumentCompleter -Native -CommandName connect-sso -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $first = @(${words()
    .get("")!
    .map(({ name }) => `'${name}'`)
    .join(", ")})
  $second = @{
${seconds.join("\n")}
  }
  $flags = @{
${rows.join("\n")}
  }
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($words.Count -eq 0 -or ($words.Count -eq 1 -and $wordToComplete)) { $list = $first }
  elseif ($second.ContainsKey($words[0]) -and ($words.Count -eq 1 -or ($words.Count -eq 2 -and $wordToComplete))) { $list = $second[$words[0]] }
  else {
    $name = if ($second.ContainsKey($words[0])) { "$($words[0]) $($words[1])" } else { $words[0] }
    $list = $flags[$name]
  }
  $list | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`;
}
