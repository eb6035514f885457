/** What a person changes while sweeps go on, to its update in Connect. */
import { NAMESPACE, nameOf, personaOf, upnOf } from "../lib/people.ts";
import type { Result } from "../lib/results.ts";
import { DEFAULT_QUOTAS } from "../lib/sandbox.ts";
import { type Scene, USERS } from "../lib/scene.ts";
import { quantile } from "../lib/statistics.ts";
import { sleep } from "../lib/wait.ts";
import { LATENCY_MS } from "./sweep.ts";

/** A second; two operations share them, so that Amazon's two a second for each are not what is measured. */
const CHANGES_PER_SECOND = 2;
const CHANGES = 120;

export async function change(scene: Scene): Promise<Result[]> {
  await scene.sandbox.behave({ latencyMs: LATENCY_MS, quotas: DEFAULT_QUOTAS });
  // Sweeps follow each other so closely that one is always under way.
  const controller = await scene.controller(["--poll-interval", "20s"]);
  try {
    await controller.untilReconciled(scene.users, 180_000);
    await scene.sandbox.writes();
    const applied = new Map<string, number>();
    for (let one = 1; one <= CHANGES; one++) {
      const next = sleep(1000 / CHANGES_PER_SECOND);
      const index = one * 7;
      applied.set(upnOf(index), Date.now());
      await applyChange(scene, index, one);
      await next;
    }
    await sleep(10_000);
    const times = await durations(scene, applied);
    if (times.length < CHANGES) throw new Error(`${times.length} of ${CHANGES} changes arrived in Connect`);
    const half = Math.round(quantile(times, 0.5));
    return [
      {
        what: "one user changed during a sweep, to its Connect update answered, p99",
        value: quantile(times, 0.99),
        unit: "ms",
        bound: 1000,
        strict: true,
        note: `${times.length} changes, half of them within ${half} ms; 50 ms of it for each call on the way`,
      },
    ];
  } finally {
    await controller.stop();
  }
}

/** Milliseconds from each change to its update. */
async function durations(scene: Scene, applied: Map<string, number>): Promise<number[]> {
  const updated = new Map<string, number>();
  for (const { operation, path, at } of await scene.sandbox.writes())
    if (operation.startsWith("UpdateUser")) updated.set(path.split("/")[3]!, at);
  const times: number[] = [];
  for await (const { status } of scene.list()) {
    const { username, connectUserId } = (status ?? {}) as { username?: string; connectUserId?: string };
    const since = applied.get(username ?? "");
    const at = updated.get(connectUserId ?? "");
    if (since !== undefined && at !== undefined) times.push(at - since);
  }
  return times;
}

/** What `kubectl apply --server-side` sends. */
async function applyChange(scene: Scene, index: number, one: number): Promise<void> {
  const changed =
    one % 2 === 0
      ? { contactHandling: { voice: { afterContactWorkSeconds: 60 + one } } }
      : { hierarchyGroup: ["Dublin", `Team ${one % 20}`] };
  const name = nameOf(index);
  const body = {
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUser",
    metadata: { name, namespace: NAMESPACE },
    spec: { personaRef: { name: personaOf(index) }, entraUser: { userPrincipalName: upnOf(index) }, ...changed },
  };
  const query = { fieldManager: "kubectl", force: true };
  await scene.client.patch(USERS, NAMESPACE, name, { type: "apply", body }, { query });
}
