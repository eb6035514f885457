import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { request } from "undici";
import { awaitChange } from "../../src/runtime/action.ts";
import { KubeClient, type Resource } from "../../src/runtime/client.ts";
import type { Reconcile } from "../../src/runtime/controller.ts";
import { EVENTS } from "../../src/runtime/events.ts";
import { kubeconfigAccess } from "../../src/runtime/kubeconfig.ts";
import { LEASES } from "../../src/runtime/leader.ts";
import { createManager, type Manager, type ManagerOptions } from "../../src/runtime/manager.ts";
import type { KubeObject, ObjectStore } from "../../src/runtime/port.ts";
import { Transport } from "../../src/runtime/transport.ts";
import { type ApiServer, startApiServer } from "./apiserver.ts";

const USERS: Resource = { group: "connectsso.dev", version: "v1alpha1", plural: "connectusers", kind: "ConnectUser" };
const FINALIZER = "connectsso.dev/finalizer";
const crds = fileURLToPath(new URL("../../crds", import.meta.url));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let server: ApiServer;
let client: KubeClient;
const managers: Manager[] = [];

beforeAll(async () => {
  server = await startApiServer();
  await server.kubectl(["apply", "--server-side", "-f", crds]);
  await server.kubectl(["wait", "--for=condition=Established", "--timeout=20s", "-f", crds]);
  client = new KubeClient(new Transport({ access: kubeconfigAccess({ file: server.kubeconfig }) }));
});
afterEach(async () => {
  await Promise.all(managers.splice(0).map((manager) => manager.stop()));
});
afterAll(async () => {
  await client?.transport.close();
  await server?.stop();
});

type User = KubeObject & { spec: { personaRef: { name: string } }; status?: { username?: string } };

/** A namespace of its own for each test: there are no leftovers to think of. */
async function namespace(name: string): Promise<string> {
  const resource = { group: "", version: "v1", plural: "namespaces", kind: "Namespace" };
  await client.create(resource, undefined, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  return name;
}

function createUser(where: string, name: string, persona = "agents"): Promise<User> {
  return client.create<User>(USERS, where, {
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUser",
    metadata: { name, namespace: where },
    spec: { personaRef: { name: persona }, entraUser: { userPrincipalName: `${name}@example.com` } },
  });
}

/** What a reconciler does, without clouds: finalizer, status, event, and the end of a deleted object. */
function toy(store: ObjectStore, seen: string[]): Reconcile {
  return async (ref, { reason }) => {
    seen.push(`${ref.name} ${reason}`);
    const user = store.get<User>(ref.kind, ref.namespace, ref.name);
    if (!user) return awaitChange();
    if (user.metadata.deletionTimestamp) {
      await store.removeFinalizer(user, FINALIZER);
      return awaitChange();
    }
    await store.addFinalizer(user, FINALIZER);
    const written = await store.updateStatus(user, { username: `${ref.name}@${user.spec.personaRef.name}` });
    if (written) store.event(user, { type: "Normal", reason: "Made", action: "Make", note: "as declared" });
    return awaitChange();
  };
}

function manage(where: string, options: Partial<ManagerOptions> = {}, reconcile?: (store: ObjectStore) => Reconcile) {
  const seen: string[] = [];
  const manager = createManager({
    access: kubeconfigAccess({ file: server.kubeconfig }),
    namespace: where,
    kinds: [
      {
        resource: USERS,
        kind: "ConnectUser",
        indexes: { persona: (object) => [(object as User).spec.personaRef.name] },
        reconcile: reconcile ?? ((store) => toy(store, seen)),
      },
    ],
    metricsText: async () => "",
    registry: new Registry(),
    log: quiet,
    ...options,
  });
  managers.push(manager);
  return { manager, seen };
}

async function until<T>(look: () => T | Promise<T>, what: string, ms = 10_000): Promise<NonNullable<T>> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found as NonNullable<T>;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await sleep(10);
  }
}

/** Passes bytes on; `refuse(true)` cuts every connection and takes no new one. */
async function startProxy(target: string) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let refusing = false;
  const proxy = createServer((inner) => {
    if (refusing) return inner.destroy();
    const outer = connect(Number(port), hostname);
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        sockets.delete(socket);
        inner.destroy();
        outer.destroy();
      });
    }
    inner.pipe(outer).pipe(inner);
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    refuse(value: boolean) {
      refusing = value;
      if (value) cut();
    },
    stop() {
      cut();
      return new Promise((done) => proxy.close(done));
    },
  };
}

const statusOf = async (where: string, name: string) => (await client.get<User>(USERS, where, name)).status?.username;

describe("a manager", () => {
  test("reconciles what was there and what comes, and its own writes wake nobody", async () => {
    const where = await namespace("own-writes");
    await createUser(where, "first");
    const { manager, seen } = manage(where);
    expect(manager.ready()).toBe(false);
    await manager.start();
    expect(manager.ready()).toBe(true);
    await until(() => statusOf(where, "first"), "status of the first");
    const created = await createUser(where, "second", "managers");
    expect(created.metadata.finalizers).toBeUndefined();
    await until(() => statusOf(where, "second"), "status of the second");
    expect(manager.store.list("ConnectUser", { index: "persona", value: "managers" })).toHaveLength(1);
    expect((await client.get(USERS, where, "second")).metadata.finalizers).toEqual([FINALIZER]);
    // A later change comes through the same watch: whatever the status writes had woken, it would have been seen before.
    const patch = { type: "merge" as const, body: { metadata: { annotations: { "connectsso.dev/reconcile": "1" } } } };
    await client.patch(USERS, where, "first", patch);
    await until(() => seen.includes("first Changed"), "the annotation");
    expect(seen.toSorted()).toEqual(["first Changed", "first Startup", "second Created"]);
  });

  test("removes the finalizer of a deleted object and forgets it", async () => {
    const where = await namespace("deletion");
    const { manager, seen } = manage(where);
    await manager.start();
    await createUser(where, "gone");
    await until(() => statusOf(where, "gone"), "status");
    await client.delete(USERS, where, "gone");
    await until(() => !manager.store.get("ConnectUser", where, "gone"), "the end of the object");
    await expect(client.get(USERS, where, "gone")).rejects.toMatchObject({ code: 404 });
    expect(seen).toContain("gone Deleted");
  });

  test("leaves finalizers and fields of others alone", async () => {
    const where = await namespace("others");
    await createUser(where, "shared");
    await client.patch(USERS, where, "shared", {
      type: "merge",
      body: { metadata: { finalizers: ["example.com/x"] } },
    });
    const { manager } = manage(where);
    await manager.start();
    await until(() => statusOf(where, "shared"), "status");
    await client.delete(USERS, where, "shared");
    const left = await until(async () => {
      const { metadata } = await client.get(USERS, where, "shared");
      return metadata.finalizers?.length === 1 ? metadata.finalizers : undefined;
    }, "our finalizer to go");
    expect(left).toEqual(["example.com/x"]);
    await client.patch(USERS, where, "shared", { type: "merge", body: { metadata: { finalizers: null } } });
  });

  test("makes a series of equal events", async () => {
    const where = await namespace("events");
    const { manager } = manage(where);
    await manager.start();
    const user = await createUser(where, "noisy");
    const events = async () => (await client.get<{ items: { series?: { count: number } }[] }>(EVENTS, where, "")).items;
    await until(async () => (await events()).length === 1, "the first event");
    const cached = await until(() => manager.store.get("ConnectUser", where, "noisy"), "the object");
    for (let i = 0; i < 3; i++)
      manager.store.event(cached, { type: "Normal", reason: "Made", action: "Make", note: "as declared" });
    const series = await until(async () => (await events()).find((event) => event.series?.count === 4), "the series");
    expect(series).toMatchObject({
      reason: "Made",
      action: "Make",
      type: "Normal",
      reportingController: "connectsso.dev/controller",
      regarding: { kind: "ConnectUser", name: "noisy", uid: user.metadata.uid },
    });
    expect(await events()).toHaveLength(1);
  });

  test("wakes related objects once for a burst", async () => {
    const where = await namespace("related");
    await createUser(where, "leader");
    await createUser(where, "follower");
    const wakes: ManagerOptions["wakes"] = ({ after }) =>
      after?.metadata.name === "leader" ? [{ kind: "ConnectUser", namespace: where, name: "follower" }] : [];
    const { manager, seen } = manage(where, { wakes });
    await manager.start();
    await until(() => statusOf(where, "leader"), "status");
    await until(() => seen.includes("follower Related"), "the status write to wake the other");
    for (const mobile of ["+441", "+442", "+443"])
      await client.patch(USERS, where, "leader", { type: "merge", body: { spec: { mobile } } });
    await until(() => seen.filter((one) => one === "follower Related").length === 2, "the burst to wake the other");
    expect(seen.filter((one) => one === "leader Changed").length).toBeGreaterThan(0);
  });

  test("survives cut connections and a while without an API server", async () => {
    const where = await namespace("outage");
    const proxy = await startProxy(server.url);
    try {
      const access = kubeconfigAccess({ file: server.kubeconfig });
      const through = async (refresh: boolean) => ({ ...(await access(refresh)), server: proxy.url });
      const { manager, seen } = manage(where, { access: through });
      await manager.start();
      await createUser(where, "before");
      await until(() => statusOf(where, "before"), "status before the outage");
      proxy.refuse(true);
      await createUser(where, "meanwhile");
      await client.delete(USERS, where, "before");
      proxy.refuse(false);
      await until(() => statusOf(where, "meanwhile"), "status after the outage");
      await until(() => !manager.store.get("ConnectUser", where, "before"), "the end of what was deleted meanwhile");
      expect(manager.ready()).toBe(true);
      expect(seen.filter((one) => one.startsWith("meanwhile"))).toEqual(["meanwhile Created"]);
    } finally {
      await Promise.all(managers.splice(0).map((manager) => manager.stop()));
      await proxy.stop();
    }
  });

  test("serves health and metrics, under controller-runtime's names", async () => {
    const where = await namespace("endpoints");
    const registry = new Registry();
    const { manager } = manage(where, {
      registry,
      metricsText: () => registry.metrics(),
      metricsBindAddress: "127.0.0.1:0",
      healthProbeBindAddress: "127.0.0.1:0",
    });
    await manager.start();
    await createUser(where, "counted");
    await until(() => statusOf(where, "counted"), "status");
    const { metrics, health } = manager.addresses();
    const get = async (url: string) => {
      const { statusCode, body } = await request(`http://${url}`);
      return { statusCode, text: await body.text() };
    };
    expect(await get(`${health}/readyz`)).toEqual({ statusCode: 200, text: "ok" });
    expect(await get(`${health}/healthz`)).toEqual({ statusCode: 200, text: "ok" });
    expect((await get(`${health}/metrics`)).statusCode).toBe(404);
    const total = 'controller_runtime_reconcile_total{controller="ConnectUser",result="success"} 1';
    const { text } = await until(async () => {
      const page = await get(`${metrics}/metrics`);
      return page.text.includes(total) ? page : undefined;
    }, "the metric");
    expect(text).toContain('workqueue_depth{name="ConnectUser",controller="ConnectUser",priority="0"} 0');
  });
});

describe("the first pass", () => {
  test("ends with a line in the log", async () => {
    const where = await namespace("first-pass");
    for (const name of ["a", "b"]) await createUser(where, name);
    const lines: [object, string][] = [];
    const { manager } = manage(where, {
      log: { ...quiet, info: (fields: object, text: string) => void lines.push([fields, text]) },
    });
    await manager.start();
    const line = await until(() => lines.find(([, text]) => text === "every object was reconciled once"), "the line");
    expect(line[0]).toMatchObject({ objects: 2 });
  });

  test("of a standby begins when it is elected", async () => {
    const where = await namespace("first-pass-standby");
    await createUser(where, "odd");
    const election = (identity: string) => ({
      leaderElection: { identity, leaseName: "controller", namespace: where },
    });
    const leader = manage(where, election("leader"), () => async () => awaitChange());
    await leader.manager.start();
    await until(() => leader.manager.leading(), "the first to lead");
    const { manager, seen } = manage(where, election("standby"));
    await manager.start();
    expect(manager.store.list("ConnectUser")).toHaveLength(1);
    expect(seen).toEqual([]);
    await leader.manager.stop();
    await until(() => statusOf(where, "odd"), "the look of the new leader");
    expect(seen[0]).toBe("odd Startup");
  });
});

describe("shards", () => {
  test("each has its objects and its own lease; a relabelled object changes hands, and nobody takes it for deleted", async () => {
    const where = await namespace("shards");
    const shard = (name: string) =>
      manage(where, {
        labelSelector: `shard=${name}`,
        leaderElection: { identity: name, leaseName: `shard-${name}`, namespace: where },
      });
    const [a, b] = [shard("a"), shard("b")];
    await Promise.all([a.manager.start(), b.manager.start()]);
    await until(() => a.manager.leading() && b.manager.leading(), "both lead");
    await client.create<User>(USERS, where, {
      apiVersion: "connectsso.dev/v1alpha1",
      kind: "ConnectUser",
      metadata: { name: "jane", namespace: where, labels: { shard: "a" } },
      spec: { personaRef: { name: "agents" }, entraUser: { userPrincipalName: "jane@example.com" } },
    });
    const known = (one: typeof a) => one.manager.store.get<User>("ConnectUser", where, "jane");
    await until(() => known(a)?.status, "the first shard has written its status");
    expect(known(b)).toBeUndefined();
    await client.patch(USERS, where, "jane", { type: "merge", body: { metadata: { labels: { shard: "b" } } } });
    await until(() => known(b), "the second shard has it");
    await until(() => !known(a), "the first has let go");
    const object = await client.get<User>(USERS, where, "jane");
    expect(object.metadata.deletionTimestamp).toBeUndefined();
    expect(object.metadata.finalizers).toContain(FINALIZER);
  });
});

describe("leadership", () => {
  const election = (where: string, identity: string) => ({
    leaderElection: { identity, leaseName: "controller", namespace: where },
  });

  test("a standby is warm, works only once the leader has gone, and takes over within 2 s", async () => {
    const where = await namespace("handover");
    const one = manage(where, election(where, "one"));
    await one.manager.start();
    await until(() => one.manager.leading(), "the first to lead");
    const two = manage(where, election(where, "two"));
    await two.manager.start();
    await createUser(where, "handed");
    await until(() => statusOf(where, "handed"), "status by the first");
    await until(() => two.manager.store.get("ConnectUser", where, "handed"), "the standby's cache");
    expect(two.manager.ready()).toBe(true);
    expect(two.manager.leading()).toBe(false);
    expect(two.seen).toEqual([]);
    await one.manager.stop();
    const released = performance.now();
    await until(() => two.manager.leading(), "the second to lead");
    await until(() => two.seen.includes("handed Created"), "the key that waited");
    expect(performance.now() - released).toBeLessThan(2_000);
    const lease = await client.get<{ spec: object }>(LEASES, where, "controller");
    expect(lease.spec).toMatchObject({ holderIdentity: "two", leaseTransitions: 1 });
    await two.manager.stop();
    expect(await client.get(LEASES, where, "controller")).toMatchObject({
      spec: { holderIdentity: "", leaseDurationSeconds: 1 },
    });
  });

  test("a stolen lease stops the work at once and ends readiness", async () => {
    const where = await namespace("stolen");
    const aborted = Promise.withResolvers<void>();
    const lost = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const { manager } = manage(
      where,
      { ...election(where, "victim"), onLeadershipLost: lost.resolve, healthProbeBindAddress: "127.0.0.1:0" },
      () =>
        async (_ref, { signal }) => {
          started.resolve();
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          aborted.resolve();
          return awaitChange();
        },
    );
    await manager.start();
    await createUser(where, "busy");
    await started.promise;
    const thief = { spec: { holderIdentity: "thief", leaseDurationSeconds: 30 } };
    await client.patch(LEASES, where, "controller", { type: "merge", body: thief });
    await Promise.all([lost.promise, aborted.promise]);
    expect(manager.leading()).toBe(false);
    expect(manager.ready()).toBe(false);
    const { statusCode, body } = await request(`http://${manager.addresses().health}/healthz`);
    await body.dump();
    expect(statusCode).toBe(500);
    await manager.stop();
    expect(await client.get(LEASES, where, "controller")).toMatchObject({ spec: { holderIdentity: "thief" } });
  });

  test("a stop lets a reconcile finish before the lease is given back", async () => {
    const where = await namespace("drain");
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const { manager } = manage(where, election(where, "careful"), () => async (_ref, { signal }) => {
      started.resolve();
      await go.promise;
      expect(signal.aborted).toBe(false);
      return awaitChange();
    });
    await manager.start();
    await createUser(where, "slow");
    await started.promise;
    const stopped = manager.stop();
    expect(await client.get(LEASES, where, "controller")).toMatchObject({ spec: { holderIdentity: "careful" } });
    go.resolve();
    await stopped;
    expect(await client.get(LEASES, where, "controller")).toMatchObject({ spec: { holderIdentity: "" } });
  });
});
