/** Quotas: compared before the first write where the clouds show them, and explained where they do not; never taken for an outage. */
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { type Harness, PATIENCE_MS, persona, start, status, user, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());
const get = (name: string) => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", name)!;

test.each([
  ["roles", { roles: 2 }, /it has 0 of at most 2 roles, and 3 more are needed/],
  ["policies", { policies: 0 }, /it has 0 of at most 0 policies, and one more is needed/],
])("IAM %s: a batch that does not fit writes nothing", async (_, iamQuotas, says) => {
  h = await start(world({ iamQuotas }));
  h.apply(...["a", "b", "c"].map((name) => persona(name)));
  for (const name of ["a", "b", "c"]) {
    await h.reason("ConnectSsoPersona", name, "Stalled", "QuotaExceeded");
    expect(status(get(name), "Stalled")!.message).toMatch(says);
    expect(status(get(name), "Stalled")!.message).toMatch(/Delete what is not used, or request more in Service Quotas/);
  }
  expect(h.writes()).toEqual([]);
});

test("Connect users: the message says what to do, and the rest of the batch costs no call", async () => {
  const base = world();
  h = await start({ ...base, instances: [{ ...base.instances![0]!, userQuota: 1 }] });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.apply(user("omar", "agents"), user("alice", "agents"));
  for (const name of ["omar", "alice"]) await h.reason("ConnectUser", name, "Stalled", "QuotaExceeded");
  const omar = h.controller.resources().find(({ metadata }) => metadata.name === "omar");
  expect(status(omar, "Stalled")!.message).toMatch(
    /Users per instance exceeded; delete users that are not needed, or request more in Service Quotas \(Amazon Connect\)/,
  );
  expect(status(get("agents"), "Ready")!.status).toBe("True");
});

test("objects in Entra: the persona says so, and others of the tenant continue", async () => {
  const base = world();
  h = await start({ ...base, tenant: { verifiedDomains: ["example.com"], directoryQuota: 3 } });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.apply(persona("managers"));
  await h.reason("ConnectSsoPersona", "managers", "Stalled", "QuotaExceeded");
  expect(status(get("managers"), "Stalled")!.message).toMatch(
    /quota limit .*; deleted applications count for 30 days: purge those/,
  );
  const refused = () =>
    h.calls.filter(({ operation, code }) => operation.includes("instantiate") && code === "403").length;
  await h.controller.until(() => refused() > 12, PATIENCE_MS, "it was refused many times");
  h.apply(user("omar", "agents"));
  await h.controller.until(
    (all) =>
      status(
        all.find(({ metadata }) => metadata.name === "omar"),
        "Ready",
      )?.status === "True",
    PATIENCE_MS,
    "omar",
  );
});
