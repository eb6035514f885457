/** X6: status is a hint. Whoever may write it, or restores an old one, moves nothing that carries no owner tag of ours. */
import { afterEach, expect, test } from "@jest/globals";
import { type Harness, persona, start, status, user, world } from "../e2e/support.ts";
import { graphByHand } from "../support/by-hand.ts";
import { find, reason } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const POLL_MS = 5_000;
type Json = Record<string, unknown>;

/** What a tenant does with `kubectl edit --subresource=status`: the whole status, as it was but for these fields. */
async function forge(kind: string, name: string, change: (status: Json) => Json): Promise<void> {
  const object = find(h, kind, name)!;
  await h.controller.store.updateStatus(object as never, change(structuredClone(object.status ?? {}) as Json));
  h.controller.enqueue({ kind, namespace: "team", name });
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const refused = (object: Json | undefined) => object && Object.keys(object).length > 0;

test("X6: an assignment id that is a path deletes nothing, neither in a pass nor at the end", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  const graph = graphByHand(h.sandbox);
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  const theirs = await graph("POST", "/applications", { displayName: "Payroll" });
  await forge("ConnectUser", "jane", (old) => ({ ...old, appRoleAssignmentId: `../../../applications/${theirs.id}` }));
  h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name: "jane" });
  await pause(10 * POLL_MS);
  expect((await graph("GET", `/applications/${theirs.id}`)).displayName).toBe("Payroll");
});

test("X6: what another application granted is not revoked, whatever id and persona the status names", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  const graph = graphByHand(h.sandbox);
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  const application = await graph("POST", "/applications", {
    displayName: "Payroll",
    appRoles: [
      {
        id: "11111111-1111-4111-8111-111111111111",
        displayName: "Clerk",
        description: "Clerk",
        value: "clerk",
        isEnabled: true,
        allowedMemberTypes: ["User"],
      },
    ],
  });
  const principal = await graph("POST", "/servicePrincipals", { appId: application.appId });
  const { value: people } = await graph("GET", "/users?$filter=userPrincipalName%20eq%20'jane@example.com'");
  const assignment = await graph("POST", `/servicePrincipals/${principal.id}/appRoleAssignedTo`, {
    principalId: people[0].id,
    resourceId: principal.id,
    appRoleId: "11111111-1111-4111-8111-111111111111",
  });
  const held = async () =>
    (await graph("GET", `/servicePrincipals/${principal.id}/appRoleAssignedTo`)).value.map((one: Json) => one.id);
  await pause(2_000);
  // The persona points at the other application, the user at its assignment.
  await forge("ConnectSsoPersona", "agents", (old) => ({
    ...old,
    servicePrincipalId: principal.id,
    appRoleId: "11111111-1111-4111-8111-111111111111",
    applicationId: application.id,
  }));
  await forge("ConnectUser", "jane", (old) => ({ ...old, appRoleAssignmentId: assignment.id }));
  await pause(6 * POLL_MS);
  expect(await held()).toEqual([assignment.id]);
  await h.ready();
  // Nobody got the other application's role either, and the user is deleted while the status still lies.
  await forge("ConnectSsoPersona", "agents", (old) => ({ ...old, servicePrincipalId: principal.id }));
  await forge("ConnectUser", "jane", (old) => ({ ...old, appRoleAssignmentId: assignment.id }));
  h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name: "jane" });
  await h.controller.until(() => !find(h, "ConnectUser", "jane"), 180_000, "jane is gone");
  expect(await held()).toEqual([assignment.id]);
  expect((await graph("GET", `/applications/${application.id}`)).displayName).toBe("Payroll");
});

test("X6: an unowned application is not taken because the status names it", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  const graph = graphByHand(h.sandbox);
  const theirs = await graph("POST", "/applications", { displayName: "Payroll" });
  await graph("POST", "/servicePrincipals", { appId: theirs.appId });
  await pause(2_000);
  h.apply(persona("agents"));
  await forge("ConnectSsoPersona", "agents", () => ({ observedGeneration: 1, applicationId: theirs.id }));
  await pause(10 * POLL_MS);
  const now = await graph("GET", `/applications/${theirs.id}`);
  expect([now.displayName, now.tags, now.identifierUris]).toEqual([
    "Payroll",
    theirs.tags ?? [],
    theirs.identifierUris ?? [],
  ]);
});

test("X6: times in the year 9999, in flight and of drift, delay nothing", async () => {
  h = await start(world(), { pollIntervalMs: 60_000 });
  h.apply(persona("agents"));
  const far = "9999-12-31T23:59:59Z";
  await forge("ConnectSsoPersona", "agents", () => ({
    observedGeneration: 1,
    lastCheckedTime: far,
    inFlight: { application: far, signingCertificate: far, claimsPolicy: far, unknownSince: far },
    handledRequests: { rotateAccessKey: far },
  }));
  // An hour of the clouds' time at most: what is asked for may take ten minutes to show.
  await h.controller.until(
    () => status(find(h, "ConnectSsoPersona", "agents"), "Ready")?.status === "True",
    60 * 60_000,
    "Ready",
  );
});

test("X6: a forged ledger neither hides drift, nor turns a correction off, nor grows", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  const before = find(h, "ConnectSsoPersona", "agents")!.status!.lastApplied as Record<string, Json>;
  const fill = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`tags.filler${index}`, "x".repeat(80)]));
  await forge("ConnectSsoPersona", "agents", (old) => ({
    ...old,
    lastApplied: Object.fromEntries(
      Object.entries(before).map(([component, entries]) => [
        component,
        { ...Object.fromEntries(Object.keys(entries).map((path) => [path, ">>>?~"])), ...fill, __proto__x: "" },
      ]),
    ),
  }));
  await pause(4 * POLL_MS);
  await h.ready();
  const after = find(h, "ConnectSsoPersona", "agents")!.status!.lastApplied as Record<string, Json>;
  expect(after).toEqual(before);
  expect(refused(after)).toBe(true);
  await reason(h, "ConnectSsoPersona", "agents", "Ready", "Converged");
});

test("a definition that drops the note of a creation stops the creation: it would be made twice", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  const { store } = h.controller;
  const update = store.updateStatus.bind(store);
  store.updateStatus = (object, status) => update(object, { ...(status as object), inFlight: undefined });
  h.apply(persona("agents"));
  const { message } = await reason(h, "ConnectSsoPersona", "agents", "Ready", "StatusNotKept");
  expect(message).toContain("The API server does not keep status.inFlight");
  await pause(3 * POLL_MS);
  expect(h.writes().filter(({ operation }) => operation.includes("instantiate"))).toEqual([]);
});
