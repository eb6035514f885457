/** Every command of the program. Parser, help, completions and docs/cli.md come from this table. */

import { type CommandSpec, command, type GroupSpec } from "../command.ts";
import { ALLOW_INSECURE, CLOUDS, CLUSTER, CONFIG, OBJECTS, OUTPUT, OUTPUT_OR_MARKDOWN } from "../options.ts";
import { PAGE_COMMANDS } from "./page.ts";
import { PEOPLE_COMMANDS } from "./people.ts";
import { POLICY_COMMANDS } from "./policy.ts";
import { PROBE_COMMANDS } from "./probe.ts";
import { ASK_COMMANDS } from "./requests.ts";

export const GROUPS: GroupSpec[] = [
  { name: "policy", summary: "Print the rights to grant in AWS and Entra" },
  { name: "rotate", summary: "Rotate a credential of a persona without an interruption" },
  { name: "saml", summary: "Read SAML responses" },
  { name: "users", summary: "Create ConnectUsers in bulk" },
];

const SHELLS = ["bash", "zsh", "fish", "powershell", "kubectl"];

const WITHOUT_CONTROLLER = {
  flags: "--without-controller",
  description: "skip the check of the kubeconfig's cluster: no controller runs under this --cluster-name",
} as const;
const dryRun = (what: string) =>
  ({ flags: "--dry-run", description: `show what would be ${what}, and write nothing` }) as const;
const TIMEOUT = {
  flags: "--timeout <duration>",
  description: "how long to wait until everything is Ready",
  default: "10m",
} as const;

export const COMMANDS: CommandSpec[] = [
  command({
    name: "demo",
    summary: "Run the AWS blog's set-up on sandbox clouds, break it outside the controller, and show the repair",
    options: [],
    examples: [{ what: "A minute, no cluster, no cloud", line: "connect-sso demo" }],
    exitCodes: { 0: "everything went as the text says", 1: "something did not" },
    run: async () => (await import("../commands/demo.ts")).demo,
  }),
  command({
    name: "plan",
    summary: "Show what would be created, changed and deleted in Entra, IAM and Connect, field by field; reads only",
    details:
      "For a folder of manifests (-f), or for what is declared in the cluster. Secrets are never shown. Values that only an earlier step can produce are shown as (known after apply).",
    options: [
      ...OBJECTS,
      ...CLOUDS,
      OUTPUT_OR_MARKDOWN,
      { flags: "--out <file>", description: "also write the plan for `connect-sso apply FILE`" },
      {
        flags: "--prune",
        description:
          "with -f, show what goes when the objects that have no manifest any more are deleted, as GitOps with prune does",
      },
    ],
    examples: [
      { what: "What a folder of manifests would do", line: "connect-sso plan -f personas/" },
      {
        what: "As a pull-request comment, with the people who lose access",
        line: "connect-sso plan -f personas/ --prune -o markdown",
      },
      { what: "Without any cloud", line: "connect-sso plan -f examples/blog --sandbox" },
      { what: "What differs from what the cluster declares", line: "connect-sso plan -n contact-centre" },
    ],
    exitCodes: { 0: "nothing to do", 2: "there are changes", 1: "an error, or a resource that needs manual action" },
    run: async () => (await import("../commands/plan.ts")).plan,
  }),
  command({
    name: "apply",
    summary: "Apply a folder of manifests once, without Kubernetes",
    details:
      "State is kept in tags of the cloud objects, so any machine can run the next apply. Objects owned by another cluster name, for example by a controller, are refused. With a cluster name other than folder, the cluster of the kubeconfig is read first: what it declares as well is refused, because two writers would work on the same objects.",
    arguments: [
      { name: "plan", description: "a plan that `connect-sso plan --out` wrote; refused when it no longer fits" },
    ],
    options: [
      { flags: "-f, --filename <path>", description: "folder or file of manifests; - for standard input" },
      { flags: "-n, --namespace <name>", description: "namespace of manifests that name none" },
      ...CLOUDS,
      WITHOUT_CONTROLLER,
      ...CLUSTER.filter(({ flags }) => !flags.startsWith("-n")),
      OUTPUT,
      TIMEOUT,
      dryRun("changed, as plan does"),
      { flags: "--watch", description: "keep running: compare, repair and follow changed files until interrupted" },
      {
        flags: "--poll-interval <duration>",
        description: "with --watch, how often the clouds are compared",
        default: "5m",
      },
    ],
    examples: [
      { what: "Converge a folder", line: "connect-sso apply -f personas/" },
      {
        what: "Exactly what was reviewed",
        line: "connect-sso plan -f personas/ --out plan.json && connect-sso apply plan.json",
      },
      { what: "Try it without a cloud", line: "connect-sso apply -f examples/recommended --sandbox" },
    ],
    exitCodes: {
      0: "everything is Ready, or suspended on purpose (with --dry-run: nothing to do)",
      2: "with --dry-run: there are changes",
      1: "something needs manual action, a document is broken, the plan no longer fits, or the timeout passed",
      130: "interrupted; run it again to continue",
    },
    run: async () => (await import("../commands/apply.ts")).apply,
  }),
  command({
    name: "delete",
    summary: "Delete what manifests declare, as their deletionPolicy says, without Kubernetes",
    details:
      "The counterpart of apply, for manifests that were removed from a folder. Users are deleted before personas. If a user's persona stays, name it with --among. An object counts as deleted once it is seen to be gone. Nothing is deleted if any part belongs to another cluster name. By default much is kept: a persona with Retain leaves everything as it is, a user with RevokeAccess keeps its Connect user.",
    options: [
      {
        flags: "-f, --filename <path>",
        description: "folder or file of manifests; - for standard input",
        required: true,
      },
      { flags: "--among <path>", description: "manifests that stay: the personas of deleted users" },
      { flags: "-n, --namespace <name>", description: "namespace of manifests that name none" },
      ...CLOUDS,
      WITHOUT_CONTROLLER,
      ...CLUSTER.filter(({ flags }) => !flags.startsWith("-n")),
      { flags: "--timeout <duration>", description: "how long to wait until it is done", default: "10m" },
      dryRun("deleted"),
    ],
    examples: [
      {
        what: "A user whose manifest the last commit removed",
        line: "git show HEAD~1:users/jane.yaml | connect-sso delete -f - --among personas/",
      },
      { what: "All of an experiment", line: "connect-sso delete -f experiment/" },
    ],
    exitCodes: {
      0: "all of it was seen to be gone",
      2: "something was not found",
      1: "something was refused, or the timeout passed",
    },
    run: async () => (await import("../commands/delete.ts")).deleteDeclared,
  }),
  command({
    name: "run",
    summary: "Run the controller against the cluster of the kubeconfig, or the one it runs in",
    options: [
      {
        flags: "--kubeconfig <file>",
        description: "default: KUBECONFIG, ~/.kube/config, or the service account of the pod",
      },
      { flags: "--context <name>", description: "context of the kubeconfig" },
      { flags: "--namespace <name>", description: "watch this namespace only" },
      { flags: "--watch-label-selector <selector>", description: "watch objects with these labels only (sharding)" },
      {
        flags: "--poll-interval <duration>",
        description: "how often the clouds are compared with the specs",
        default: "10m",
      },
      {
        flags: "--directory-interval <duration>",
        description: "how often changes of people, and the groups of sets, are read from Entra",
        default: "30s",
      },
      {
        flags: "--metrics-bind-address <host:port>",
        description: "Prometheus metrics; 0 for none",
        default: "0.0.0.0:8080",
      },
      {
        flags: "--per-user-metrics",
        description: "name unhealthy ConnectUsers in metrics; their names may be names of people",
        default: false,
      },
      {
        flags: "--health-probe-bind-address <host:port>",
        description: "/healthz and /readyz; 0 for none",
        default: "0.0.0.0:8081",
      },
      {
        flags: "--leader-elect",
        description: "only the holder of a Lease reconciles; the others stand by",
        default: false,
      },
      {
        flags: "--leader-election-id <name>",
        description: "name of that Lease: one per set of objects that is watched",
        default: "connect-sso",
      },
      {
        flags: "--log-level <level>",
        description: "what is logged to standard error",
        choices: ["trace", "debug", "info", "warn", "error", "silent"],
        default: "info",
      },
      {
        flags: "--cluster-name <name>",
        description: "part of every ownership tag: unique among the clusters that share an account",
        default: "default",
      },
      CONFIG,
      ALLOW_INSECURE,
    ],
    examples: [
      {
        what: "On a workstation, against the current context",
        line: "connect-sso run --cluster-name dev --poll-interval 1m",
      },
      {
        what: "In a pod with two replicas",
        line: "connect-sso run --leader-elect --cluster-name prod-eu --config /etc/connect-sso/config.yaml",
      },
    ],
    exitCodes: { 0: "stopped by a signal", 1: "could not start, or lost the lease" },
    run: async () => (await import("../commands/run.ts")).run,
  }),
  command({
    name: "sandbox",
    summary: "Run emulated IAM, STS, Amazon Connect, Microsoft Graph and login, for tests and first steps",
    options: [
      { flags: "--listen <host:port>", description: "where to listen", default: "127.0.0.1:4180" },
      {
        flags: "--write-env <file>",
        description: "write `export NAME=value` lines by which programs find the sandbox",
      },
      { flags: "--config <file>", description: "the world: users, groups, instances, behaviour (YAML)" },
    ],
    examples: [
      {
        what: "A world of your own",
        line: "connect-sso sandbox --listen 127.0.0.1:4180 --write-env .env --config examples/sandbox-world.yaml",
      },
    ],
    exitCodes: { 0: "stopped by a signal", 1: "could not start" },
    run: async () => (await import("../../sandbox/command.ts")).sandboxCommand,
  }),
  command({
    name: "status",
    summary: "Show the state of personas and users: one line for what is healthy; messages and times for the rest",
    arguments: [{ name: "name", description: "one persona or user, as NAME or NAMESPACE/NAME", complete: "any" }],
    options: [
      ...OBJECTS,
      ...CLOUDS,
      OUTPUT,
      { flags: "-w, --watch", description: "redraw when something changes, until interrupted" },
      { flags: "-l, --selector <labels>", description: "only objects with these labels, such as team=a,tier!=test" },
      { flags: "--all", description: "also show every healthy user and condition" },
    ],
    examples: [
      { what: "Everything in a namespace", line: "connect-sso status -n contact-centre" },
      { what: "One persona, followed", line: "connect-sso status agents -n contact-centre --watch" },
      { what: "The clouds compared with a folder of manifests", line: "connect-sso status -f personas/" },
    ],
    exitCodes: { 0: "everything is Ready", 2: "something is not", 1: "an error" },
    run: async () => (await import("../commands/status.ts")).status,
  }),
  ...ASK_COMMANDS,
  ...PEOPLE_COMMANDS,
  ...PAGE_COMMANDS,
  ...POLICY_COMMANDS,
  ...PROBE_COMMANDS,
  command({
    name: "completion",
    summary: "Print a script that completes commands, options and values in a shell",
    details:
      "Commands, options, their values, and the names of personas and users: of the manifests that -f names on the line, else of the cluster. For `kubectl connect-sso`, kubectl asks a program kubectl_complete-connect_sso on the PATH: `completion kubectl` prints it.",
    arguments: [{ name: "shell", description: SHELLS.join(", "), required: true, complete: SHELLS }],
    options: [],
    examples: [
      { what: "bash, for this session", line: "source <(connect-sso completion bash)" },
      { what: "bash, permanently", line: "connect-sso completion bash > /etc/bash_completion.d/connect-sso" },
      { what: "zsh, permanently", line: `connect-sso completion zsh > "\${fpath[1]}/_connect-sso"` },
      { what: "fish, permanently", line: "connect-sso completion fish > ~/.config/fish/completions/connect-sso.fish" },
      { what: "PowerShell, in $PROFILE", line: "connect-sso completion powershell | Out-String | Invoke-Expression" },
      {
        what: "The kubectl plugin",
        line: "connect-sso completion kubectl > ~/bin/kubectl_complete-connect_sso && chmod +x ~/bin/kubectl_complete-connect_sso",
      },
    ],
    exitCodes: { 0: "printed", 1: "no such shell" },
    run: async () => (await import("../commands/completion.ts")).completion,
  }),
  command({
    name: "version",
    summary: "Print the version of this program",
    options: [OUTPUT],
    examples: [{ what: "For a bug report", line: "connect-sso version -o json" }],
    exitCodes: { 0: "printed" },
    run: async () => (await import("../commands/version.ts")).printVersion,
  }),
];
