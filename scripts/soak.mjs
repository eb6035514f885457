// `make soak MINUTES=n`: the program, a real kube-apiserver and the sandbox clouds, with faults and edits all the time; then quiet,
// and a look at what is left: converged, nothing twice, no growth of memory, handles or sockets. Exits 1 when a check fails.
import { world } from "../test/faults/people.ts";
import { isReady, persona, Scene, user } from "../test/faults/scene.ts";

const minutes = Number(process.argv[2] ?? 10);
const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 1e6));
if (!(minutes > 0)) throw new Error("soak: MINUTES must be a number above 0");
const PEOPLE = 20;
/** How much resident memory may grow at the end, MB: heap that V8 has not given back yet. */
const GROWTH_MB = 40;
const SPARE_HANDLES = 15;

let state = seed;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const pick = (list) => list[Math.floor(random() * list.length)];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

console.log(`soak: ${minutes} minute(s), SOAK_SEED=${seed}`);
const scene = await Scene.open(world(PEOPLE));
scene.start();
const personas = ["administrators", "agents"];
const names = Array.from({ length: PEOPLE }, (_, index) => `user${index}`);
const of = new Map(names.map((name) => [name, "agents"]));
const pages = ["AdminConsole", "ContactControlPanel", "AgentWorkspace", "MetricsAndQuality"];
const specs = new Map(personas.map((name) => [name, {}]));
const manifests = () => [
  ...personas.map((name) => persona(name, specs.get(name))),
  ...[...of].map(([name, team]) => user(name, team)),
];
await scene.apply(...manifests());
await scene.ready(personas.length + names.length);

const clouds = ["*", "graph:*", "iam:*", "connect:*"];
const kinds = [
  "throttle",
  "internal",
  "unavailable",
  "unauthorized",
  "cut",
  "lostAnswer",
  "malformed",
  "truncated",
  "staleRead",
];
/** What happens, each for a few seconds. */
const troubles = {
  "cloud fault": async () => {
    const fault = { match: pick(clouds), kind: pick(kinds), probability: pick([0.1, 0.5, 1]) };
    scene.sandbox.faults.add(fault);
    await sleep(3_000);
    scene.sandbox.faults.clear();
  },
  "wire reset": () => scene.wire.reset(),
  "wire refuses": async () => {
    scene.wire.mode = "refuse";
    scene.wire.reset();
    await sleep(3_000);
    scene.wire.mode = "pass";
  },
  "kill -9": async () => {
    await scene.end("SIGKILL");
    scene.start();
  },
  "kill -9 at a write": async () => {
    await scene.apply(persona("agents", { ...specs.get("agents"), landingPage: pick(pages) }));
    await scene.killAtWrite(1 + Math.floor(random() * 3), 5_000);
    if (scene.pid === undefined) scene.start();
  },
  compaction: () => scene.api.compact(),
};
const edits = {
  "landing page": async () => {
    const name = pick(personas);
    specs.set(name, { ...specs.get(name), landingPage: pick(pages) });
    await scene.apply(persona(name, specs.get(name)));
  },
  move: async () => {
    const name = pick(names);
    of.set(name, pick(personas));
    await scene.apply(user(name, of.get(name)));
  },
  "remove and add": async () => {
    const name = pick(names);
    await scene.api.kubectl(["delete", "connectuser", name, "-n", "team", "--timeout=120s"]);
    await scene.apply(user(name, of.get(name)));
  },
};

const started = Date.now();
const end = started + minutes * 60_000;
const samples = [];
let nextLine = started + 60_000;
let happened = 0;
while (Date.now() < end) {
  const trouble = random() < 0.6 ? pick(Object.keys(troubles)) : undefined;
  const edit = pick(Object.keys(edits));
  await edits[edit]().catch((error) => console.log(`  ${edit}: ${String(error.message).split("\n")[0]}`));
  if (trouble) await troubles[trouble]();
  happened++;
  await sleep(1_000);
  if (Date.now() < nextLine) continue;
  nextLine += 60_000;
  // Faults are over; how long until everything is as declared again?
  const since = Date.now();
  await scene.apply(...manifests());
  await scene.ready(personas.length + names.length);
  const usage = scene.usage();
  samples.push({ ...usage, pid: scene.pid });
  console.log(
    `${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${happened} events  converged after ${((Date.now() - since) / 1000).toFixed(1)} s  ` +
      `rss ${usage.rss.toFixed(0)} MB  handles ${usage.handles}  sockets ${usage.sockets}`,
  );
}

const failures = [];
const check = (what, good) => {
  console.log(`${good ? "ok  " : "FAIL"} ${what}`);
  if (!good) failures.push(what);
};
await scene.apply(...manifests());
await scene.ready(personas.length + names.length).then(
  () => check("everything is Ready after the faults", true),
  (error) => check(`everything is Ready after the faults: ${error.message}`, false),
);
// One process that lives through edits without faults: it must come to rest at what it had.
await scene.end("SIGTERM");
scene.start();
await scene.ready(personas.length + names.length);
/** The first time warms up code and caches; what the same edits cost the second time is growth. */
const usageAfterEdits = async () => {
  for (let round = 0; round < 30; round++) {
    await edits["landing page"]();
    await edits.move();
    if (round % 5 === 0) scene.wire.reset();
    await sleep(500);
  }
  await scene.ready(personas.length + names.length);
  await sleep(15_000);
  return scene.usage();
};
const first = await usageAfterEdits();
const last = await usageAfterEdits();
console.log(`      before ${JSON.stringify(first)}\n      after  ${JSON.stringify(last)}`);
check(`resident memory grew by less than ${GROWTH_MB} MB`, last.rss - first.rss < GROWTH_MB);
check("handles did not grow", last.handles - first.handles <= SPARE_HANDLES);
check("sockets did not grow", last.sockets - first.sockets <= SPARE_HANDLES);
check(`one application for each persona (${scene.made.applications})`, scene.made.applications === personas.length);
check(`one role for each persona (${scene.made.roles})`, scene.made.roles === personas.length);
check(`one certificate for each persona (${scene.made.certificates})`, scene.made.certificates === personas.length);
check("the program never ended by itself", scene.deaths.length === 0);
for (const death of scene.deaths) console.log(death);
check("everything is Ready", (await scene.objects()).every(isReady));
await scene.close();
process.exit(failures.length > 0 ? 1 : 0);
