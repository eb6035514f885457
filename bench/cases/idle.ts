/** An hour in which nothing changes, thirty times as fast: six polls, one every 20 s instead of every 10 min. */
import type { Metrics } from "../lib/program.ts";
import type { Result } from "../lib/results.ts";
import { UNLIMITED } from "../lib/sandbox.ts";
import type { Scene } from "../lib/scene.ts";
import { sleep } from "../lib/wait.ts";

const POLLS = 6;
const POLL_SECONDS = 20;
const WHAT = "idle hour at 10,000";

export async function idle(scene: Scene): Promise<Result[]> {
  await scene.sandbox.behave({ latencyMs: 0, quotas: UNLIMITED });
  const controller = await scene.controller([...scene.boundless, "--poll-interval", `${POLL_SECONDS}s`]);
  try {
    await controller.untilReconciled(scene.users, 120_000);
    await sleep(2_000);
    await scene.sandbox.count();
    const versionsBefore = await versions(scene);
    const kubeBefore = kubeWrites((await controller.metrics())!);
    const { cpu } = controller.usage();
    await sleep(POLLS * POLL_SECONDS * 1000);
    const usage = controller.usage();
    const kube = kubeWrites((await controller.metrics())!) - kubeBefore;
    const { calls, writes } = await scene.sandbox.count();
    let moved = 0;
    for (const [name, version] of await versions(scene)) if (versionsBefore.get(name) !== version) moved++;
    const total = Object.values(calls).reduce((sum, count) => sum + count, 0);
    const told = Object.entries(calls).map(([name, count]) => `${count} ${name}`);
    const memory = `six sweeps; resident at the end ${Math.round(usage.rss)} MB`;
    return [
      { what: `${WHAT}, writes to Kubernetes`, value: Math.max(kube, moved), unit: "", bound: 0 },
      { what: `${WHAT}, writes to the clouds`, value: writes, unit: "", bound: 0 },
      { what: `${WHAT}, calls to the clouds`, value: total, unit: "", note: told.sort().join(", ") },
      { what: `${WHAT}, CPU`, value: usage.cpu - cpu, unit: "s", note: memory },
    ];
  } finally {
    await controller.stop();
  }
}

const kubeWrites = (metrics: Metrics) => metrics.sum("rest_client_requests_total", {}, { method: "GET" });

/** What the API server itself says of every object. */
async function versions(scene: Scene): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { metadata } of scene.list()) found.set(metadata.name, metadata.resourceVersion!);
  return found;
}
