/** A drift sweep of all users under Amazon's default quotas, which allow no faster one than their floor. */
import type { Controller } from "../lib/program.ts";
import type { Result } from "../lib/results.ts";
import { DEFAULT_QUOTAS } from "../lib/sandbox.ts";
import type { Counts } from "../lib/sandbox-process.ts";
import type { Scene } from "../lib/scene.ts";
import { sleep } from "../lib/wait.ts";

export const LATENCY_MS = 50;
/** Short enough that the jitter of ten per cent either way ends before the quota lets the inventory end. */
const POLL_INTERVAL = "30s";
/** Users on a page of SearchUsers. */
const PAGE = 500;
/** How far a sweep may be above the floor. */
const ABOVE_FLOOR = 1.3;

/** Seconds that the pages of all users take at the quota of SearchUsers, when the burst is full. */
function floorOf(users: number): number {
  const { rate, burst } = DEFAULT_QUOTAS.connect;
  return Math.max(0, Math.ceil(users / PAGE) - burst) / rate;
}

export async function sweep(scene: Scene): Promise<Result[]> {
  await scene.sandbox.behave({ latencyMs: LATENCY_MS, quotas: DEFAULT_QUOTAS });
  await scene.sandbox.count();
  const controller = await scene.controller(["--poll-interval", POLL_INTERVAL]);
  try {
    await controller.untilReconciled(scene.users, 180_000);
    const first = { seconds: controller.elapsed(), ...(await scene.sandbox.count()) };
    const second = await oneSweep(controller, scene);
    const floor = floorOf(scene.users);
    return [
      {
        what: "drift sweep of 10,000, duration",
        value: second.seconds,
        unit: "s",
        bound: ABOVE_FLOOR * floor,
        note: `the quota's floor is ${floor} s; AWS 2/s, burst 5; 50 ms latency`,
      },
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
