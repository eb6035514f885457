/** A drift sweep of all users under Amazon's default quotas. */
import type { Controller } from "../lib/program.ts";
import type { Result } from "../lib/results.ts";
import { DEFAULT_QUOTAS } from "../lib/sandbox.ts";
import type { Counts } from "../lib/sandbox-process.ts";
import type { Scene } from "../lib/scene.ts";
import { sleep } from "../lib/wait.ts";

export const LATENCY_MS = 50;

export async function sweep(scene: Scene): Promise<Result[]> {
  await scene.sandbox.behave({ latencyMs: LATENCY_MS, quotas: DEFAULT_QUOTAS });
  await scene.sandbox.count();
  const controller = await scene.controller(["--poll-interval", "60s"]);
  try {
    await controller.untilReconciled(scene.users, 180_000);
    const first = { seconds: controller.elapsed(), ...(await scene.sandbox.count()) };
    const second = await oneSweep(controller, scene);
    const quotas = "AWS 2/s, burst 5; 50 ms latency";
    return [
      { what: "drift sweep of 10,000, duration", value: second.seconds, unit: "s", bound: 50, note: quotas },
      { what: "drift sweep of 10,000, AWS calls", value: calls(second, AWS), unit: "", bound: 60 },
      { what: "drift sweep of 10,000, Graph calls", value: calls(second, GRAPH), unit: "", bound: 150 },
      { what: "first sweep after a start, duration", value: first.seconds, unit: "s", bound: 50 },
      { what: "first sweep after a start, AWS calls", value: calls(first, AWS), unit: "", bound: 60 },
      { what: "first sweep after a start, Graph calls", value: calls(first, GRAPH), unit: "" },
    ];
  } finally {
    await controller.stop();
  }
}

/** From its first page of users to the last user that was looked at again; its calls are those since the end of the first sweep. */
async function oneSweep(controller: Controller, scene: Scene): Promise<{ seconds: number } & Counts> {
  while (!(await scene.sandbox.count(false)).calls["connect:SearchUsers"]) await sleep(100);
  const began = performance.now();
  await controller.untilReconciled(2 * scene.users, 180_000, 250);
  const seconds = (performance.now() - began) / 1000;
  return { seconds, ...(await scene.sandbox.count()) };
}

const AWS = /^(connect|iam|sts):/;
const GRAPH = /^(graph|login):/;

function calls({ calls }: Counts, wanted: RegExp): number {
  return Object.entries(calls)
    .filter(([name]) => wanted.test(name))
    .reduce((sum, [, count]) => sum + count, 0);
}
