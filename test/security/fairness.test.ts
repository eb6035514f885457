/** One namespace cannot delay another: workers and quotas are served in turn. */
import { afterEach, expect, test } from "@jest/globals";
import { isReady } from "../../src/runtime/conditions.ts";
import { type Harness, inNamespace, PATIENCE_MS, persona, start, user, world } from "../e2e/support.ts";

let h: Harness;
afterEach(() => h?.stop());

const MANY = 60;
const names = Array.from({ length: MANY }, (_, index) => `many${index}`);
const person = (name: string) => ({
  userPrincipalName: `${name}@example.com`,
  mail: `${name}@example.com`,
  displayName: name,
  givenName: name,
  surname: "Doe",
});
const inOther = <T extends { metadata: object }>(object: T) => inNamespace("other", object);

test("sixty new users of one namespace do not hold up a new one of another", async () => {
  const input = world({ behaviour: { quotas: { connect: { rate: 2, burst: 5 } } } });
  h = await start({ ...input, users: [...(input.users ?? []), ...names.map(person)] }, { pollIntervalMs: 60_000 });
  h.apply(persona("agents"), inOther(persona("guests")));
  await h.ready();
  const created = () => h.calls.filter(({ operation }) => operation === "CreateUser").length;
  h.apply(...names.map((name) => user(name, "agents")));
  await h.controller.until(() => created() >= 5, PATIENCE_MS, "the first of many");
  h.apply(inOther(user("omar", "guests")));
  const before = created();
  const omar = () => h.controller.store.get("ConnectUser", "other", "omar")!;
  await h.controller.until(() => isReady(omar()), PATIENCE_MS, "omar Ready");
  // Every call of his waits for one or two of theirs; in a line by age he would wait for fifty.
  expect(created() - before).toBeLessThan(15);
  expect(created()).toBeLessThan(MANY / 2);
});
