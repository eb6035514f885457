// Benchmarks as whole processes: the program against a real kube-apiserver and the sandbox clouds, next to a Go baseline.
//   make bench                 all of them, some 25 minutes; writes docs/performance.md
//   make bench ONLY=sweep      some, separated by commas: startup binary create growth start sweep change idle failover page leaver
//                              sets
//   make bench SAVE=no         prints, and writes nothing
//   make bench SCALE=0.1       a tenth of the users, to try the harness itself; writes nothing

import { binary } from "./cases/binary.ts";
import { change } from "./cases/change.ts";
import { create } from "./cases/create.ts";
import { failover } from "./cases/failover.ts";
import { growthPoints, growthResults } from "./cases/growth.ts";
import { idle } from "./cases/idle.ts";
import { leaver } from "./cases/leaver.ts";
import { page } from "./cases/page.ts";
import { FIRST, JOINERS, sets } from "./cases/sets.ts";
import { start } from "./cases/start.ts";
import { startup } from "./cases/startup.ts";
import { sweep } from "./cases/sweep.ts";
import { writeReport } from "./lib/report.ts";
import { holds, line, load, measured, save } from "./lib/results.ts";
import { Scene } from "./lib/scene.ts";

const NAMES = [
  "startup",
  "binary",
  "create",
  "growth",
  "start",
  "sweep",
  "change",
  "idle",
  "failover",
  "page",
  "leaver",
  "sets",
];
const only = (process.env.ONLY ?? "").split(",").filter(Boolean);
const unknown = only.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(", ")}; there are ${NAMES.join(", ")}`);
  process.exit(2);
}
const scale = Number(process.env.SCALE ?? 1);
const [few, many, most] = [1_000, 10_000, 50_000].map((users) => Math.round(users * scale));
const wanted = (name) => only.length === 0 || only.includes(name);
const stored = load();
let missed = 0;

/** Runs one; what it throws counts as missed, and the others still run. */
async function bench(name, run) {
  if (!wanted(name)) return;
  const began = performance.now();
  console.log(`${name} …`);
  try {
    const results = await run();
    for (const result of results) console.log(line(result));
    missed += results.filter((result) => !holds(result)).length;
    stored.cases[name] = measured(results);
  } catch (error) {
    console.error(`  FAILED: ${error instanceof Error ? error.message : error}`);
    missed++;
  }
  console.log(`  took ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

await bench("startup", startup);
await bench("binary", binary);
await bench("create", create);

const newcomers = [FIRST, JOINERS].map((people) => Math.ceil(people * scale));
const crowd = { start, sweep, idle, failover, page, change, leaver, sets: (scene) => sets(scene, ...newcomers) };
if (Object.keys(crowd).some(wanted)) {
  const [first, joiners] = newcomers;
  const scene = await Scene.open(many + first + joiners, many, many + first);
  try {
    console.log(`bringing ${many.toLocaleString("en")} users in sync …`);
    await scene.populate(many);
    // The last three change users.
    for (const [name, run] of Object.entries(crowd)) await bench(name, () => run(scene));
  } catch (error) {
    console.error(`FAILED: ${error instanceof Error ? error.stack : error}`);
    missed++;
  } finally {
    await scene.close();
  }
}

await bench("growth", async () => {
  const points = await growthPoints([few, many, most]);
  stored.growth = points;
  return growthResults(points);
});

if (process.env.SAVE !== "no" && scale === 1) {
  stored.cases = Object.fromEntries(
    NAMES.filter((name) => stored.cases[name]).map((name) => [name, stored.cases[name]]),
  );
  save(stored);
  writeReport(stored);
  console.log("written to docs/performance.md");
}
console.log(missed === 0 ? "every bound is held" : `${missed} missed`);
process.exitCode = missed === 0 ? 0 : 1;
