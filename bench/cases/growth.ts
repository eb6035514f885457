/** Start to all reconciled by number of users: a further user may not cost more among many than among few. */
import type { GrowthPoint, Result } from "../lib/results.ts";
import type { Scene } from "../lib/scene.ts";
import { median } from "../lib/statistics.ts";
import { startOnce } from "./start.ts";

const TURNS = 3;
/** Measurements scatter; what grows faster than linearly doubles many times over on this stretch. */
const TOLERANCE = 1.25;

export async function growthPoint(scene: Scene): Promise<GrowthPoint> {
  const runs: Awaited<ReturnType<typeof startOnce>>[] = [];
  for (let turn = 0; turn < TURNS; turn++) runs.push(await startOnce(scene));
  const of = (key: "seconds" | "cpu" | "rss") => median(runs.map((run) => run[key]));
  return { users: scene.users, seconds: of("seconds"), cpu: of("cpu"), rss: of("rss") };
}

/** The slope of the last stretch against the slope of the first. */
export function growthResults([small, middle, large]: GrowthPoint[]): Result[] {
  const result = (what: string, of: (point: GrowthPoint) => number, unit: string): Result => {
    const slope = (a: GrowthPoint, b: GrowthPoint) => (of(b) - of(a)) / (b.users - a.users);
    const [first, last] = [slope(small!, middle!), slope(middle!, large!)];
    return {
      what: `growth of ${what}, 10,000 to 50,000 against 1,000 to 10,000`,
      value: last / first,
      unit: "",
      bound: TOLERANCE,
      note: `${(first * 1000).toFixed(3)} and ${(last * 1000).toFixed(3)} ${unit} for each further thousand`,
    };
  };
  return [
    result("wall time", ({ seconds }) => seconds, "s"),
    result("CPU", ({ cpu }) => cpu, "s"),
    result("memory", ({ rss }) => rss, "MB"),
  ];
}
