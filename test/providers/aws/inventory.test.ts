/** The inventory against a scripted Connect: what is asked, and who waits for it. */
import { expect, test } from "@jest/globals";
import { type Call, operationOf } from "../../../src/providers/aws/call.ts";
import { createInventory } from "../../../src/providers/aws/inventory.ts";
import { HandClock } from "../clock.ts";

const MINUTE = 60_000;
const user = (name: string, more = {}) => ({
  Id: `id-${name}`,
  Arn: `arn:aws:connect:us-east-1:1:instance/i/agent/id-${name}`,
  Username: name,
  IdentityInfo: { FirstName: "A", LastName: name },
  SecurityProfileIds: ["agent"],
  RoutingProfileId: "basic",
  ...more,
});

function start() {
  const clock = new HandClock();
  const asked: string[] = [];
  const world = { users: [user("ann"), user("bob")], described: {} as Record<string, object | undefined> };
  /** While set, SearchUsers does not answer. */
  const held: { search?: Promise<void> } = {};
  const answer = async (command: { schema?: unknown; input: { UserId?: string } }) => {
    const name = operationOf(command);
    asked.push(name);
    if (name === "SearchUsers") {
      await held.search;
      return { Users: world.users };
    }
    if (name === "ListUsers") return { UserSummaryList: world.users };
    const found = world.users.find(({ Id }) => Id === command.input.UserId)!;
    return { User: { ...found, ...world.described[found.Username] } };
  };
  const inventory = createInventory({ instanceId: "i", call: answer as unknown as Call, clock });
  return { clock, asked, world, held, inventory };
}

test("a sweep waits for a fresh inventory; a person gets the old one at once and their own user anew", async () => {
  const { clock, asked, world, held, inventory } = start();
  await inventory.users(10 * MINUTE, { priority: "sweep" });
  await clock.advance(11 * MINUTE);
  const hold = Promise.withResolvers<void>();
  held.search = hold.promise;
  world.described.ann = { RoutingProfileId: "changed by hand" };
  let swept = false;
  const sweep = Promise.resolve(inventory.user("bob", 10 * MINUTE, { priority: "sweep" })).then(() => {
    swept = true;
  });
  const seen = await inventory.user("ann", 10 * MINUTE, { priority: "person" });
  expect(seen?.routingProfileId).toBe("changed by hand");
  expect(swept).toBe(false);
  expect(asked).toEqual(["SearchUsers", "SearchUsers", "DescribeUser"]);
  hold.resolve();
  await sweep;
});

test("one that is known and asked for anew is one call, not a page for everybody", async () => {
  const { clock, asked, world, inventory } = start();
  await inventory.users(10 * MINUTE, { priority: "sweep" });
  await clock.advance(1_000);
  world.described.ann = { Tags: { owner: "somebody else" } };
  expect((await inventory.user("ann", 0))?.tags).toEqual({ owner: "somebody else" });
  expect(asked).toEqual(["SearchUsers", "DescribeUser"]);
});

test("nobody is shown an inventory that is far too old", async () => {
  const { clock, asked, inventory } = start();
  await inventory.users(MINUTE, { priority: "sweep" });
  await clock.advance(4 * MINUTE);
  await inventory.user("ann", MINUTE);
  expect(asked).toEqual(["SearchUsers", "SearchUsers"]);
});

test.each([
  { maxAgeMs: 10 * MINUTE, laterMs: 5 * MINUTE },
  { maxAgeMs: 18_000, laterMs: 20_000 },
])("a thousand changes at once do with the inventory: $maxAgeMs ms", async ({ maxAgeMs, laterMs }) => {
  const { clock, asked, world, held, inventory } = start();
  world.users = Array.from({ length: 100 }, (_, i) => user(`u${i}`));
  await inventory.users(maxAgeMs, { priority: "sweep" });
  await clock.advance(laterMs);
  const hold = Promise.withResolvers<void>();
  held.search = hold.promise;
  for (let i = 0; i < 100; i++) await inventory.user(`u${i}`, maxAgeMs);
  expect(asked.filter((name) => name === "DescribeUser")).toHaveLength(10);
  hold.resolve();
});

test("a user that was read by itself a moment ago is not read again before it is written", async () => {
  const { clock, asked, world, inventory } = start();
  await inventory.users(10 * MINUTE, { priority: "sweep" });
  await clock.advance(5 * MINUTE);
  world.described.ann = { RoutingProfileId: "changed by hand" };
  const ann = (await inventory.user("ann", 10 * MINUTE))!;
  expect(await inventory.latest(ann)).toMatchObject({ routingProfileId: "changed by hand" });
  expect(asked).toEqual(["SearchUsers", "DescribeUser"]);
  await clock.advance(6_000);
  await inventory.latest(ann);
  expect(asked).toEqual(["SearchUsers", "DescribeUser", "DescribeUser"]);
});

test("an own write is newer than what was read meanwhile", async () => {
  const { clock, world, inventory } = start();
  await inventory.users(10 * MINUTE, { priority: "sweep" });
  await clock.advance(5 * MINUTE);
  world.described.ann = { RoutingProfileId: "before the write" };
  const reading = inventory.user("ann", 10 * MINUTE);
  const known = (await inventory.users(10 * MINUTE)).get("ann")!;
  inventory.wrote({ ...known, routingProfileId: "written" });
  expect((await reading)?.routingProfileId).toBe("written");
});

test("a list serves everybody who asks within its age; without an age it is read anew", async () => {
  const { clock, asked, inventory } = start();
  expect(await inventory.listed("ann")).toBe("id-ann");
  await clock.advance(20_000);
  expect(await inventory.listed("nobody", { maxAgeMs: 30_000 })).toBeUndefined();
  expect(asked).toHaveLength(1);
  await inventory.listed("nobody");
  expect(asked).toHaveLength(2);
});

test("names that differ in case are found after writes, too", async () => {
  const { inventory } = start();
  const known = (await inventory.users(MINUTE)).get("ann")!;
  expect(inventory.byLowerCase("ANN").map(({ username }) => username)).toEqual(["ann"]);
  inventory.wrote({ ...known, username: "Ann", id: "other" });
  inventory.removed(known);
  expect(inventory.byLowerCase("ann").map(({ username }) => username)).toEqual(["Ann"]);
});
