/** `suspend: true` holds everything, deletion included, says so, and is no fault. */
import { ConnectClient, ListUsersCommand } from "@aws-sdk/client-connect";
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { type Harness, INSTANCE, PATIENCE_MS, persona, polls, start, status, user } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());
const jane = () => h.controller.store.get<ConnectUser>("ConnectUser", "team", "jane")!;
const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
const REF = { kind: "ConnectUser", namespace: "team", name: "jane" };
const until = (test: () => boolean, what: string) => h.controller.until(test, PATIENCE_MS, what);
const users = async () =>
  (await new ConnectClient({ region: "us-east-1" }).send(new ListUsersCommand({ InstanceId: INSTANCE })))
    .UserSummaryList!.length;
async function assigned(): Promise<number> {
  const { servicePrincipalId } = agents().status!;
  const response = await fetch(
    `${h.sandbox.url}/graph/v1.0/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`,
    {
      headers: { authorization: "Bearer test" },
    },
  );
  return ((await response.json()) as { value: object[] }).value.length;
}

test.each([
  ["the user", () => user("jane", "agents", { deletionPolicy: "Delete", suspend: true }), "Suspended"],
  ["its persona", () => persona("agents", { suspend: true }), "PersonaSuspended"],
])(
  "a user that is deleted while %s is suspended keeps everything, says so, and goes afterwards",
  async (_, suspended, reason) => {
    h = await start();
    const apart = { deletionPolicy: "Delete" };
    h.apply(persona("agents"), user("jane", "agents", apart));
    await h.ready();
    h.apply(suspended());
    await h.reason("ConnectUser", "jane", "Ready", reason);
    const from = h.writes().length;
    h.controller.store.delete(REF);
    await polls(6);
    expect(h.writes().slice(from)).toEqual([]);
    expect([await users(), await assigned()]).toEqual([1, 1]);
    expect(jane().metadata.deletionTimestamp).toBeDefined();
    expect(status(jane(), "Ready")).toMatchObject({ status: "False", reason });
    expect(status(jane(), "Ready")!.message).toMatch(/is being deleted|deletion/i);
    expect(status(jane(), "Stalled")?.status).toBe("False");
    h.apply(persona("agents"));
    const { metadata, spec } = jane();
    h.apply({ ...user("jane", "agents", { ...spec, suspend: false }), metadata });
    await until(() => jane() === undefined, "it goes");
    expect([await users(), await assigned()]).toEqual([0, 0]);
  },
);

test("a persona that is deleted while it is suspended keeps everything, and goes afterwards", async () => {
  h = await start();
  h.apply(persona("agents", { deletionPolicy: "Delete", suspend: false }));
  await h.ready();
  h.apply(persona("agents", { deletionPolicy: "Delete", suspend: true }));
  await h.reason("ConnectSsoPersona", "agents", "Ready", "Suspended");
  const from = h.writes().length;
  h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
  await polls(6);
  expect(h.writes().slice(from)).toEqual([]);
  expect(status(agents(), "Ready")).toMatchObject({ status: "False", reason: "Suspended" });
  expect(status(agents(), "Ready")!.message).toMatch(/is being deleted|deletion/i);
  expect(status(agents(), "Stalled")?.status).toBe("False");
  const { metadata } = agents();
  h.apply({ ...persona("agents", { deletionPolicy: "Delete" }), metadata });
  await until(() => agents() === undefined, "it goes");
});

test("a suspended user whose account is disabled keeps access until somebody resumes it", async () => {
  h = await start();
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.apply(user("jane", "agents", { suspend: true }));
  await h.reason("ConnectUser", "jane", "Ready", "Suspended");
  const from = h.writes().length;
  await fetch(`${h.sandbox.url}/graph/v1.0/users/jane@example.com`, {
    method: "PATCH",
    headers: { authorization: "Bearer test", "content-type": "application/json" },
    body: JSON.stringify({ accountEnabled: false }),
  });
  await polls(6);
  expect(h.writes().slice(from)).toEqual([]);
  expect(await assigned()).toBe(1);
  h.apply(user("jane", "agents"));
  await h.reason("ConnectUser", "jane", "RoleAssigned", "EntraUserDisabled");
  expect(await assigned()).toBe(0);
});
