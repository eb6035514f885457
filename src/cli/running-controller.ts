/**
 * `apply -f` under a controller's name does what that controller does. Both at once would undo each other's work whenever the manifests
 * differ, so a cluster that holds the same objects under the same name is refused. Objects of another name are refused by their owner
 * tags, on every path; this is for the one case in which the tags say that all is well.
 */
import type { ConnectSsoPersona } from "../api/resources.ts";
import { CliError } from "./command.ts";
import { type Declared, openDeclared } from "./declared-objects.ts";
import type { ObjectOptions } from "./options.ts";

/** A cluster that cannot be reached has no controller that could be asked about. */
const PATIENCE_MS = 5_000;

export async function refuseBesideController(
  declared: Declared,
  clusterName: string,
  options: Pick<ObjectOptions, "kubeconfig" | "context">,
): Promise<void> {
  const there = await inCluster(options);
  const own = new Set(declared.personas().map(keyOf));
  const both = there.filter((one) => own.has(keyOf(one)) && one.status?.owner?.split("/")[0] === clusterName);
  if (both.length === 0) return;
  const names = both.slice(0, 3).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  throw new CliError(
    `the cluster${options.context ? ` of context ${options.context}` : ""} holds persona ${names.join(", ")}${both.length > 3 ? ", …" : ""} too, and its controller owns them under the same name ${clusterName}`,
    { hint: "change them there; or, if that controller is stopped for good, say so with --without-controller" },
  );
}

const keyOf = ({ metadata }: ConnectSsoPersona) => `${metadata.namespace}/${metadata.name}`;

async function inCluster({
  kubeconfig,
  context,
}: Pick<ObjectOptions, "kubeconfig" | "context">): Promise<ConnectSsoPersona[]> {
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), PATIENCE_MS).unref();
  });
  try {
    const cluster = await Promise.race([openDeclared({ kubeconfig, context, allNamespaces: true }), late]);
    await cluster?.close();
    return cluster?.personas() ?? [];
  } catch {
    return [];
  }
}
