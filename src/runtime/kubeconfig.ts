/**
 * Kubeconfig, in-cluster and exec or OIDC authentication, by client-node. The only file that imports it, and only its `config` module:
 * the generated API classes are a large part of start-up time and memory.
 */
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { AccessProvider, ClusterAccess } from "./transport.ts";

/** How long headers and certificates are remembered; each look reads the files again. Projected tokens rotate far slower. */
const REMEMBER_MS = 10_000;

/** From a file and context, else KUBECONFIG, ~/.kube/config or the service account of the pod. Throws when no cluster is named. */
export function kubeconfigAccess(options: { file?: string; context?: string } = {}): AccessProvider {
  let config = load(options);
  let remembered: { access: ClusterAccess; until: number } | undefined;
  return async (refresh) => {
    if (remembered && !refresh && performance.now() < remembered.until) return remembered.access;
    // A new KubeConfig forgets what its authenticators remember, which is what a 401 asks for.
    if (refresh) config = load(options);
    const access = await read(config);
    remembered = { access, until: performance.now() + REMEMBER_MS };
    return access;
  };
}

/** Throws with the file's name when it cannot be read, and with the contexts that exist when it has no such context. */
function load(options: { file?: string; context?: string }): KubeConfig {
  const config = new KubeConfig();
  try {
    if (options.file) config.loadFromFile(options.file);
    else config.loadFromDefault();
  } catch (error) {
    const file = options.file ?? process.env.KUBECONFIG ?? "~/.kube/config";
    throw new Error(`the kubeconfig ${file} cannot be read: ${(error as Error).message.split("\n")[0]}`);
  }
  // What client-node makes up when it finds nothing at all.
  const found = config.getCurrentCluster();
  if (!options.file && found?.server === "http://localhost:8080" && found.name === "cluster")
    throw new Error("there is neither a kubeconfig nor the service account of a pod");
  if (options.context !== undefined) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(options.context))
      throw new Error(`the kubeconfig has no context ${options.context}; it has ${names.join(", ") || "none"}`);
    config.setCurrentContext(options.context);
  }
  if (!config.getCurrentCluster()) throw new Error("the kubeconfig names no current cluster");
  return config;
}

/** The namespace of the current context, or of the pod. */
export function kubeconfigNamespace(options: { file?: string; context?: string } = {}): string | undefined {
  const config = load(options);
  return config.getContextObject(config.getCurrentContext())?.namespace;
}

/** Names of the contexts. */
export function kubeconfigContexts(file?: string): string[] {
  return load(file === undefined ? {} : { file })
    .getContexts()
    .map(({ name }) => name);
}

async function read(config: KubeConfig): Promise<ClusterAccess> {
  const cluster = config.getCurrentCluster()!;
  if (cluster.proxyUrl?.startsWith("socks")) throw new Error("a SOCKS proxy in the kubeconfig is not supported");
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {}))
    if (value !== undefined) headers[name] = String(value);
  if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  return {
    server: cluster.server.replace(/\/$/, ""),
    tls: definedOnly({ ca, cert, key, rejectUnauthorized, servername }),
    headers,
    ...(cluster.proxyUrl ? { proxyUrl: cluster.proxyUrl } : {}),
  };
}

function definedOnly(options: Record<string, unknown>): ClusterAccess["tls"] {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
