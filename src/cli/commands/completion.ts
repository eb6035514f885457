/** `connect-sso completion SHELL`: scripts that only ask the program itself (`__complete`, see complete.ts), so they never grow old. */
import { CliError } from "../command.ts";

const BASH = `# bash completion of connect-sso
_connect_sso() {
  local IFS=$'\\n' line value out current
  COMPREPLY=()
  # The words up to the cursor, with "--name=value" in one piece again.
  current="\${COMP_LINE:0:COMP_POINT}"
  local -a words
  IFS=$' \\t' read -r -a words <<<"$current"
  [[ "$current" == *[[:space:]] ]] && words+=("")
  out=$("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null) || return
  local directive="\${out##*:}" last="\${words[-1]}" strip=""
  out="\${out%:*}"
  # bash replaces only what follows the last word break.
  case "$last" in *[=:]*) strip="\${last%"\${last##*[=:]}"}" ;; esac
  for line in $out; do
    value="\${line%%$'\\t'*}"
    [[ "$value" == "$last"* ]] && COMPREPLY+=("\${value#"$strip"}")
  done
  if ((directive & 16)); then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -d -- "\${last#"$strip"}"))
  elif ((\${#COMPREPLY[@]} == 0 && !(directive & 4))); then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "\${last#"$strip"}"))
  fi
}
complete -F _connect_sso connect-sso
`;

const ZSH = `#compdef connect-sso
# zsh completion of connect-sso
_connect_sso() {
  local out directive line
  local -a candidates
  out=$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null) || return 1
  directive="\${out##*:}"
  for line in "\${(@f)\${out%:*}}"; do
    [[ -z "$line" ]] && continue
    # _describe takes "value:what"; a colon in the value is escaped.
    if [[ "$line" == *$'\\t'* ]]; then
      candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    else
      candidates+=("\${line//:/\\\\:}")
    fi
  done
  if (( \${#candidates} > 0 )); then
    _describe -V 'connect-sso' candidates
  elif (( (directive & 16) != 0 )); then
    _files -/
  elif (( (directive & 4) == 0 )); then
    _files
  fi
}
compdef _connect_sso connect-sso
# Loaded through fpath the file is the function's body.
[[ "\${funcstack[1]}" == "_connect-sso" ]] && _connect_sso "$@"
`;

const FISH = `# fish completion of connect-sso
function __connect_sso_complete
    set -l tokens (commandline -opc) (commandline -ct)
    set -l lines ($tokens[1] __complete $tokens[2..-1] 2>/dev/null)
    set -l directive (string sub -s 2 -- $lines[-1])
    set -l candidates $lines[1..-2]
    if test (count $candidates) -gt 0
        printf '%s\\n' $candidates
    else if test "$directive" = 0
        __fish_complete_path (commandline -ct)
    else if test "$directive" = 16
        __fish_complete_directories (commandline -ct)
    end
end
complete -c connect-sso -f -a '(__connect_sso_complete)'
`;

const POWERSHELL = `# PowerShell completion of connect-sso
Register-ArgumentCompleter -Native -CommandName 'connect-sso' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { "$_" })
    $arguments = @($words | Select-Object -Skip 1)
    if ($wordToComplete -eq '') { $arguments += '""' }
    $lines = @(& $words[0] __complete @arguments 2>$null)
    $lines | Select-Object -SkipLast 1 | ForEach-Object {
        $value, $what = $_ -split "\`t", 2
        if (-not $what) { $what = $value }
        if ($value -like "$wordToComplete*") {
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $what)
        }
    }
}
`;

/** kubectl calls the program of this name and reads the same answer as the shells do. */
const KUBECTL = `#!/bin/sh
# Completion of \`kubectl connect-sso\`: save as kubectl_complete-connect_sso, executable, on the PATH.
exec kubectl connect-sso __complete "$@"
`;

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  powershell: POWERSHELL,
  kubectl: KUBECTL,
};

export async function completion(shell: string): Promise<number> {
  const script = SCRIPTS[shell];
  if (!script)
    throw new CliError(`no completion for ${shell}`, { hint: `there is ${Object.keys(SCRIPTS).join(", ")}` });
  process.stdout.write(script);
  return 0;
}
