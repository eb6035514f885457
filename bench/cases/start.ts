/**
 * Start to every one of 10,000 in-sync ConnectUsers reconciled, next to a Go controller that speaks to no cloud; both elect a leader first, as
 * the chart has it. Go, ours, ours, Go, and so on: what either leaves behind in the API server then meets both alike.
 */
import { buildBaseline, runBaseline } from "../lib/baseline.ts";
import type { Usage } from "../lib/program.ts";
import type { Result } from "../lib/results.ts";
import { UNLIMITED } from "../lib/sandbox.ts";
import type { Scene } from "../lib/scene.ts";
import { median } from "../lib/statistics.ts";
import { sleep } from "../lib/wait.ts";

const TURNS = 6;
/** Before each start, so that the API server has cleared away what the one before made it do, milliseconds. */
export const REST_MS = 3_000;

export type Run = Usage & { seconds: number };

export async function start(scene: Scene): Promise<Result[]> {
  const baseline = buildBaseline();
  await scene.sandbox.behave({ latencyMs: 0, quotas: UNLIMITED });
  const go: Run[] = [];
  const ours: Run[] = [];
  const theirTurn = async () => go.push(await runBaseline(baseline, scene.cluster.kubeconfig, scene.users));
  const ourTurn = async () => ours.push(await startOnce(scene));
  for (let turn = 0; turn < TURNS; turn++)
    for (const run of turn % 2 === 0 ? [theirTurn, ourTurn] : [ourTurn, theirTurn]) {
      await sleep(REST_MS);
      await run();
    }
  const note = (key: keyof Run) => `Go: ${medianOf(go, key).toFixed(2)}`;
  return [
    {
      what: "start of 10,000, wall time",
      value: medianOf(ours, "seconds"),
      unit: "s",
      bound: 0.75 * medianOf(go, "seconds"),
      note: note("seconds"),
    },
    {
      what: "start of 10,000, CPU",
      value: medianOf(ours, "cpu"),
      unit: "s",
      bound: 0.6 * medianOf(go, "cpu"),
      note: note("cpu"),
    },
    {
      what: "start of 10,000, resident memory",
      value: medianOf(ours, "rss"),
      unit: "MB",
      bound: 0.75 * medianOf(go, "rss"),
      note: `${note("rss")}; at its highest ${Math.round(medianOf(ours, "peak"))} MB`,
    },
  ];
}

/** The typical one of several runs. */
export function medianOf(runs: Run[], key: keyof Run): number {
  return median(runs.map((run) => run[key]));
}

/** One start until all are reconciled; nothing may have been written to a cloud. */
export async function startOnce(scene: Scene): Promise<Run> {
  await scene.sandbox.count();
  const controller = await scene.controller([
    ...scene.boundless,
    "--leader-elect",
    "--poll-interval",
    "1h",
    "--log-level",
    "info",
  ]);
  try {
    await controller.untilFirstPass(60_000 + scene.users * 20);
    const answer = { seconds: controller.elapsed(), ...controller.usage() };
    const reconciled = await controller.reconciled();
    if (reconciled < scene.users) throw new Error(`${reconciled} of ${scene.users} were reconciled`);
    const { writes } = await scene.sandbox.count();
    if (writes > 0) throw new Error(`${writes} writes to the clouds: the users were not in sync`);
    return answer;
  } finally {
    await controller.stop();
  }
}
