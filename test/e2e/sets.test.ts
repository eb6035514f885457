/** People come from the directory: a set over the whole product without Kubernetes, while somebody changes Entra by plain requests. */
import { afterEach, describe, expect, test } from "@jest/globals";
import type { ConnectUser, ConnectUserSet } from "../../src/api/resources.ts";
import { Reactions } from "../../src/domain/reactions.ts";
import { type Harness, INSTANCE, persona, polls, start, status, user, world } from "./support.ts";

const ids = (names: string[]) =>
  names.map((name, index) => [name, `11111111-0000-4000-8000-${String(index + 1).padStart(12, "0")}`] as const);
const NAMES = ["ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ivy", "joe"];
const ID = Object.fromEntries(ids(NAMES)) as Record<string, string>;
const AGENTS = "22222222-0000-4000-8000-000000000001";
const NIGHT = "22222222-0000-4000-8000-000000000002";
const MANAGERS = "22222222-0000-4000-8000-000000000003";
const mail = (name: string) => `${name}@example.com`;

const people = (agents: string[], managers: string[] = [], night: string[] = []) =>
  world({
    users: ids(NAMES).map(([name, id]) => ({
      id,
      userPrincipalName: mail(name),
      givenName: name,
      surname: "Doe",
      country: "IE",
      officeLocation: "Dublin",
    })),
    groups: [
      { id: AGENTS, displayName: "CC Agents", members: agents.map(mail), groups: ["CC Night"] },
      { id: NIGHT, displayName: "CC Night", members: night.map(mail) },
      { id: MANAGERS, displayName: "CC Managers", members: managers.map(mail) },
    ],
    instances: [
      {
        id: INSTANCE,
        region: "us-east-1",
        alias: "example",
        securityProfiles: ["Admin", "Agent", "CallCenterManager"],
        routingProfiles: ["Basic Routing Profile", "Escalations"],
        hierarchy: { levels: ["Site"], groups: [{ name: "Dublin" }] },
      },
    ],
  });
const managers = () =>
  persona("managers", {
    connectUsers: { securityProfiles: ["CallCenterManager"], routingProfile: "Basic Routing Profile" },
  });
const RULES = [
  {
    name: "managers",
    group: { displayName: "CC Managers" },
    set: { persona: "managers", routingProfile: "Escalations" },
  },
  { name: "everybody", set: { persona: "agents" }, compute: { hierarchyGroup: "[user.officeLocation]" } },
];
const set = (spec: object = {}, name = "cc") => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUserSet",
  metadata: { name, namespace: "team" },
  spec: { source: { groups: [{ displayName: "CC Agents" }] }, rules: RULES, removal: { gracePeriod: "0s" }, ...spec },
});

let h: Harness;
afterEach(() => h?.stop());

const graph = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${h.sandbox.url}/graph/v1.0${path}`, {
    method,
    headers: {
      authorization: `Bearer ${h.sandbox.env.CONNECT_SSO_GRAPH_TOKEN}`,
      "content-type": "application/json",
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
};
const ref = (name: string) => ({ "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${ID[name]}` });
const join = (group: string, name: string) => graph("POST", `/groups/${group}/members/$ref`, ref(name));
const leave = (group: string, name: string) => graph("DELETE", `/groups/${group}/members/${ID[name]}/$ref`);

const setNow = (name = "cc") => h.controller.store.get<ConnectUserSet>("ConnectUserSet", "team", name)!;
const users = () => h.controller.store.list<ConnectUser>("ConnectUser");
const of = (name: string) => h.controller.store.get<ConnectUser>("ConnectUser", "team", `cc-${ID[name]}`);
const here = () => NAMES.filter((name) => of(name) !== undefined);
const until = (test: () => boolean, what: string) => h.controller.until(test, 30 * 60_000, what);
const held = () => status(setNow(), "ChangesHeld");
const isReady = (name: string) => status(of(name), "Ready")?.status === "True";

test("everybody of the groups gets a user as the rules say; joiner, mover, leaver, nested group", async () => {
  const reactions = new Reactions();
  const settled: string[] = [];
  reactions.onSettled = (direction) => void settled.push(direction);
  h = await start(people(["ada", "bob", "cyd", "dan", "eve"], ["ada"], ["fay"]), { reactions });
  h.apply(persona("agents"), managers(), set());
  await until(() => here().length === 6, "six users");
  await h.ready();
  expect(of("ada")?.spec).toMatchObject({
    personaRef: { name: "managers" },
    entraUser: { objectId: ID.ada },
    routingProfile: "Escalations",
    hierarchyGroup: ["Dublin"],
  });
  expect(of("fay")?.spec).toMatchObject({ personaRef: { name: "agents" } });
  expect(of("fay")?.metadata).toMatchObject({
    labels: { "connectsso.dev/set": "cc" },
    annotations: { "connectsso.dev/decided-by": "hierarchyGroup=everybody, persona=everybody" },
    ownerReferences: [{ kind: "ConnectUserSet", name: "cc", controller: true }, { kind: "ConnectSsoPersona" }],
  });
  expect(setNow().status).toMatchObject({ expanded: true, people: { found: 6, matched: 6, members: 6, leaving: 0 } });

  // The first expansion follows no change in Entra.
  expect([settled, reactions.oldest("granted")]).toEqual([[], undefined]);
  await join(AGENTS, "gus");
  await until(() => of("gus") !== undefined && isReady("gus"), "the joiner can sign in");
  await join(MANAGERS, "bob");
  await until(() => of("bob")?.spec.personaRef.name === "managers" && isReady("bob"), "the mover has moved");
  await leave(NIGHT, "fay");
  await until(() => of("fay") === undefined, "the leaver is gone");
  await until(() => settled.length === 2, "the removal is measured");
  expect(settled).toEqual(["granted", "revoked"]);
  expect(held()).toMatchObject({ status: "False" });
  expect(here()).toEqual(["ada", "bob", "cyd", "dan", "eve", "gus"]);
});

test("an emptied group is held until somebody approves exactly that list", async () => {
  h = await start(people(["ada"], [], NAMES.slice(1)));
  h.apply(persona("agents"), managers(), set());
  await until(() => here().length === 10, "ten users");
  await h.ready();
  await leave(AGENTS, NIGHT_MEMBER());
  await until(() => held()?.status === "True", "the changes are held");
  expect(held()?.message).toMatch(/^9 removals among 10 people are more than 20 %/);
  expect(status(setNow(), "Stalled")).toMatchObject({ status: "True", reason: "ChangesHeld" });
  const first = setNow().status!.pending!.hash!;
  expect(setNow().status?.pending).toMatchObject({ removals: 9, creations: 0, moves: 0, grants: 0 });
  h.controller.store.annotate(
    { kind: "ConnectUserSet", namespace: "team", name: "cc" },
    { "connectsso.dev/approve": "0".repeat(16) },
  );
  await join(AGENTS, "bob");
  await until(() => setNow().status?.pending?.removals === 8, "the list has changed");
  const second = setNow().status!.pending!.hash!;
  expect(second).not.toBe(first);
  expect(here()).toHaveLength(10);
  h.controller.store.annotate(
    { kind: "ConnectUserSet", namespace: "team", name: "cc" },
    { "connectsso.dev/approve": second },
  );
  await until(() => here().length === 2, "the approved list is gone");
  await until(() => held()?.status === "False", "nothing is held");
  expect(setNow().status).toMatchObject({ handledRequests: { approve: second } });
  expect(setNow().status?.pending).toBeUndefined();
  expect(here()).toEqual(["ada", "bob"]);
});
/** The whole night shift leaves at once: its group is taken out of the agents'. */
const NIGHT_MEMBER = () => {
  ID.night = NIGHT;
  return "night";
};

describe("what is no list removes nobody", () => {
  test("an emptied source, a deleted group, a missing right", async () => {
    h = await start(people(["ada", "bob"]));
    h.apply(persona("agents"), managers(), set());
    await until(() => here().length === 2, "two users");
    await h.ready();
    // False, and not unknown after some poll intervals: the directory must be read before anything is removed.
    const source = async (reason: string) => {
      const isSo = () => {
        const found = status(setNow(), "SourceReady");
        return found?.reason === reason && found.status === "False";
      };
      await until(isSo, reason);
      await polls(4);
      expect([reason, isSo()]).toEqual([reason, true]);
    };
    await leave(AGENTS, "ada");
    await until(() => here().length === 1, "one has left");
    await leave(AGENTS, "bob");
    await source("SourceEmpty");
    h.sandbox.faults.add({ match: "graph:GET */delta", kind: "denied" });
    await source("GraphForbidden");
    h.sandbox.faults.clear();
    await source("SourceEmpty");
    await graph("DELETE", `/groups/${AGENTS}`);
    await source("UnknownGroup");
    expect(here()).toEqual(["bob"]);
    await graph("POST", `/directory/deletedItems/${AGENTS}/restore`, {});
    await join(AGENTS, "cyd");
    await until(() => here().join() === "cyd", "it goes on");
  });

  test("a rule that does not compile is named with its place", async () => {
    h = await start(people(["ada"]));
    h.apply(persona("agents"), managers(), set());
    await until(() => here().length === 1, "one user");
    h.apply(set({ rules: [{ name: "irish", when: "user.land == 'IE'", set: { persona: "agents" } }] }));
    await until(() => status(setNow(), "Stalled")?.reason === "InvalidRule", "it is Stalled");
    expect(status(setNow(), "Ready")?.message).toBe("rule irish, when, 1:6: No such key: land");
    expect(here()).toEqual(["ada"]);
  });
});

test("a user written by hand wins, and what is edited by hand stays unless the set says it", async () => {
  h = await start(people(["ada", "bob", "cyd"]));
  h.apply(persona("agents"), managers(), set(), user("ada", "agents"));
  await until(() => here().length === 2, "two users of the set");
  await h.ready();
  expect(setNow().status?.people).toMatchObject({ matched: 3, members: 2 });
  const bob = of("bob")!;
  h.controller.store.apply({
    ...bob,
    spec: { ...bob.spec, mobile: "+353861234567", hierarchyGroup: ["Elsewhere"] },
  } as never);
  await until(() => of("bob")?.spec.hierarchyGroup?.[0] === "Dublin", "the set has set its own field back");
  expect(of("bob")?.spec.mobile).toBe("+353861234567");
  const told = () =>
    h.controller.store.events.filter(({ ref, event }) => ref.kind === "ConnectUserSet" && /Drift/.test(event.reason));
  await until(() => told().length > 0, "it is an event");
  expect(told()[0]?.event.note).toContain("bob@example.com hierarchyGroup");
});

test("a deleted set leaves its users, and takes them back when it comes again", async () => {
  h = await start(people(["ada", "bob"]));
  h.apply(persona("agents"), managers(), set());
  await until(() => here().length === 2, "two users");
  await h.ready();
  const before = of("ada")!.metadata.uid;
  h.controller.store.delete({ kind: "ConnectUserSet", namespace: "team", name: "cc" });
  await until(() => setNow() === undefined, "the set is gone");
  expect(here()).toEqual(["ada", "bob"]);
  expect(of("ada")?.metadata.labels?.["connectsso.dev/set"]).toBeUndefined();
  expect(of("ada")?.metadata.ownerReferences ?? []).toEqual([]);
  expect(of("ada")?.spec.hierarchyGroup).toEqual(["Dublin"]);
  h.apply(set());
  await until(() => of("ada")?.metadata.labels?.["connectsso.dev/set"] === "cc", "the set has them again");
  await h.ready();
  expect(of("ada")?.metadata.uid).toBe(before);
});

test("deleted with deletionPolicy Delete it takes its users along, once the list is approved", async () => {
  h = await start(people(NAMES));
  h.apply(persona("agents"), managers(), set({ deletionPolicy: "Delete" }));
  await until(() => here().length === 10, "ten users");
  await h.ready();
  const revoked = () => h.sandbox.counts()["graph:DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignment}"] ?? 0;
  h.controller.store.delete({ kind: "ConnectUserSet", namespace: "team", name: "cc" });
  await until(() => status(setNow(), "Ready")?.reason === "ChangesHeld", "the removal is held");
  expect(here()).toHaveLength(10);
  const hash = setNow().status!.pending!.hash!;
  h.controller.store.annotate(
    { kind: "ConnectUserSet", namespace: "team", name: "cc" },
    { "connectsso.dev/approve": hash },
  );
  await until(() => setNow() === undefined && users().length === 0, "all are gone");
  expect(revoked()).toBe(10);
});

test("a person in two sets is a conflict on both, and stays as it is", async () => {
  h = await start(people(["ada"], ["bob"]));
  h.apply(persona("agents"), managers(), set());
  await until(() => here().length === 1, "one user");
  h.apply(set({ source: { groups: [{ displayName: "CC Managers" }, { displayName: "CC Agents" }] } }, "other"));
  const conflict = (name: string) =>
    setNow(name)?.status?.leftOut?.some(({ who, reason }) => who === mail("ada") && /is also in set/.test(reason));
  await until(() => Boolean(conflict("cc") && conflict("other")), "both say so");
  expect(of("ada")).toBeDefined();
  expect(
    users()
      .map(({ metadata }) => metadata.name)
      .sort(),
  ).toEqual([`cc-${ID.ada}`, `other-${ID.bob}`]);
});

test("mode Plan shows and writes nothing", async () => {
  h = await start(people(["ada", "bob"]));
  h.apply(persona("agents"), managers(), set({ mode: "Plan" }));
  await until(() => setNow()?.status?.pending?.creations === 2, "two would be made");
  expect(users()).toEqual([]);
  expect(status(setNow(), "MembersReady")).toMatchObject({ status: "True", reason: "PlanOnly" });
});
