/** Two controllers, each with a part of the objects and the same cluster name, in one account, instance and tenant. */
import { afterEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { composeClouds } from "../../src/controller/clouds.ts";
import { FolderController } from "../../src/controller/on-folder.ts";
import { type Manifests, parseManifests } from "../../src/manifests/read.ts";
import type { CallRecord } from "../../src/providers/errors.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { letTimeFlow, PATIENCE_MS, persona, status, user, world } from "./support.ts";

const POLL_MS = 300;
let sandbox: Sandbox;
const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function clouds() {
  ends.push(letTimeFlow());
  sandbox = await startSandbox({ world: world() });
  ends.push(() => sandbox.close());
  delete process.env.AWS_SESSION_TOKEN;
  Object.assign(process.env, sandbox.env);
}

function shard(...objects: object[]) {
  const calls: CallRecord[] = [];
  const log = pino({ level: "silent" });
  const base = { cluster: "test", pollIntervalMs: POLL_MS, log };
  const { clouds, close } = composeClouds({ ...base, allowInsecure: true, onCall: (call) => void calls.push(call) });
  // As a controller with a label selector: it does not see the objects of the other one.
  const controller = new FolderController({ ...base, clouds, sees: () => false });
  ends.push(async () => {
    await controller.stop();
    close();
  });
  const all: Manifests = { objects: [], problems: [], sources: new Map() };
  parseManifests(objects.map((one) => JSON.stringify(one)).join("\n---\n"), "test", "team", all);
  for (const one of all.objects) controller.store.apply(one as never);
  controller.start();
  const is = (name: string, reason: string) =>
    controller.until(
      (found) =>
        status(
          found.find(({ metadata }) => metadata.name === name),
          "Ready",
        )?.reason === reason,
      PATIENCE_MS,
      `${name} ${reason}`,
    );
  const writes = () => calls.filter(({ write, operation }) => write && !operation.includes("$batch"));
  const policies = () => writes().filter(({ operation }) => /Policy/.test(operation) && !/Role|User/.test(operation));
  return { controller, is, writes, policies };
}

/** Several polls of every shard. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, POLL_MS * 5));

test("two shards of one instance come to rest: shared policies are made once, and neither undoes the other", async () => {
  await clouds();
  const one = shard(persona("agents"), user("jane", "agents"));
  const two = shard(persona("managers"), user("omar", "managers"));
  await Promise.all([one.is("jane", "Converged"), two.is("omar", "Converged")]);
  await Promise.all([one.is("agents", "Converged"), two.is("managers", "Converged")]);
  const made = [...one.policies(), ...two.policies()].filter(({ code }) => code === "200");
  expect(made.map(({ operation, target }) => `${operation} ${target?.split("/").at(-1)}`).sort()).toEqual([
    ...new Set(made.map(({ operation, target }) => `${operation} ${target?.split("/").at(-1)}`)),
  ]);
  await aWhile();
  const before = [one.writes().length, two.writes().length];
  await aWhile();
  expect([one.writes().length, two.writes().length]).toEqual(before);
});

test("a person in both shards belongs to the first, and the second says so without touching anything", async () => {
  await clouds();
  const one = shard(persona("agents"), user("jane", "agents"));
  await one.is("jane", "Converged");
  const second = { ...user("jane", "managers"), metadata: { name: "jane-again", namespace: "team" } };
  const two = shard(persona("managers"), second);
  await two.is("managers", "Converged");
  await two.is("jane-again", "ForeignOwner");
  await aWhile();
  const before = [one.writes().length, two.writes().length];
  await aWhile();
  expect([one.writes().length, two.writes().length]).toEqual(before);
  expect(two.writes().some(({ target }) => /jane/.test(target ?? ""))).toBe(false);
  expect(
    status(
      one.controller.resources().find(({ metadata }) => metadata.name === "jane"),
      "Ready",
    )?.status,
  ).toBe("True");
});

test("the persona that goes last takes the shared policies along, whichever shard it is in", async () => {
  await clouds();
  const one = shard(persona("agents", { deletionPolicy: "Delete" }));
  const two = shard(persona("managers", { deletionPolicy: "Delete" }));
  await Promise.all([one.is("agents", "Converged"), two.is("managers", "Converged")]);
  const gone = (s: typeof one) => s.controller.until((all) => all.length === 0, PATIENCE_MS, "the persona is gone");
  one.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
  await gone(one);
  expect(one.policies().some(({ operation }) => operation === "DeletePolicy")).toBe(false);
  await aWhile();
  expect(status(two.controller.resources()[0], "Ready")?.status).toBe("True");
  two.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "managers" });
  await gone(two);
  expect(two.policies().filter(({ operation }) => operation === "DeletePolicy").length).toBeGreaterThan(0);
});
