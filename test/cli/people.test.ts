/** `connect-sso people`, and how plan, apply and delete take a set of a folder; with examples/people and its world. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { peopleCsv, peopleMarkdown, peopleText } from "../../src/cli/render/people.ts";
import { paint } from "../../src/cli/render/terminal.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { PersonRow } from "../../src/set/view.ts";
import { expectGolden, ROOT, run } from "./support.ts";

let sandbox: Sandbox;
let folder: string;
const cli = (...args: string[]) => run([...args, "--sandbox"], { env: sandbox.env });
const write = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-people-"));
  const world = parse(readFileSync(join(ROOT, "examples/people/world.yaml"), "utf8"));
  sandbox = await startSandbox({ world: { ...world, behaviour: { ...world.behaviour, quotas: "unlimited" } } });
});
afterAll(async () => {
  await sandbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("people of a folder's set", () => {
  test("who, planned, by which rule, overridden", async () => {
    const { code, stdout } = await cli("people", "staff", "-f", "examples/people");
    expectGolden("people.txt", stdout);
    expect(code).toBe(2);
  });

  test("planned memberships and attributes", async () => {
    const monday = write(
      "monday.yaml",
      `groups:
  - {displayName: CC Managers, add: [ben@example.com]}
  - {displayName: CC Agents, add: [new@example.com], remove: [cora@example.com]}
people:
  - {userPrincipalName: new@example.com, employeeType: Agent, country: Ireland, officeLocation: Dublin}
`,
    );
    const { code, stdout } = await cli("people", "staff", "-f", "examples/people", "--as-of", monday, "-o", "json");
    expect(code).toBe(2);
    const { people } = JSON.parse(stdout) as { people: PersonRow[] };
    const persona = Object.fromEntries(people.map(({ person, planned }) => [person, planned?.persona]));
    expect(persona).toMatchObject({ "ben@example.com": "managers", "new@example.com": "agents" });
    expect(persona).not.toHaveProperty("cora@example.com");
  });

  test.each([
    [
      "people who are nobody",
      "groups: [{displayName: CC Agents, add: [who@example.com]}]",
      "CC Agents: who@example.com is in none of the groups",
    ],
    ["a group of another set", "groups: [{displayName: Others}]", "the set does not name group Others"],
    [
      "an attribute that rules cannot read",
      "people: [{userPrincipalName: ada@example.com, salary: 1}]",
      "ada@example.com: no attribute of a person: salary",
    ],
  ])("a plan with %s is said and ends with 1", async (_, text, message) => {
    const file = write("bad.yaml", text);
    const { code, stderr } = await cli("people", "staff", "-f", "examples/people", "--as-of", file);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  test.each([
    ["a list", "[1]"],
    ["broken YAML", "groups: ["],
    ["another key", "people: []\nusers: []"],
  ])("a file of %s is refused with its form", async (_, text) => {
    const { code, stderr } = await cli("people", "staff", "-f", "examples/people", "--as-of", write("bad.yaml", text));
    expect(stderr).toContain("groups: [{displayName: CC Agents, add: [jane@example.com], remove: []}]");
    expect(code).toBe(1);
  });

  test("a set that is not there", async () => {
    const { code, stderr } = await cli("people", "nobody", "-f", "examples/people");
    expect(stderr).toContain("there is no set nobody");
    expect(code).toBe(1);
  });
});

test("a folder with a set: plan shows its users, apply makes them, delete takes their access", async () => {
  const planned = await cli("plan", "-f", "examples/people", "-o", "json");
  const { resources } = JSON.parse(planned.stdout) as {
    resources: { kind: string; name: string; changes: { object: string }[] }[];
  };
  expect(resources.filter(({ kind }) => kind === "ConnectUser")).toHaveLength(7);
  expect(resources.find(({ kind }) => kind === "ConnectUserSet")?.changes).toEqual([]);
  const applied = await cli("apply", "-f", "examples/people", "--timeout", "2m");
  expect(applied.stderr).not.toContain("has not");
  expect(applied.stdout).toContain("ConnectUserSet people/staff 7 people, 7 users, 0 leaving, 0 left out");
  expect(applied.code).toBe(0);
  const why = await cli("why", "ada@example.com", "-f", "examples/people");
  expect(why.stdout).toContain("made by set staff; rules: hierarchyGroup=everybody, persona=managers");
  const again = await cli("plan", "-f", "examples/people");
  expect(again.stdout).toContain("Nothing to do: the clouds are as declared.");
  const revoked = () => sandbox.counts()["graph:DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignment}"] ?? 0;
  const deleted = await cli("delete", "-f", "examples/people/set.yaml", "--among", "examples/people/personas.yaml");
  expect(deleted.stderr).toBe("");
  expect(deleted.code).toBe(0);
  expect(revoked()).toBe(7);
}, 600_000);

describe("what people are shown is safe in its medium", () => {
  const row: PersonRow = {
    person: '=cmd|"x"@example.com',
    objectId: "1",
    displayName: "\u001b[31mred\n| <b>",
    connectUser: "cc-1",
    state: "Active",
    change: "move",
    held: true,
    today: { persona: "agents" },
    planned: { persona: "managers", securityProfiles: ["A", "B"] },
    because: { persona: "managers" },
    overridden: [{ field: "persona", value: "agents", rule: "everybody", by: "managers" }],
    reasons: ["@channel"],
  };
  const answer = { set: { namespace: "n", name: "s" }, found: 1, matched: 1, held: "1 move", people: [row] };
  test("text", () => {
    const text = peopleText({ ...answer, people: [{ ...row, person: "a\u001b[2J\nb" }] }, paint(false));
    expect(text).toContain("! a\\u001b[2J\\nb  agents → managers · A, B");
    expect(text).toContain("Held: 1 move");
  });
  test("CSV", () => {
    const [head, line, end] = peopleCsv(answer).split("\r\n");
    expect(head).toMatch(/^person,objectId,displayName/);
    expect(line).toBe(
      `"'=cmd|""x""@example.com",1,\\u001b[31mred\\n| <b>,cc-1,Active,move,held,agents,managers,,,A; B,persona=managers,persona agents of everybody by managers,'@channel,`,
    );
    expect(end).toBe("");
  });
  test("Markdown", () => {
    const text = peopleMarkdown(answer);
    expect(text).toContain("| move, held | agents | managers · A, B |");
    expect(text).not.toMatch(/[^;]@channel|<b>/);
    const many = peopleMarkdown({ ...answer, people: Array(1000).fill(row) });
    expect(many.length).toBeLessThan(65_536);
    expect(many).toMatch(/…and \d+ more/);
  });
});
