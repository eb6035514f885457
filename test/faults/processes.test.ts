/** The real program against a real API server and the sandbox over HTTP: killed at any write, cut off, and given spoilt answers. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { world } from "../e2e/support.ts";
import type { Spoiling } from "./middleman.ts";
import { EACH_ONCE, persona, Scene, user } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open(world());
}, 180_000);
afterAll(() => scene?.close(), 60_000);
afterEach(() => {
  scene.sandbox.faults.clear();
  scene.wire.mode = "pass";
  scene.middleman.spoil = undefined;
  expect(scene.deaths).toEqual([]);
});

test("killed after its first write, its second, and so on, it makes everything, and nothing twice", async () => {
  scene.start();
  await scene.apply(persona("agents"), user("jane", "agents"), user("omar", "agents"));
  // Every write has its effect, and its answer is lost with the process; some twenty writes are to be made.
  for (let kills = 0; kills < 40; kills++) {
    if (!(await scene.killAt(1 + (kills % 2), 15_000))) break;
    scene.start();
  }
  await scene.ready(3);
  expect(scene.made).toEqual(EACH_ONCE);
}, 600_000);

describe("with everything Ready", () => {
  /** A change reaches the cloud, so the program watches and works. */
  const reactsTo = async (page: string) => {
    await scene.apply(persona("agents", { landingPage: page }));
    await scene.until(`${page} in status`, (all) =>
      all.some(
        (one) => (one.status as { relayState?: string } | undefined)?.relayState?.includes(DESTINATION[page]!) === true,
      ),
    );
    await scene.ready(3);
  };
  const DESTINATION: Record<string, string> = {
    AdminConsole: "%2Fconnect%2F",
    AgentWorkspace: "agent-app-v2",
    MetricsAndQuality: "real-time-metrics",
    ContactControlPanel: "%2Fconnect%2Fccp",
  };

  test("it survives a restart of the API server and resets of every connection", async () => {
    await scene.api.restart();
    scene.wire.reset();
    await reactsTo("AgentWorkspace");
  }, 300_000);

  test("it lists anew when etcd was compacted while it could not watch", async () => {
    scene.wire.mode = "refuse";
    scene.wire.reset();
    await scene.apply(persona("agents", { landingPage: "MetricsAndQuality" }));
    await scene.api.compact();
    await scene.api.restart();
    scene.wire.mode = "pass";
    await scene.until("the change made meanwhile", (all) =>
      all.some(
        (one) => (one.status as { relayState?: string } | undefined)?.relayState?.includes("real-time") === true,
      ),
    );
    await scene.ready(3);
  }, 300_000);

  test("bytes garbled on the way are no answer", async () => {
    scene.wire.mode = "garble";
    await scene.apply(persona("agents", { landingPage: "AgentWorkspace" }));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    scene.wire.mode = "pass";
    scene.wire.reset();
    await reactsTo("AgentWorkspace");
  }, 300_000);

  test.each<Spoiling>([401, 429, 500, 503, "gone", "malformed", "truncated", "lostAnswer"])(
    "of the API server's answers every second is spoilt: %s",
    async (how) => {
      scene.middleman.spoil = { how, probability: 0.5 };
      scene.wire.reset();
      await scene.apply(persona("agents", { landingPage: "MetricsAndQuality" }));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await scene.apply(persona("agents", { landingPage: "AgentWorkspace" }));
      scene.middleman.spoil = undefined;
      await reactsTo("ContactControlPanel");
    },
    120_000,
  );

  test("it is let go in order, and nothing was made twice on the way", async () => {
    await scene.api.kubectl(["delete", "connectusers,connectssopersonas", "--all", "-n", "team", "--wait=false"]);
    await scene.until("everything is gone", (all) => all.length === 0);
    expect(scene.made).toEqual(EACH_ONCE);
    expect(scene.said).not.toMatch(/unhandled/i);
  }, 300_000);
});
