#!/usr/bin/env -S node --
/** Wiring only. The commands are in src/cli/catalogue.ts; what a command needs is loaded when it runs. */
import { Command } from "commander";
import { COMMANDS, GROUPS } from "./cli/catalogue.ts";
import { buildProgram, main } from "./cli/command.ts";
import { VERSION } from "./cli/version.ts";

const program = new Command("connect-sso")
  .description("Sets up and keeps up single sign-on from Microsoft Entra ID to Amazon Connect.")
  .version(VERSION)
  .showHelpAfterError("(connect-sso --help shows what there is)");

await main(
  buildProgram(program, GROUPS, COMMANDS, (exitCode) => {
    process.exitCode = exitCode;
  }),
);
