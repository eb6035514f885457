/** Commands that show a platform team which rights to give. */
import { type CommandSpec, command, type OptionSpec } from "../command.ts";
import { CLOUDS, OBJECTS, OUTPUT } from "../options.ts";

const INSTANCE = "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666";
const OUT = {
  flags: "--out <folder>",
  description: "one file per document instead of standard output",
} as const satisfies OptionSpec;
const SERVICE_ACCOUNT = {
  flags: "--service-account <namespace/name>",
  description: "of the controller's pod",
  default: "connect-sso/connect-sso",
} as const satisfies OptionSpec;
/** What is needed of one account: from declared personas, or without any. */
const SCOPE = [
  ...OBJECTS,
  { flags: "--instance <arn...>", description: "Connect instances, instead of declared personas" },
  { flags: "--path <path>", description: "with --instance: IAM path of the controller", default: "/connect-sso/" },
  { flags: "--provisioning", description: "with --instance: personas of mode Provisioning are to come" },
  {
    flags: "--permissions-boundary <arn>",
    description: "default: of --config, of the personas, else policy/ConnectSsoBoundary of the account",
  },
  { flags: "--account <id>", description: "this account only" },
  OUT,
  OUTPUT,
] as const satisfies readonly OptionSpec[];

export const POLICY_COMMANDS: CommandSpec[] = [
  command({
    name: "policy aws",
    summary: "Print the smallest IAM policy that lets the controller do what is declared",
    details:
      "Every statement is limited to the account, the instances and the IAM path; roles and users can only be created with the permissions boundary, and only policies below the path can be attached. A document that exceeds IAM's size limit is split (--out).",
    options: [
      ...SCOPE,
      {
        flags: "--security-profile <id...>",
        description: "ids of the only security profiles that may be granted; without them, every one",
      },
      { flags: "--resolve", description: "look the ids of the declared security profiles up in Connect" },
      { flags: "--exact", description: "name every IAM object: the next persona then needs a new policy" },
      ...CLOUDS,
    ],
    examples: [
      { what: "What a folder of manifests needs, explained", line: "connect-sso policy aws -f personas/" },
      {
        what: "As a document, with the profiles that the personas allow and no others",
        line: "connect-sso policy aws -f personas/ --resolve -o json > controller-policy.json",
      },
      { what: "Before there are personas", line: `connect-sso policy aws --instance ${INSTANCE}` },
    ],
    exitCodes: { 0: "printed", 1: "an error" },
    run: async () => (await import("../commands/policy-aws.ts")).policyAws,
  }),
  command({
    name: "policy boundary",
    summary: "Print the permissions boundary: the maximum rights of the controller's roles and users",
    details:
      "Create it by hand, outside the controller's IAM path, and name it in the configuration file (--config) or in the personas.",
    options: [...SCOPE, ...CLOUDS.filter(({ flags }) => flags.startsWith("--config"))],
    examples: [
      {
        what: "Create it",
        line: `aws iam create-policy --policy-name ConnectSsoBoundary --policy-document "$(connect-sso policy boundary -f personas/ -o json)"`,
      },
    ],
    exitCodes: { 0: "printed", 1: "an error" },
    run: async () => (await import("../commands/policy-aws.ts")).policyBoundary,
  }),
  command({
    name: "policy trust",
    summary: "Print the trust policy of the controller's own role, for IRSA, EKS Pod Identity or another account",
    options: [
      {
        flags: "--oidc-provider <arn>",
        description: "IRSA: ARN of the cluster's OIDC provider in IAM",
      },
      { flags: "--eks-cluster <arn>", description: "EKS Pod Identity: ARN of the cluster" },
      { flags: "--assumed-by <arn>", description: "another account: ARN of the role that the controller has already" },
      SERVICE_ACCOUNT,
      OUTPUT,
    ],
    examples: [
      {
        what: "IRSA",
        line: "connect-sso policy trust --oidc-provider arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE",
      },
      {
        what: "EKS Pod Identity",
        line: "connect-sso policy trust --eks-cluster arn:aws:eks:us-east-1:111122223333:cluster/prod",
      },
    ],
    exitCodes: { 0: "printed", 1: "an error" },
    run: async () => (await import("../commands/policy-trust.ts")).policyTrust,
  }),
  command({
    name: "policy entra",
    summary:
      "Print the application permissions of Microsoft Graph that the declared personas need, each with its reason",
    details:
      "With --issuer it also prints the federated credential that lets the pod's service account sign in as the application, without a secret.",
    options: [
      ...OBJECTS,
      {
        flags: "--features <list>",
        description:
          "instead of manifests: groups (application.groups, ConnectUserSets), claims (roleSessionName, sessionDuration), both with a comma, or none",
      },
      { flags: "--issuer <url>", description: "OIDC issuer of the cluster" },
      SERVICE_ACCOUNT,
      OUTPUT,
    ],
    examples: [
      { what: "What a folder of manifests needs", line: "connect-sso policy entra -f personas/" },
      {
        what: "The federated credential",
        line: "connect-sso policy entra --features none --issuer https://oidc.example.com/ -o json | jq .federatedCredential > credential.json",
      },
    ],
    exitCodes: { 0: "printed", 1: "an error" },
    run: async () => (await import("../commands/policy-entra.ts")).policyEntra,
  }),
];
