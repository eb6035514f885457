/**
 * Whether the program grows: the same work again and again in one process, and what is left after each round once everything that can
 * be collected was. The first round is warm-up: it compiles code and fills caches.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Memory } from "../program.ts";
import type { Scene } from "../scene.ts";
import type { Declared } from "./declared.ts";
import { settle } from "./settle.ts";

const ROUNDS = 4;
const EDITS = 150;
const EDIT_EVERY_MS = 100;
/** Without edits, before each look: sockets and timers of the work are gone by then. */
const REST_MS = 12_000;
/**
 * Code that V8 compiles late comes to some 0.3 MB a round. A leak of 5 kB for each edit would be 2.2 MB over three rounds.
 */
const MOST = { heapMb: 1.5, residentMb: 25, handles: 6, sockets: 6 };

interface Look {
  memory: Memory;
  rss: number;
  handles: number;
  sockets: number;
}

interface Check {
  what: string;
  good: boolean;
  why?: string;
}

/** One line for each check, with its numbers. */
export async function measureGrowth(scene: Scene, declared: Declared): Promise<Check[]> {
  await scene.end("SIGTERM");
  scene.start({ leaderElect: true });
  const looks: Look[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await work(scene, declared);
      looks.push(await look(scene));
    }
  } catch (error) {
    return [{ what: "the same work again and again", good: false, why: (error as Error).message }];
  }
  const [first, ...later] = looks as [Look, ...Look[]];
  const last = later.at(-1)!;
  const edits = EDITS * later.length;
  const grown = (name: string, of: (look: Look) => number, most: number, unit = "") => {
    const all = looks.map((one) => of(one).toFixed(unit ? 1 : 0)).join(" → ");
    const growth = of(last) - of(first);
    return { what: `${name}: ${all}${unit} over ${edits} edits (at most +${most}${unit})`, good: growth <= most };
  };
  const { heapMb, residentMb, handles, sockets } = MOST;
  const mb = (bytes: number) => bytes / 1e6;
  return [
    grown("used heap after a collection", ({ memory }) => mb(memory.heapUsed), heapMb, " MB"),
    grown("memory outside the heap", ({ memory }) => mb(memory.external), heapMb, " MB"),
    grown("resident memory", ({ rss }) => rss, residentMb, " MB"),
    grown("open handles", (one) => one.handles, handles),
    grown("open sockets", (one) => one.sockets, sockets),
  ];
}

/** Edits of every kind, names that are never seen again, cut connections, refused calls, scrapes. */
async function work(scene: Scene, declared: Declared): Promise<void> {
  for (let edit = 0; edit < EDITS; edit++) {
    if (edit % 30 === 7) await declared.renameUser();
    else if (edit % 30 === 15) await declared.comeOrGo();
    else await (edit % 2 ? declared.moveUser() : declared.changePage());
    if (edit % 50 === 20) scene.wire.reset();
    if (edit % 50 === 40) scene.cloudWire.reset();
    if (edit % 25 === 10) scene.sandbox.faults.add({ match: "*", kind: "internal", probability: 0.3, count: 20 });
    if (edit % 25 === 20) await scene.program!.metrics();
    await sleep(EDIT_EVERY_MS);
  }
  scene.sandbox.faults.clear();
  await settle(scene, declared);
}

/** Sockets come and go with each poll: the fewest of some looks are those that stay. */
async function look(scene: Scene): Promise<Look> {
  await sleep(REST_MS);
  const memory = await scene.program!.memory();
  const usages: Omit<Look, "memory">[] = [];
  for (let time = 0; time < 6; time++) {
    usages.push(scene.program!.usage());
    await sleep(500);
  }
  const least = (of: (usage: Omit<Look, "memory">) => number) => Math.min(...usages.map(of));
  return {
    memory,
    rss: least(({ rss }) => rss),
    handles: least(({ handles }) => handles),
    sockets: least(({ sockets }) => sockets),
  };
}
