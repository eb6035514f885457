/** `connect-sso apply -f DIR`: the same reconcilers over a folder of manifests, without Kubernetes. What must survive lives in the clouds' own tags. */
import { formatProblem, readManifests } from "../manifests/read.ts";
import { createLogger } from "../observability/log.ts";
import { type Condition, isTrue } from "../runtime/conditions.ts";
import { composeClouds } from "./compose.ts";
import { FolderController, type Resource } from "./folder.ts";
import { paint, tree } from "./tree.ts";

export interface ApplyOptions {
  filename: string;
  clusterName: string;
  config?: string;
  allowInsecureEndpoints: boolean;
  logLevel: string;
  timeout: string;
}

/** Returns the exit code: 0 when everything is Ready, 1 when something needs a person, a document is broken, or time is up. */
export async function apply(options: ApplyOptions): Promise<number> {
  const log = createLogger(options.logLevel);
  const { objects, problems } = readManifests(options.filename);
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (objects.length === 0) {
    process.stderr.write(`connect-sso: no ConnectSsoPersona or ConnectUser in ${options.filename}\n`);
    return 1;
  }
  const { parseInterval } = await import("./run.ts");
  const base = {
    cluster: options.clusterName,
    pollIntervalMs: 15_000,
    allowInsecure: options.allowInsecureEndpoints || process.env.CONNECT_SSO_ALLOW_INSECURE_ENDPOINTS === "1",
    settingsFile: options.config,
    log,
    onCall: () => {},
  };
  const { clouds, close } = composeClouds(base);
  const controller = new FolderController({ clouds, cluster: base.cluster, pollIntervalMs: base.pollIntervalMs, log });
  controller.start();
  for (const object of objects) controller.store.apply(object as Parameters<typeof controller.store.apply>[0]);
  const of = (one: Resource, type: string) => isTrue(one.status?.conditions as Condition[] | undefined, type);
  const settled = (all: Resource[]) => all.every((one) => of(one, "Ready") || of(one, "Stalled"));
  let code = 0;
  try {
    await controller.until(settled, parseInterval(options.timeout), "everything is Ready or needs a person");
  } catch (error) {
    process.stderr.write(`connect-sso: ${(error as Error).message}; run it again to go on\n`);
    code = 1;
  }
  process.stdout.write(`${tree(controller.resources(), paint())}\n`);
  if (problems.length > 0 || !controller.resources().every((one) => of(one, "Ready"))) code = 1;
  await controller.stop();
  close();
  return code;
}
