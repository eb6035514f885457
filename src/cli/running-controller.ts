/**
 * `apply -f` and `delete -f` under a controller's cluster name do what that controller does. Both at once would undo each other's work, so
 * objects that the controller's cluster holds as well are refused. Objects of another cluster name are refused by their owner tags, on
 * every path; this is for the one case in which the tags match.
 */
import { CliError } from "./command.ts";
import { controllerNames } from "./controller-name.ts";
import { type Declared, openDeclared, type Resource } from "./declared-objects.ts";
import type { ObjectOptions } from "./options.ts";

/** A cluster that does not answer has no controller that could be asked about. Milliseconds. */
const PATIENCE_MS = 5_000;
const NAMED = 3;

export async function refuseBesideController(
  declared: Declared,
  clusterName: string,
  options: Pick<ObjectOptions, "kubeconfig" | "context">,
): Promise<void> {
  const { names, keys } = await inCluster(options);
  const both = [...declared.personas(), ...declared.users()].map(keyOf).filter((key) => keys.has(key));
  if (both.length === 0 || !names.includes(clusterName)) return;
  const named = `${both.slice(0, NAMED).join(", ")}${both.length > NAMED ? `, and ${both.length - NAMED} more` : ""}`;
  throw new CliError(
    `the cluster${options.context ? ` of context ${options.context}` : ""} holds ${named} too, and its controller ${clusterName} reconciles ${both.length === 1 ? "it" : "them"}`,
    {
      hint: "change or delete them there with kubectl; if that controller has been removed, pass --without-controller",
    },
  );
}

const keyOf = ({ kind, metadata }: Resource) => `${kind} ${metadata.namespace}/${metadata.name}`;

interface InCluster {
  names: string[];
  keys: Set<string>;
}
const NOTHING: InCluster = { names: [], keys: new Set() };

async function inCluster({ kubeconfig, context }: Pick<ObjectOptions, "kubeconfig" | "context">): Promise<InCluster> {
  const late = new Promise<InCluster>((resolve) => {
    setTimeout(() => resolve(NOTHING), PATIENCE_MS).unref();
  });
  return Promise.race([read({ kubeconfig, context, allNamespaces: true }).catch(() => NOTHING), late]);
}

async function read(options: ObjectOptions): Promise<InCluster> {
  const cluster = await openDeclared(options);
  try {
    const names = await controllerNames(cluster.kube!.client);
    return { names, keys: new Set([...cluster.personas(), ...cluster.users()].map(keyOf)) };
  } finally {
    await cluster.close();
  }
}
