/** Everything that goes wrong during a soak, each for a few seconds. `mend` undoes whatever one of them left. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../../src/sandbox/world.ts";
import type { Spoiling } from "../middleman.ts";
import type { Scene } from "../scene.ts";
import type { Declared, Pick } from "./declared.ts";

const LASTS_MS = 3_000;
const HOUR_MS = 3_600_000;
/** Somewhat longer than a Lease of 15 s. */
const LEASE_MS = 40_000;
/** The program as it runs in production. */
const PRODUCTION = { leaderElect: true } as const;

const CLOUDS = ["*", "graph:*", "login:*", "iam:*", "connect:*"];
const OF_CLOUDS: Record<string, Fault["kind"]> = {
  "clouds: a storm of 429": "throttle",
  "clouds: answer 500": "internal",
  "clouds: expired tokens": "unauthorized",
  "clouds: rights taken away": "denied",
  "clouds: connections cut": "cut",
  "clouds: answers lost": "lostAnswer",
  "clouds: malformed answers": "malformed",
  "clouds: truncated answers": "truncated",
  "clouds: no answer": "timeout",
  "clouds: reads that lag behind": "staleRead",
};
const OF_KUBERNETES: Record<string, Spoiling> = {
  "API server: a storm of 429": 429,
  "API server: answers 500": 500,
  "API server: answers 503": 503,
  "API server: expired token": 401,
  "API server: history expired (410)": "gone",
  "API server: malformed answers": "malformed",
  "API server: truncated answers": "truncated",
  "API server: answers lost": "lostAnswer",
};

export type Troubles = Record<string, () => Promise<void>>;

export function troubles(scene: Scene, declared: Declared, pick: Pick): Troubles {
  const spoil = (how: Spoiling) => async () => {
    scene.middleman.spoil = { how, probability: pick([0.2, 0.6, 1]) };
    // A watch that is open would not meet it.
    scene.wire.reset();
    await sleep(LASTS_MS);
  };
  const strike = (kind: Fault["kind"]) => async () => {
    scene.sandbox.faults.add({ match: pick(CLOUDS), kind, probability: pick([0.2, 0.6, 1]) });
    await sleep(LASTS_MS);
  };
  return {
    ...Object.fromEntries(Object.entries(OF_CLOUDS).map(([name, kind]) => [name, strike(kind)])),
    ...Object.fromEntries(Object.entries(OF_KUBERNETES).map(([name, how]) => [name, spoil(how)])),
    ...ofNetworks(scene, pick),
    ...ofProcesses(scene, declared, pick),
    ...ofLeases(scene),
  };
}

/** Safe at any time, several times over. */
export async function mend(scene: Scene): Promise<void> {
  scene.sandbox.faults.clear();
  scene.sandbox.world.behaviour.quotas = { connect: "unlimited", iam: "unlimited", graph: "unlimited" };
  scene.middleman.spoil = undefined;
  scene.wire.mode = "pass";
  scene.cloudWire.mode = "pass";
  await scene.program?.setResolver(true);
  await scene.program?.setClockError(0);
}

function ofNetworks(scene: Scene, pick: Pick): Troubles {
  const wires = () => pick([scene.wire, scene.cloudWire]);
  return {
    "connections reset": async () => wires().reset(),
    "connections refused": async () => {
      const wire = wires();
      wire.mode = "refuse";
      wire.reset();
      await sleep(LASTS_MS);
    },
    "half-open connections to the clouds": async () => scene.cloudWire.strand(),
    "half-open watches": async () => scene.wire.strand(),
    "API server: bytes garbled on the way": async () => {
      scene.wire.mode = "garble";
      await sleep(LASTS_MS);
      scene.wire.mode = "pass";
      scene.wire.reset();
    },
    "DNS failure": async () => {
      await scene.program!.setResolver(false);
      // Connections that are open need no name.
      scene.cloudWire.reset();
      await sleep(LASTS_MS);
    },
    "clouds: a region down for an hour": async () => {
      scene.sandbox.faults.add({ match: "connect:*", kind: "unavailable" });
      await sleep(2 * LASTS_MS);
      scene.sandbox.clock.advance(HOUR_MS);
      await sleep(2 * LASTS_MS);
    },
    "clouds: quotas at zero": async () => {
      const none = { rate: 0, burst: 1 };
      scene.sandbox.world.behaviour.quotas = { connect: none, iam: none, graph: none };
      await sleep(LASTS_MS);
    },
    "API server: restarted": () => scene.api.restart(),
    "etcd compacted while nobody could watch": async () => {
      scene.wire.mode = "refuse";
      scene.wire.reset();
      await sleep(LASTS_MS);
      await scene.api.compact();
    },
  };
}

function ofProcesses(scene: Scene, declared: Declared, pick: Pick): Troubles {
  const killAt = (of: "write" | "call") => async () => {
    const hit = scene.killAt(pick([1, 2, 3, 4, 5]), 5_000, of);
    // Something to do, so that there are calls.
    await declared.changePage().catch(() => {});
    await declared.moveUser().catch(() => {});
    if (!(await hit)) await scene.end("SIGKILL");
    scene.start(PRODUCTION);
  };
  return {
    "kill -9": async () => {
      await scene.end("SIGKILL");
      scene.start(PRODUCTION);
    },
    "kill -9 at a write": killAt("write"),
    "kill -9 at any call": killAt("call"),
    "stopped and started": async () => {
      await scene.end("SIGTERM");
      scene.start(PRODUCTION);
    },
    "disk full under its log": async () => {
      await scene.end("SIGTERM");
      scene.start({ ...PRODUCTION, log: "full" });
    },
    "wall clock jumps": async () => {
      await scene.program!.setClockError(pick([-5, -0.3, 0.3, 5]) * HOUR_MS);
      await sleep(2 * LASTS_MS);
    },
  };
}

/** Here the program ends by itself, as it must; Kubernetes starts it again. */
function ofLeases(scene: Scene): Troubles {
  /** It ended with code 1, and not because somebody killed it. */
  const lost = async (program: NonNullable<Scene["program"]>, what: string) => {
    const end = await Promise.race([program.ended, sleep(LEASE_MS, "it goes on")]);
    if (end !== "exit code 1") scene.deaths.push(`${what}: ${end}`);
    program.kill("SIGKILL");
  };
  return {
    "lease stolen": async () => {
      const program = scene.program!;
      if (!(await scene.leads(program, LEASE_MS))) return;
      scene.take(undefined);
      await scene.stealLease();
      await lost(program, "its lease was stolen");
      scene.start(PRODUCTION);
    },
    "frozen until another leads: two leaders for a moment": async () => {
      const first = scene.program!;
      if (!(await scene.leads(first, LEASE_MS))) return;
      const second = scene.launch(PRODUCTION);
      first.kill("SIGSTOP");
      scene.take(second);
      await scene.leads(second, LEASE_MS);
      first.kill("SIGCONT");
      await lost(first, "it woke up when another led");
    },
  };
}
