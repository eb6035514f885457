/** The declared objects of a command, out of a cluster or a folder, in a store of this process. */
import { readFileSync } from "node:fs";
import {
  type ConnectSsoPersona,
  type ConnectUser,
  type ConnectUserSet,
  GROUP,
  PERSONA,
  RESOURCES,
  SET,
  USER,
  VERSION,
} from "../api/resources.ts";
import { INDEXES } from "../controller/kinds.ts";
import { admit } from "../controller/on-folder.ts";
import { terminalText } from "../domain/text.ts";
import {
  formatProblem,
  isOverlay,
  type ManifestProblem,
  type Manifests,
  parseManifests,
  readManifests,
} from "../manifests/read.ts";
import type { KubeClient } from "../runtime/client.ts";
import { FolderStore } from "../runtime/folder-store.ts";
import type { KubeObject } from "../runtime/port.ts";
import { CliError } from "./command.ts";
import type { ObjectOptions } from "./options.ts";

export type Resource = ConnectSsoPersona | ConnectUserSet | ConnectUser;

/** In a message. */
export const label = ({ kind, metadata }: Resource) => `${kind} ${metadata.namespace}/${metadata.name}`;

export interface Declared {
  store: FolderStore;
  /** Broken documents of a folder; already reported on standard error. */
  problems: ManifestProblem[];
  sources: Manifests["sources"];
  /** Ownership name of the controller, as personas of the cluster name it. */
  clusterName: string | undefined;
  /** Absent for a folder. */
  kube?: { client: KubeClient; close(): Promise<void> };
  personas(): ConnectSsoPersona[];
  sets(): ConnectUserSet[];
  users(): ConnectUser[];
  close(): Promise<void>;
}

/** Throws a CliError when there is neither a folder nor a cluster, or the folder holds nothing of ours. */
export async function openDeclared(options: ObjectOptions): Promise<Declared> {
  return options.filename ? fromFolder(options.filename, options.namespace) : fromCluster(options);
}

/** What a store of this process holds. */
export const declaredIn = (store: FolderStore): Declared =>
  declared(store, { problems: [], sources: new Map(), clusterName: undefined });

function declared(store: FolderStore, more: Pick<Declared, "problems" | "sources" | "clusterName" | "kube">): Declared {
  return {
    store,
    ...more,
    personas: () => store.list<ConnectSsoPersona>(PERSONA),
    sets: () => store.list<ConnectUserSet>(SET),
    users: () => store.list<ConnectUser>(USER),
    close: async () => more.kube?.close(),
  };
}

function fromFolder(path: string, namespace: string | undefined): Declared {
  let manifests: Manifests;
  try {
    if (isOverlay(path))
      throw new CliError(`${path} is an overlay of kustomize, whose files are not what it declares`, {
        hint: `render it: kubectl kustomize ${path} | connect-sso ${process.argv[2] ?? "plan"} -f -`,
      });
    manifests = path === "-" ? readStandardInput(namespace) : readManifests(path, namespace);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError((error as Error).message, { hint: "-f wants a folder or a file of manifests" });
  }
  for (const problem of manifests.problems) process.stderr.write(`${terminalText(formatProblem(problem))}\n`);
  if (manifests.objects.length === 0)
    throw new CliError(`no valid ${PERSONA}, ${SET} or ${USER} in ${path}`, {
      hint: "examples/recommended shows what they look like",
    });
  const store = new FolderStore(INDEXES, admit);
  for (const object of manifests.objects) store.apply(object as Parameters<typeof store.apply>[0]);
  return declared(store, { problems: manifests.problems, sources: manifests.sources, clusterName: undefined });
}

function readStandardInput(namespace = "default"): Manifests {
  const all: Manifests = { objects: [], problems: [], sources: new Map() };
  parseManifests(readFileSync(0, "utf8"), "(standard input)", namespace, all);
  return all;
}

async function fromCluster(options: ObjectOptions): Promise<Declared> {
  const { kubeconfigAccess, kubeconfigNamespace } = await import("../runtime/kubeconfig.ts");
  const { Transport } = await import("../runtime/transport.ts");
  const { KubeClient } = await import("../runtime/client.ts");
  const access = { file: options.kubeconfig, context: options.context };
  let namespace: string | undefined;
  let transport: InstanceType<typeof Transport>;
  try {
    namespace = options.allNamespaces ? undefined : (options.namespace ?? kubeconfigNamespace(access) ?? "default");
    transport = new Transport({ access: kubeconfigAccess(access) });
  } catch (error) {
    throw new CliError((error as Error).message, {
      hint: "name a cluster with --kubeconfig or KUBECONFIG, or a folder of manifests with -f",
    });
  }
  const client = new KubeClient(transport);
  const close = () => transport.close();
  const store = new FolderStore(INDEXES, admit);
  try {
    for (const resource of Object.values(RESOURCES))
      for await (const items of client.list(resource, { namespace }))
        for (const item of items) store.load({ ...item, kind: resource.kind, apiVersion: `${GROUP}/${VERSION}` });
  } catch (error) {
    await close();
    throw clusterProblem(error as Error & { code?: number }, namespace);
  }
  const owner = store.list<ConnectSsoPersona>(PERSONA).find(({ status }) => status?.owner)?.status?.owner;
  return declared(store, {
    problems: [],
    sources: new Map(),
    clusterName: owner?.split("/")[0],
    kube: { client, close },
  });
}

export function clusterProblem(error: Error & { code?: number }, namespace: string | undefined): CliError {
  const hint =
    error.code === 404
      ? "the cluster does not know our kinds: kubectl apply --server-side -f crds/, or install the chart"
      : error.code === 403
        ? `your account may not list connectssopersonas, connectusersets and connectusers${namespace ? ` in namespace ${namespace}` : " in every namespace; try -n"}`
        : "is the cluster reachable? Check with: kubectl get --raw /readyz";
  return new CliError(`the cluster cannot be read: ${error.message}`, { hint });
}

/** One object by name, or by `namespace/name`; the message names what there is. */
export function find<T extends Resource & KubeObject>(all: T[], name: string, what: string): T {
  const found = all.filter(({ metadata }) =>
    name.includes("/") ? `${metadata.namespace}/${metadata.name}` === name : metadata.name === name,
  );
  if (found.length === 1) return found[0]!;
  const names = (found.length > 1 ? found : all).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  throw new CliError(
    found.length > 1 ? `several are called ${name}: ${names.join(", ")}` : `there is no ${what} ${name}`,
    {
      hint:
        names.length > 0
          ? `there is ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}`
          : `no ${what} is declared here: -n names another namespace, -A means all of them`,
    },
  );
}
