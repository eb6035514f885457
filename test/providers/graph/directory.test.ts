import { describe, expect, test } from "@jest/globals";
import { createTenant } from "../../../src/providers/graph/tenant.ts";
import type { WorldInput } from "../../../src/sandbox/world.ts";
import { type Json, type Scene, TENANT, withSandbox } from "./sandbox.ts";
import { clientOf, failure, json, withServer } from "./server.ts";

const TEAM = "22222222-0000-4000-8000-000000000001";
const INNER = "22222222-0000-4000-8000-000000000002";
const ADA = "11111111-0000-4000-8000-000000000001";
const BOB = "11111111-0000-4000-8000-000000000002";
const NOBODY = "99999999-0000-4000-8000-000000000009";

const world: WorldInput = {
  users: [
    {
      id: ADA,
      userPrincipalName: "ada@example.com",
      employeeId: "4711",
      employeeType: "Agent",
      department: "Sales",
      country: "Malta",
      usageLocation: "MT",
      onPremisesSamAccountName: "abyron",
      onPremisesExtensionAttributes: { extensionAttribute7: "Level 2" },
    },
    { id: BOB, userPrincipalName: "bob@example.com" },
    ...Array.from({ length: 1200 }, (_, index) => ({ userPrincipalName: `u${index}@example.com` })),
  ],
  devices: [{ displayName: "laptop" }],
  groups: [
    { id: TEAM, displayName: "team", members: ["ada@example.com", "laptop"], groups: ["inner"] },
    {
      id: INNER,
      displayName: "inner",
      members: Array.from({ length: 1200 }, (_, index) => `u${index}@example.com`),
      groups: ["team"],
    },
  ],
};
const member = (id: string) => ({ "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${id}` });
const names = (all: { userPrincipalName: string }[] | undefined) =>
  all?.map(({ userPrincipalName }) => userPrincipalName).sort();

describe("people of a group", () => {
  test("all pages, nested groups, users only, with attributes", async () => {
    await withSandbox(world, async ({ graph }) => {
      const all = await graph.members(TEAM);
      expect(all).toHaveLength(1201);
      expect(all?.find(({ id }) => id === ADA)).toMatchObject({
        employeeId: "4711",
        employeeType: "Agent",
        department: "Sales",
        country: "Malta",
        usageLocation: "MT",
        mailNickname: "ada",
        onPremisesSamAccountName: "abyron",
        accountEnabled: true,
        onPremisesExtensionAttributes: { extensionAttribute7: "Level 2", extensionAttribute15: null },
      });
      expect(names(await graph.members(TEAM, { nested: false }))).toEqual(["ada@example.com"]);
    });
  });

  test("a group that is not there is undefined; a list that breaks off is an error, never shorter", async () => {
    await withSandbox(world, async ({ graph, plain }) => {
      expect(await graph.members(NOBODY)).toBeUndefined();
      const second = { match: "graph:GET */transitiveMembers/*", after: 1 };
      for (const kind of ["truncated", "denied", "malformed", "unavailable", "cut"] as const) {
        plain.sandbox.faults.add({ ...second, kind });
        await expect(graph.members(TEAM)).rejects.toMatchObject({ name: "CloudError" });
        plain.sandbox.faults.clear();
      }
      expect(await graph.members(TEAM)).toHaveLength(1201);
    });
  });

  test("groups in a group, direct ones only", async () => {
    await withSandbox(world, async ({ graph }) => {
      expect(await graph.memberGroups(TEAM)).toEqual([{ id: INNER, displayName: "inner" }]);
      expect(await graph.memberGroups(NOBODY)).toBeUndefined();
    });
  });

  test("a page without a list is an error", async () => {
    await withServer(
      (_, response) => json(response, 200, {}),
      async ({ url }) => {
        const client = clientOf(url);
        const graph = createTenant({ tenantId: TENANT, client, token: async () => "t", loginUrl: url });
        await expect(graph.members(TEAM)).rejects.toMatchObject({ reason: "MalformedAnswer" });
      },
    );
  });
});

test("people by object id: many to a call, who is not there is left out, a failure is an error", async () => {
  await withSandbox(world, async ({ graph, plain }) => {
    const ids = (await graph.members(INNER))!.map(({ id }) => id);
    const before = plain.sandbox.log.length;
    const found = await graph.people([...ids, NOBODY]);
    expect(found.size).toBe(ids.length);
    expect(found.get(ADA)?.employeeId).toBe("4711");
    expect(plain.sandbox.log.length - before).toBeLessThanOrEqual(6);
    plain.sandbox.faults.add({ match: "graph:GET /users/{id}", kind: "denied" });
    await expect(graph.people([ADA])).rejects.toMatchObject({ reason: "GraphForbidden" });
  });
});

describe("changes", () => {
  const began = async ({ graph }: Scene) => {
    const { users, groups } = await graph.directoryChanges({});
    return { users: users.token, groups: groups.token };
  };
  const READ = {
    users: (graph: Scene["graph"], token: string | undefined) => graph.userChanges(token),
    groups: async (graph: Scene["graph"], token: string | undefined) =>
      (await graph.directoryChanges({ groups: token })).groups,
  };

  test("one call while nothing happens, for users alone and for both; the token goes on in another process", async () => {
    await withSandbox(world, async (scene) => {
      const { graph, plain } = scene;
      const first = await graph.userChanges(undefined);
      expect(first).toMatchObject({ changes: [], reset: true });
      const { groups } = await began(scene);
      const before = plain.sandbox.log.length;
      const quiet = { changes: [], reset: false };
      const again = await graph.userChanges(first.token);
      expect(again).toMatchObject(quiet);
      expect(await graph.directoryChanges({ users: again.token, groups })).toMatchObject({
        users: quiet,
        groups: quiet,
      });
      const calls = plain.sandbox.log.slice(before).map(({ operation }) => operation);
      expect(calls).toEqual(["GET /users/delta", "POST /$batch"]);
    });
  });

  test("users: disabled, renamed, made, deleted, restored, purged", async () => {
    await withSandbox(world, async (scene) => {
      const { graph, plain } = scene;
      let { users: token } = await began(scene);
      const next = async () => {
        const read = await graph.userChanges(token);
        token = read.token;
        return read.changes;
      };
      await plain.ok("PATCH", `/users/${ADA}`, { accountEnabled: false, department: null });
      await plain.ok("PATCH", `/users/${BOB}`, {
        userPrincipalName: "robert@example.com",
        onPremisesExtensionAttributes: { extensionAttribute1: "x" },
      });
      const made = await plain.ok("POST", "/users", {
        accountEnabled: true,
        displayName: "New",
        mailNickname: "new",
        userPrincipalName: "new@example.com",
        passwordProfile: { password: "irrelevant" },
      });
      expect(await next()).toMatchObject([
        { id: ADA, person: { accountEnabled: false, department: null, employeeId: "4711" } },
        {
          id: BOB,
          person: {
            userPrincipalName: "robert@example.com",
            onPremisesExtensionAttributes: { extensionAttribute1: "x" },
          },
        },
        { id: made.id, person: { userPrincipalName: "new@example.com" } },
      ]);
      await plain.ok("DELETE", `/users/${ADA}`);
      expect(await next()).toEqual([{ id: ADA, removed: "changed" }]);
      await plain.ok("POST", `/directory/deletedItems/${ADA}/restore`);
      expect(await next()).toMatchObject([{ id: ADA, person: { employeeId: "4711" } }]);
      expect(names(await graph.members(TEAM, { nested: false }))).toEqual(["ada@example.com"]);
      await plain.ok("DELETE", `/users/${ADA}`);
      await plain.ok("DELETE", `/directory/deletedItems/${ADA}`);
      expect(await next()).toEqual([{ id: ADA, removed: "deleted" }]);
    });
  });

  test("groups: members that came and went, nested groups, a deleted and restored group", async () => {
    await withSandbox(world, async (scene) => {
      const { graph, plain } = scene;
      let { groups: token } = await began(scene);
      const next = async () => {
        const read = await READ.groups(graph, token);
        token = read.token;
        return read.changes;
      };
      await plain.ok("POST", `/groups/${TEAM}/members/$ref`, member(BOB));
      await plain.ok("DELETE", `/groups/${TEAM}/members/${ADA}/$ref`);
      await plain.ok("DELETE", `/groups/${TEAM}/members/${INNER}/$ref`);
      expect(await next()).toEqual([
        {
          id: TEAM,
          displayName: "team",
          members: [
            { id: BOB, type: "user", removed: false },
            { id: ADA, type: "user", removed: true },
            { id: INNER, type: "group", removed: true },
          ],
        },
      ]);
      // Came and went between two looks: the last state is told.
      await plain.ok("POST", `/groups/${TEAM}/members/$ref`, member(ADA));
      await plain.ok("DELETE", `/groups/${TEAM}/members/${ADA}/$ref`);
      expect(await next()).toMatchObject([{ id: TEAM, members: [{ id: ADA, removed: true }] }]);
      await plain.ok("PATCH", `/groups/${TEAM}`, { displayName: "crew" });
      expect(await next()).toEqual([{ id: TEAM, displayName: "crew", members: [] }]);
      await plain.ok("DELETE", `/groups/${TEAM}`);
      expect(await next()).toMatchObject([
        { id: TEAM, removed: "changed" },
        { id: INNER, members: [{ id: TEAM, type: expect.any(String), removed: true }] },
      ]);
      expect(await graph.members(TEAM)).toBeUndefined();
      await plain.ok("POST", `/directory/deletedItems/${TEAM}/restore`);
      expect((await next()).map(({ id, removed }) => [id, removed])).toEqual([
        [TEAM, undefined],
        [INNER, undefined],
      ]);
      expect(names(await graph.members(TEAM))).toEqual(["bob@example.com"]);
    });
  });

  test.each(["users", "groups"] as const)(
    "%s: an expired token, or one of ours that is damaged, begins anew",
    async (stream) => {
      await withSandbox(world, async ({ graph, plain }) => {
        const read = (token?: string) => READ[stream](graph, token);
        const { token } = await read();
        plain.sandbox.clock.advance(8 * 86_400_000);
        await plain.ok("PATCH", `/users/${ADA}`, { accountEnabled: false });
        const anew = await read(token);
        expect(anew).toMatchObject({ changes: [], reset: true });
        expect(await read(anew.token)).toMatchObject({ reset: false });
        expect(await read("0 /applications/x")).toMatchObject({ reset: true });
        plain.sandbox.faults.add({ match: "graph:GET */delta", kind: "unavailable" });
        await expect(read(anew.token)).rejects.toMatchObject({ kind: "transient" });
      });
    },
  );

  test("a stream that ends without a delta link is an error", async () => {
    await withServer(
      (_, response) => json(response, 200, { value: [] }),
      async ({ url }) => {
        const graph = createTenant({ tenantId: TENANT, client: clientOf(url), token: async () => "t", loginUrl: url });
        await expect(graph.userChanges(undefined)).rejects.toMatchObject({ code: "NoDeltaLink" });
      },
    );
  });

  test("what the stream says is known to whoever asks for one person, without a call", async () => {
    await withSandbox(world, async ({ graph, plain }) => {
      let { token } = await graph.userChanges(undefined);
      expect(await graph.user({ objectId: ADA })).toMatchObject({ accountEnabled: true });
      await plain.ok("PATCH", `/users/${ADA}`, { accountEnabled: false });
      ({ token } = await graph.userChanges(token));
      const before = plain.sandbox.log.length;
      // Older than this age, and covered by the stream since it was read.
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await graph.user({ objectId: ADA }, { maxAgeMs: 1_000 })).toMatchObject({ accountEnabled: false });
      expect(plain.sandbox.log.length).toBe(before);
    });
  });
});

test("names are encoded, and those that begin with $ go in parentheses", async () => {
  const users = ["guest_x#EXT#@example.com", "$odd'name@example.com", "a/b@example.com"].map((userPrincipalName) => ({
    userPrincipalName,
  }));
  await withSandbox({ users }, async ({ graph }) => {
    for (const { userPrincipalName } of users)
      expect(await graph.user({ userPrincipalName })).toMatchObject({ userPrincipalName });
  });
});

test("what is no id fails whoever asks for it, and nobody else in the batch", async () => {
  await withSandbox(world, async ({ graph }) => {
    const [bad, good] = await Promise.allSettled([
      graph.user({ objectId: "../applications/x" }),
      graph.user({ objectId: ADA }),
    ]);
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "InvalidId" } });
    expect(good).toMatchObject({ status: "fulfilled", value: { id: ADA } });
  });
});

test("a refusal inside a batch keeps Graph's code", async () => {
  await withServer(
    (request, response) => {
      const { requests } = JSON.parse(request.body) as { requests: Json[] };
      json(response, 200, {
        responses: requests.map(({ id }) => ({ id, status: 403, body: failure("Authorization_RequestDenied") })),
      });
    },
    async ({ url }) => {
      const graph = createTenant({ tenantId: TENANT, client: clientOf(url), token: async () => "t", loginUrl: url });
      await expect(graph.people([ADA])).rejects.toMatchObject({ code: "Authorization_RequestDenied" });
    },
  );
});
