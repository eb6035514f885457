/**
 * `make soak MINUTES=n`: the program as it is shipped, a real kube-apiserver and the sandbox clouds; every fault of
 * test/faults/soak/troubles.ts in turn, while specs are edited all the time. Then quiet, and a look at what is left: everything as declared,
 * nothing twice, nothing lost, no unexpected end of a process, and no growth. Exits 1 when a check fails.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../src/sandbox/host.ts";
import { Scene } from "../test/faults/scene.ts";
import { Declared } from "../test/faults/soak/declared.ts";
import { Follower } from "../test/faults/soak/follower.ts";
import { measureGrowth } from "../test/faults/soak/growth.ts";
import { clock, Report, table } from "../test/faults/soak/report.ts";
import { settle } from "../test/faults/soak/settle.ts";
import { mend, troubles } from "../test/faults/soak/troubles.ts";
import { verdict } from "../test/faults/soak/verdict.ts";
import { world } from "../test/faults/soak/world.ts";

const minutes = Number(process.argv[2] ?? 10);
const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 1e6));
if (!(minutes > 0)) throw new Error("soak: MINUTES must be a number above 0");
/** In the cluster; two more are in the folder that is followed beside it. */
const PEOPLE = 20;
const EDIT_EVERY_MS = 700;
/** Until a folder is followed and done. */
const PATIENCE_MS = 240_000;

const random = seededRandom(seed);
const pick = (list) => list[Math.floor(random() * list.length)];
const shuffled = (list) =>
  list
    .map((one) => [random(), one])
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);

const scene = await Scene.open(world(PEOPLE + 2));
const declared = new Declared(scene, PEOPLE, pick);
const report = new Report();
report.say(
  `soak: ${minutes} min, ${declared.size} objects, faults and edits all the time; SOAK_SEED=${seed} repeats their order`,
);
scene.start({ leaderElect: true });
const follower = new Follower(scene, [PEOPLE, PEOPLE + 1], pick);
declared.edits["a followed folder changed"] = () => follower.edit();
await declared.applyAll(scene);
await scene.ready(declared.size);

const events = [];
const kinds = troubles(scene, declared, pick);
const done = {
  troubles: new Map(Object.keys(kinds).map((name) => [name, 0])),
  edits: new Map(Object.keys(declared.edits).map((name) => [name, 0])),
};
const count = (map, name) => map.set(name, (map.get(name) ?? 0) + 1);
const started = Date.now();
const end = started + minutes * 60_000;
const note = (what) => events.push(`  ${clock(Date.now() - started)}  ${what}`);

/** Edits continue whatever the fault; one that meets no API server is repeated before the next check. */
let editing = true;
let edit = Promise.resolve();
const editor = (async () => {
  while (Date.now() < end) {
    await sleep(EDIT_EVERY_MS);
    if (!editing) continue;
    const name = pick(Object.keys(declared.edits));
    edit = declared.edits[name]().then(
      () => count(done.edits, name),
      (error) => note(`(edit not taken: ${name}: ${error.message})`),
    );
    await edit;
  }
})();

const waits = [];
/** Of `events`, when everything was last as declared. */
let reported = 0;
/** Faults and edits pause until everything is as declared. */
async function convergence() {
  editing = false;
  await edit;
  await mend(scene);
  const since = Date.now();
  await settle(scene, declared);
  waits.push(Date.now() - since);
  await scene.program.metrics();
  const { rss, handles, sockets } = scene.program.usage();
  const { heapUsed } = await scene.program.memory();
  const sum = (map) => [...map.values()].reduce((all, one) => all + one, 0);
  report.say(
    `  ${clock(Date.now() - started)}  ${String(sum(done.troubles)).padStart(3)} faults, ${String(sum(done.edits)).padStart(4)} edits; as declared after ${(waits.at(-1) / 1000).toFixed(1).padStart(5)} s;` +
      `  heap ${(heapUsed / 1e6).toFixed(1)} MB, resident ${rss.toFixed(0)} MB, ${handles} handles, ${sockets} of them sockets`,
  );
  editing = true;
  reported = events.length;
}

/** Why the run was broken off, if it was. */
let failure;
try {
  let deck = [];
  let nextLook = started + 60_000;
  while (Date.now() < end) {
    if (deck.length === 0) deck = shuffled(Object.keys(kinds));
    const name = deck.pop();
    note(name);
    await kinds[name]();
    await mend(scene);
    count(done.troubles, name);
    await sleep(500 + random() * 1_500);
    if (Date.now() < nextLook) continue;
    await convergence();
    nextLook = Math.max(nextLook, Date.now()) + 60_000;
  }
  await editor;
  if (events.length > reported) await convergence();
} catch (error) {
  failure = error;
}
report.say(`\nWhat was done in ${clock(Date.now() - started).trim()}`);
report.say(table("faults", done.troubles));
report.say(table("edits", done.edits));
if (waits.length > 0)
  report.say(
    `  everything was as declared again (count: ${waits.length}), each time ${(Math.max(...waits) / 1000).toFixed(1)} s or less after faults and edits had stopped`,
  );

report.say("\nWhat was checked");
report.check("everything is Ready, as declared last", failure === undefined, failure && String(failure.message));
if (failure === undefined) {
  const complaints = await untilNone(() => verdict(scene, declared, follower));
  const all = `${declared.personas.size + 1} personas and ${declared.users.size + follower.people.length} users`;
  report.check(
    `the clouds hold what ${all} need, nothing twice, nothing lost, nothing left over`,
    complaints.length === 0,
    complaints.join("\n"),
  );
  report.check("nothing is written while nothing changes", ...(await quiet()));
  report.say("        (the same work four times, for growth: some three minutes)");
  for (const { what, good, why } of await measureGrowth(scene, declared)) report.check(what, good, why);
}
report.check(
  "no process ended unexpectedly",
  scene.deaths.length === 0 && follower.program.end === undefined,
  [...scene.deaths, follower.program.end && `apply --watch: ${follower.program.end}`].filter(Boolean).join("\n"),
);
const odd = scene.said.split("\n").filter((line) => /unhandled|\(node:\d+\)|MaxListeners/i.test(line));
report.check("no unhandled rejection, and no warning of Node", odd.length === 0, odd.join("\n"));
if (report.failed) report.say(`\nThe last that happened\n${events.slice(-25).join("\n")}`);
await follower.close();
await scene.close();
report.say(report.failed ? "\nThe soak failed." : "\nThe soak passed.");
process.exit(report.failed ? 1 : 0);

/** The folder has no status: only the clouds show when it is done. */
async function untilNone(look) {
  for (const late = Date.now() + PATIENCE_MS; ; await sleep(1_000)) {
    const complaints = await look();
    if (complaints.length === 0 || Date.now() > late) return complaints;
  }
}

/** Two polls pass without a write; a pass under way when the last edit came may still end. */
async function quiet() {
  let written = [];
  for (let tries = 0; tries < 5; tries++) {
    const since = Date.now();
    const before = await scene.versions();
    await sleep(7_000);
    written = scene.sandbox.log
      .filter(({ at, writes, operation }) => at > since && writes && !operation.includes("batch"))
      .map(({ service, operation }) => `${service}:${operation}`);
    if ((await scene.versions()) !== before) written.push("a status");
    if (written.length === 0) return [true];
  }
  return [false, written.join("\n")];
}
