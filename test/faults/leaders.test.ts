/** Two processes of the program and one Lease: stolen, and held by one that was frozen and wakes when another leads, or over connections that went silent. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { world } from "../e2e/support.ts";
import { EACH_ONCE, persona, Scene, user } from "./scene.ts";

const ELECT = { leaderElect: true } as const;
const PATIENCE_MS = 60_000;

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open(world());
}, 180_000);
afterAll(() => scene?.close(), 60_000);

test("frozen in the middle of its work and woken when another leads, it ends, and nothing is made twice", async () => {
  scene.start(ELECT);
  const first = scene.program!;
  expect(await scene.leads(first, PATIENCE_MS)).toBe(true);
  const second = scene.launch(ELECT);
  // Its creates are under way: some were sent, and the answers wait for it to wake.
  const instantiated = new Promise<void>((resolve) => {
    const stop = scene.sandbox.onExchange(({ operation }) => {
      if (!operation.includes("instantiate")) return;
      stop();
      first.kill("SIGSTOP");
      resolve();
    });
  });
  await scene.apply(persona("agents"), user("jane", "agents"), user("omar", "agents"));
  await instantiated;
  scene.take(second);
  expect(await scene.leads(second, PATIENCE_MS)).toBe(true);
  // Two that believe to lead, until the first one looks.
  first.kill("SIGCONT");
  expect(await first.ended).toBe("exit code 1");
  expect(first.said).toContain("the leader lease was lost");
  await scene.ready(3);
  expect(scene.made).toEqual(EACH_ONCE);
}, 240_000);

test("its lease stolen, it stops at once, and goes on once the thief has been silent for long enough", async () => {
  const robbed = scene.program!;
  scene.take(undefined);
  await scene.stealLease();
  expect(await robbed.ended).toBe("exit code 1");
  expect(robbed.said).toContain("the leader lease was lost");
  scene.start(ELECT);
  await scene.apply(persona("agents", { landingPage: "AgentWorkspace" }));
  await scene.ready(3);
}, 240_000);

test("with every connection open and silent, it keeps its lease, leaves them, and goes on", async () => {
  scene.wire.strand();
  await scene.apply(persona("agents", { landingPage: "MetricsAndQuality" }));
  await scene.ready(3);
  expect(scene.deaths).toEqual([]);
  expect(scene.said).not.toMatch(/unhandled|\(node:\d+\)/i);
}, 240_000);
