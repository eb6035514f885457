/** Creating, applying and deleting objects through the store port: the same on a real API server and on a folder. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { RESOURCES } from "../../src/api/resources.ts";
import { admit } from "../../src/controller/on-folder.ts";
import { awaitChange } from "../../src/runtime/action.ts";
import { FolderStore } from "../../src/runtime/folder-store.ts";
import { kubeconfigAccess } from "../../src/runtime/kubeconfig.ts";
import { createManager, type Manager } from "../../src/runtime/manager.ts";
import { type ApplyConfiguration, byOwner, type KubeObject, type ObjectStore } from "../../src/runtime/port.ts";
import { type ApiServer, startApiServer } from "./apiserver.ts";

const USER = "ConnectUser";
const SET = "connectsso.dev/set";
const INDEXES = { owner: byOwner, set: ({ metadata }: KubeObject) => [metadata.labels?.[SET] ?? []].flat() };
const crds = fileURLToPath(new URL("../../crds", import.meta.url));
const owner = { apiVersion: "connectsso.dev/v1alpha1", kind: "ConnectUserSet", name: "agents", uid: "0a1b" };

let server: ApiServer;
let manager: Manager;
beforeAll(async () => {
  server = await startApiServer();
  await server.kubectl(["apply", "--server-side", "-f", crds]);
  await server.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", crds]);
  await server.kubectl(["create", "namespace", "team"]);
  manager = createManager({
    access: kubeconfigAccess({ file: server.kubeconfig }),
    namespace: "team",
    kinds: [{ resource: RESOURCES[USER], kind: USER, indexes: INDEXES, reconcile: () => async () => awaitChange() }],
    metricsText: async () => "",
    registry: new Registry(),
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await manager.start();
});
afterAll(async () => {
  await manager?.stop();
  await server?.stop();
});

const configuration = (name: string, spec: object = {}, metadata: object = {}): ApplyConfiguration => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: USER,
  metadata: { name, namespace: "team", ...metadata },
  spec: { personaRef: { name: "agents" }, entraUser: { userPrincipalName: `${name}@example.com` }, ...spec },
});
const specOf = (object: KubeObject | undefined) => object?.spec as Record<string, unknown>;

describe.each<[string, () => ObjectStore]>([
  ["a cluster", () => manager.store],
  ["a folder", () => new FolderStore({ [USER]: INDEXES }, admit)],
])("the store of %s", (_, open) => {
  /** The watch of a cluster tells of a new object a moment later. */
  const shown = async (store: ObjectStore, test: () => boolean) => {
    for (let left = 1_000; !test(); left--) {
      if (left === 0) throw new Error("the store does not show it");
      await sleep(10);
    }
    return store;
  };

  test("creates with the defaults of the CRD; the same again changes nothing", async () => {
    const store = open();
    const created = await store.serverSideApply(configuration("jane"), "sets");
    expect(created.metadata.uid).toBeTruthy();
    expect(specOf(created)).toMatchObject({ deletionPolicy: "RevokeAccess", suspend: false });
    const again = await store.serverSideApply(configuration("jane"), "sets");
    expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
    await shown(store, () => store.get(USER, "team", "jane")?.metadata.uid === created.metadata.uid);
  });

  test("a field that is left out goes back to its default; another manager's fields stay", async () => {
    const store = open();
    const first = { deletionPolicy: "Delete", mobile: "+441", tags: { team: "blue" } };
    const created = await store.serverSideApply(configuration("omar", first, { labels: { [SET]: "agents" } }), "sets");
    await shown(store, () => store.get(USER, "team", "omar") !== undefined);
    const others = { ...configuration("omar"), spec: { firstName: "Omar", tags: { desk: "4" }, mobile: "+441" } };
    await store.serverSideApply(others, "somebody");
    const now = await store.serverSideApply(configuration("omar"), "sets");
    expect(specOf(now)).toMatchObject({ deletionPolicy: "RevokeAccess", firstName: "Omar", mobile: "+441" });
    expect(specOf(now).tags).toEqual({ desk: "4" });
    expect(now.metadata.labels ?? {}).toEqual({});
    expect(now.metadata.generation).toBeGreaterThan(created.metadata.generation!);
    expect(specOf(store.get(USER, "team", "omar"))).toEqual(specOf(now));
  });

  test("takes over a field that another manager set otherwise", async () => {
    const store = open();
    await store.serverSideApply(configuration("alice", { routingProfile: "One" }), "somebody");
    const now = await store.serverSideApply(configuration("alice", { routingProfile: "Two" }), "sets");
    expect(specOf(now).routingProfile).toBe("Two");
  });

  test("refuses what the CRD refuses, and keeps the object as it was", async () => {
    const store = open();
    await store.serverSideApply(configuration("valid"), "sets");
    await shown(store, () => store.get(USER, "team", "valid") !== undefined);
    const bad = configuration("valid", { deletionPolicy: "Perhaps" });
    await expect(store.serverSideApply(bad, "sets")).rejects.toMatchObject({ code: 422 });
    expect(specOf(store.get(USER, "team", "valid")).deletionPolicy).toBe("RevokeAccess");
  });

  test("lists by owner and by label", async () => {
    const store = open();
    const metadata = { labels: { [SET]: "agents" }, ownerReferences: [owner] };
    for (const name of ["first", "second"]) await store.serverSideApply(configuration(name, {}, metadata), "sets");
    await store.serverSideApply(configuration("third"), "sets");
    const names = (index: string, value: string) =>
      store
        .list(USER, { index, value })
        .map((one) => one.metadata.name)
        .sort();
    await shown(store, () => names("owner", owner.uid).length === 2);
    expect(names("owner", owner.uid)).toEqual(["first", "second"]);
    expect(names("set", "agents")).toEqual(["first", "second"]);
  });

  test("deletes the object that was read, and no other of its name", async () => {
    const store = open();
    const first = await store.serverSideApply(configuration("leaver"), "sets");
    await store.remove(first);
    await shown(store, () => store.get(USER, "team", "leaver") === undefined);
    await store.remove(first);
    const second = await store.serverSideApply(configuration("leaver"), "sets");
    await expect(store.remove(first)).rejects.toMatchObject({ code: 409 });
    await shown(store, () => store.get(USER, "team", "leaver")?.metadata.uid === second.metadata.uid);
    await store.remove(second);
    await shown(store, () => store.get(USER, "team", "leaver") === undefined);
  });
});
