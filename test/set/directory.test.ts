/** The directory of a tenant over real HTTP, while somebody changes it by plain Graph requests. */
import { describe, expect, test } from "@jest/globals";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { Directory, type News } from "../../src/set/directory.ts";
import { type Scene, withSandbox } from "../providers/graph/sandbox.ts";

const TEAM = "22222222-0000-4000-8000-000000000001";
const INNER = "22222222-0000-4000-8000-000000000002";
const OTHER = "22222222-0000-4000-8000-000000000003";
const ADA = "11111111-0000-4000-8000-000000000001";
const BOB = "11111111-0000-4000-8000-000000000002";
const CYD = "11111111-0000-4000-8000-000000000003";
const NAMES: Record<string, string> = { [ADA]: "ada", [BOB]: "bob", [CYD]: "cyd" };

const world: WorldInput = {
  users: [
    { id: ADA, userPrincipalName: "ada@example.com", department: "Sales" },
    { id: BOB, userPrincipalName: "bob@example.com" },
    { id: CYD, userPrincipalName: "cyd@example.com" },
  ],
  devices: [{ displayName: "laptop" }],
  groups: [
    { id: TEAM, displayName: "team", members: ["ada@example.com", "laptop"], groups: ["inner"] },
    { id: INNER, displayName: "inner", members: ["bob@example.com"], groups: ["team"] },
    { id: OTHER, displayName: "other", members: [] },
  ],
};
const ref = (id: string) => ({ "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${id}` });

function scene({ graph, plain }: Scene) {
  const directory = new Directory(graph);
  const read = (nested = true, groups = [{ displayName: "team" }]) => directory.read(groups, { nested, maxAgeMs: 0 });
  return {
    directory,
    plain,
    graph,
    read,
    async team(nested = true): Promise<string[]> {
      return [...(await read(nested)).groups.get("name:team")!].map((id) => NAMES[id] ?? id).sort();
    },
    add: (group: string, id: string) => plain.ok("POST", `/groups/${group}/members/$ref`, ref(id)),
    drop: (group: string, id: string) => plain.ok("DELETE", `/groups/${group}/members/${id}/$ref`),
  };
}
const withDirectory = (use: (s: ReturnType<typeof scene>) => Promise<void>) => withSandbox(world, (s) => use(scene(s)));

test("a member who cannot be read delays those who read that group, and no others", async () => {
  const person = (id: string) => ({ id, userPrincipalName: `${NAMES[id]}@example.com`, accountEnabled: true });
  const change = { id: OTHER, members: [{ id: CYD, type: "user", removed: false }] };
  let changes: object[] = [];
  const port = {
    findGroups: async ({ id }: { id: string }) => [{ id }],
    members: async (id: string) => (id === TEAM ? [person(ADA)] : []),
    memberGroups: async () => [],
    people: async () => new Map(),
    directoryChanges: async () => ({ users: { changes: [], token: "u" }, groups: { changes, token: "g" } }),
  };
  const directory = new Directory(port as never);
  const read = (id: string) => directory.read([{ id }], { nested: true, maxAgeMs: 0 });
  await read(TEAM);
  await read(OTHER);
  changes = [change];
  expect([...(await read(TEAM)).people.keys()]).toEqual([ADA]);
  await expect(read(OTHER)).rejects.toThrow("1 members of the groups cannot be read yet");
  changes = [];
  expect([...(await read(TEAM)).people.keys()]).toEqual([ADA]);
});

describe("members", () => {
  test("of groups in groups, a circle ends; direct ones alone where nested is off", async () => {
    await withDirectory(async ({ team }) => {
      expect(await team()).toEqual(["ada", "bob"]);
      expect(await team(false)).toEqual(["ada"]);
      expect(await team()).toEqual(["ada", "bob"]);
    });
  });

  test("joins and leaves, direct and nested, with attributes", async () => {
    await withDirectory(async ({ team, add, drop, read }) => {
      await team();
      await add(TEAM, CYD);
      expect(await team()).toEqual(["ada", "bob", "cyd"]);
      expect((await read()).people.get(CYD)?.attributes.userPrincipalName).toBe("cyd@example.com");
      await drop(INNER, BOB);
      expect(await team()).toEqual(["ada", "cyd"]);
      await add(INNER, BOB);
      await add(INNER, CYD);
      await drop(TEAM, CYD);
      expect(await team()).toEqual(["ada", "bob", "cyd"]);
    });
  });

  test("a group that is put into another, and taken out", async () => {
    await withDirectory(async ({ team, add, drop }) => {
      await add(OTHER, CYD);
      await team();
      await add(INNER, OTHER);
      expect(await team()).toEqual(["ada", "bob", "cyd"]);
      await drop(TEAM, INNER);
      expect(await team()).toEqual(["ada"]);
    });
  });

  test("attributes that change", async () => {
    await withDirectory(async ({ read, plain }) => {
      const before = await read();
      expect(before.people.get(ADA)?.attributes).toMatchObject({ department: "Sales", accountEnabled: true });
      await plain.ok("PATCH", `/users/${ADA}`, { department: null, accountEnabled: false });
      const after = await read();
      expect(after.people.get(ADA)?.attributes).toMatchObject({ department: "", accountEnabled: false });
      expect(after.version).not.toBe(before.version);
      expect(before.people.get(ADA)?.attributes.department).toBe("Sales");
    });
  });

  test("an account that is deleted and restored", async () => {
    await withDirectory(async ({ team, plain, directory }) => {
      await team();
      await plain.ok("DELETE", `/users/${ADA}`);
      expect(await team()).toEqual(["bob"]);
      expect(await directory.accounts([ADA, BOB], {})).toEqual(
        new Map([
          [ADA, "Deleted"],
          [BOB, "Enabled"],
        ]),
      );
      await plain.ok("POST", `/directory/deletedItems/${ADA}/restore`);
      expect(await team()).toEqual(["ada", "bob"]);
    });
  });
});

test("accounts of people in no group are asked for once, and followed", async () => {
  await withDirectory(async ({ team, plain, directory }) => {
    await team();
    expect(await directory.accounts([CYD], {})).toEqual(new Map([[CYD, "Enabled"]]));
    await plain.ok("PATCH", `/users/${CYD}`, { accountEnabled: false });
    await team();
    const before = plain.sandbox.log.length;
    expect(await directory.accounts([CYD], {})).toEqual(new Map([[CYD, "Disabled"]]));
    expect(plain.sandbox.log.length).toBe(before);
  });
});

describe("groups by name", () => {
  test("that are gone, renamed or doubled are errors; a restored one is back", async () => {
    await withDirectory(async ({ team, read, plain }) => {
      await team();
      await plain.ok("DELETE", `/groups/${TEAM}`);
      await expect(team()).rejects.toMatchObject({ kind: "terminal", reason: "UnknownGroup" });
      await plain.ok("POST", `/directory/deletedItems/${TEAM}/restore`);
      expect(await team()).toContain("ada");
      await plain.ok("PATCH", `/groups/${TEAM}`, { displayName: "crew" });
      await expect(team()).rejects.toMatchObject({ message: "there is no Entra group team" });
      expect((await read(true, [{ displayName: "crew" }])).ids).toEqual(new Map([["name:crew", TEAM]]));
      const twice = { displayName: "other", mailEnabled: false, mailNickname: "o2", securityEnabled: true };
      await plain.ok("POST", "/groups", twice);
      await expect(read(true, [{ displayName: "other" }])).rejects.toMatchObject({ reason: "AmbiguousGroup" });
    });
  });
});

describe("what could not be read is an error, never less", () => {
  test.each(["truncated", "denied", "malformed", "unavailable", "cut"] as const)("%s", async (kind) => {
    await withDirectory(async ({ team, add, plain }) => {
      // Both streams are one call: a request inside is refused, or the whole is lost.
      const inside = kind === "denied" || kind === "unavailable";
      for (const match of ["graph:GET */members/*", inside ? "graph:GET */delta" : "graph:POST /$batch"]) {
        plain.sandbox.faults.add({ match, kind });
        await expect(team()).rejects.toMatchObject({ name: "CloudError" });
        plain.sandbox.faults.clear();
      }
      expect(await team()).toEqual(["ada", "bob"]);
      await add(TEAM, CYD);
      plain.sandbox.faults.add({ match: inside ? "graph:GET /users/delta" : "graph:POST /$batch", kind });
      await expect(team()).rejects.toMatchObject({ name: "CloudError" });
      plain.sandbox.faults.clear();
      expect(await team()).toEqual(["ada", "bob", "cyd"]);
    });
  });

  test("tokens that have expired: everything is read anew", async () => {
    await withDirectory(async ({ team, add, plain }) => {
      await team();
      await add(TEAM, CYD);
      plain.sandbox.clock.advance(8 * 86_400_000);
      expect(await team()).toEqual(["ada", "bob", "cyd"]);
    });
  });
});

test("a quiet look is one call, and none within the interval; many sets share it", async () => {
  await withDirectory(async ({ directory, team, plain }) => {
    await team();
    const calls = async (work: () => Promise<unknown>) => {
      const before = plain.sandbox.log.length;
      await work();
      return plain.sandbox.log.length - before;
    };
    expect(await calls(team)).toBe(1);
    const kept = { nested: true, maxAgeMs: 30_000 };
    expect(await calls(() => directory.read([{ displayName: "team" }], kept))).toBe(0);
    const other = () => Promise.all([1, 2, 3].map(() => directory.read([{ id: INNER }], kept)));
    // Whether there is a group of this id.
    expect(await calls(other)).toBe(1);
  });
});

describe("followers", () => {
  const followed = (directory: Directory) => {
    const told: { people: string[]; moved: boolean }[] = [];
    directory.follow(({ people, moved }) => void told.push({ people: people.map(({ id }) => NAMES[id] ?? id), moved }));
    return told;
  };
  const look = (directory: Directory) => directory.look({ maxAgeMs: 0 });

  test("without a set one call for people, and none for groups", async () => {
    await withDirectory(async ({ directory, graph, plain }) => {
      const told = followed(directory);
      await look(directory);
      await graph.user({ objectId: ADA });
      const before = plain.sandbox.log.length;
      await plain.ok("PATCH", `/users/${ADA}`, { accountEnabled: false });
      await look(directory);
      expect(plain.sandbox.log.slice(before).map(({ operation }) => operation)).toEqual([
        "PATCH /users/{id}",
        "GET /users/delta",
      ]);
      expect(told.at(-1)).toEqual({ people: ["ada"], moved: false });
    });
  });

  test("somebody joins, somebody is disabled; nothing happens; nothing is asked for within the interval", async () => {
    await withDirectory(async ({ directory, team, add, plain }) => {
      await team();
      const told = followed(directory);
      await add(TEAM, CYD);
      await look(directory);
      await plain.ok("PATCH", `/users/${BOB}`, { accountEnabled: false });
      await look(directory);
      await look(directory);
      const before = plain.sandbox.log.length;
      await directory.look({ maxAgeMs: 30_000 });
      expect(plain.sandbox.log.length).toBe(before);
      expect(told).toEqual([
        { people: [], moved: true },
        { people: ["bob"], moved: true },
        { people: [], moved: false },
      ]);
    });
  });

  test("after a token that expired it is said that changes are lost, and since when", async () => {
    await withDirectory(async ({ directory, team, plain }) => {
      await team();
      const news: News[] = [];
      directory.follow((one) => void news.push(one));
      plain.sandbox.clock.advance(8 * 86_400_000);
      await plain.ok("DELETE", `/users/${ADA}`);
      await look(directory);
      await look(directory);
      expect(news).toMatchObject([
        { people: [], moved: true, lost: true, after: expect.any(Number) },
        { people: [], moved: false, lost: false },
      ]);
      expect(await team()).toEqual(["bob"]);
    });
  });

  test("a right to groups that is gone hides no leaver, and the groups go on from where they were", async () => {
    await withDirectory(async ({ directory, team, add, plain }) => {
      await team();
      const told = followed(directory);
      plain.sandbox.faults.add({ match: "graph:GET /groups/delta", kind: "denied" });
      await add(TEAM, CYD);
      await plain.ok("PATCH", `/users/${ADA}`, { accountEnabled: false });
      await expect(look(directory)).rejects.toMatchObject({ reason: "GraphForbidden" });
      expect(told).toEqual([{ people: ["ada"], moved: true }]);
      await expect(team()).rejects.toMatchObject({ reason: "GraphForbidden" });
      plain.sandbox.faults.clear();
      const before = plain.sandbox.log.length;
      expect(await team()).toEqual(["ada", "bob", "cyd"]);
      // What changed, and the person who joined: no group is listed again.
      expect(plain.sandbox.log.slice(before).map(({ operation }) => operation)).toEqual([
        "POST /$batch",
        "POST /$batch",
      ]);
    });
  });
});
