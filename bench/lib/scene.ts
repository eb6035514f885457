/**
 * Where a benchmark plays: a real kube-apiserver, the sandbox clouds in a process of their own, and any number of ConnectUsers that the
 * controller itself has brought in sync.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { KubeClient, type Resource } from "../../src/runtime/client.ts";
import { kubeconfigAccess } from "../../src/runtime/kubeconfig.ts";
import type { KubeObject } from "../../src/runtime/port.ts";
import { Transport } from "../../src/runtime/transport.ts";
import { type ApiServer, startApiServer } from "../../test/kube/apiserver.ts";
import { Controller } from "./program.ts";
import { SandboxProcess, UNLIMITED } from "./sandbox.ts";
import { eachLimited, until } from "./wait.ts";

export const NAMESPACE = "contact-centre";
export const INSTANCE = "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666";
const GROUP = { group: "connectsso.dev", version: "v1alpha1" };
export const USERS: Resource = { ...GROUP, plural: "connectusers", kind: "ConnectUser" };
const PERSONAS: Resource = { ...GROUP, plural: "connectssopersonas", kind: "ConnectSsoPersona" };
const crds = fileURLToPath(new URL("../../crds", import.meta.url));
const nameOf = (index: number) => `user${String(index).padStart(5, "0")}`;

interface Conditioned extends KubeObject {
  status?: { conditions?: { type: string; status: string; message: string }[] };
}

/** Every tenth person is a manager, the others are agents; every fifth sits in a team, so that names of all kinds are resolved. */
function userOf(index: number): KubeObject {
  return {
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUser",
    metadata: {
      name: nameOf(index),
      namespace: NAMESPACE,
      uid: undefined as never,
      labels: { shard: String(index % 2) },
    },
    spec: {
      personaRef: { name: index % 10 === 0 ? "managers" : "agents" },
      entraUser: { userPrincipalName: `${nameOf(index)}@example.com` },
      phone: { type: "SoftPhone", autoAccept: true },
      ...(index % 5 === 0 ? { hierarchyGroup: ["Dublin", `Team ${(index / 5) % 20}`] } : {}),
    },
  };
}

function personaOf(name: string, landingPage: string, profile: string): KubeObject {
  return {
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectSsoPersona",
    metadata: { name, namespace: NAMESPACE, uid: undefined as never },
    spec: {
      instanceArn: INSTANCE,
      landingPage,
      application: { displayName: `Amazon Connect ${name}` },
      connectUsers: { securityProfiles: [profile], routingProfile: "Basic Routing Profile" },
    },
  };
}

export class Scene {
  readonly cluster: ApiServer;
  readonly sandbox: SandboxProcess;
  readonly client: KubeClient;
  readonly #folder: string;
  /** ConnectUsers there are, all in sync. */
  users = 0;

  private constructor(cluster: ApiServer, sandbox: SandboxProcess, folder: string) {
    this.cluster = cluster;
    this.sandbox = sandbox;
    this.#folder = folder;
    this.client = new KubeClient(new Transport({ access: kubeconfigAccess({ file: cluster.kubeconfig }) }));
  }

  /** `people` are in the tenant; none is in Connect, and there are no ConnectUsers yet. */
  static async open(people: number): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), "connect-sso-bench-"));
    const teams = Array.from({ length: 20 }, (_, index) => ({ name: `Team ${index}` }));
    const [cluster, sandbox] = await Promise.all([
      startApiServer(),
      SandboxProcess.start({
        instances: [
          {
            id: INSTANCE.split("/")[1]!,
            region: "us-east-1",
            alias: "bench",
            userQuota: people + 1000,
            hierarchy: { levels: ["Site", "Team"], groups: [{ name: "Dublin", groups: teams }] },
          },
        ],
        generate: { users: people },
        behaviour: { quotas: "unlimited" },
      }),
    ]);
    const scene = new Scene(cluster, sandbox, folder);
    await cluster.kubectl(["apply", "--server-side", "-f", crds]);
    await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", crds]);
    await cluster.kubectl(["create", "namespace", NAMESPACE]);
    await scene.client.create(PERSONAS, NAMESPACE, personaOf("agents", "ContactControlPanel", "Agent"));
    await scene.client.create(PERSONAS, NAMESPACE, personaOf("managers", "MetricsAndQuality", "CallCenterManager"));
    return scene;
  }

  /** A settings file with these limits. */
  settings(limits: object): string {
    const path = join(this.#folder, `settings-${Object.keys(limits).join("-")}-${Date.now()}.json`);
    writeFileSync(path, JSON.stringify({ limits }));
    return path;
  }

  /** A settings file by which no limit of our own holds anything up. */
  get boundless(): string[] {
    const most = { rate: 1_000_000, burst: 1_000_000 };
    return ["--config", this.settings({ connect: most, iam: most, graph: most, graphWrites: most })];
  }

  controller(args: string[] = []): Promise<Controller> {
    return Controller.start({ kubeconfig: this.cluster.kubeconfig, env: this.sandbox.env, args });
  }

  async personasReady(): Promise<void> {
    await until("both personas Ready", 120_000, async () => {
      const { items } = await this.client.transport.request<{ items: Conditioned[] }>(
        "GET",
        `/apis/connectsso.dev/v1alpha1/namespaces/${NAMESPACE}/connectssopersonas`,
      );
      return items.length === 2 && items.every(isReady);
    });
  }

  /** ConnectUsers from `first` to `last`, both included. */
  async createUsers(first: number, last: number): Promise<void> {
    const indexes = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
    await eachLimited(indexes, 16, (index) => this.client.create(USERS, NAMESPACE, userOf(index)));
  }

  /** How many ConnectUsers are Ready. */
  async ready(): Promise<number> {
    let ready = 0;
    for await (const { items } of this.client.list(USERS, { namespace: NAMESPACE }))
      ready += (items as Conditioned[]).filter(isReady).length;
    return ready;
  }

  /** Lets the controller bring `count` users in sync, without quotas, and stops it. */
  async populate(count: number): Promise<void> {
    if (count <= this.users) return;
    await this.sandbox.behave({ latencyMs: 0, quotas: UNLIMITED });
    const controller = await this.controller([...this.boundless, "--poll-interval", "30m"]);
    try {
      await this.personasReady();
      await this.createUsers(this.users + 1, count);
      await until(`${count} users Ready`, 60_000 + count * 60, async () => (await this.ready()) === count, 3_000);
    } catch (error) {
      throw new Error(`${String(error)}\n${controller.said}`);
    } finally {
      await controller.stop();
    }
    this.users = count;
    await this.sandbox.count();
    await this.sandbox.writes();
  }

  async close(): Promise<void> {
    await this.client.transport.close();
    await this.sandbox.stop();
    await this.cluster.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function isReady({ status }: Conditioned): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
}
