/** docs/cli.md, from the table of commands. */
import { type CommandSpec, describe, type GroupSpec, type OptionSpec } from "../command.ts";

const INTRODUCTION = `<!-- Generated from src/cli/catalogue/ by \`make generate\`. Do not edit. -->
# Command line: \`connect-sso\`

One program; as \`kubectl connect-sso\` with a link \`kubectl-connect_sso\` to it on the PATH.

- **Objects** come from the cluster of the kubeconfig, or with \`-f PATH\` from manifests (\`-f -\`: standard input).
- **Clouds** are those of the ambient AWS and Azure credentials, behind the same guard (\`--config\`) as the controller's; with \`--sandbox\`
  the sandbox that the environment names (\`connect-sso sandbox --write-env\`), else one that lives as long as the command.
- **Owner tags** begin with the controller's \`--cluster-name\`. In a cluster its Lease, its Deployment or the personas' status says it. With
  \`-f\`, \`plan\`, \`why\` and \`status\` take the name of the controller that the kubeconfig leads to; otherwise it is \`folder\`.
- **Output**: results on standard output; remarks and errors on standard error. \`-o json\` and \`-o yaml\` are for programs. Colours and
  redrawing on a terminal only; \`NO_COLOR\` and \`FORCE_COLOR\` are respected.
- **Errors** are one line and a hint; \`CONNECT_SSO_DEBUG=1\` adds the stack.
- **Completion**: [\`connect-sso completion\`](#completion) for bash, zsh, fish, PowerShell and kubectl.
`;

export function reference(commands: readonly CommandSpec[], groups: readonly GroupSpec[]): string {
  const rows = commands.map(
    ({ name, summary }) => `| [\`${name}\`](#${name.replaceAll(" ", "-")}) | ${cell(summary)} |`,
  );
  const known = groups.map(({ name, summary }) => `\`${name}\`: ${summary}`);
  const text = [
    INTRODUCTION,
    `| command | does |\n|---|---|\n${rows.join("\n")}\n`,
    ...(known.length > 0 ? [`Groups of commands: ${known.join("; ")}.\n`] : []),
    ...commands.map(chapter),
  ];
  return `${text.join("\n").trimEnd()}\n`;
}

function chapter(spec: CommandSpec): string {
  const { name, examples, exitCodes, options } = spec;
  const given = spec.arguments ?? [];
  const shown = (one: (typeof given)[number]) => (one.required ? `<${one.name}>` : `[${one.name}]`);
  const usage = ["connect-sso", name, ...(options.length > 0 ? ["[options]"] : []), ...given.map(shown)].join(" ");
  const table = (head: string, rows: string[]) =>
    rows.length > 0 ? [`| ${head} | meaning |\n|---|---|\n${rows.join("\n")}\n`] : [];
  return [
    `## ${name}\n`,
    `${describe(spec)}\n`,
    `\`\`\`\n${usage}\n\`\`\`\n`,
    ...table(
      "argument",
      given.map((one) => `| \`${shown(one)}\` | ${cell(one.description)} |`),
    ),
    ...table("option", options.map(optionRow)),
    `Exit codes: ${Object.entries(exitCodes)
      .map(([code, meaning]) => `**${code}** ${meaning}`)
      .join("; ")}.\n`,
    `\`\`\`console\n${examples.map(({ what, line }) => `# ${what}\n${line}`).join("\n\n")}\n\`\`\`\n`,
  ].join("\n");
}

function optionRow({ flags, description, default: value, choices, required }: OptionSpec): string {
  const notes = [
    description,
    ...(choices ? [`one of ${choices.map((one) => `\`${one}\``).join(", ")}`] : []),
    ...(value !== undefined && value !== false ? [`default \`${value}\``] : []),
    ...(required ? ["required"] : []),
  ];
  return `| \`${cell(flags)}\` | ${cell(notes.join("; "))} |`;
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
