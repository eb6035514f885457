/** Clouds for a command: real ones by the usual credentials, or a sandbox inside this process; through the same guard as the controller. */
import { join } from "node:path";
import { composeClouds } from "../controller/clouds.ts";
import { createLogger, logCall } from "../observability/log.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Declared } from "./declared-objects.ts";
import { type CloudOptions, checkClusterName, insecureAllowed } from "./options.ts";
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

/** `pollIntervalMs` bounds how old shared reads may be; a command that looks once takes any. */
export async function openClouds(
  options: CloudOptions,
  declared?: Pick<Declared, "clusterName" | "kube">,
  pollIntervalMs = 15_000,
): Promise<CloudSession> {
  const log = createLogger(options.logLevel ?? "warn");
  const wanted = options.sandbox === true || options.sandboxConfig !== undefined;
  // One that runs already is found by its variables.
  const running = wanted && options.sandboxConfig === undefined && process.env.CONNECT_SSO_GRAPH_URL !== undefined;
  const sandbox = wanted && !running ? await startSandbox(options.sandboxConfig) : undefined;
  if (sandbox) Object.assign(process.env, sandbox.env);
  const named = options.clusterName === undefined ? undefined : checkClusterName(options.clusterName);
  const cluster = named ?? declared?.clusterName ?? (declared?.kube ? "default" : "folder");
  if (declared?.kube && cluster === "default" && !options.clusterName && !declared.clusterName)
    process.stderr.write(
      "note: no persona tells yet under which --cluster-name its controller owns things; going on with `default`\n",
    );
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

async function startSandbox(world: string | undefined) {
  const { startSandbox: start } = await import("../sandbox/server.ts");
  return start({ world: world ?? join(packageRoot(), "examples/sandbox-world.yaml") });
}
