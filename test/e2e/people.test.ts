/** What protects people from the platform team's slips: mass deletion, one person under two personas; and what events tell of it. */
import { afterEach, expect, test } from "@jest/globals";
import { ANNOTATIONS, type ConnectSsoPersona, type ConnectUser } from "../../src/api/resources.ts";
import { type Harness, PATIENCE_MS, persona, start, status, user, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const personaOf = (name: string) => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", name)!;
const userOf = (name: string) => h.controller.store.get<ConnectUser>("ConnectUser", "team", name)!;
const until = (test: () => boolean, what: string) => h.controller.until(test, PATIENCE_MS, what);
const told = (reason: string) => h.controller.store.events.filter(({ event }) => event.reason === reason);
const administrators = () =>
  persona("administrators", {
    connectUsers: { securityProfiles: ["Admin"], routingProfile: "Basic Routing Profile" },
  });
const call = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, {
    method,
    headers: { authorization: "Bearer test", "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  expect(response.status).toBeLessThan(300);
  return response.status === 204 ? {} : ((await response.json()) as { id?: string; value?: { id: string }[] });
};

test("an emptied folder in Git: removals halt, say so on the persona and on the users, and go on after a word, once", async () => {
  const names = Array.from({ length: 9 }, (_, index) => `agent${index}`);
  h = await start(
    world({
      users: names.map((name) => ({ userPrincipalName: `${name}@example.com`, givenName: name, surname: "Doe" })),
    }),
  );
  h.apply(persona("agents"), ...names.map((name) => user(name, "agents")));
  await h.ready();
  const remove = (kind: string, name: string) => h.controller.store.delete({ kind, namespace: "team", name });
  const revoked = () => h.sandbox.counts()["graph:DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignment}"] ?? 0;
  for (const name of names) remove("ConnectUser", name);
  remove("ConnectSsoPersona", "agents");
  await h.reason("ConnectSsoPersona", "agents", "RemovalsHalted", "MassDeletionHalted");
  await h.reason("ConnectUser", "agent0", "Ready", "MassDeletionHalted");
  await h.reason("ConnectSsoPersona", "agents", "Ready", "HasUsers");
  const command = /kubectl annotate connectssopersona -n team agents --overwrite connectsso.dev\/allow-mass-deletion=/;
  expect(status(personaOf("agents"), "RemovalsHalted")!.message).toMatch(/^9 of 9 users .*than 30 %/);
  expect(status(personaOf("agents"), "RemovalsHalted")!.message).toMatch(command);
  expect(status(userOf("agent0"), "Ready")!.message).toMatch(command);
  expect(told("MassDeletionHalted").filter(({ ref }) => ref.kind === "ConnectSsoPersona")).toMatchObject([
    { count: 1 },
  ]);
  expect(revoked()).toBe(0);
  h.controller.store.annotate(
    { kind: "ConnectSsoPersona", namespace: "team", name: "agents" },
    { [ANNOTATIONS.allowMassDeletion]: "yes" },
  );
  await until(() => h.controller.resources().length === 0, "all are gone");
  expect(revoked()).toBe(names.length);
});

test("a permission lasts for one wave", async () => {
  const names = Array.from({ length: 14 }, (_, index) => `agent${index}`);
  h = await start(
    world({
      users: names.map((name) => ({ userPrincipalName: `${name}@example.com`, givenName: name, surname: "Doe" })),
    }),
  );
  h.apply(persona("agents"), ...names.map((name) => user(name, "agents")));
  await h.ready();
  const remove = (some: string[]) => {
    for (const name of some) h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name });
  };
  remove(names.slice(0, 7));
  await h.reason("ConnectSsoPersona", "agents", "RemovalsHalted", "MassDeletionHalted");
  h.controller.store.annotate(
    { kind: "ConnectSsoPersona", namespace: "team", name: "agents" },
    { [ANNOTATIONS.allowMassDeletion]: "first" },
  );
  await until(
    () => personaOf("agents").status!.handledRequests?.["allow-mass-deletion"] === "first",
    "the permission is used up",
  );
  expect(status(personaOf("agents"), "RemovalsHalted")).toMatchObject({ status: "False", reason: "NotHalted" });
  remove(names.slice(7));
  await h.reason("ConnectSsoPersona", "agents", "RemovalsHalted", "MassDeletionHalted");
});

test("one person under two personas: both users and both personas say so, whoever comes first; it is told once", async () => {
  h = await start();
  h.apply(persona("agents"), administrators(), user("jane", "agents"));
  await h.ready();
  h.apply({ ...user("jane", "administrators"), metadata: { name: "jane-admin", namespace: "team" } });
  await h.reason("ConnectUser", "jane", "Conflict", "TwoPersonas");
  await h.reason("ConnectUser", "jane-admin", "Conflict", "TwoPersonas");
  await h.reason("ConnectSsoPersona", "agents", "Conflict", "UsersConflict");
  await h.reason("ConnectSsoPersona", "administrators", "Conflict", "UsersConflict");
  expect(personaOf("agents").status!.users!.conflicted).toBe(1);
  const assigned = h.sandbox.counts()["graph:POST /servicePrincipals/{id}/appRoleAssignedTo"];
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(h.sandbox.counts()["graph:POST /servicePrincipals/{id}/appRoleAssignedTo"]).toBe(assigned);
  expect(told("TwoPersonas").map(({ ref, count }) => [ref.name, count])).toEqual(
    expect.arrayContaining([
      ["jane", 1],
      ["jane-admin", 1],
    ]),
  );
  await refusedRecreation("jane");
  h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name: "jane-admin" });
  await h.ready();
  await h.reason("ConnectSsoPersona", "agents", "Conflict", "NoConflict");
  expect(deletions()).toHaveLength(1);
});

test("two people whose user names differ in case alone are in conflict, both", async () => {
  h = await start(
    world({
      users: [
        { userPrincipalName: "jane@example.com", mail: "jane@example.com", givenName: "Jane", surname: "Doe" },
        { userPrincipalName: "jane2@example.com", mail: "Jane@Example.com", givenName: "Jane", surname: "Roe" },
      ],
    }),
  );
  h.apply(
    persona("agents"),
    persona("managers", {
      application: { displayName: "Connect managers", roleSessionName: { from: "mail", transform: "None" } },
    }),
    user("jane", "agents"),
  );
  await h.ready();
  h.apply(user("jane2", "managers"));
  await h.reason("ConnectUser", "jane2", "Conflict", "TwoPersonas");
  await h.reason("ConnectUser", "jane", "Conflict", "TwoPersonas");
  expect(status(userOf("jane"), "Conflict")!.message).toMatch(/team\/jane2 of persona managers .*without case/);
});

test("somebody assigned by hand, or by a group, to another persona's application is a conflict on both personas", async () => {
  h = await start();
  h.apply(persona("agents"), administrators(), user("jane", "agents"));
  await h.ready();
  const { servicePrincipalId, appRoleId } = personaOf("administrators").status!;
  const { entraObjectId } = userOf("jane").status!;
  const path = `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`;
  const assign = (principalId: string) =>
    call("POST", path, { principalId, resourceId: servicePrincipalId, appRoleId });
  const { id } = await assign(entraObjectId!);
  await h.reason("ConnectUser", "jane", "Conflict", "TwoPersonas");
  await h.reason("ConnectSsoPersona", "agents", "Conflict", "UsersConflict");
  await h.reason("ConnectSsoPersona", "administrators", "Conflict", "AssignedHere");
  await call("DELETE", `${path}/${id}`);
  await h.ready();
  await h.reason("ConnectSsoPersona", "administrators", "Conflict", "NoConflict");
  const group = (await call("GET", "/groups")).value![0]!.id;
  h.apply({ ...administrators(), spec: { ...administrators().spec, driftPolicy: "Report" } });
  await assign(group);
  await h.reason("ConnectUser", "jane", "Conflict", "TwoPersonas");
  expect(status(userOf("jane"), "Conflict")!.message).toMatch(/member of group Agents/);
  await refusedRecreation("jane");
});

const deletions = () => h.writes().filter(({ operation }) => operation === "DeleteUser");

/** Connect would refuse nothing here: what is not going to be created again must not be deleted. */
async function refusedRecreation(name: string): Promise<void> {
  h.controller.store.annotate({ kind: "ConnectUser", namespace: "team", name }, { [ANNOTATIONS.recreate]: "1" });
  await h.reason("ConnectUser", name, "ConnectUserReady", "TwoPersonas");
  expect(deletions()).toEqual([]);
}

test("events of a life: created, ready, drift, refused; each once, however long it stays", async () => {
  h = await start();
  h.apply(persona("agents"), user("jane", "agents"), user("nobody", "agents"));
  await h.reason("ConnectUser", "nobody", "Stalled", "EntraUserNotFound");
  await until(() => status(userOf("jane"), "Ready")?.status === "True", "jane is ready");
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const { events } = h.controller.store;
  expect(events.filter(({ count }) => count > 1)).toEqual([]);
  const of = (name: string) =>
    events.filter(({ ref }) => ref.name === name).map(({ event }) => `${event.type} ${event.reason}`);
  expect(new Set(of("agents"))).toEqual(new Set(["Normal Created", "Normal Updated", "Normal Converged"]));
  expect(of("jane")).toEqual(expect.arrayContaining(["Normal PersonaNotReady", "Normal Created", "Normal Converged"]));
  expect(of("nobody")).toEqual(["Warning EntraUserNotFound"]);
});
