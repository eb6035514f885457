/** The part of the catalogue for those who want to know what the real clouds do. */
import { type CommandSpec, command } from "../command.ts";
import { ALLOW_INSECURE, CLOUDS, OUTPUT } from "../options.ts";

const [SANDBOX, SANDBOX_CONFIG] = CLOUDS;

export const PROBE_COMMANDS: CommandSpec[] = [
  command({
    name: "probe",
    summary: "Find out in a test tenant and account what the documentation of the clouds leaves open",
    details:
      "For tests only: it creates applications, roles and users under a name of its own, changes them and deletes them again, whatever happens. The file has every request and answer with ids, names and secrets replaced. docs/probe.md has the facts and what is done for each.",
    options: [
      { flags: "--only <facts...>", description: "these facts; default: all" },
      { flags: "--tenant <id>", description: "the test tenant; default: AZURE_TENANT_ID" },
      { flags: "--instance <arn>", description: "a test instance; without one, facts of Amazon Connect are left out" },
      { flags: "--out <file>", description: "where to write what was seen" },
      {
        flags: "--resume <file>",
        description: "delete what the run of this file left, and settle what it did not; --out is this file",
      },
      { flags: "--rights", description: "print which rights the chosen facts need, and call nothing" },
      {
        flags: "-y, --yes",
        description: "do not ask before it begins; needed where there is no terminal",
      },
      SANDBOX,
      SANDBOX_CONFIG,
      ALLOW_INSECURE,
      OUTPUT,
    ],
    examples: [
      { what: "Which rights to give", line: "connect-sso probe --rights" },
      { what: "All facts of Entra and IAM", line: "connect-sso probe --out probe.json" },
      {
        what: "One fact of Connect",
        line: "connect-sso probe --only searchUsersLag --instance arn:aws:connect:eu-central-1:111122223333:instance/12345678-1234-1234-1234-123456789012 --out probe.json",
      },
      { what: "After a run that was killed", line: "connect-sso probe --resume probe.json" },
    ],
    exitCodes: {
      0: "everything asked for was settled",
      2: "something was not settled; the file says why",
      1: "something is left behind, or an error",
      130: "interrupted, and cleaned up",
    },
    run: async () => (await import("../commands/probe.ts")).probe,
  }),
];
