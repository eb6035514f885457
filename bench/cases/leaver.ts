/** An account is disabled in Entra: until the role assignment is gone and running sessions have ended, with everybody else around. */
import { objectIdOf, upnOf } from "../lib/people.ts";
import type { Result } from "../lib/results.ts";
import { DEFAULT_QUOTAS } from "../lib/sandbox.ts";
import type { Write } from "../lib/sandbox-process.ts";
import type { Scene } from "../lib/scene.ts";
import { quantile } from "../lib/statistics.ts";
import { sleep, until } from "../lib/wait.ts";
import { LATENCY_MS } from "./sweep.ts";

/** One each second, so that they fall anywhere between two readings of the directory. */
const LEAVERS = 90;
const PATIENCE_MS = 300_000;

export async function leaver(scene: Scene): Promise<Result[]> {
  await scene.sandbox.behave({ latencyMs: LATENCY_MS, quotas: DEFAULT_QUOTAS });
  // Defaults of the program: a poll of ten minutes would come too late.
  const controller = await scene.controller();
  try {
    await controller.untilReconciled(scene.users, 180_000);
    const leavers = Array.from({ length: Math.min(LEAVERS, Math.floor(scene.users / 4)) }, (_, one) => (one + 1) * 3);
    const people = await peopleOf(scene, leavers);
    await scene.sandbox.writes();
    const disabled = new Map<string, number>();
    for (const index of leavers) {
      const next = sleep(1_000);
      disabled.set(upnOf(index), Date.now());
      await scene.sandbox.graph("PATCH", `/users/${objectIdOf(index)}`, { accountEnabled: false });
      await next;
    }
    const writes: Write[] = [];
    const times = await until(
      "everybody gone",
      PATIENCE_MS,
      async () => {
        writes.push(...(await scene.sandbox.writes()));
        return durations(writes, disabled, people);
      },
      1_000,
    );
    return [
      {
        what: "account disabled in Entra, to its role assignment gone and its sessions ended, p95",
        value: quantile(times, 0.95) / 1000,
        unit: "s",
        bound: 60,
        note: `${times.length} people; half of them within ${(quantile(times, 0.5) / 1000).toFixed(0)} s, the slowest ${(quantile(times, 1) / 1000).toFixed(0)} s`,
      },
    ];
  } finally {
    await controller.stop();
  }
}

interface Access {
  connectUserId: string;
  assignmentId: string;
}

/** Milliseconds from each account that was disabled to the later one of the two writes; undefined while one is missing. */
function durations(
  writes: readonly Write[],
  disabled: ReadonlyMap<string, number>,
  people: ReadonlyMap<string, Access>,
): number[] | undefined {
  const ended = new Map(writes.map(({ entityId, at }) => [entityId, at]));
  const unassigned = new Map(
    writes
      .filter(({ operation }) => operation.startsWith("DELETE "))
      .map(({ path, at }) => [path.split("/").at(-1), at]),
  );
  const times: number[] = [];
  for (const [upn, since] of disabled) {
    const { connectUserId, assignmentId } = people.get(upn)!;
    const [session, role] = [ended.get(connectUserId), unassigned.get(assignmentId)];
    if (session === undefined || role === undefined) return undefined;
    times.push(Math.max(session, role) - since);
  }
  return times;
}

/** What they have in both clouds, by user principal name. */
async function peopleOf(scene: Scene, leavers: readonly number[]): Promise<Map<string, Access>> {
  const wanted = new Set(leavers.map(upnOf));
  const found = new Map<string, Access>();
  for await (const { status } of scene.list()) {
    const { username = "", connectUserId = "", appRoleAssignmentId = "" } = (status ?? {}) as Record<string, string>;
    if (wanted.has(username)) found.set(username, { connectUserId, assignmentId: appRoleAssignmentId });
  }
  if (found.size < wanted.size) throw new Error(`${found.size} of ${wanted.size} leavers were found`);
  return found;
}
