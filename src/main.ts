#!/usr/bin/env node
/** Wiring only: commands and their options. What a command needs is loaded when it runs. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";

declare const CONNECT_SSO_VERSION: string | undefined;
const version = typeof CONNECT_SSO_VERSION === "string" ? CONNECT_SSO_VERSION : "0.0.0-source";
/** Of the repository or the image: where examples/ stands. */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const program = new Command("connect-sso")
  .description("Sets up and keeps up single sign-on from Microsoft Entra ID to Amazon Connect.")
  .version(version)
  .showHelpAfterError("(connect-sso --help shows what there is)");

program
  .command("demo")
  .description("the AWS blog's set-up against sandbox clouds: converged, broken behind the controller's back, repaired")
  .action(async () => (await import("./cli/demo.ts")).demo(root));

program
  .command("sandbox")
  .description("emulated IAM, STS, Amazon Connect, Microsoft Graph and login, for tests and for trying things out")
  .option("--listen <host:port>", "where to listen", "127.0.0.1:4180")
  .option("--env-file <file>", "write `export NAME=value` lines by which programs find the sandbox")
  .option("--config <file>", "the world: users, groups, instances, behaviour (YAML)")
  .addHelpText(
    "after",
    "\nExample:\n  connect-sso sandbox --listen 127.0.0.1:4180 --env-file .env --config examples/sandbox-world.yaml\n",
  )
  .action(async (options: { listen: string; envFile?: string; config?: string }) =>
    (await import("./sandbox/command.ts")).sandboxCommand(options),
  );

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`connect-sso: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
