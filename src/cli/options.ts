/** Options that several commands share, and their types. */
import { clusterNameProblem } from "../domain/names.ts";
import { CliError, type OptionSpec } from "./command.ts";
import { FORMATS, type Format } from "./render/output.ts";

export interface OutputOptions {
  output: Format;
}

export const OUTPUT = {
  flags: "-o, --output <format>",
  description: "output format",
  choices: FORMATS,
  default: "text",
} as const satisfies OptionSpec;
export const OUTPUT_OR_MARKDOWN = { ...OUTPUT, choices: [...FORMATS, "markdown"] };

/** Where the declared objects come from: a cluster, or a folder or file of manifests. */
export interface ObjectOptions {
  filename?: string;
  kubeconfig?: string;
  context?: string;
  namespace?: string;
  allNamespaces?: boolean;
}

const KUBECONFIG = {
  flags: "--kubeconfig <file>",
  description: "default: KUBECONFIG, ~/.kube/config, or the service account of the pod",
} as const satisfies OptionSpec;
const CONTEXT = {
  flags: "--context <name>",
  description: "context of the kubeconfig",
  complete: "context",
} as const satisfies OptionSpec;

export const CLUSTER = [
  KUBECONFIG,
  CONTEXT,
  { flags: "-n, --namespace <name>", description: "namespace; default: the context's", complete: "namespace" },
] as const satisfies readonly OptionSpec[];
export const OBJECTS = [
  {
    flags: "-f, --filename <path>",
    description: "folder or file of manifests, instead of a cluster; - for standard input",
  },
  ...CLUSTER,
  { flags: "-A, --all-namespaces", description: "every namespace of the cluster" },
] as const satisfies readonly OptionSpec[];

/** Which clouds, with which rights. */
export interface CloudOptions {
  sandbox?: boolean;
  sandboxConfig?: string;
  config?: string;
  clusterName?: string;
  allowInsecureEndpoints?: boolean;
  logLevel?: string;
}

export const CONFIG = {
  flags: "--config <file>",
  description: "which accounts and tenants, for which namespaces (YAML)",
} as const satisfies OptionSpec;
export const ALLOW_INSECURE = {
  flags: "--allow-insecure-endpoints",
  description: "accept endpoints that are not https: for sandboxes only (CONNECT_SSO_ALLOW_INSECURE_ENDPOINTS=1)",
} as const satisfies OptionSpec;
const LOG_LEVEL = {
  flags: "--log-level <level>",
  description: "what is logged to standard error",
  choices: ["trace", "debug", "info", "warn", "error", "silent"],
  default: "warn",
} as const satisfies OptionSpec;
export const CLOUDS = [
  {
    flags: "--sandbox",
    description: "sandbox clouds: those that the environment names, else some inside this process",
  },
  {
    flags: "--sandbox-config <file>",
    description: "the world of sandbox clouds inside this process; default: examples/sandbox-world.yaml",
  },
  CONFIG,
  {
    flags: "--cluster-name <name>",
    description: 'first part of owner tags; default: the name of the controller that is found, else "folder" with -f',
  },
  ALLOW_INSECURE,
  LOG_LEVEL,
] as const satisfies readonly OptionSpec[];

export function insecureAllowed(options: { allowInsecureEndpoints?: boolean }): boolean {
  return options.allowInsecureEndpoints === true || process.env.CONNECT_SSO_ALLOW_INSECURE_ENDPOINTS === "1";
}

/** Throws what a person is shown. */
export function checkClusterName(name: string): string {
  const problem = clusterNameProblem(name);
  if (problem) throw new CliError(problem, { hint: "set another --cluster-name" });
  return name;
}
