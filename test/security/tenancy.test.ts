/** What a namespace declares cannot freeze, blind or empty another, nor take its names: X1, X2, X13, X14. */
import { GetPolicyCommand, GetPolicyVersionCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type Harness, INSTANCE, inNamespace, persona, start, status, user, world } from "../e2e/support.ts";
import { graphByHand } from "../support/by-hand.ts";
import { field, find, reason, settings } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const POLL_MS = 5_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const evil = <T extends { metadata: object }>(object: T) => inNamespace("evil", object);
/** Only team may use the instance. */
const ONLY_TEAM = `accounts:\n  - {id: "111122223333", namespaces: ["team"], instances: ["${INSTANCE}"]}\n`;
const readyOf = (kind: string, name: string) => status(find(h, kind, name), "Ready");
const writes = () => h.writes().length;

test("X1: a ConnectUser of a namespace that may not use the instance conflicts with nobody", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS, settingsFile: settings(ONLY_TEAM) });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.apply(evil(persona("decoy")), evil(user("jane", "decoy")), evil(user("omar", "decoy")));
  await reason(h, "ConnectSsoPersona", "decoy", "Ready", "ScopeNotAllowed", "evil");
  await pause(3 * POLL_MS);
  expect(readyOf("ConnectUser", "jane")!.status).toBe("True");
  // One who comes later is created.
  h.apply(user("omar", "agents"));
  await reason(h, "ConnectUser", "omar", "Ready", "Converged");
});

test("X1: a group of a persona that is refused conflicts with nobody", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS, settingsFile: settings(ONLY_TEAM) });
  h.apply(evil(persona("decoy", { application: { displayName: "decoy", groups: [{ displayName: "Agents" }] } })));
  await reason(h, "ConnectSsoPersona", "decoy", "Ready", "ScopeNotAllowed", "evil");
  h.apply(persona("agents"), user("jane", "agents"));
  await h.controller.until(() => readyOf("ConnectUser", "jane")?.status === "True", 180_000, "jane is Ready");
});

test("X1: who owns the Connect user is not frozen by a rival who may use the instance as well", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.apply(evil(persona("decoy")), evil(user("jane", "decoy")));
  await reason(h, "ConnectUser", "jane", "Ready", "TwoPersonas", "evil");
  await pause(3 * POLL_MS);
  expect(readyOf("ConnectUser", "jane")!.status).toBe("True");
});

test("X2: the name of one shared policy for the other one is refused, and the policy stays what it was", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  h.apply(persona("agents"));
  await h.ready();
  const iam = new IAMClient({});
  const [short] = INSTANCE.split("-");
  const document = async () => {
    const PolicyArn = `arn:aws:iam::111122223333:policy/connect-sso/connect-sso-federation-${short}`;
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
    const VersionId = Policy!.DefaultVersionId!;
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
    return decodeURIComponent(PolicyVersion!.Document!);
  };
  const before = await document();
  const apply = () =>
    h.apply(
      evil(
        persona("evil", {
          roleDelivery: { mode: "Provisioning", provisioning: { policyName: `connect-sso-federation-${short}` } },
        }),
      ),
    );
  // By the rules of the definition, as the API server has them (test/kube/crds.test.ts).
  expect(apply).toThrow(/name/);
  h.apply(
    evil(
      persona("evil", {
        aws: { federationPolicyName: "third" },
      }),
    ),
  );
  h.apply(evil(persona("evil2", { roleDelivery: { mode: "Provisioning", provisioning: { policyName: "third" } } })));
  await pause(8 * POLL_MS);
  expect(await document()).toBe(before);
  // Two names that meet across personas: the one who came second is refused, and says so.
  const states = ["evil", "evil2"].map(
    (name) => status(find(h, "ConnectSsoPersona", name, "evil"), "PoliciesReady")!.reason,
  );
  expect(states.filter((one) => one === "ForeignOwner")).toHaveLength(1);
});

describe("X13: an application that somebody registered under the temporary name of a persona, as every user of a tenant may", () => {
  const owner = (name: string) => [`connectsso.dev/owner:test/${name}`];
  const register = async (tags: string[]): Promise<string> => {
    const { id } = await graphByHand(h.sandbox)("POST", "/applications", {
      displayName: "connect-sso test/team/agents",
      tags,
    });
    await pause(1_000);
    return id;
  };
  const look = (id: string) => graphByHand(h.sandbox)("GET", `/applications/${id}`);

  test.each([
    ["another owner's tag", owner("evil/bait"), "Converged"],
    ["no tag", [], "Converged"],
    ["the persona's own tag", owner("team/agents"), "NotOwned"],
  ])("with %s: it is not written to", async (_, tags, expected) => {
    h = await start(world(), { pollIntervalMs: POLL_MS });
    const bait = () => h.apply(evil(persona("bait", { application: { displayName: "connect-sso test/team/agents" } })));
    expect(bait).toThrow("displayName");
    const id = await register(tags);
    const before = await look(id);
    h.apply(persona("agents", { deletionPolicy: "Delete" }));
    await reason(h, "ConnectSsoPersona", "agents", "Ready", expected);
    await pause(3 * POLL_MS);
    expect(await look(id)).toEqual(before);
    h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
    await h.controller.until((all) => all.length === 0, 180_000, "the persona is deleted");
    expect(await look(id)).toEqual(before);
  });

  test("with the persona's own tag, later: the persona keeps its own and stays Ready, also when its status is lost", async () => {
    h = await start(world(), { pollIntervalMs: POLL_MS });
    h.apply(persona("agents"));
    await h.ready();
    const before = await look(await register(owner("team/agents")));
    await pause(3 * POLL_MS);
    expect(readyOf("ConnectSsoPersona", "agents")!.reason).toBe("Converged");
    const own = field(h, "ConnectSsoPersona", "agents", "applicationId");
    await h.restart("erased");
    await reason(h, "ConnectSsoPersona", "agents", "Ready", "Converged");
    expect(field(h, "ConnectSsoPersona", "agents", "applicationId")).toBe(own);
    expect(await look(before.id)).toEqual(before);
  });
});

test("a persona of a namespace that may not use the instance keeps no shared policy from being deleted", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS, settingsFile: settings(ONLY_TEAM) });
  h.apply(evil(persona("decoy")), persona("agents", { deletionPolicy: "Delete" }));
  await reason(h, "ConnectSsoPersona", "agents", "Ready", "Converged");
  h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
  await h.controller.until((all) => all.length === 1, 180_000, "the persona is deleted");
  expect(h.writes().map(({ operation }) => operation)).toContain("DeletePolicy");
});

test("a persona on another path does not take the names of the shared policies", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  const provisioned = { roleDelivery: { mode: "Provisioning" } };
  const have = (namespace: string) =>
    h.controller.until(
      () => status(find(h, "ConnectSsoPersona", "agents", namespace), "PoliciesReady")?.status === "True",
      180_000,
      `${namespace} has both policies`,
    );
  h.apply(evil(persona("agents", { aws: { path: "/evil/" }, ...provisioned })));
  await have("evil");
  h.apply(persona("agents", provisioned));
  await have("team");
});

test("a recreation that another namespace asks for leaves the person's Connect user, and its history", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name: "jane" });
  await h.controller.until((all) => all.length === 1, 180_000, "jane's ConnectUser is deleted");
  // Another name for the same person.
  const roleSessionName = { from: "userPrincipalName", transform: "MailPrefix" };
  h.apply(evil(persona("decoy", { application: { displayName: "decoy", roleSessionName } })));
  const jane = evil(user("jane", "decoy"));
  h.apply({ ...jane, metadata: { ...jane.metadata, annotations: { "connectsso.dev/recreate": "now" } } });
  await reason(h, "ConnectUser", "jane", "Ready", "Converged", "evil");
  await pause(3 * POLL_MS);
  expect(h.writes().filter(({ operation }) => operation === "DeleteUser")).toEqual([]);
});

test("people whom a namespace names that may do nothing are looked up by no one", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS, settingsFile: settings(ONLY_TEAM) });
  const asked: string[] = [];
  h.sandbox.onExchange(({ service, request }) => {
    if (service === "graph") asked.push(`${request.wirePath} ${request.query} ${request.body}`);
  });
  h.apply(evil(persona("decoy")), ...Array.from({ length: 30 }, (_, index) => evil(user(`bogus${index}`, "decoy"))));
  await reason(h, "ConnectUser", "bogus29", "Ready", "ScopeNotAllowed", "evil");
  h.apply(persona("agents"), user("jane", "agents"));
  await reason(h, "ConnectUser", "jane", "Ready", "Converged");
  expect(asked.filter((one) => /jane/.test(one)).length).toBeGreaterThan(0);
  expect(asked.filter((one) => /bogus/.test(one))).toEqual([]);
});

test("X14: a personaRef that leads nowhere does not open the guard of mass deletion", async () => {
  const names = ["alice", "jane", "omar", "a1", "a2", "a3", "a4", "a5", "a6", "a7"];
  const users = names.map((name) => ({
    userPrincipalName: `${name}@example.com`,
    mail: `${name}@example.com`,
    displayName: name,
    givenName: name,
    surname: "Doe",
  }));
  h = await start(world({ users }), { pollIntervalMs: POLL_MS });
  h.apply(persona("agents"), ...names.map((name) => user(name, "agents", { deletionPolicy: "Delete" })));
  await h.ready();
  const before = writes();
  h.apply(...names.map((name) => user(name, "nowhere", { deletionPolicy: "Delete" })));
  for (const name of names) h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name });
  await pause(6 * POLL_MS);
  const deleted = h
    .writes()
    .slice(before)
    .filter(({ operation }) => operation === "DeleteUser");
  // Five at once are never held.
  expect(deleted.length).toBeLessThanOrEqual(5);
});

describe("X14: the guard of mass deletion counts what leaves an instance", () => {
  const names = Array.from({ length: 12 }, (_, index) => `a${index}`);
  const people = names.map((name) => ({ userPrincipalName: `${name}@example.com`, givenName: name, surname: "Doe" }));
  const deletedUsers = () => h.writes().filter(({ operation }) => operation === "DeleteUser").length;
  const DELETE = { deletionPolicy: "Delete" };
  async function setUp(): Promise<void> {
    h = await start(world({ users: people }), { pollIntervalMs: POLL_MS });
    h.apply(persona("agents"), persona("night"), persona("weekend"));
    h.apply(...names.map((name) => user(name, "agents", DELETE)));
    await h.ready();
  }
  const remove = () => {
    for (const name of names) h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name });
  };

  test("X14: neither the annotation nor the label of a set opens the guard of mass deletion", async () => {
    await setUp();
    h.apply({
      apiVersion: "connectsso.dev/v1alpha1",
      kind: "ConnectUserSet",
      metadata: { name: "cc", namespace: "team" },
      spec: {
        source: { groups: [{ displayName: "Agents" }] },
        rules: [{ name: "none", when: "false", set: { persona: "agents" } }],
      },
    });
    h.apply(
      ...names.map((name) => {
        const one = user(name, "agents", DELETE);
        const labels = { "connectsso.dev/set": "cc" };
        return {
          ...one,
          metadata: { ...one.metadata, labels, annotations: { "connectsso.dev/removed-by-set": "cc" } },
        };
      }),
    );
    remove();
    await h.reason("ConnectSsoPersona", "agents", "RemovalsHalted", "MassDeletionHalted");
    await pause(4 * POLL_MS);
    expect(deletedUsers()).toBe(0);
  });

  test("X14: users that were moved to several personas first are counted together", async () => {
    await setUp();
    const personas = ["agents", "night", "weekend"];
    // Four in each: so few of one persona are never held.
    h.apply(...names.map((name, index) => user(name, personas[index % 3]!, DELETE)));
    await h.ready();
    remove();
    await h.reason("ConnectSsoPersona", "night", "RemovalsHalted", "MassDeletionHalted");
    await pause(4 * POLL_MS);
    expect(deletedUsers()).toBe(0);
  });

  test("X14: users that were never made do not count as those of whom a share may go", async () => {
    await setUp();
    h.apply(...Array.from({ length: 60 }, (_, index) => user(`bogus${index}`, "agents", DELETE)));
    await h.reason("ConnectUser", "bogus59", "Ready", "EntraUserNotFound");
    remove();
    await h.reason("ConnectSsoPersona", "agents", "RemovalsHalted", "MassDeletionHalted");
    await pause(4 * POLL_MS);
    expect(deletedUsers()).toBe(0);
  });
});

test.each([
  ["a role", { aws: { roleName: "connect-sso-victim-agents" } }, "aws.roleName"],
  ["a provider", { aws: { samlProviderName: "Connect-SSO-victim-agents" } }, "aws.samlProviderName"],
  [
    "a policy",
    { aws: { path: "/x/", federationPolicyName: "connect-sso-federation-99999999" } },
    "federationPolicyName",
  ],
  [
    "a user",
    { roleDelivery: { mode: "Provisioning", provisioning: { iamUserName: "connect-sso-victim-agents" } } },
    "iamUserName",
  ],
])("the default name of another persona, which does not exist yet, is not taken: %s", async (_, spec, field) => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  h.apply(evil(persona("squatter", spec)));
  const { message } = await reason(h, "ConnectSsoPersona", "squatter", "Ready", "InvalidSpec", "evil");
  expect(message).toContain(field);
  expect(writes()).toBe(0);
});
