/** X11: a group that is declared by name is the one that had the name first. Another one of that name gets nothing, and disturbs nothing. */
import { afterEach, describe, expect, test } from "@jest/globals";
import type { ConnectUserSet } from "../../src/api/resources.ts";
import { type Harness, persona, start, status, world } from "../e2e/support.ts";
import { graphByHand } from "../support/by-hand.ts";
import { find, reason } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const POLL_MS = 5_000;
const FIRST = "22222222-0000-4000-8000-000000000001";
const SECOND = "22222222-0000-4000-8000-000000000002";
const NAME = "Agents";
const groups = [
  { id: FIRST, displayName: NAME, members: ["jane@example.com"] },
  { id: SECOND, displayName: "Of a stranger", members: ["omar@example.com"] },
];
const pause = () => new Promise((resolve) => setTimeout(resolve, 6 * POLL_MS));
const people = () => world({ groups });
const graph = (...args: Parameters<ReturnType<typeof graphByHand>>) => graphByHand(h.sandbox)(...args);

/** A stranger calls a group as ours is called. Returns its id. */
async function another(): Promise<string> {
  await graph("PATCH", `/groups/${SECOND}`, { displayName: NAME });
  return SECOND;
}

describe("a persona", () => {
  const declared = () =>
    persona("agents", { application: { displayName: "Connect agents", groups: [{ displayName: NAME }] } });
  const assigned = async () => {
    const { servicePrincipalId } = find(h, "ConnectSsoPersona", "agents")!.status as { servicePrincipalId: string };
    const { value } = await graph("GET", `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`);
    return value.map((one: { principalId: string }) => one.principalId);
  };
  const isReady = () => status(find(h, "ConnectSsoPersona", "agents"), "Ready")?.status === "True";
  async function setUp(): Promise<void> {
    h = await start(people(), { pollIntervalMs: POLL_MS });
    h.apply(declared());
    await h.ready();
    expect(await assigned()).toEqual([FIRST]);
  }

  test("X11: a second group of the name neither stalls the persona nor gets the role, also when the status is lost", async () => {
    await setUp();
    await another();
    await pause();
    expect([isReady(), await assigned()]).toEqual([true, [FIRST]]);
    await h.restart("erased");
    await pause();
    expect([isReady(), await assigned()]).toEqual([true, [FIRST]]);
  });

  test("X11: when the first one is renamed, it keeps the role, and another one of its name gets none", async () => {
    await setUp();
    await graph("PATCH", `/groups/${FIRST}`, { displayName: "Agents, formerly" });
    await another();
    await pause();
    expect([isReady(), await assigned()]).toEqual([true, [FIRST]]);
  });

  test("X11: when the first one is deleted, another one of its name waits for a person, who names it by id", async () => {
    await setUp();
    const second = await another();
    await graph("DELETE", `/groups/${FIRST}`);
    const { message } = await reason(h, "ConnectSsoPersona", "agents", "AssignmentsReady", "GroupReplaced");
    expect(message).toContain(`(${second}); if that one is meant, declare it by id`);
    await pause();
    expect(await assigned()).not.toContain(second);
    h.apply(persona("agents", { application: { displayName: "Connect agents", groups: [{ id: second }] } }));
    await h.controller.until(isReady, 180_000, "the one that is named by id has the role");
    expect(await assigned()).toEqual([second]);
  });
});

describe("a set", () => {
  const declared = (where: "source" | "rule") => ({
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUserSet",
    metadata: { name: "cc", namespace: "team" },
    spec: {
      source: { groups: [{ displayName: where === "source" ? NAME : "Everybody" }] },
      rules: [
        ...(where === "rule" ? [{ name: "managers", group: { displayName: NAME }, set: { persona: "managers" } }] : []),
        { name: "everybody", set: { persona: "agents" } },
      ],
      removal: { gracePeriod: "0s" },
    },
  });
  const set = () => find(h, "ConnectUserSet", "cc") as ConnectUserSet;
  const placed = () =>
    h.controller
      .resources()
      .flatMap((one) => (one.kind === "ConnectUser" ? [one as { spec: { personaRef: { name: string } } }] : []))
      .map(({ spec }) => spec.personaRef.name)
      .sort();
  async function setUp(where: "source" | "rule"): Promise<void> {
    h = await start(
      world({
        groups: [...groups, { displayName: "Everybody", members: ["jane@example.com", "omar@example.com"] }],
      }),
      { pollIntervalMs: POLL_MS },
    );
    h.apply(persona("agents"), persona("managers"), declared(where));
    await h.controller.until(() => placed().length === (where === "source" ? 1 : 2), 180_000, "the users are there");
    await h.ready();
  }
  const wanted = { source: ["agents"], rule: ["agents", "managers"] } as const;

  test.each(["source", "rule"] as const)(
    "X11: a second group of the name of its %s changes nothing, also for a new process",
    async (where) => {
      await setUp(where);
      await another();
      await h.restart("kept");
      await pause();
      expect(placed()).toEqual(wanted[where]);
      expect(status(set(), "SourceReady")).toMatchObject({ status: "True" });
    },
  );

  test.each(["source", "rule"] as const)(
    "X11: when the group of its %s is gone, another one of its name waits for a person",
    async (where) => {
      await setUp(where);
      const second = await another();
      await graph("DELETE", `/groups/${FIRST}`);
      const { message } = await reason(h, "ConnectUserSet", "cc", "SourceReady", "GroupChanged");
      expect(message).toContain(`(${FIRST} then, ${second} now); if it is meant, name it by id in the spec`);
      await pause();
      expect(placed()).toEqual(wanted[where]);
    },
  );
});
