/** Asks before something that cannot be undone. */
import { createInterface } from "node:readline/promises";
import { CliError } from "./command.ts";

/** Resolves when the answer is yes. Throws a CliError for any other answer, and where there is no terminal to ask on. */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new CliError("this cannot be undone, and there is no terminal to ask on", { hint: "add --yes to do it" });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("nothing was done");
  } finally {
    terminal.close();
  }
}
