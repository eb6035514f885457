/** What every user's reconcile begins with is read while the API server is still listing the users: on a leader and on a standby alike. */
import type { ConnectSsoPersona } from "../api/resources.ts";
import type { Clouds } from "../providers/clouds.ts";

/** Returns at once. What fails here fails again in a reconcile, which says so. */
export function warmUp(clouds: Clouds, personas: readonly ConnectSsoPersona[], maxAgeMs: number): void {
  for (const persona of personas)
    if (!persona.spec.suspend && !persona.metadata.deletionTimestamp)
      read(clouds, persona, maxAgeMs).catch(() => undefined);
}

async function read(clouds: Clouds, { metadata, spec, status }: ConnectSsoPersona, maxAgeMs: number): Promise<void> {
  const call = { priority: "sweep" as const, maxAgeMs };
  const [{ account }, graph] = await Promise.all([
    clouds.aws(spec.instanceArn, metadata.namespace),
    clouds.graph(spec.application.tenantId, metadata.namespace),
  ]);
  await Promise.all([
    account.instance(spec.instanceArn).users(call),
    status?.servicePrincipalId && graph.groupAssignments(status.servicePrincipalId, call),
  ]);
}
