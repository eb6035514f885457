/** Import and start-up of the program: from its start until it is alive and has loaded everything, with no cluster to be reached. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Controller, type Usage } from "../lib/program.ts";
import type { Result } from "../lib/results.ts";
import { median } from "../lib/statistics.ts";
import { sleep, until } from "../lib/wait.ts";

export const START_RUNS = 7;
const TENANT = { AZURE_TENANT_ID: "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071" };

export async function startup(): Promise<Result[]> {
  const { ms, peak, cpu } = await measureStart();
  const note = `median of ${START_RUNS}`;
  return [
    {
      what: "start-up, until alive and all is loaded, without a cluster",
      value: ms,
      unit: "ms",
      bound: 500,
      strict: true,
      note,
    },
    {
      what: "start-up, resident memory",
      value: peak,
      unit: "MB",
      bound: 110,
      strict: true,
      note: "at its highest",
    },
    { what: "start-up, CPU", value: cpu, unit: "s" },
  ];
}

/** Medians of several starts of one program: until all is loaded (ms), memory at its highest (MB), CPU (s). */
export async function measureStart(program?: string): Promise<{ ms: number; peak: number; cpu: number }> {
  const folder = mkdtempSync(join(tmpdir(), "connect-sso-bench-"));
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, JSON.stringify(NOWHERE));
  const times: number[] = [];
  const usages: Usage[] = [];
  try {
    for (let run = 0; run < START_RUNS; run++) {
      const controller = await Controller.start({ kubeconfig, env: TENANT, args: ["--leader-elect"], program });
      await until("start-up", 30_000, () => healthy(controller.healthUrl), 5);
      times.push(controller.elapsed() * 1000);
      // What it still does by itself is part of its start.
      await sleep(500);
      usages.push(controller.usage());
      await controller.stop("SIGKILL");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const of = (key: "peak" | "cpu") => median(usages.map((usage) => usage[key]));
  return { ms: median(times), peak: of("peak"), cpu: of("cpu") };
}

/** A cluster that does not answer. */
const NOWHERE = {
  apiVersion: "v1",
  kind: "Config",
  "current-context": "none",
  clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{ name: "nobody", user: { token: "none" } }],
  contexts: [{ name: "none", context: { cluster: "none", user: "nobody" } }],
};

async function healthy(url: string): Promise<boolean> {
  const response = await fetch(`${url}/healthz`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok ?? false;
}
