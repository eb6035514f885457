/** The controller as the chart runs it: the rendered arguments, a token of the rendered service account, emulated clouds. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { find, type Manifest, root } from "./support.ts";

/** A request of the service account, from the API server's audit log. */
export interface Request {
  /** `verb group/resource[/subresource][ name]`; the name of leases only. */
  what: string;
  namespace: string;
  code: number;
}

export interface Cluster {
  server: ApiServer;
  sandbox: Sandbox;
  kubectl(args: string, input?: unknown): Promise<string>;
  /** Everything that the service account asked for since the last `forget`. */
  requests(): Request[];
  forget(): void;
  /** Starts the container of this deployment as a process. It looks every second, and has one cluster name whatever the values say. `more`: further arguments. */
  start(manifests: Manifest[], kubeconfig: string, more?: string[]): Controller;
  /** Kubeconfig with a fresh token of the service account of these manifests. */
  kubeconfig(manifests: Manifest[]): Promise<string>;
  stop(): Promise<void>;
}
export interface Controller {
  output(): string;
  ended(): boolean;
  /** SIGTERM, as the kubelet does it; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** `timeScale`: simulated seconds in one real second. `world`: that of the examples by default. */
export async function startCluster({
  timeScale = 3_000,
  world = parse(readFileSync(join(root, "examples/sandbox-world.yaml"), "utf8")) as WorldInput,
} = {}): Promise<Cluster> {
  const behaviour = { ...world.behaviour, consistencyDelay: "50ms", timeScale, quotas: "unlimited" as const };
  const sandbox = await startSandbox({ world: { ...world, behaviour } });
  const server = await startApiServer({ audit: true });
  const running = new Set<Controller>();
  let seen = 0;
  const kubectl = (args: string, input?: unknown) =>
    server.kubectl(
      args.split(" "),
      input === undefined ? undefined : typeof input === "string" ? input : JSON.stringify(input),
    );
  return {
    server,
    sandbox,
    kubectl,
    requests: () => auditOf(server.auditLog).slice(seen),
    forget() {
      seen = auditOf(server.auditLog).length;
    },
    async kubeconfig(manifests) {
      const { name, namespace } = find(manifests, "ServiceAccount").metadata;
      const token = (await kubectl(`create token ${name} --namespace ${namespace} --duration 1h`)).trim();
      const config = JSON.parse(readFileSync(server.kubeconfig, "utf8"));
      config.users[0].user = { token };
      const file = join(server.kubeconfig, "..", `kubeconfig-${namespace}-${name}`);
      writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
      return file;
    },
    start(manifests, kubeconfig, more = []) {
      const deployment = find(manifests, "Deployment");
      const { args } = deployment.spec.template.spec.containers[0];
      const local = ["--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"];
      const fixed = ["--poll-interval=1s", "--cluster-name=test"];
      const env = { ...process.env, ...sandbox.env, POD_NAMESPACE: deployment.metadata.namespace };
      const all = ["--", join(root, "src/main.ts"), ...args, `--kubeconfig=${kubeconfig}`, ...local, ...fixed, ...more];
      const controller = follow(spawn(process.execPath, all, { env, stdio: ["ignore", "pipe", "pipe"] }));
      running.add(controller);
      return controller;
    },
    async stop() {
      await Promise.all([...running].map((controller) => controller.stop("SIGKILL")));
      await sandbox.close();
      await server.stop();
    },
  };
}

function follow(child: ChildProcess): Controller {
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
  // A test run that is broken off leaves nothing behind.
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  void ended.then(() => process.off("exit", end));
  return {
    output: () => Buffer.concat(chunks).toString(),
    ended: () => child.exitCode !== null || child.signalCode !== null,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}

/** Requests of service accounts; a watch is written when it begins and when it ends, which is one request. */
function auditOf(file: string): Request[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.includes('"system:serviceaccount:'))
    .map((line) => JSON.parse(line))
    .filter(({ user, objectRef }) => user.username.startsWith("system:serviceaccount:") && objectRef)
    .map(({ verb, objectRef: { apiGroup = "", resource, subresource, namespace = "", name }, responseStatus }) => ({
      what: `${verb} ${apiGroup}/${resource}${subresource ? `/${subresource}` : ""}${resource === "leases" && name ? ` ${name}` : ""}`,
      namespace,
      code: responseStatus?.code ?? 0,
    }));
}

/** What the rules of roles allow, in the words of `Request.what`. */
export function granted(roles: Manifest[]): string[] {
  return roles.flatMap(({ rules }) =>
    rules.flatMap((rule: { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }) =>
      rule.apiGroups.flatMap((group) =>
        rule.resources.flatMap((resource) =>
          rule.verbs.flatMap((verb) =>
            (rule.resourceNames ?? [""]).map((name) => `${verb} ${group}/${resource} ${name}`.trimEnd()),
          ),
        ),
      ),
    ),
  );
}

/** Polls until `look` gives something; a controller that ends meanwhile says why. `what` is for the message. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  controller?: Controller,
): Promise<T> {
  const end = Date.now() + 60_000;
  while (Date.now() < end && !controller?.ended()) {
    const found = await look();
    if (found) return found;
    await sleep(100);
  }
  throw new Error(
    `${controller?.ended() ? "the controller ended" : "not after 60 s"}: ${what}\n${controller?.output() ?? ""}`,
  );
}
