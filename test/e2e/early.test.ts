/** A look while other users are still being listed: it reads, finishes with who is as declared, and leaves everything else for later. */
import { ConnectClient, UpdateUserIdentityInfoCommand } from "@aws-sdk/client-connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { ConnectUser } from "../../src/api/resources.ts";
import { composeClouds } from "../../src/controller/compose.ts";
import { RemovalGuard } from "../../src/domain/massdeletion.ts";
import type { CallRecord } from "../../src/providers/errors.ts";
import type { ObjectStore } from "../../src/runtime/port.ts";
import { createUserReconciler } from "../../src/user/reconcile.ts";
import { type Harness, INSTANCE, persona, start, user } from "./support.ts";

const log = { info() {}, warn() {}, error() {}, debug() {} };
let h: Harness;
let clouds: ReturnType<typeof composeClouds>;
let calls: CallRecord[] = [];

beforeAll(async () => {
  h = await start();
  h.apply(persona("agents"), persona("managers"), user("jane", "agents"), user("omar", "managers"));
  await h.ready();
  await h.controller.stop();

  const onCall = (call: CallRecord) => void calls.push(call);
  clouds = composeClouds({ cluster: "test", pollIntervalMs: 1_000, allowInsecure: true, log, onCall });
});
afterAll(async () => {
  clouds?.close();
  await h?.stop();
});

beforeEach(() => {
  calls = [];
});

const written = async () => {
  throw new Error("an early look wrote something");
};

function lookEarly(change: (jane: ConnectUser) => void = () => {}, more: ConnectUser[] = []) {
  const { store } = h.controller;
  const jane = structuredClone(store.get<ConnectUser>("ConnectUser", "team", "jane")!);
  change(jane);
  const known: ObjectStore = {
    get: ((kind, namespace, name) =>
      kind === "ConnectUser" && name === "jane" ? jane : store.get(kind, namespace, name)) as ObjectStore["get"],
    list: ((kind, options) => [
      ...store.list(kind, options),
      ...(kind === "ConnectUser" ? more : []),
    ]) as ObjectStore["list"],
    addFinalizer: written,
    removeFinalizer: written,
    updateStatus: written,
    event: () => void written(),
  };
  const reconcile = createUserReconciler({
    store: known,
    clouds: clouds.clouds,
    cluster: "test",
    pollIntervalMs: 1_000,
    log,
    now: () => Date.now(),
    removals: new RemovalGuard(1_000),
  });
  const { signal } = new AbortController();
  return reconcile({ namespace: "team", name: "jane" }, { signal, aborted: false, reason: "Startup", early: true });
}

test("who is as declared, and says so, is looked at again with the next poll", async () => {
  expect((await lookEarly()).requeueAfterMs).toBeGreaterThan(0);
  expect(calls.filter(({ write }) => write)).toEqual([]);
});

test.each<[string, (jane: ConnectUser) => void]>([
  ["no status", (jane) => delete (jane as { status?: object }).status],
  ["a status that is not true any more", (jane) => Object.assign(jane.status!, { connectUserId: "another" })],
  ["no finalizer", (jane) => delete jane.metadata.finalizers],
  ["a deletion", (jane) => Object.assign(jane.metadata, { deletionTimestamp: "2026-01-01T00:00:00Z" })],
  ["a suspension", (jane) => Object.assign(jane.spec, { suspend: true })],
  ["a changed spec", (jane) => Object.assign(jane.spec, { firstName: "Janet" })],
])("%s waits until all are known", async (_, change) => {
  expect(await lookEarly(change)).toEqual({ postponed: true });
  expect(calls.filter(({ write }) => write)).toEqual([]);
});

test("of two who are one person, the second to come sees the first", async () => {
  const second = structuredClone(h.controller.store.get<ConnectUser>("ConnectUser", "team", "jane")!);
  second.metadata.name = "second";
  second.spec.personaRef.name = "managers";
  await expect(lookEarly(undefined, [second])).rejects.toMatchObject({ reason: "TwoPersonas" });
});

test("so does what somebody changed in Connect", async () => {
  const UserId = h.controller.store.get<ConnectUser>("ConnectUser", "team", "jane")!.status!.connectUserId!;
  const IdentityInfo = { FirstName: "Mallory", LastName: "Doe" };
  await new ConnectClient({}).send(new UpdateUserIdentityInfoCommand({ InstanceId: INSTANCE, UserId, IdentityInfo }));
  // What was read before is old by then, and the search index shows it.
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  expect(await lookEarly()).toEqual({ postponed: true });
  expect(calls.filter(({ write }) => write)).toEqual([]);
});
