/** Commands that ask for one thing and follow it to its end. */
import { type CommandSpec, type Completion, command, type OptionSpec } from "../command.ts";
import type { AskOptions } from "../commands/request.ts";
import { CLOUDS, OBJECTS } from "../options.ts";

const WITH_FOLDER = "With -f there is no controller: the command does the work itself, and nothing else.";

interface Ask {
  name: string;
  summary: string;
  details: string;
  what: string;
  complete: Completion;
  timeout: string;
  line: string;
  run(): Promise<(name: string, options: AskOptions) => Promise<number>>;
}

const YES = {
  flags: "-y, --yes",
  description: "do not ask before something that cannot be undone; required without a terminal",
} as const satisfies OptionSpec;

const ask = ({ name, summary, details, what, complete, timeout, line, run }: Ask): CommandSpec =>
  command({
    name,
    summary,
    details,
    arguments: [{ name: what, description: `its name, or NAMESPACE/NAME`, required: true, complete }],
    options: [
      ...OBJECTS,
      ...CLOUDS,
      YES,
      { flags: "--no-wait", description: "send the request and return at once" },
      {
        flags: "--timeout <duration>",
        description: "how long to follow it; the work continues afterwards",
        default: timeout,
      },
    ],
    examples: [
      { what: "Requested and followed to the end", line: `connect-sso ${line} -n contact-centre` },
      { what: "Requested only", line: `connect-sso ${line} -n contact-centre --no-wait` },
    ],
    exitCodes: { 0: "done (with --no-wait: requested)", 1: "refused, manual action is needed, or the timeout passed" },
    run,
  });

export const ASK_COMMANDS: CommandSpec[] = [
  ask({
    name: "rotate key",
    summary: "Create a new access key for Entra's provisioning, and delete the old one once it is no longer used",
    details: `Both keys work until Entra has imported roles with the new one: two runs, usually 40 minutes each. ${WITH_FOLDER}`,
    what: "persona",
    complete: "persona",
    timeout: "3h",
    line: "rotate key agents",
    run: async () => (await import("../commands/request.ts")).rotateKey,
  }),
  ask({
    name: "rotate certificate",
    summary: "Create a new SAML signing certificate, trusted by AWS before it signs",
    details: `It starts signing two minutes after AWS trusts it. The old one stays trusted for an hour, for assertions that were signed just before. ${WITH_FOLDER}`,
    what: "persona",
    complete: "persona",
    timeout: "30m",
    line: "rotate certificate agents",
    run: async () => (await import("../commands/request.ts")).rotateCertificate,
  }),
  ask({
    name: "recreate",
    summary: "Delete and create a Connect user again, which unbinds it from the role of its first login",
    details: `For a user who sees "Bad Request" in Connect because it is bound to a role that no longer exists. Its history in Connect stays with the deleted user, so the command asks first. ${WITH_FOLDER}`,
    what: "user",
    complete: "user",
    timeout: "10m",
    line: "recreate jane --yes",
    run: async () => (await import("../commands/request.ts")).recreate,
  }),
  ask({
    name: "reconcile",
    summary: "Compare a persona or user with the clouds now, without waiting for the next poll",
    details: `If a persona and a user have the same name, write persona/NAME or user/NAME. ${WITH_FOLDER}`,
    what: "name",
    complete: "any",
    timeout: "10m",
    line: "reconcile agents",
    run: async () => (await import("../commands/request.ts")).reconcile,
  }),
  ask({
    name: "suspend",
    summary: "Suspend a persona or user: it is not checked or changed until it is resumed",
    details:
      "Sets spec.suspend in the cluster. If Argo CD or Flux manages the object, set it in Git as well. With -f it is a field of the manifest: the message says where.",
    what: "name",
    complete: "any",
    timeout: "2m",
    line: "suspend agents",
    run: async () => (await import("../commands/request.ts")).suspend,
  }),
  ask({
    name: "resume",
    summary: "Resume a suspended persona or user",
    details: "Clears spec.suspend in the cluster; see suspend.",
    what: "name",
    complete: "any",
    timeout: "10m",
    line: "resume agents",
    run: async () => (await import("../commands/request.ts")).resume,
  }),
];
