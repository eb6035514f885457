/** A person's whole life in both clouds: docs/lifecycle.md names each of these tests. */
import { ConnectClient, DescribeUserCommand, ListUsersCommand } from "@aws-sdk/client-connect";
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import {
  type Harness,
  INSTANCE,
  INSTANCE_ARN,
  inNamespace,
  PATIENCE_MS,
  persona,
  polls,
  type StartOptions,
  start,
  status,
  user,
  world,
} from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());
const get = (name = "jane", namespace = "team") => h.controller.store.get<ConnectUser>("ConnectUser", namespace, name)!;
const connect = () => new ConnectClient({ region: "us-east-1" });
const users = async () =>
  (await connect().send(new ListUsersCommand({ InstanceId: INSTANCE }))).UserSummaryList!.map(
    ({ Username }) => Username,
  );
async function graph(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, {
    method,
    headers: { authorization: "Bearer test", "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>);
}
const idOf = async (upn: string) => (await graph("GET", `/users/${upn}`)).id as string;
/** Object ids of all who have a role in the persona's application. */
async function assigned(name = "agents"): Promise<string[]> {
  const { servicePrincipalId } = h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", name)!.status!;
  const { value } = await graph("GET", `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`);
  return (value as { principalId: string }[]).map(({ principalId }) => principalId);
}
const until = (holds: () => boolean, what: string) => h.controller.until(holds, PATIENCE_MS, what);
const REF = { kind: "ConnectUser", namespace: "team", name: "jane" };
const there = <T extends { metadata: object }>(object: T) => inNamespace("other", object);
const adoptable = (allowAdoption: boolean) => ({
  connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile", allowAdoption },
});
const calls = (operation: string) => h.calls.filter((one) => one.operation === operation).length;

async function join(options?: StartOptions): Promise<string> {
  h = await start(world(), options);
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  const id = await idOf("jane@example.com");
  expect(await assigned()).toEqual([id]);
  return id;
}

test("disabled in Entra: the role goes, sessions end, the Connect user stays; enabled again, access comes back", async () => {
  const id = await join();
  await graph("PATCH", `/users/${id}`, { accountEnabled: false });
  await h.reason("ConnectUser", "jane", "RoleAssigned", "EntraUserDisabled");
  expect(await assigned()).toEqual([]);
  expect(await users()).toEqual(["jane@example.com"]);
  expect(calls("DeleteAllEntitySessions")).toBe(1);
  expect(status(get(), "Ready")).toMatchObject({ status: "False", reason: "EntraUserDisabled" });
  expect(status(get(), "Stalled")?.status).toBe("False");
  expect(status(get(), "Reconciling")?.status).toBe("False");
  expect(get().status!.sessions?.message).toBe("Running sessions were ended");
  await graph("PATCH", `/users/${id}`, { accountEnabled: true });
  await h.ready("access comes back");
  expect(await assigned()).toEqual([id]);
  expect(calls("DeleteAllEntitySessions")).toBe(1);
});

test("whenDisabled: Keep changes nothing, and Ready says so", async () => {
  h = await start();
  h.apply(persona("agents"), user("jane", "agents", { whenDisabled: "Keep" }));
  await h.ready();
  const id = await idOf("jane@example.com");
  await graph("PATCH", `/users/${id}`, { accountEnabled: false });
  await until(() => status(get(), "Ready")!.message.includes("whenDisabled: Keep"), "Ready names it");
  expect(status(get(), "Ready")?.status).toBe("True");
  expect(await assigned()).toEqual([id]);
});

test("deleted in Entra: access is taken away, and a person is asked to act", async () => {
  const id = await join();
  await graph("DELETE", `/users/${id}`);
  await h.reason("ConnectUser", "jane", "Stalled", "EntraUserNotFound");
  expect(status(get(), "RoleAssigned")?.status).toBe("False");
  expect(calls("DeleteAllEntitySessions")).toBe(1);
  expect(await users()).toEqual(["jane@example.com"]);
});

test("renamed in Entra: no second Connect user; a name that comes back or recreate goes on", async () => {
  const id = await join();
  await graph("PATCH", `/users/${id}`, { userPrincipalName: "jane.smith@example.com" });
  await h.reason("ConnectUser", "jane", "Ready", "UsernameChanged");
  expect(await users()).toEqual(["jane@example.com"]);
  await h.restart("erased");
  await h.reason("ConnectUser", "jane", "Ready", "UsernameChanged");
  expect(await users()).toEqual(["jane@example.com"]);
  await graph("PATCH", `/users/${id}`, { userPrincipalName: "jane@example.com" });
  await h.ready("the name is back");
  await graph("PATCH", `/users/${id}`, { userPrincipalName: "jane.smith@example.com" });
  await h.reason("ConnectUser", "jane", "Ready", "UsernameChanged");
  h.controller.store.annotate(REF, { "connectsso.dev/recreate": "1" });
  await h.ready("recreated under the new name");
  expect(await users()).toEqual(["jane.smith@example.com"]);
  expect(await assigned()).toEqual([id]);
});

test("a user principal name that somebody else gets: nothing of the former person's is handed on", async () => {
  const id = await join();
  await graph("DELETE", `/users/${id}`);
  await h.reason("ConnectUser", "jane", "Stalled", "EntraUserNotFound");
  const { id: other } = await graph("POST", "/users", {
    accountEnabled: true,
    userPrincipalName: "jane@example.com",
    mail: "jane@example.com",
    mailNickname: "jane",
    displayName: "Jane Roe",
    givenName: "Jane",
    surname: "Roe",
    passwordProfile: { password: "not-a-real-one-1A" },
  });
  await h.reason("ConnectUser", "jane", "Stalled", "EntraUserReplaced");
  expect(await assigned()).toEqual([]);
  await h.restart("erased");
  await h.reason("ConnectUser", "jane", "Stalled", "EntraUserReplaced");
  expect(await assigned()).toEqual([]);
  const before = get().status!.connectUserId;
  h.controller.store.annotate(REF, { "connectsso.dev/recreate": "1" });
  await h.ready("the new person has a Connect user of her own");
  expect(get().status!.connectUserId).not.toBe(before);
  expect(await assigned()).toEqual([other]);
});

test("leaves, and comes back under another object name: the same Connect user", async () => {
  await join();
  const { connectUserId } = get().status!;
  h.controller.store.delete(REF);
  await until(() => get() === undefined, "she left");
  expect(await assigned()).toEqual([]);
  expect(calls("DeleteAllEntitySessions")).toBe(1);
  expect(await users()).toEqual(["jane@example.com"]);
  h.apply({ ...user("jane", "agents"), metadata: { name: "jane-doe", namespace: "team" } });
  await h.ready("she is back");
  expect(get("jane-doe").status!.connectUserId).toBe(connectUserId);
  const { User } = await connect().send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId: connectUserId! }));
  expect(User?.Tags?.["connectsso.dev/owner"]).toBe("test/team/jane-doe");
});

test("a Connect user whose owner is alive stays that owner's", async () => {
  await join();
  h.apply({ ...user("jane", "agents"), metadata: { name: "jane-too", namespace: "team" } });
  await h.reason("ConnectUser", "jane-too", "Conflict", "TwoPersonas");
  await until(() => status(get(), "Ready")?.status === "True", "the owner is not stopped");
  expect(get().status!.username).toBe("jane@example.com");
  expect(INSTANCE_ARN).toContain(INSTANCE);
});

test("endSessions: false leaves running sessions alone, on disablement, recreation and removal", async () => {
  h = await start();
  h.apply(persona("agents"), user("jane", "agents", { endSessions: false }));
  await h.ready();
  const id = await idOf("jane@example.com");
  await graph("PATCH", `/users/${id}`, { accountEnabled: false });
  await h.reason("ConnectUser", "jane", "RoleAssigned", "EntraUserDisabled");
  expect(get().status!.sessions).toBeUndefined();
  await graph("PATCH", `/users/${id}`, { accountEnabled: true });
  await h.ready("access comes back");
  h.controller.store.annotate(REF, { "connectsso.dev/recreate": "1" });
  await until(() => get().status?.handledRequests?.recreate === "1", "recreated");
  h.controller.store.delete(REF);
  await until(() => get() === undefined, "she left");
  expect(await assigned()).toEqual([]);
  expect(calls("DeleteAllEntitySessions")).toBe(0);
});

test("sessions that Connect refuses to end: said once, and the rest goes on", async () => {
  const id = await join();
  h.sandbox.faults.add({ match: "connect:DeleteAllEntitySessions", kind: "denied" });
  const told = () => h.controller.store.events.filter(({ event }) => /^Sessions/.test(event.reason));
  await graph("PATCH", `/users/${id}`, { accountEnabled: false });
  await h.reason("ConnectUser", "jane", "RoleAssigned", "EntraUserDisabled");
  await polls(6);
  expect(await assigned()).toEqual([]);
  expect(get().status!.sessions).toEqual({
    message: expect.stringMatching(/^Running sessions could not be ended .*12 hours/),
  });
  expect(told().map(({ event, count }) => [event.type, event.reason, count])).toEqual([
    ["Warning", "SessionsNotEnded", 1],
  ]);
  expect(calls("DeleteAllEntitySessions")).toBe(1);
  await graph("PATCH", `/users/${id}`, { accountEnabled: true });
  await h.ready("access comes back");
  // The deletion waits for Connect, and takes the role at every retry.
  h.sandbox.faults.add({ match: "connect:DeleteUser", kind: "denied" });
  h.apply(user("jane", "agents", { deletionPolicy: "Delete" }));
  h.controller.store.delete(REF);
  await until(() => calls("DeleteUser") > 3, "deletion is retried");
  expect(calls("DeleteAllEntitySessions")).toBe(2);
  expect(told().map(({ count }) => count)).toEqual([2]);
  h.sandbox.faults.clear();
  await until(() => get() === undefined, "she left");
});

test.each([
  ["with adoptionPolicy: IfUnowned, where the persona allows it", true],
  ["without it she is refused, and the message says what would do", false],
])("comes back in another namespace: %s", async (_, allowed) => {
  await join();
  const { connectUserId } = get().status!;
  h.controller.store.delete(REF);
  await until(() => get() === undefined, "she left");
  h.apply(there(persona("agents", adoptable(allowed))), there(user("jane", "agents")));
  const back = () => get("jane", "other");
  await until(() => back() && status(back(), "Stalled")?.reason === "ForeignOwner", "she is refused");
  expect(status(back(), "Stalled")?.message).toMatch(
    /belonged to test\/team\/jane, which exists no more; set adoptionPolicy: IfUnowned/,
  );
  h.apply(there(user("jane", "agents", { adoptionPolicy: "IfUnowned" })));
  if (!allowed) {
    await until(() => status(back(), "Stalled")?.reason === "AdoptionNotAllowed", "the persona does not allow it");
    expect(await users()).toEqual(["jane@example.com"]);
    return;
  }
  await until(() => status(back(), "Ready")?.status === "True", "she is back");
  expect(back().status!.connectUserId).toBe(connectUserId);
  const { User } = await connect().send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId: connectUserId! }));
  expect(User?.Tags?.["connectsso.dev/owner"]).toBe("test/other/jane");
});

test("an owner in another namespace that is alive is never taken over from, whatever is declared", async () => {
  await join();
  h.apply(there(persona("agents", adoptable(true))));
  h.apply(there(user("jane", "agents", { adoptionPolicy: "IfUnowned" })));
  await until(() => status(get("jane", "other"), "Stalled")?.status === "True", "she is refused");
  expect(status(get("jane", "other"), "Stalled")?.reason).toBe("TwoPersonas");
  const { connectUserId } = get().status!;
  const { User } = await connect().send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId: connectUserId! }));
  expect(User?.Tags?.["connectsso.dev/owner"]).toBe("test/team/jane");
});
