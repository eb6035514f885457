/** An API that refuses everything is left alone: one condition on each persona, not one on each user; what works goes on. */
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { type Harness, PATIENCE_MS, persona, start, status, user, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());
const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
const jane = () => h.controller.store.get<ConnectUser>("ConnectUser", "team", "jane")!;
const until = (test: () => boolean, what: string) => h.controller.until(test, PATIENCE_MS, what);

/** Amazon Connect goes down under a set-up that was Ready, and its circuit opens. */
async function goDown(): Promise<void> {
  h = await start();
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.sandbox.faults.add({ match: "connect:*", kind: "unavailable" });
  await h.reason("ConnectSsoPersona", "agents", "Ready", "CircuitOpen");
}

test("Amazon Connect is down: every persona of it says so, and says when it is back", async () => {
  await goDown();
  // Users, quick connects and profiles are read at the same time, so any of them may be the one that was refused last.
  expect(status(agents(), "Ready")!.message).toMatch(
    /^connect of account 111122223333 is left alone, it refused everything: connect:(SearchUsers|SearchQuickConnects|ListSecurityProfilePermissions): Service unavailable$/,
  );
  expect(status(agents(), "Stalled")!.status).toBe("False");
  // What can be seen is seen: everything in IAM and Entra.
  for (const type of ["ApplicationReady", "RoleReady", "AssignmentsReady"])
    expect(status(agents(), type)!.status).toBe("True");
  h.sandbox.faults.clear();
  await h.ready("after the outage");
});

test("without any user the persona itself finds out that Amazon Connect is back", async () => {
  await goDown();
  h.apply(user("jane", "agents", { suspend: true }));
  await until(() => status(jane(), "Ready")?.reason === "Suspended", "nobody else asks");
  h.sandbox.faults.clear();
  await until(() => status(agents(), "Ready")?.status === "True", "the persona asks");
});

test("a user that may not be changed keeps nobody else from anything", async () => {
  h = await start(world());
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.sandbox.faults.add({ match: "connect:UpdateUserIdentityInfo", kind: "denied" });
  h.apply(user("jane", "agents", { lastName: "Other" }));
  await h.reason("ConnectUser", "jane", "Ready", "AccessDenied");
  const refusals = () =>
    h.calls.filter(({ operation, code }) => operation === "UpdateUserIdentityInfo" && code === "403");
  await until(() => refusals().length > 20, "it was refused again and again");
  h.apply(user("omar", "agents"));
  await until(
    () => h.calls.some(({ operation, code }) => operation === "CreateUser" && code === "200"),
    "omar is made",
  );
  expect(status(agents(), "Ready")!.status).toBe("True");
});
