/** Calls that a second one would make twice: the application and its certificate, whatever is lost in between. */
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { type Harness, PATIENCE_MS, persona, start, status, user, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const INSTANTIATE = "graph:POST /applicationTemplates/{id}/instantiate";
const ADD_CERTIFICATE = "graph:POST /servicePrincipals/{id}/addTokenSigningCertificate";
/** Entra shows a write after half a second; ten minutes of its time pass in two. */
const slow = () => world({ behaviour: { consistencyDelay: "500ms", timeScale: 300 } });

const get = (name: string) => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", name)!;
const graph = async (path: string, method = "GET") => {
  const response = await fetch(`${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, {
    method,
    headers: { authorization: "Bearer test" },
  });
  return (response.status === 204 ? {} : await response.json()) as { value: Record<string, unknown>[] };
};
async function certificates(): Promise<number> {
  const { value } = await graph("/servicePrincipals");
  return (value[0]!.keyCredentials as { usage: string }[]).filter(({ usage }) => usage === "Verify").length;
}

/** Twice is as wrong as never. */
async function expectOneOfEach(calls: number): Promise<void> {
  const counts = h.sandbox.counts();
  expect([counts[INSTANTIATE], counts[ADD_CERTIFICATE]]).toEqual([calls, calls]);
  expect((await graph("/applications")).value).toHaveLength(1);
  expect(await certificates()).toBe(1);
  expect(get("agents").status!.inFlight).toBeUndefined();
}

test.each(["lostAnswer", "truncated", "malformed"] as const)("both answers: %s", async (kind) => {
  h = await start(slow());
  for (const match of [INSTANTIATE, ADD_CERTIFICATE]) h.sandbox.faults.add({ match, kind, count: 1 });
  h.apply(persona("agents"));
  await h.ready();
  await expectOneOfEach(1);
});

test("both calls never reached the cloud", async () => {
  h = await start(world({ behaviour: { timeScale: 600 } }));
  for (const match of [INSTANTIATE, ADD_CERTIFICATE]) h.sandbox.faults.add({ match, kind: "cut", count: 1 });
  h.apply(persona("agents"));
  await h.ready();
  await expectOneOfEach(2);
});

test.each([
  ["kept", "erased"],
  ["erased", "kept"],
] as const)(
  "the process dies just after each of them, its status is %s the first time and %s the second",
  async (...fates) => {
    h = await start(slow());
    let crashed = h.crashAfter(INSTANTIATE);
    h.apply(persona("agents"));
    await crashed;
    crashed = h.crashAfter(ADD_CERTIFICATE);
    await h.restart(fates[0]);
    await crashed;
    await h.restart(fates[1]);
    await h.ready();
    await expectOneOfEach(1);
  },
);

test("a process that dies before anything was asked for: the next one goes on at once", async () => {
  h = await start();
  const crashed = h.crashAfter("*");
  h.apply(persona("agents"));
  await crashed;
  // The very first thing, before the finalizer and before any call.
  expect(get("agents").status).toMatchObject({ observedGeneration: 1, users: { total: 0 } });
  expect(["Ready", "Reconciling", "Stalled"].map((type) => status(get("agents"), type)?.status)).toEqual([
    "False",
    "True",
    "False",
  ]);
  await h.restart("kept");
  await h.ready();
  await expectOneOfEach(1);
});

test.each(["erased", "restored"] as const)("a status that is %s is waited for, over a restart as well", async (how) => {
  h = await start();
  const lost = persona("agents", { suspend: how === "erased" });
  h.apply(
    how === "restored" ? { ...lost, metadata: { ...lost.metadata, labels: { "velero.io/restore-name": "r" } } } : lost,
  );
  if (how === "erased") {
    await h.controller.until(() => get("agents").metadata.finalizers !== undefined, PATIENCE_MS, "a finalizer");
    await h.restart("erased");
    h.apply(persona("agents"));
  }
  const waits = () =>
    /status was lost, so the application may have been requested/.test(
      status(get("agents"), "ApplicationReady")?.message ?? "",
    );
  await h.controller.until(waits, PATIENCE_MS, "a wait");
  await h.restart("kept");
  const looks = h.calls.length;
  await h.controller.until(() => h.calls.length > looks + 40 && waits(), PATIENCE_MS, "further looks");
  expect(h.sandbox.counts()[INSTANTIATE]).toBeUndefined();
  expect(get("agents").status!.inFlight).toEqual({ unknownSince: expect.any(String) });
  h.sandbox.clock.advance(11 * 60_000);
  await h.ready();
  await expectOneOfEach(1);
});

test("the intent is in the status while the outcome is open", async () => {
  h = await start();
  h.sandbox.faults.add({ match: INSTANTIATE, kind: "cut", count: 1 });
  h.apply(persona("agents"));
  await h.controller.until(() => get("agents").status?.inFlight?.application !== undefined, PATIENCE_MS, "the intent");
  await h.reason("ConnectSsoPersona", "agents", "ApplicationReady", "WaitingForReplication");
  await h.controller.until(
    () => /requested at .* if none shows until/.test(status(get("agents"), "ApplicationReady")!.message),
    PATIENCE_MS,
    "a message that says what is waited for",
  );
  expect(h.sandbox.counts()[INSTANTIATE]).toBe(1);
});

test("an application that somebody deletes is restored: same ids, the users' links stay", async () => {
  h = await start(world({ behaviour: { timeScale: 600 } }));
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  const before = get("agents").status!;
  await fetch(`${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0/servicePrincipals/${before.servicePrincipalId}`, {
    method: "PATCH",
    headers: { authorization: "Bearer test", "content-type": "application/json" },
    body: JSON.stringify({ preferredSingleSignOnMode: null }),
  });
  await graph(`/applications/${before.applicationId}`, "DELETE");
  await h.controller.until(
    // The service principal is restored too.
    () => (h.sandbox.counts()["graph:POST /directory/deletedItems/{id}/restore"] ?? 0) >= 1,
    PATIENCE_MS,
    "the restore",
  );
  await h.ready("Ready again");
  expect(get("agents").status).toMatchObject({ appId: before.appId, userAccessUrl: before.userAccessUrl });
  expect(h.sandbox.counts()[INSTANTIATE]).toBe(1);
  expect(h.controller.store.events.map(({ event }) => event.note).join()).toMatch(/deleted in Entra .*is restored/);
});
