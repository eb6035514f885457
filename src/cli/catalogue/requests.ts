/** Commands that ask for one thing and follow it to its end. */
import { type CommandSpec, type Completion, command, type OptionSpec } from "../command.ts";
import type { AskOptions } from "../commands/request.ts";
import { CLOUDS, OBJECTS } from "../options.ts";

const WITH_FOLDER = "With -f there is no controller to ask: the command does it itself, and nothing else.";

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
  description: "do not ask before something that cannot be undone; needed where there is no terminal",
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
      { flags: "--no-wait", description: "ask, and return at once" },
      { flags: "--timeout <duration>", description: "how long to follow it; it goes on afterwards", default: timeout },
    ],
    examples: [
      { what: "Followed to its end", line: `connect-sso ${line} -n contact-centre` },
      { what: "Asked for only", line: `connect-sso ${line} -n contact-centre --no-wait` },
    ],
    exitCodes: { 0: "done (with --no-wait: asked for)", 1: "refused, a person must fix something, or time is up" },
    run,
  });

export const ASK_COMMANDS: CommandSpec[] = [
  ask({
    name: "rotate key",
    summary: "a new access key for Entra's provisioning, and the end of the former one",
    details: `Both keys live until Entra has imported with the new one: two runs, usually 40 minutes each. ${WITH_FOLDER}`,
    what: "persona",
    complete: "persona",
    timeout: "3h",
    line: "rotate key agents",
    run: async () => (await import("../commands/request.ts")).rotateKey,
  }),
  ask({
    name: "rotate certificate",
    summary: "a new SAML signing certificate, trusted by AWS before it signs",
    details: `It signs two minutes after AWS was made to trust it. The former one stays trusted for an hour, for assertions that were signed just before. ${WITH_FOLDER}`,
    what: "persona",
    complete: "persona",
    timeout: "30m",
    line: "rotate certificate agents",
    run: async () => (await import("../commands/request.ts")).rotateCertificate,
  }),
  ask({
    name: "recreate",
    summary: "deletes a Connect user and makes it anew, which unbinds it from the role of its first login",
    details: `For a user whom Connect answers "Bad Request" because it is bound to a role that no longer exists. Its history in Connect stays with\nthe deleted user, so the command asks first. ${WITH_FOLDER}`,
    what: "user",
    complete: "user",
    timeout: "10m",
    line: "recreate jane --yes",
    run: async () => (await import("../commands/request.ts")).recreate,
  }),
  ask({
    name: "reconcile",
    summary: "compares a persona or user with the clouds now, without waiting for the next poll",
    details: `A persona and a user of the same name are told apart as persona/NAME and user/NAME. ${WITH_FOLDER}`,
    what: "name",
    complete: "any",
    timeout: "10m",
    line: "reconcile agents",
    run: async () => (await import("../commands/request.ts")).reconcile,
  }),
  ask({
    name: "suspend",
    summary: "leaves a persona or user alone until it is resumed: nothing of it is looked at or changed",
    details:
      "Sets spec.suspend in the cluster. Where Argo CD or Flux keeps the object, it has to be set in Git as well. With -f it is a field of the\nmanifest: the message says where.",
    what: "name",
    complete: "any",
    timeout: "2m",
    line: "suspend agents",
    run: async () => (await import("../commands/request.ts")).suspend,
  }),
  ask({
    name: "resume",
    summary: "takes a suspended persona or user up again",
    details: "Clears spec.suspend in the cluster; see suspend.",
    what: "name",
    complete: "any",
    timeout: "10m",
    line: "resume agents",
    run: async () => (await import("../commands/request.ts")).resume,
  }),
];
