/** The controller over a folder with time that flows by itself, and over a real API server: the same scenarios run on both. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { Registry } from "prom-client";
import { RESOURCES } from "../../src/api/resources.ts";
import { composeClouds } from "../../src/controller/clouds.ts";
import { createClusterController } from "../../src/controller/in-cluster.ts";
import type { Resource } from "../../src/controller/on-folder.ts";
import { KubeClient } from "../../src/runtime/client.ts";
import { isNotFound } from "../../src/runtime/errors.ts";
import { EVENTS } from "../../src/runtime/events.ts";
import { kubeconfigAccess } from "../../src/runtime/kubeconfig.ts";
import { Transport } from "../../src/runtime/transport.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { PATIENCE_MS, start } from "../e2e/support.ts";
import type { ApiServer } from "../kube/apiserver.ts";

export interface Wiring {
  sandbox: Sandbox;
  /** What `kubectl apply` does. */
  apply(...objects: Declared[]): Promise<void>;
  annotate(kind: string, name: string, annotations: Record<string, string>): Promise<void>;
  /** What `kubectl delete --wait=false` does. */
  remove(kind: string, name: string): Promise<void>;
  get(kind: string, name: string): Promise<Resource | undefined>;
  /** Reasons of events about an object. */
  events(kind: string, name: string): Promise<string[]>;
  until(look: () => Promise<boolean>, what: string): Promise<void>;
  stop(): Promise<void>;
}

export interface Declared {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string };
  spec: object;
}

export interface WiringOptions {
  world: WorldInput;
  pollIntervalMs: number;
}

const NAMESPACE = "team";

export async function onFolder({ world, pollIntervalMs }: WiringOptions): Promise<Wiring> {
  const harness = await start(world, { pollIntervalMs });
  const { store } = harness.controller;
  const ref = (kind: string, name: string) => ({ kind, namespace: NAMESPACE, name });
  return {
    sandbox: harness.sandbox,
    apply: async (...objects) => harness.apply(...objects),
    annotate: async (kind, name, annotations) => store.annotate(ref(kind, name), annotations),
    remove: async (kind, name) => store.delete(ref(kind, name)),
    get: async (kind, name) => store.get<Resource>(kind, NAMESPACE, name),
    events: async (kind, name) =>
      store.events.filter((one) => one.ref.kind === kind && one.ref.name === name).map(({ event }) => event.reason),
    async until(look, what) {
      const end = Date.now() + PATIENCE_MS;
      while (!(await look())) {
        if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS / 60_000} min of simulated time`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    stop: () => harness.stop(),
  };
}

export async function installCrds(server: ApiServer): Promise<void> {
  const crds = fileURLToPath(new URL("../../crds", import.meta.url));
  await server.kubectl(["apply", "--server-side", "-f", crds]);
  await server.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", crds]);
}

let namespaces = 0;
/** Real time: nothing here is as slow as this on any machine. */
const REAL_PATIENCE_MS = 120_000;

export async function inCluster(server: ApiServer, { world, pollIntervalMs }: WiringOptions): Promise<Wiring> {
  const namespace = `${NAMESPACE}-${++namespaces}`;
  await server.kubectl(["create", "namespace", namespace]);
  const sandbox = await startSandbox({ world });
  delete process.env.AWS_SESSION_TOKEN;
  Object.assign(process.env, sandbox.env);
  const log = pino({ level: "silent" });
  const common = { cluster: "test", pollIntervalMs, log };
  const { clouds, massDeletionShare, close } = composeClouds({ ...common, allowInsecure: true, onCall() {} });
  const controller = createClusterController({
    ...common,
    kubeconfig: server.kubeconfig,
    namespace,
    clouds,
    massDeletionShare,
    metricsBindAddress: "0",
    healthProbeBindAddress: "0",
    metricsText: async () => "",
    registry: new Registry(),
    userAgent: "connect-sso/test",
  });
  await controller.start();
  const client = new KubeClient(new Transport({ access: kubeconfigAccess({ file: server.kubeconfig }) }));
  return {
    sandbox,
    async apply(...objects) {
      const text = objects.map((one) => JSON.stringify({ ...one, metadata: { ...one.metadata, namespace } }));
      await server.kubectl(["apply", "-f", "-"], text.join("\n---\n"));
    },
    async annotate(kind, name, annotations) {
      const body = { metadata: { annotations } };
      await client.patch(RESOURCES[kind as keyof typeof RESOURCES], namespace, name, { type: "merge", body });
    },
    async remove(kind, name) {
      await client.delete(RESOURCES[kind as keyof typeof RESOURCES], namespace, name);
    },
    get: (kind, name) =>
      client.get<Resource>(RESOURCES[kind as keyof typeof RESOURCES], namespace, name).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      }),
    async events(kind, name) {
      const reasons: string[] = [];
      for await (const page of client.list(EVENTS, { namespace }))
        for (const event of page as unknown as { reason: string; regarding: { kind: string; name: string } }[])
          if (event.regarding.kind === kind && event.regarding.name === name) reasons.push(event.reason);
      return reasons;
    },
    async until(look, what) {
      const end = Date.now() + REAL_PATIENCE_MS;
      while (!(await look())) {
        if (Date.now() > end) throw new Error(`${what}: not within ${REAL_PATIENCE_MS / 1000} s`);
        await sleep(100);
      }
    },
    async stop() {
      await controller.stop();
      close();
      await client.transport.close();
      await sandbox.close();
    },
  };
}
