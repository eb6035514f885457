/**
 * `apply -f` and `delete -f` under a controller's cluster name do what that controller does. Both at once would undo each other's work, so
 * objects that the controller's cluster holds as well are refused. Objects of another cluster name are refused by their owner tags, on
 * every path; this is for the one case in which the tags match.
 */
import { listed } from "../domain/text.ts";
import { CliError } from "./command.ts";
import { controllerNames } from "./controller-name.ts";
import { type Declared, label, openDeclared } from "./declared-objects.ts";
import type { ObjectOptions } from "./options.ts";
import { keyOfResource } from "./tagged-objects.ts";

/** A cluster that does not answer has no controller that could be asked about. Milliseconds. */
const PATIENCE_MS = 5_000;
const NAMED = 3;

export async function refuseBesideController(
  declared: Declared,
  clusterName: string,
  options: Pick<ObjectOptions, "kubeconfig" | "context">,
): Promise<void> {
  const { names, policies } = await inCluster(options);
  const both = [...declared.personas(), ...declared.users()]
    .filter((one) => policies.has(keyOfResource(one)))
    .map(label);
  if (both.length === 0 || !names.includes(clusterName)) return;
  throw new CliError(
    `the cluster${options.context ? ` of context ${options.context}` : ""} holds ${listed(both, NAMED, ",")} too, and its controller ${clusterName} reconciles ${both.length === 1 ? "it" : "them"}`,
    {
      hint: "change or delete them there with kubectl; if that controller has been removed, pass --without-controller",
    },
  );
}

interface InCluster {
  /** Cluster names of its controllers. */
  names: string[];
  /** `deletionPolicy` of each persona and user, by `Kind/namespace/name`. */
  policies: Map<string, string>;
}
const NOTHING: InCluster = { names: [], policies: new Map() };

/** What the cluster of the kubeconfig holds; nothing where none answers. */
export async function inCluster({
  kubeconfig,
  context,
}: Pick<ObjectOptions, "kubeconfig" | "context">): Promise<InCluster> {
  const late = new Promise<InCluster>((resolve) => {
    setTimeout(() => resolve(NOTHING), PATIENCE_MS).unref();
  });
  return Promise.race([read({ kubeconfig, context, allNamespaces: true }).catch(() => NOTHING), late]);
}

async function read(options: ObjectOptions): Promise<InCluster> {
  const cluster = await openDeclared(options);
  try {
    const names = await controllerNames(cluster.kube!.client);
    const objects = [...cluster.personas(), ...cluster.users()];
    return { names, policies: new Map(objects.map((one) => [keyOfResource(one), one.spec.deletionPolicy])) };
  } finally {
    await cluster.close();
  }
}
