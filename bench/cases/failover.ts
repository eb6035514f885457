/** A clean stop of the leader, to the first reconcile of the standby. */
import type { Controller } from "../lib/program.ts";
import type { Result } from "../lib/results.ts";
import { UNLIMITED } from "../lib/sandbox.ts";
import type { Scene } from "../lib/scene.ts";
import { median } from "../lib/statistics.ts";
import { sleep, until } from "../lib/wait.ts";

const TURNS = 3;

export async function failover(scene: Scene): Promise<Result[]> {
  await scene.sandbox.behave({ latencyMs: 0, quotas: UNLIMITED });
  const replica = () => scene.controller([...scene.boundless, "--leader-elect", "--poll-interval", "10m"]);
  const times: number[] = [];
  let leader = await replica();
  let standby: Controller | undefined;
  try {
    await leader.untilReconciled(scene.users, 120_000);
    for (let turn = 0; turn < TURNS; turn++) {
      const next = await replica();
      standby = next;
      await until("a warm standby", 60_000, () => isReady(next));
      await sleep(1_000);
      if ((await reconciles(next)) > 0) throw new Error("the standby reconciles although another one leads");
      const began = performance.now();
      const stopped = leader.stop();
      await until("the first reconcile", 30_000, async () => (await reconciles(next)) > 0, 10);
      times.push((performance.now() - began) / 1000);
      await stopped;
      leader = next;
      standby = undefined;
    }
  } finally {
    await leader.stop();
    await standby?.stop();
  }
  return [
    {
      what: "clean stop of the leader, to the standby's first reconcile",
      value: Math.max(...times),
      unit: "s",
      bound: 2,
      strict: true,
      note: `longest of ${TURNS}; median ${median(times).toFixed(2)} s`,
    },
  ];
}

async function reconciles(controller: Controller): Promise<number> {
  return (await controller.metrics())?.sum("controller_runtime_reconcile_total") ?? 0;
}

async function isReady(controller: Controller): Promise<boolean> {
  const response = await fetch(`${controller.healthUrl}/readyz`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok ?? false;
}
