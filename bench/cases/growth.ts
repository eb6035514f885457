/** Start to all reconciled by number of users: a further user may not cost more among many than among few. */
import type { GrowthPoint, Result } from "../lib/results.ts";
import { Scene } from "../lib/scene.ts";
import { sleep } from "../lib/wait.ts";
import { medianOf, REST_MS, type Run, startOnce } from "./start.ts";

const TURNS = 5;
/** Measurements scatter; what grows with the square would be five times as much. */
const TOLERANCE = 1.15;

/**
 * Every size has a world of its own, because who is in the clouds costs as well. All of them are there at once and take turns: a machine
 * that is slower for a while is so for all.
 */
export async function growthPoints(sizes: number[]): Promise<GrowthPoint[]> {
  const scenes: { scene: Scene; runs: Run[] }[] = [];
  try {
    for (const users of sizes) {
      const scene = await Scene.open(users);
      scenes.push({ scene, runs: [] });
      await scene.populate(users);
    }
    for (let turn = 0; turn < TURNS; turn++)
      for (const { scene, runs } of scenes) {
        await sleep(REST_MS);
        runs.push(await startOnce(scene));
      }
  } finally {
    for (const { scene } of scenes) await scene.close();
  }
  return scenes.map(({ scene: { users }, runs }) => ({
    users,
    seconds: medianOf(runs, "seconds"),
    cpu: medianOf(runs, "cpu"),
    rss: medianOf(runs, "rss"),
  }));
}

/** The largest against the straight line through the two others. */
export function growthResults([small, middle, large]: GrowthPoint[]): Result[] {
  const result = (what: string, of: (point: GrowthPoint) => number, unit: string): Result => {
    const slope = Math.max(0, (of(middle!) - of(small!)) / (middle!.users - small!.users));
    const line = of(middle!) + slope * (large!.users - middle!.users);
    return {
      what: `growth of ${what}: 50,000 against the line through 1,000 and 10,000`,
      value: of(large!) / line,
      unit: "",
      bound: TOLERANCE,
      note: `${of(large!).toFixed(1)} ${unit}, on the line ${line.toFixed(1)} ${unit}`,
    };
  };
  return [
    result("wall time", ({ seconds }) => seconds, "s"),
    result("CPU", ({ cpu }) => cpu, "s"),
    result("memory", ({ rss }) => rss, "MB"),
  ];
}
