/** Whether what another persona declares counts: the settings file must let its namespace act in its account and tenant. */
import type { ConnectSsoPersona } from "../api/resources.ts";
import { failureOf, isStalled } from "../engine/errors.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { CallOptions } from "../providers/errors.ts";

export async function isAdmitted(
  { metadata: { namespace }, spec }: ConnectSsoPersona,
  clouds: Pick<Clouds, "aws" | "graph">,
  call: CallOptions,
): Promise<boolean> {
  try {
    call.signal?.throwIfAborted();
    await Promise.all([clouds.aws(spec.instanceArn, namespace), clouds.graph(spec.application.tenantId, namespace)]);
    return true;
  } catch (error) {
    if (isStalled(failureOf(error))) return false;
    throw error;
  }
}
