/** The part of the catalogue for the people behind a login: decoding, explaining, taking over, bulk users. */
import { type CommandSpec, command } from "../command.ts";
import { CLOUDS, OBJECTS, OUTPUT } from "../options.ts";

const CLUSTER_NAME = "--cluster-name";

export const PEOPLE_COMMANDS: CommandSpec[] = [
  command({
    name: "saml decode",
    summary: "Decode a SAML response, verify its signature, and show how AWS and Connect will read it",
    details:
      "Takes raw XML, base64, the URL-encoded form, the page that posts it, a HAR file or an export of SAML-tracer. Works offline, keeps and sends nothing: a fresh response is a credential. NOT VERIFIED means that nothing but the response itself vouches for it.",
    arguments: [{ name: "file", description: 'the capture; "-" or nothing for standard input' }],
    options: [
      {
        flags: "--certificate <file>",
        description:
          "verify with this certificate: PEM, DER or Federation Metadata XML; default: the one that the persona's status pins",
      },
      { flags: "--at <time>", description: "compare times with this one instead of the clock (ISO 8601)" },
      { flags: "--skew <duration>", description: "how far clocks may differ", default: "1m" },
      { flags: "--all", description: "every response of the capture, not the last alone" },
      ...OBJECTS,
      OUTPUT,
    ],
    examples: [
      { what: "A HAR file of the browser's developer tools", line: "connect-sso saml decode login.har" },
      {
        what: "From the clipboard, verified, compared with what is declared",
        line: "pbpaste | connect-sso saml decode --certificate idp.cer -f personas/",
      },
      { what: "With the personas of the cluster", line: "connect-sso saml decode trace.json -n contact-centre" },
    ],
    exitCodes: {
      0: "nothing wrong was found",
      2: "something that makes a login fail, or a signature that does not hold",
      1: "it cannot be decoded",
    },
    run: async () => (await import("../commands/saml-decode.ts")).samlDecode,
  }),
  command({
    name: "people",
    summary: "Show who is in a ConnectUserSet now and as planned, by which rule, and what was overridden",
    details:
      "Reads the groups of the set in Entra and works out its rules; writes nothing. With --as-of memberships and attributes that are only planned count as if they were so: a YAML file `{groups: [{displayName: CC Agents, add: [jane@example.com], remove: [omar@example.com]}], people: [{userPrincipalName: new@example.com, department: Sales}]}`.",
    arguments: [
      { name: "set", description: "ConnectUserSet (NAME or NAMESPACE/NAME)", required: true, complete: "any" },
    ],
    options: [
      { flags: "--as-of <file>", description: "planned memberships and attributes (YAML or JSON)" },
      ...OBJECTS,
      ...CLOUDS,
      { ...OUTPUT, choices: ["text", "json", "csv", "markdown"] },
    ],
    examples: [
      { what: "With what the cluster declares", line: "connect-sso people contact-centre -n contact-centre" },
      { what: "As a spreadsheet", line: "connect-sso people contact-centre -o csv > people.csv" },
      {
        what: "What next Monday's joiners get",
        line: "connect-sso people contact-centre -f personas/ --as-of monday.yaml",
      },
    ],
    exitCodes: {
      0: "everybody is as the rules say",
      2: "there are changes to make",
      1: "changes are held, the plan of memberships does not fit, or the set cannot be worked out",
    },
    run: async () => (await import("../commands/people.ts")).people,
  }),
  command({
    name: "profiles",
    summary: "What the security profiles of each persona permit, and what they gained or lost",
    details:
      "Reads the security profiles of Amazon Connect that personas grant; writes nothing. What they gained or lost is known of personas that a controller watches.",
    arguments: [
      { name: "persona", description: "NAME or NAMESPACE/NAME; default: every persona", complete: "persona" },
    ],
    options: [...OBJECTS, ...CLOUDS, { ...OUTPUT, choices: ["text", "json", "markdown"] }],
    examples: [
      { what: "Of the personas of the cluster", line: "connect-sso profiles -n contact-centre" },
      { what: "For a review, as Markdown", line: "connect-sso profiles agents -f personas/ -o markdown" },
    ],
    exitCodes: { 0: "all were read", 1: "an error, or a profile that is not there" },
    run: async () => (await import("../commands/profiles.ts")).profiles,
  }),
  command({
    name: "why",
    summary:
      "Explain why a user cannot sign in: check every step of the login, and show how to fix the first broken one",
    details:
      "Looks at Entra, IAM and Connect, reads only. Works with the declarations of a cluster or of a folder (-f).",
    arguments: [
      {
        name: "user",
        description: "ConnectUser (NAME or NAMESPACE/NAME), user principal name, object id or Connect user name",
        required: true,
        complete: "user",
      },
    ],
    options: [...OBJECTS, ...CLOUDS, OUTPUT],
    examples: [
      { what: "With what the cluster declares", line: "connect-sso why jane@example.com -n contact-centre" },
      { what: "With a folder of manifests", line: "connect-sso why jane -f personas/" },
    ],
    exitCodes: { 0: "every step works", 2: "a step is broken", 1: "an error, or a step that could not be checked" },
    run: async () => (await import("../commands/why.ts")).why,
  }),
  command({
    name: "doctor",
    summary: "Check everything that the controller depends on: cluster, credentials, rights, tenant, clocks, quotas",
    details:
      "Reads only; each failed check says what to do. With -f, or with --pre before the installation, nothing needs to be installed in the cluster. The manifests, or --instance, decide which accounts, instances and permissions are checked.",
    options: [
      { flags: "--pre", description: "before the installation: what installing needs" },
      { flags: "--instance <arn>", description: "check this Connect instance, whatever is declared" },
      ...OBJECTS,
      ...CLOUDS,
      OUTPUT,
    ],
    examples: [
      {
        what: "Before the installation",
        line: "connect-sso doctor --pre --instance arn:aws:connect:us-east-1:111122223333:instance/0a1b…",
      },
      { what: "For a folder of manifests, without a cluster", line: "connect-sso doctor -f personas/" },
      { what: "As the installed controller sees it", line: "connect-sso doctor -A --config config.yaml" },
    ],
    exitCodes: { 0: "no check failed", 2: "a check failed", 1: "an error" },
    run: async () => (await import("../commands/doctor.ts")).doctor,
  }),
  command({
    name: "users from-csv",
    summary: "Write ConnectUser manifests, or a ConnectUserSet, from Connect's bulk-upload file or Entra's user export",
    details:
      "With --set the people become one ConnectUserSet over an Entra group: what all have in common is its template, and rules name those who differ. Who has a field that a set cannot say of one person (secondary e-mail, mobile, a phone of their own) stays a ConnectUser, which wins over the set. Problems are reported with their line, and then nothing is written. With -f or a kubeconfig the persona is read: its defaults are left out of the manifests, its list of security profiles is enforced, and people who are declared already are found.",
    arguments: [{ name: "file", description: 'the CSV file; "-" or nothing for standard input' }],
    options: [
      { flags: "--persona <name>", description: "persona of all users of the file", required: true },
      { flags: "--domain <name>", description: "completes a login without @: jdoe becomes jdoe@<name>" },
      {
        flags: "--out <folder>",
        description: "one file per user instead of standard output; manifests in it are updated field by field",
      },
      { flags: "--partial", description: "write the users of the lines without problems" },
      {
        flags: "--set <name>",
        description: "one ConnectUserSet of this name, in mode Plan, instead of a ConnectUser for each person",
      },
      {
        flags: "--group <name>",
        description: "display name of the Entra group whose members the set is for; required with --set",
      },
      ...OBJECTS.filter(({ flags }) => !flags.includes("--all-namespaces")),
    ],
    examples: [
      { what: "To standard output", line: "connect-sso users from-csv agents.csv --persona agents -n contact-centre" },
      {
        what: "Into a folder, checked against the persona in it",
        line: "connect-sso users from-csv agents.csv --persona agents -f personas/ --out personas/",
      },
      {
        what: "As a set over a group that has, or will have, these people as members",
        line: "connect-sso users from-csv agents.csv --persona agents -n contact-centre --set agents --group 'CC Agents'",
      },
    ],
    exitCodes: { 0: "every line became a manifest", 1: "there are problems" },
    run: async () => (await import("../commands/users-from-csv.ts")).fromCsv,
  }),
  command({
    name: "import",
    summary: "Write manifests that adopt what exists in the clouds already, for example created by hand from the blog",
    details:
      "Finds applications, roles, SAML providers, policies, provisioning users and Connect users of one instance, and writes nothing to the clouds. A plan of the result shows no change: the objects only get our owner tag. What cannot be adopted is listed in notes.",
    options: [
      { flags: "--instance <arn>", description: "ARN of the Connect instance", required: true },
      { flags: "--tenant <id>", description: "Entra tenant; default: that of the credentials" },
      { flags: "-n, --namespace <name>", description: "namespace of the manifests", default: "default" },
      { flags: "--out <folder>", description: "one file per object instead of standard output" },
      ...CLOUDS.filter(({ flags }) => !flags.startsWith(CLUSTER_NAME)),
      OUTPUT,
    ],
    examples: [
      {
        what: "Into a folder, then show what an apply would do",
        line: "connect-sso import --instance arn:aws:connect:us-east-1:111122223333:instance/0a1b… --out personas/ && connect-sso plan -f personas/",
      },
    ],
    exitCodes: { 0: "something was found", 2: "there is nothing to adopt", 1: "an error" },
    run: async () => (await import("../commands/import.ts")).importCommand,
  }),
];
