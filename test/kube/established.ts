/** Waits until an API server serves every custom resource definition that was applied to it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiServer } from "./apiserver.ts";

interface Definition {
  metadata: { name: string };
  status?: { conditions?: { type: string; status: string }[] };
}

/** Not `kubectl wait`: that fails on a definition which has no conditions yet. Rejects after 30 s with the names that are missing. */
export async function established({ kubectl }: Pick<ApiServer, "kubectl">): Promise<void> {
  const until = Date.now() + 30_000;
  for (;;) {
    const { items } = JSON.parse(await kubectl(["get", "crd", "-o", "json"])) as { items: Definition[] };
    const missing = items.filter(
      ({ status }) => !status?.conditions?.some(({ type, status }) => type === "Established" && status === "True"),
    );
    if (missing.length === 0) return;
    if (Date.now() > until)
      throw new Error(`not established: ${missing.map(({ metadata }) => metadata.name).join(", ")}`);
    await sleep(100);
  }
}
