/**
 * The cluster name of the controller that works in a cluster: the first part of every owner tag that it writes. Its Lease says it by a
 * label, its Deployment by an argument, and what it has reconciled by status.owner.
 */
import { type ConnectSsoPersona, PERSONA, RESOURCES } from "../api/resources.ts";
import { CLUSTER_LABEL } from "../controller/in-cluster.ts";
import type { KubeClient, Resource } from "../runtime/client.ts";
import { LEASES } from "../runtime/leader.ts";
import type { KubeObject } from "../runtime/port.ts";
import { CliError } from "./command.ts";

const DEPLOYMENTS: Resource = { group: "apps", version: "v1", plural: "deployments", kind: "Deployment" };
/** As the chart and deploy/ set it. */
const OURS = "app.kubernetes.io/name=connect-sso";

type Deployment = KubeObject & {
  spec: { template: { spec: { containers: { args?: string[]; command?: string[] }[] } } };
};

/** The longest wait for a cluster that does not answer. Milliseconds. */
const PATIENCE_MS = 3_000;

/** Undefined without a kubeconfig, without an answer, and when there is no controller or more than one. */
export async function controllerOfKubeconfig(options: {
  kubeconfig?: string;
  context?: string;
}): Promise<string | undefined> {
  const { kubeconfigAccess } = await import("../runtime/kubeconfig.ts");
  const { Transport } = await import("../runtime/transport.ts");
  const { KubeClient } = await import("../runtime/client.ts");
  let transport: InstanceType<typeof Transport>;
  try {
    transport = new Transport({ access: kubeconfigAccess({ file: options.kubeconfig, context: options.context }) });
  } catch (error) {
    // One that was named must be usable.
    if (options.kubeconfig || options.context) throw new CliError((error as Error).message);
    return undefined;
  }
  const late = new Promise<string[]>((resolve) => {
    setTimeout(() => resolve([]), PATIENCE_MS).unref();
  });
  const names = await Promise.race([controllerNames(new KubeClient(transport)), late]);
  await transport.close();
  return names.length === 1 ? names[0] : undefined;
}

/** What each place says; empty when there is no controller or nothing may be read. Several names: several controllers. */
export async function controllerNames(client: KubeClient): Promise<string[]> {
  const said = await Promise.all([fromLeases(client), fromDeployments(client), fromPersonas(client)]);
  return [...new Set(said.flat())].sort();
}

async function fromLeases(client: KubeClient): Promise<string[]> {
  const leases = await all<KubeObject>(client, LEASES, CLUSTER_LABEL);
  return leases.flatMap(({ metadata }) => metadata.labels?.[CLUSTER_LABEL] ?? []);
}

async function fromDeployments(client: KubeClient): Promise<string[]> {
  const deployments = await all<Deployment>(client, DEPLOYMENTS, OURS);
  return deployments.flatMap(({ spec }) =>
    spec.template.spec.containers.flatMap(({ args = [], command = [] }) => clusterNameOf([...command, ...args]) ?? []),
  );
}

async function fromPersonas(client: KubeClient): Promise<string[]> {
  const personas = await all<ConnectSsoPersona>(client, RESOURCES[PERSONA]);
  return personas.flatMap(({ status }) => status?.owner?.split("/")[0] ?? []);
}

/** Of the command line of `connect-sso run`; its default where it names none. Undefined for another program. */
export function clusterNameOf(args: readonly string[]): string | undefined {
  if (!args.includes("run")) return undefined;
  const at = args.findIndex((one) => one === "--cluster-name" || one.startsWith("--cluster-name="));
  if (at < 0) return "default";
  return args[at]!.includes("=") ? args[at]!.slice("--cluster-name=".length) : args[at + 1];
}

/** Nothing where listing is not allowed, or the kind is unknown: the next place may say it. */
async function all<T>(client: KubeClient, resource: Resource, labelSelector?: string): Promise<T[]> {
  const found: T[] = [];
  try {
    for await (const page of client.list(resource, { labelSelector })) found.push(...(page as T[]));
  } catch {
    return [];
  }
  return found;
}
