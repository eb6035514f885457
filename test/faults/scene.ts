/**
 * The program as it runs in production: `connect-sso run` as a process of its own, a real kube-apiserver behind a wire that
 * misbehaves on request, and the sandbox clouds over HTTP, whose faults are set from here.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { startProxy, type Wire } from "./proxy.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const NAMESPACE = "team";

/** Creates that a second time would make twice, as "service:Operation". */
const CREATES = {
  applications: "graph:POST /applicationTemplates/{id}/instantiate",
  certificates: "graph:POST /servicePrincipals/{id}/addTokenSigningCertificate",
  roles: "iam:CreateRole",
  providers: "iam:CreateSAMLProvider",
  connectUsers: "connect:CreateUser",
  assignments: "graph:POST /servicePrincipals/{id}/appRoleAssignedTo",
} as const;

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string };
  spec: object;
}
interface Status {
  kind: string;
  metadata: { name: string };
  status?: {
    conditions?: { type: string; status: string; reason: string; message: string }[];
    observedGeneration?: number;
  };
}

export class Scene {
  readonly api: ApiServer;
  readonly wire: Wire;
  readonly sandbox: Sandbox;
  readonly #kubeconfig: string;
  #child: ChildProcess | undefined;
  #said = "";
  /** How often each create had an effect. */
  readonly made: Record<keyof typeof CREATES, number> = {
    applications: 0,
    certificates: 0,
    roles: 0,
    providers: 0,
    connectUsers: 0,
    assignments: 0,
  };
  /** Ends of the program that nobody asked for. */
  readonly deaths: string[] = [];

  private constructor(api: ApiServer, wire: Wire, sandbox: Sandbox, kubeconfig: string) {
    this.api = api;
    this.wire = wire;
    this.sandbox = sandbox;
    this.#kubeconfig = kubeconfig;
    sandbox.onExchange(({ service, operation, response }) => {
      for (const [what, create] of Object.entries(CREATES))
        if (create === `${service}:${operation}` && response.status < 300) this.made[what as keyof typeof CREATES]++;
    });
  }

  static async open(world: WorldInput): Promise<Scene> {
    const [api, sandbox] = await Promise.all([startApiServer(), startSandbox({ world })]);
    const wire = await startProxy({ host: "127.0.0.1", port: Number(new URL(api.url).port) });
    const kubeconfig = join(dirname(api.kubeconfig), "kubeconfig-of-the-program");
    const direct = readFileSync(api.kubeconfig, "utf8");
    writeFileSync(kubeconfig, direct.replaceAll(api.url, `https://127.0.0.1:${wire.port}`), { mode: 0o600 });
    await api.kubectl(["apply", "--server-side", "-f", join(root, "crds")]);
    await api.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", join(root, "crds")]);
    await api.kubectl(["create", "namespace", NAMESPACE]);
    return new Scene(api, wire, sandbox, kubeconfig);
  }

  start(): void {
    const args = ["run", "--kubeconfig", this.#kubeconfig, "--poll-interval", "3s", "--cluster-name", "faults"];
    const child = spawn(
      process.execPath,
      [
        "--",
        join(root, "dist/connect-sso.js"),
        ...args,
        "--metrics-bind-address",
        "0",
        "--health-probe-bind-address",
        "0",
      ],
      { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...this.sandbox.env } },
    );
    this.#child = child;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString("utf8")).slice(-50_000);
    });
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    child.once("close", (code, signal) => {
      process.off("exit", end);
      if (this.#child === child) this.deaths.push(`exit code ${code}, signal ${signal}:\n${this.#said.slice(-3_000)}`);
    });
  }

  get said(): string {
    return this.#said;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends the program; SIGKILL is what a crash looks like to everybody else. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("close", resolve));
    child.kill(signal);
    await gone;
  }

  /** Kills the program in the moment in which its `n`-th further write has had its effect and nobody has answered yet. */
  async killAtWrite(n: number, timeoutMs: number): Promise<boolean> {
    let left = n;
    let stop = () => {};
    const struck = new Promise<void>((resolve) => {
      stop = this.sandbox.onExchange(({ request, operation }) => {
        const read = request.method === "GET" || /^(Get|List|Describe|Search)|batch/.test(operation);
        if (read || --left > 0) return;
        stop();
        resolve(this.end("SIGKILL"));
      });
    });
    const late = new AbortController();
    const hit = await Promise.race([
      struck.then(() => true),
      sleep(timeoutMs, false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    stop();
    return hit;
  }

  async apply(...manifests: Manifest[]): Promise<void> {
    await this.api.kubectl(
      ["apply", "--server-side", "--force-conflicts", "-f", "-"],
      manifests.map((one) => JSON.stringify(one)).join("\n"),
    );
  }

  async objects(): Promise<Status[]> {
    const text = await this.api.kubectl(["get", "connectssopersonas,connectusers", "-n", NAMESPACE, "-o", "json"]);
    return (JSON.parse(text) as { items: Status[] }).items;
  }

  /** Waits until `test` holds for everything there is. */
  async until(what: string, test: (all: Status[]) => boolean, timeoutMs = 120_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const all = await this.objects();
      if (test(all)) return;
      if (Date.now() > end) {
        const open = all.map(
          ({ kind, metadata, status }) => `${kind}/${metadata.name} ${JSON.stringify(condition(status, "Ready"))}`,
        );
        throw new Error(`${what}: not within ${timeoutMs / 1000} s\n${open.join("\n")}\n${this.#said.slice(-4_000)}`);
      }
      await sleep(250);
    }
  }

  ready(count: number): Promise<void> {
    return this.until(`${count} objects Ready`, (all) => all.length === count && all.every(isReady));
  }

  /** Resident memory in MB, open descriptors, and those of them that are sockets. */
  usage(): { rss: number; handles: number; sockets: number } {
    const proc = `/proc/${this.pid}`;
    const rss = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`${proc}/status`, "utf8"))?.[1]) / 1000;
    const handles = readdirSync(`${proc}/fd`);
    const sockets = handles.filter((name) => isSocket(`${proc}/fd/${name}`));
    return { rss, handles: handles.length, sockets: sockets.length };
  }

  async close(): Promise<void> {
    await this.end("SIGTERM");
    await this.wire.close();
    await Promise.all([this.api.stop(), this.sandbox.close()]);
  }
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    return false;
  }
}

const condition = (status: Status["status"], type: string) => status?.conditions?.find((one) => one.type === type);
export const isReady = ({ status }: Status): boolean => condition(status, "Ready")?.status === "True";

export const persona = (name: string, spec: object = {}): Manifest => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectSsoPersona",
  metadata: { name, namespace: NAMESPACE },
  spec: {
    instanceArn: "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666",
    landingPage: "ContactControlPanel",
    application: { displayName: `Connect ${name}` },
    connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile" },
    deletionPolicy: "Delete",
    ...spec,
  },
});

export const user = (name: string, of: string, spec: object = {}): Manifest => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUser",
  metadata: { name, namespace: NAMESPACE },
  spec: {
    personaRef: { name: of },
    entraUser: { userPrincipalName: `${name}@example.com` },
    deletionPolicy: "Delete",
    ...spec,
  },
});
