/** Wiring only. The commands are in src/cli/catalogue/; what a command needs is loaded when it runs. */
import { basename } from "node:path";
import { Command } from "commander";
import { COMMANDS, GROUPS } from "./catalogue/index.ts";
import { buildProgram, main } from "./command.ts";
import { VERSION } from "./version.ts";

// `head` and `less` leave when they have seen enough; an answer on a full disk is none.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`connect-sso: standard output was not written: ${error.message}\n`);
  process.exit(1);
});
// A log line that cannot be written never stops the program: on a full disk, or when its reader has gone. Later lines are written again.
process.stderr.on("error", () => {});

// kubectl finds its plugins, and what completes them, by the name of the file.
const called = basename(process.argv[1] ?? "");
const words = process.argv.slice(2);

export async function start(): Promise<void> {
  if (called.startsWith("kubectl_complete") || words[0] === "__complete") {
    const { complete } = await import("./commands/complete.ts");
    return complete({ groups: GROUPS, commands: COMMANDS }, words[0] === "__complete" ? words.slice(1) : words);
  }
  const name = called.startsWith("kubectl-") ? "kubectl connect-sso" : "connect-sso";
  const program = new Command(name)
    .description("Sets up and maintains single sign-on from Microsoft Entra ID to Amazon Connect.")
    .version(VERSION)
    .showHelpAfterError(`(${name} --help shows what there is)`);
  await main(
    buildProgram(program, GROUPS, COMMANDS, (exitCode) => {
      process.exitCode = exitCode;
    }),
  );
}
