/** ConnectUserSet on a real API server: what is refused, defaults, columns, and that its template takes what a ConnectUser takes. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ApiServer, startApiServer } from "./apiserver.ts";

const crds = fileURLToPath(new URL("../../crds", import.meta.url));
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
  await server.kubectl(["apply", "--server-side", "-f", crds]);
  await server.kubectl(["wait", "--for=condition=Established", "--timeout=20s", "-f", crds]);
});
afterAll(() => server?.stop());

const everybody = { name: "everybody", set: { persona: "agents" } };
const set = (name: string, spec: object = {}) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUserSet",
  metadata: { name, namespace: "default" },
  spec: { source: { groups: [{ displayName: "CC Agents" }] }, rules: [everybody], ...spec },
});
const apply = (object: object) =>
  server.kubectl(["apply", "--server-side", "--field-manager=test", "-f", "-"], JSON.stringify(object));
const get = async (name: string) => JSON.parse(await server.kubectl(["get", "cus", name, "-o", "json"]));

describe("a refused set", () => {
  const id = "aaaaaaaa-0000-4000-8000-000000000001";
  const rules = (...more: object[]) => set("no", { rules: [...more, everybody] });
  test.each<[string, object, string]>([
    ["a name that is no label", set("n".repeat(64)), "at most 63 characters"],
    ["no group", set("no", { source: { groups: [] } }), "spec.source.groups"],
    [
      "a group by two names",
      set("no", { source: { groups: [{ id, displayName: "G" }] } }),
      "set exactly one of id and displayName",
    ],
    [
      "a rule's group by no name",
      rules({ name: "a", group: {}, set: { persona: "a" } }),
      "set exactly one of id and displayName",
    ],
    [
      "no rule that sets a persona",
      set("no", { rules: [{ name: "a", set: { routingProfile: "R" } }] }),
      "set a persona",
    ],
    ["a rule that does nothing", rules({ name: "a" }), "a rule needs set, compute or add"],
    ["two rules of one name", rules(everybody), "duplicate entries for key"],
    [
      "a routing profile twice",
      rules({ name: "a", set: { routingProfile: "R" }, compute: { routingProfile: "user.country" } }),
      "routingProfile in set or in compute",
    ],
    [
      "a hierarchy group twice",
      rules({ name: "a", set: { hierarchyGroup: ["R"] }, compute: { hierarchyGroup: "[user.country]" } }),
      "hierarchyGroup in set or in compute",
    ],
    ["a level of 6", rules({ name: "a", add: { proficiencies: [{ attribute: "a", value: "b", level: 6 }] } }), "level"],
    ["a reserved tag in a rule", rules({ name: "a", add: { tags: { "aws:x": "y" } } }), "tag keys must not begin"],
    ["a reserved tag in the template", set("no", { template: { tags: { "aws:x": "y" } } }), "tag keys must not begin"],
    ["an expression that is too long", set("no", { source: { groups: [{ id }], where: "a".repeat(1025) } }), "1024"],
    ["a share of 101 %", set("no", { limits: { removals: "101%" } }), "spec.limits.removals"],
    ["a share without its sign", set("no", { limits: { moves: "20" } }), "spec.limits.moves"],
    ["a persona in the template", set("no", { template: { personaRef: { name: "a" } } }), "personaRef"],
  ])("%s", async (_, object, message) => {
    await expect(apply(object)).rejects.toThrow(message);
  });
});

describe("what is served", () => {
  test("defaults are filled in", async () => {
    await apply(set("defaults"));
    expect((await get("defaults")).spec).toMatchObject({
      source: { nested: true },
      template: {},
      removal: { gracePeriod: "24h" },
      limits: { removals: "20%", moves: "20%", grants: "20%", ignoreBelow: 5 },
      mode: "Apply",
      deletionPolicy: "Orphan",
      suspend: false,
    });
  });

  test("columns of kubectl get, filled from status, under the category of all kinds", async () => {
    await apply(set("columns"));
    const condition = (type: string, status: string, reason: string) => ({
      type,
      status,
      reason,
      message: "one line",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    });
    const status = {
      conditions: [condition("Ready", "False", "ChangesHeld"), condition("ChangesHeld", "True", "AboveLimit")],
      people: { found: 120, matched: 110, members: 108, leaving: 3 },
      pending: { hash: "0123456789abcdef", removals: 40, sample: [{ who: "jane@example.com", change: "Remove" }] },
    };
    await server.kubectl([
      "patch",
      "cus",
      "columns",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status }),
    ]);
    const rows = (await server.kubectl(["get", "connectusersets", "columns"])).trim().split("\n");
    const [head, row] = rows.map((line) => line.split(/\s{2,}/));
    expect(head).toEqual(["NAME", "READY", "REASON", "MATCHED", "MEMBERS", "LEAVING", "HELD", "AGE"]);
    expect(row!.slice(0, 7)).toEqual(["columns", "False", "ChangesHeld", "110", "108", "3", "True"]);
    expect(await server.kubectl(["get", "connectsso", "-o", "name"])).toContain(
      "connectuserset.connectsso.dev/columns",
    );
  });

  test("a change outside the list of changes cannot be recorded as pending", async () => {
    await apply(set("pending"));
    const status = { pending: { sample: [{ who: "jane@example.com", change: "Promote" }] } };
    await expect(
      server.kubectl([
        "patch",
        "cus",
        "pending",
        "--subresource=status",
        "--type=merge",
        "-p",
        JSON.stringify({ status }),
      ]),
    ).rejects.toThrow("Unsupported value");
  });
});
