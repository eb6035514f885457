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
import { CLUSTER, NAMESPACE, objectIdOf, personaManifest, personaOf, userManifest, worldOf } from "./people.ts";
import { Controller } from "./program.ts";
import { SandboxProcess, UNLIMITED } from "./sandbox.ts";
import { eachLimited, until } from "./wait.ts";

const GROUP = { group: "connectsso.dev", version: "v1alpha1" };
export const USERS: Resource = { ...GROUP, plural: "connectusers", kind: "ConnectUser" };
const PERSONAS: Resource = { ...GROUP, plural: "connectssopersonas", kind: "ConnectSsoPersona" };
const crds = fileURLToPath(new URL("../../crds", import.meta.url));
const FINALIZER = "connectsso.dev/finalizer";
/** Requests in one batch of Microsoft Graph. */
const BATCH = 20;

interface Persona extends KubeObject {
  status?: Conditioned["status"] & { servicePrincipalId?: string; appRoleId?: string };
}
interface Conditioned extends KubeObject {
  status?: { conditions?: { type: string; status: string; message: string }[] };
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

  /**
   * `people` are in the tenant, the first `connectUsers` of them in Connect, the next up to `inGroup` in the group Staff; there are two
   * personas and no ConnectUsers yet.
   */
  static async open(people: number, connectUsers = people, inGroup = connectUsers): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), "connect-sso-bench-"));
    const [cluster, sandbox] = await Promise.all([
      startApiServer(),
      SandboxProcess.start(worldOf(people, connectUsers, inGroup)),
    ]);
    const scene = new Scene(cluster, sandbox, folder);
    await cluster.kubectl(["apply", "--server-side", "-f", crds]);
    await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", crds]);
    await cluster.kubectl(["create", "namespace", NAMESPACE]);
    for (const name of ["agents", "managers"] as const)
      await scene.client.create(PERSONAS, NAMESPACE, personaManifest(name));
    return scene;
  }

  /** A settings file with these limits. */
  settings(limits: object): string {
    const path = join(this.#folder, `settings-${performance.now()}.json`);
    writeFileSync(path, JSON.stringify({ limits }));
    return path;
  }

  /** By which no limit of our own holds anything up. */
  get boundless(): string[] {
    const most = { rate: 1_000_000, burst: 1_000_000 };
    return ["--config", this.settings({ connect: most, iam: most, graph: most, graphWrites: most })];
  }

  controller(args: string[] = []): Promise<Controller> {
    const { kubeconfig } = this.cluster;
    const env = { ...this.sandbox.env, POD_NAMESPACE: NAMESPACE };
    return Controller.start({ kubeconfig, env, args: ["--cluster-name", CLUSTER, ...args] });
  }

  async personasReady(): Promise<Persona[]> {
    return until("both personas Ready", 120_000, async () => {
      const path = `/apis/connectsso.dev/v1alpha1/namespaces/${NAMESPACE}/connectssopersonas`;
      const { items } = await this.client.transport.request<{ items: Persona[] }>("GET", path);
      return items.length === 2 && items.every(isReady) && items;
    });
  }

  /** ConnectUsers from `first` to `last`, both included. */
  async createUsers(first: number, last: number, finalizers: string[] = []): Promise<void> {
    await eachLimited(range(first, last), 16, (index) =>
      this.client.create(USERS, NAMESPACE, userManifest(index, finalizers)),
    );
  }

  /** Every ConnectUser. */
  async *list(): AsyncGenerator<Conditioned> {
    for await (const items of this.client.list(USERS, { namespace: NAMESPACE }))
      for (const item of items) yield item as Conditioned;
  }

  /** How many ConnectUsers are Ready. */
  async ready(): Promise<number> {
    let ready = 0;
    for await (const one of this.list()) if (isReady(one)) ready++;
    return ready;
  }

  /**
   * Brings the first `count` ConnectUsers in sync. Their Connect users exist, and they are assigned here as the controller would; it
   * finds that out by itself and writes what it found.
   */
  async populate(count: number): Promise<void> {
    if (count <= this.users) return;
    await this.sandbox.behave({ latencyMs: 0, quotas: UNLIMITED });
    const controller = await this.controller([...this.boundless, "--poll-interval", "2h"]);
    try {
      const personas = await this.personasReady();
      await this.#assign(personas, this.users + 1, count);
      // Every user that it reads from now on is assigned.
      await controller.stop();
      await this.createUsers(this.users + 1, count, [FINALIZER]);
      const second = await this.controller([...this.boundless, "--poll-interval", "2h"]);
      try {
        const patience = 60_000 + count * 60;
        await until(`${count} users Ready`, patience, async () => (await this.ready()) === count, 2_000);
      } finally {
        await second.stop();
      }
    } catch (error) {
      throw new Error(`${String(error)}\n${controller.said}`);
    } finally {
      await controller.stop();
    }
    this.users = count;
    await this.sandbox.count();
    await this.sandbox.writes();
  }

  async #assign(personas: Persona[], first: number, last: number): Promise<void> {
    const roles = new Map(personas.map(({ metadata, status }) => [metadata.name, status!]));
    const requests = range(first, last).map((index) => {
      const { servicePrincipalId, appRoleId } = roles.get(personaOf(index))!;
      return {
        id: String(index),
        method: "POST",
        url: `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`,
        headers: { "content-type": "application/json" },
        body: { principalId: objectIdOf(index), resourceId: servicePrincipalId, appRoleId },
      };
    });
    const batches = Array.from({ length: Math.ceil(requests.length / BATCH) }, (_, index) =>
      requests.slice(index * BATCH, (index + 1) * BATCH),
    );
    await eachLimited(batches, 4, async (batch) => {
      const { responses } = (await this.sandbox.graph("POST", "/$batch", { requests: batch })) as {
        responses: { status: number; body: unknown }[];
      };
      const refused = responses.find(({ status }) => status !== 201);
      if (refused) throw new Error(`an assignment was refused: ${JSON.stringify(refused)}`);
    });
  }

  async close(): Promise<void> {
    await this.client.transport.close();
    await this.sandbox.stop();
    await this.cluster.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, offset) => first + offset);

function isReady({ status }: Conditioned): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
}
