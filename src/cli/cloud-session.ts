/** Clouds for a command: real ones by the usual credentials, or a sandbox inside this process; through the same guard as the controller. */
import { join } from "node:path";
import { composeClouds } from "../controller/clouds.ts";
import { createLogger, logCall } from "../observability/log.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { Logger } from "../runtime/logger.ts";
import { controllerNames, controllerOfKubeconfig } from "./controller-name.ts";
import type { Declared } from "./declared-objects.ts";
import { type CloudOptions, checkClusterName, insecureAllowed, type ObjectOptions } from "./options.ts";
import { packageRoot } from "./package-root.ts";

export interface CloudSession {
  clouds: Clouds;
  /** Ownership name: first part of every owner tag. */
  cluster: string;
  log: Logger;
  /** Absent without --sandbox. */
  sandboxUrl?: string;
  close(): Promise<void>;
}

interface SessionOptions {
  /** How old shared reads may be; a command that looks once takes any. */
  pollIntervalMs?: number;
  /** Of manifests: compare them as the controller of the kubeconfig's cluster, when there is one. */
  asController?: boolean;
}

export async function openClouds(
  options: CloudOptions & Pick<ObjectOptions, "kubeconfig" | "context">,
  declared?: Pick<Declared, "clusterName" | "kube">,
  { pollIntervalMs = 15_000, asController = false }: SessionOptions = {},
): Promise<CloudSession> {
  const log = createLogger(options.logLevel ?? "warn");
  const wanted = options.sandbox === true || options.sandboxConfig !== undefined;
  // One that runs already is found by its variables.
  const running = wanted && options.sandboxConfig === undefined && process.env.CONNECT_SSO_GRAPH_URL !== undefined;
  const sandbox = wanted && !running ? await startSandbox(options.sandboxConfig) : undefined;
  if (sandbox) Object.assign(process.env, sandbox.env);
  // No controller works in clouds that begin with this command.
  const cluster = await clusterName(options, declared, asController && !sandbox);
  const { clouds, close } = composeClouds({
    cluster,
    pollIntervalMs,
    allowInsecure: wanted || insecureAllowed(options),
    settingsFile: options.config,
    log,
    onCall: (call) => logCall(log, call),
  });
  return {
    clouds,
    cluster,
    log,
    ...(sandbox ? { sandboxUrl: sandbox.url } : {}),
    async close() {
      close();
      await sandbox?.close();
    },
  };
}

async function clusterName(
  options: Parameters<typeof openClouds>[0],
  declared: Parameters<typeof openClouds>[1],
  asController: boolean,
): Promise<string> {
  if (options.clusterName !== undefined) return checkClusterName(options.clusterName);
  if (declared?.clusterName) return declared.clusterName;
  if (declared?.kube) {
    const [name, ...others] = await controllerNames(declared.kube.client);
    if (name && others.length === 0) return name;
    process.stderr.write(
      name
        ? `note: several controllers work here (${[name, ...others].join(", ")}); continuing with \`default\`: choose one with --cluster-name\n`
        : "note: neither a persona nor a controller of this cluster says its --cluster-name yet; continuing with `default`\n",
    );
    return "default";
  }
  const name = asController ? await controllerOfKubeconfig(options) : undefined;
  if (name)
    process.stderr.write(
      `note: compared as cluster ${name}, the controller that the kubeconfig leads to (--cluster-name)\n`,
    );
  return name ?? "folder";
}

async function startSandbox(world: string | undefined) {
  const { startSandbox: start } = await import("../sandbox/server.ts");
  return start({ world: world ?? join(packageRoot(), "examples/sandbox-world.yaml") });
}
