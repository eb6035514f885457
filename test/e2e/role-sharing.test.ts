/** aws.roleSharing: Instance. One role for the personas of a namespace, and people who move between them and keep their Connect user. */
import { ConnectClient, DescribeUserCommand } from "@aws-sdk/client-connect";
import { UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { expect, test } from "@jest/globals";
import {
  ACCOUNT,
  begin,
  deletePersona,
  h,
  iam,
  login,
  looked,
  personaOf,
  providerOf,
  quiet,
  recreate,
  region,
  roleOf,
  SHARED,
  settled,
  sharing,
  trusted,
  userOf,
  warnings,
  where,
} from "./role-sharing.ts";
import { INSTANCE, inNamespace, persona, status, user, world } from "./support.ts";

const tagsOf = async (name: string) => {
  const UserId = userOf(name).status!.connectUserId;
  const { User } = await new ConnectClient(region).send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId }));
  return User!.Tags!;
};

test("two personas set up at once share a role; each looks after it, and neither takes the other's provider out", async () => {
  await begin(world({ behaviour: { open: { missingProviderInTrust: "refused" } } }));
  h.apply(
    sharing("agents", { aws: { maxSessionDuration: "8h" } }),
    sharing("managers", { aws: { maxSessionDuration: "10h" } }),
    persona("admins"),
  );
  await h.ready();
  await quiet();
  expect(await trusted()).toEqual(["agents", "managers"]);
  expect(await trusted("connect-sso-team-admins")).toEqual(["admins"]);
  expect(await roleOf("connect-sso-team-agents")).toBeUndefined();
  const role = (await roleOf(SHARED))!;
  expect(role.tags).toEqual({ "connectsso.dev/owner": `test/team/us-east-1:${INSTANCE}:role` });
  expect(role.hours).toBe(10);
  expect(personaOf("agents").status).toMatchObject({ roleArn: `${ACCOUNT}:role/connect-sso/${SHARED}` });
  expect(status(personaOf("agents"), "RoleReady")?.message).toMatch(/shared with managers/);
  expect(warnings()).toEqual([]);
  // Somebody adds a provider, or removes one.
  for (const Federated of [
    [providerOf("agents"), providerOf("managers"), providerOf("admins")],
    [providerOf("agents")],
  ]) {
    const [statement] = role.trust.Statement;
    const PolicyDocument = JSON.stringify({ ...role.trust, Statement: [{ ...statement, Principal: { Federated } }] });
    await iam().send(new UpdateAssumeRolePolicyCommand({ RoleName: SHARED, PolicyDocument }));
    await settled("the trust is set back", async () => (await trusted())?.join() === "agents,managers");
  }
  expect(warnings().length).toBeGreaterThan(0);
});

test("a move between personas that share keeps the Connect user, and no moment is without a role", async () => {
  await begin();
  h.apply(sharing("agents"), sharing("managers"), user("jane", "agents"));
  await h.ready();
  const { connectUserId } = userOf("jane").status!;
  expect(await login("jane", "agents")).toBe(connectUserId);
  const from = h.writes().length;
  h.apply(user("jane", "managers"));
  await looked("jane");
  await settled("the move is done", async () => (await where("jane")).join() === `Connect managers ${SHARED}`);
  expect(userOf("jane").status).toMatchObject({ connectUserId, roleName: SHARED });
  expect(await login("jane", "managers")).toBe(connectUserId);
  const order = h
    .writes()
    .slice(from)
    .map(({ operation }) => operation)
    .filter((operation) => /appRoleAssignedTo|TagResource/.test(operation));
  expect(order.map((operation) => operation.split(" ")[0])).toEqual(["POST", "DELETE", "TagResource"]);
  const tags = await tagsOf("jane");
  expect(tags).toMatchObject({ "connectsso.dev/persona": "managers", "connectsso.dev/role": SHARED });
  expect(tags).not.toHaveProperty(["connectsso.dev/moved-from"]);
});

test.each(["graph:POST /servicePrincipals/{id}/appRoleAssignedTo", "connect:UpdateUserSecurityProfiles"])(
  "a process that dies during a move (%s), its status erased, ends it",
  async (call) => {
    await begin();
    const connectUsers = { securityProfiles: ["Admin"], routingProfile: "Basic Routing Profile" };
    h.apply(sharing("agents"), sharing("managers", { connectUsers }), user("jane", "agents"));
    await h.ready();
    const { connectUserId } = userOf("jane").status!;
    const died = h.crashAfter(call);
    h.apply(user("jane", "managers"));
    await died;
    await h.restart("erased");
    await looked("jane");
    await settled("the move is done", async () => (await where("jane")).join() === `Connect managers ${SHARED}`);
    expect(userOf("jane").status!.connectUserId).toBe(connectUserId);
  },
);

test("without sharing a moved person keeps the role of the first login, and is told so", async () => {
  await begin();
  h.apply(persona("agents"), persona("managers"), user("jane", "agents"));
  await h.ready();
  expect(await login("jane", "agents")).toBe(userOf("jane").status!.connectUserId);
  h.apply(user("jane", "managers"));
  await looked("jane");
  expect(await login("jane", "managers")).toBe("DuplicateResourceException");
  await settled("the tag names the former persona", async () => {
    const tags = await tagsOf("jane");
    return tags["connectsso.dev/persona"] === "managers" && tags["connectsso.dev/moved-from"] === "agents";
  });
  recreate("jane");
  await settled("recreated", () => userOf("jane").status?.handledRequests?.recreate === "1");
  await looked("jane");
  expect(await login("jane", "managers")).toBe(userOf("jane").status!.connectUserId);
  expect(await tagsOf("jane")).not.toHaveProperty(["connectsso.dev/moved-from"]);
});

test("from Persona to Instance and back: who is bound to a role signs in with it until recreated", async () => {
  await begin();
  h.apply(persona("agents", { deletionPolicy: "Delete" }), user("jane", "agents"), user("omar", "agents"));
  await h.ready();
  const own = "connect-sso-team-agents";
  const before = userOf("jane").status!.connectUserId;
  expect(await login("jane", "agents")).toBe(before);
  h.apply(sharing("agents", { deletionPolicy: "Delete" }), sharing("managers"));
  await settled("the shared role is delivered", () => personaOf("agents").status?.formerRoles?.[0]?.name === own);
  await quiet();
  expect(await trusted()).toEqual(["agents", "managers"]);
  expect(await where("jane")).toEqual([`Connect agents ${own}`]);
  expect(await login("jane", "agents")).toBe(before);
  expect(status(userOf("jane"), "RoleAssigned")?.message).toMatch(/to which the Connect user is bound.*recreate/);
  h.apply(user("alice", "agents"));
  await looked("alice");
  expect(await where("alice")).toEqual([`Connect agents ${SHARED}`]);
  expect(await login("alice", "agents")).toBe(userOf("alice").status!.connectUserId);
  expect(warnings()).toEqual([]);
  recreate("jane");
  await settled("jane has the shared role", () => userOf("jane").status?.roleName === SHARED);
  await settled("and it alone", async () => (await where("jane")).join() === `Connect agents ${SHARED}`);
  expect(await login("jane", "agents")).not.toBe(before);
  expect(await roleOf(own)).toBeDefined();
  recreate("omar");
  await settled("the old role is gone", async () => (await roleOf(own)) === undefined);
  await settled("and its app role", () => personaOf("agents").status?.formerRoles === undefined);
  await quiet();
  // Back: a new role of its own, and the shared one as long as somebody is bound to it.
  h.apply(persona("agents", { deletionPolicy: "Delete" }));
  await settled("its own role again", () => personaOf("agents").status?.formerRoles?.[0]?.name === SHARED);
  await quiet();
  expect(await trusted()).toEqual(["agents", "managers"]);
  expect(await login("alice", "agents")).toBe(userOf("alice").status!.connectUserId);
  for (const name of ["alice", "omar", "jane"]) {
    h.controller.store.annotate({ kind: "ConnectUser", namespace: "team", name }, { "connectsso.dev/recreate": "2" });
    await settled(`${name} is recreated`, () => userOf(name).status?.roleName === own);
  }
  await settled("the shared role trusts managers alone", async () => (await trusted())?.join() === "managers");
  expect(warnings()).toEqual([]);
});

test("a persona's role becomes the shared one: its users keep their Connect users and move at once", async () => {
  await begin();
  h.apply(persona("agents"), persona("managers"), user("jane", "agents"), user("omar", "managers"));
  await h.ready();
  const base = { roleName: "connect-sso-team-agents" };
  const { connectUserId } = userOf("jane").status!;
  const { id } = (await roleOf(base.roleName))!;
  expect(await login("jane", "agents")).toBe(connectUserId);
  h.apply(sharing("agents", { aws: base }), sharing("managers", { aws: base }));
  await settled("both are trusted", async () => (await trusted(base.roleName))?.join() === "agents,managers");
  await quiet();
  expect(await roleOf(base.roleName)).toMatchObject({
    id,
    tags: { "connectsso.dev/owner": `test/team/us-east-1:${INSTANCE}:role` },
  });
  expect(personaOf("agents").status?.formerRoles).toBeUndefined();
  expect(await where("omar")).toEqual(["Connect managers connect-sso-team-managers"]);
  h.apply(user("jane", "managers"));
  await looked("jane");
  await settled("moved", async () => (await where("jane")).join() === "Connect managers connect-sso-team-agents");
  expect(await login("jane", "managers")).toBe(connectUserId);
});

test("a persona that goes takes its provider out first; the last one takes the role, and Retain keeps it", async () => {
  await begin(world({ behaviour: { open: { missingProviderInTrust: "refused" } } }));
  const gone = { deletionPolicy: "Delete" };
  h.apply(sharing("agents", gone), sharing("managers", gone), sharing("admins"));
  await h.ready();
  await quiet();
  expect(await trusted()).toEqual(["admins", "agents", "managers"]);
  deletePersona("agents");
  await settled("agents is gone", () => personaOf("agents") === undefined);
  const order = h.writes().map(({ operation }) => operation);
  expect(order.lastIndexOf("UpdateAssumeRolePolicy")).toBeLessThan(order.indexOf("DeleteSAMLProvider"));
  expect(await trusted()).toEqual(["admins", "managers"]);
  deletePersona("admins");
  await settled("admins is released", () => personaOf("admins") === undefined);
  await settled("and no longer trusted", async () => (await trusted())?.join() === "managers");
  expect(warnings()).toEqual([]);
  deletePersona("managers");
  await settled("managers is gone", () => personaOf("managers") === undefined);
  expect(await roleOf(SHARED)).toBeUndefined();
});

test("the trust has room for so many: who comes last is refused, and goes on when the quota is raised", async () => {
  await begin(world({ iamQuotas: { trustPolicyCharacters: 350 } }), { pollIntervalMs: 20_000 });
  const few = ["agents", "managers", "admins"];
  h.apply(...few.map((name) => sharing(name)));
  const refused = () => few.filter((name) => status(personaOf(name), "RoleReady")?.reason === "TrustTooLong");
  await settled(
    "one is refused, two are trusted",
    async () => refused().length === 1 && (await trusted())?.length === 2,
  );
  expect(status(personaOf(refused()[0]!), "Stalled")).toMatchObject({
    status: "True",
    message: expect.stringMatching(/Role trust policy length/),
  });
  expect(h.calls.filter(({ operation, code }) => operation === "UpdateAssumeRolePolicy" && code !== "200")).toEqual([]);
  h.sandbox.world.iamQuotas.trustPolicyCharacters = 4096;
  await settled("all are trusted", async () => (await trusted())?.length === few.length);
  await h.ready();
});

test("personas that contradict each other: the later one is refused, by name", async () => {
  await begin();
  h.apply(sharing("agents"));
  await h.ready();
  h.apply(sharing("managers", { aws: { roleName: "other", maxSigninSessionDuration: "4h" } }));
  await h.reason("ConnectSsoPersona", "managers", "Stalled", "InvalidSpec");
  expect(status(personaOf("managers"), "Stalled")?.message).toMatch(
    /Persona agents shares its role.*aws.roleName is connect-sso-team_0a1b2c3d there and other here.*maxSigninSessionDuration/,
  );
  expect(await trusted()).toEqual(["agents"]);
  expect(status(personaOf("agents"), "Ready")?.status).toBe("True");
});

test("a suspended persona stays trusted; one of another namespace never is", async () => {
  await begin();
  h.apply(sharing("agents"), sharing("managers"), inNamespace("other", sharing("rivals")));
  await h.ready();
  h.apply(sharing("managers", { suspend: true }));
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await trusted()).toEqual(["agents", "managers"]);
  expect(await trusted("connect-sso-other_0a1b2c3d")).toEqual(["rivals"]);
});
