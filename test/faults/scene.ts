/**
 * The program as it runs in production: `connect-sso run` as a process of its own, a real kube-apiserver behind a wire that
 * misbehaves on request, and the sandbox clouds over HTTP, whose faults are set from here.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { type Middleman, startMiddleman } from "./middleman.ts";
import { Program } from "./program.ts";
import { startProxy, type Wire } from "./proxy.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const NAMESPACE = "team";
const LEASE = "connect-sso";

/** Creates that a second time would make twice, as "service:Operation". */
const CREATES = {
  applications: "graph:POST /applicationTemplates/{id}/instantiate",
  certificates: "graph:POST /servicePrincipals/{id}/addTokenSigningCertificate",
  roles: "iam:CreateRole",
  providers: "iam:CreateSAMLProvider",
  connectUsers: "connect:CreateUser",
  assignments: "graph:POST /servicePrincipals/{id}/appRoleAssignedTo",
} as const;

/** What persona agents with users jane and omar takes, and no more. */
export const EACH_ONCE = {
  applications: 1,
  certificates: 1,
  roles: 1,
  providers: 1,
  connectUsers: 2,
  assignments: 2,
};

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string };
  spec: object;
}
interface Status {
  kind: string;
  metadata: { name: string; generation?: number; resourceVersion?: string };
  status?: {
    conditions?: { type: string; status: string; reason: string; message: string }[];
    observedGeneration?: number;
  };
}

export interface StartOptions {
  /** As in production: only the holder of the Lease works. */
  leaderElect?: boolean;
  /** Standard error is a disk without room. */
  log?: "full";
}

export class Scene {
  readonly api: ApiServer;
  /** To the API server, by the middleman. */
  readonly wire: Wire;
  readonly middleman: Middleman;
  /** To the clouds. */
  readonly cloudWire: Wire;
  readonly sandbox: Sandbox;
  readonly #kubeconfig: string;
  #program: Program | undefined;
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
  /** What processes that have ended had written. */
  #past = "";

  private constructor(parts: Pick<Scene, "api" | "wire" | "middleman" | "cloudWire" | "sandbox">, kubeconfig: string) {
    this.api = parts.api;
    this.wire = parts.wire;
    this.middleman = parts.middleman;
    this.cloudWire = parts.cloudWire;
    this.sandbox = parts.sandbox;
    this.#kubeconfig = kubeconfig;
    parts.sandbox.onExchange(({ service, operation, response }) => {
      for (const [what, create] of Object.entries(CREATES))
        if (create === `${service}:${operation}` && response.status < 300) this.made[what as keyof typeof CREATES]++;
    });
  }

  static async open(world: WorldInput): Promise<Scene> {
    const [api, sandbox] = await Promise.all([startApiServer(), startSandbox({ world })]);
    const folder = dirname(api.kubeconfig);
    const middleman = await startMiddleman({ port: portOf(api.url), certificates: join(folder, "certs") });
    const wire = await startProxy({ host: "127.0.0.1", port: middleman.port });
    const cloudWire = await startProxy({ host: "127.0.0.1", port: portOf(sandbox.url) });
    const kubeconfig = join(folder, "kubeconfig-of-the-program");
    const direct = readFileSync(api.kubeconfig, "utf8");
    writeFileSync(kubeconfig, direct.replaceAll(api.url, `https://127.0.0.1:${wire.port}`), { mode: 0o600 });
    await api.kubectl(["apply", "--server-side", "-f", join(root, "crds")]);
    await api.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", join(root, "crds")]);
    await api.kubectl(["create", "namespace", NAMESPACE]);
    return new Scene({ api, wire, middleman, cloudWire, sandbox }, kubeconfig);
  }

  /** Variables by which a program finds the clouds: by a name, over the wire. */
  get env(): Record<string, string> {
    const far = `http://localhost:${this.cloudWire.port}`;
    return Object.fromEntries(
      Object.entries(this.sandbox.env).map(([name, value]) => [name, value.replace(this.sandbox.url, far)]),
    );
  }

  start(options: StartOptions = {}): void {
    this.take(this.launch(options));
  }

  /** A further process. Its end is nobody's business. */
  launch({ leaderElect = false, log }: StartOptions = {}): Program {
    const args = ["run", "--kubeconfig", this.#kubeconfig, "--poll-interval", "3s", "--cluster-name", "faults"];
    const ports = ["--metrics-bind-address", "127.0.0.1:0", "--health-probe-bind-address", "0"];
    const elect = leaderElect ? ["--leader-elect"] : [];
    return new Program([...args, ...ports, ...elect], this.env, log ? { log } : {});
  }

  /** From now on this is the program: the one that must not end by itself. */
  take(program: Program | undefined): void {
    this.#program = program;
    void program?.ended.then((end) => {
      this.#past = (this.#past + program.said).slice(-200_000);
      if (this.#program === program) this.deaths.push(`${end}:\n${program.said.slice(-3_000)}`);
    });
  }

  get said(): string {
    return this.#past + (this.#program && !this.#program.end ? this.#program.said : "");
  }

  get program(): Program | undefined {
    return this.#program;
  }

  /** Ends the program; SIGKILL is what a crash looks like to everybody else. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    program?.kill(signal);
    await program?.ended;
  }

  /**
   * Kills the program in the moment in which its `n`-th further write to a cloud has had its effect and nobody has answered yet; with `of`
   * "call", at a call of any kind, to a cloud or to Kubernetes, before it has an effect or after.
   */
  async killAt(n: number, timeoutMs: number, of: "write" | "call" = "write"): Promise<boolean> {
    let left = n;
    let strike = () => {};
    const struck = new Promise<void>((resolve) => {
      strike = () => {
        if (--left === 0) resolve(this.end("SIGKILL"));
      };
    });
    const stop = this.sandbox.onExchange(({ request, operation }) => {
      const read = request.method === "GET" || /^(Get|List|Describe|Search)|batch/.test(operation);
      if (of === "call" || !read) strike();
    });
    if (of === "call") this.middleman.onRequest = strike;
    const late = new AbortController();
    const hit = await Promise.race([
      struck.then(() => true),
      sleep(timeoutMs, false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    stop();
    this.middleman.onRequest = undefined;
    return hit;
  }

  /** Somebody else writes their name into the Lease. */
  async stealLease(thief = "a-thief"): Promise<void> {
    const patch = JSON.stringify({
      spec: { holderIdentity: thief, renewTime: new Date().toISOString().replace("Z", "000Z") },
    });
    await this.api.kubectl(["patch", "lease", LEASE, "-n", "default", "--type=merge", "-p", patch]);
  }

  /** Waits until the Lease names it; false when that takes longer, or it ended. */
  async leads(program: Program, timeoutMs: number): Promise<boolean> {
    const holder = ["get", "lease", LEASE, "-n", "default", "-o", "jsonpath={.spec.holderIdentity}"];
    for (const end = Date.now() + timeoutMs; Date.now() < end && !program.end; await sleep(200))
      if ((await this.api.kubectl(holder).catch(() => "")) === `${hostname()}_${program.pid}`) return true;
    return false;
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
        throw new Error(`${what}: not within ${timeoutMs / 1000} s\n${open.join("\n")}\n${this.said.slice(-4_000)}`);
      }
      await sleep(250);
    }
  }

  ready(count: number): Promise<void> {
    return this.until(`${count} objects Ready`, this.allReady(count));
  }

  allReady(count: number): (all: Status[]) => boolean {
    return (all) => all.length === count && all.every(isReady);
  }

  /** Differs when anything of any object was written, be it only its status. */
  async versions(): Promise<string> {
    const all = (await this.objects()).map(
      ({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.resourceVersion}`,
    );
    return all.sort().join("\n");
  }

  async close(): Promise<void> {
    await this.end("SIGTERM");
    await Promise.all([this.wire.close(), this.cloudWire.close()]);
    await this.middleman.close();
    await Promise.all([this.api.stop(), this.sandbox.close()]);
  }
}

const portOf = (url: string) => Number(new URL(url).port);
const condition = (status: Status["status"], type: string) => status?.conditions?.find((one) => one.type === type);
/** As declared last, not as declared before. */
export const isReady = ({ metadata, status }: Status): boolean =>
  condition(status, "Ready")?.status === "True" && status?.observedGeneration === metadata.generation;

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
