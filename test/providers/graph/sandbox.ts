/** The provider over HTTP against the sandbox, and the same sandbox by plain requests. */
import { createTenant } from "../../../src/providers/graph/tenant.ts";
import type { Graph as Provider } from "../../../src/providers/graph/types.ts";
import type { WorldInput } from "../../../src/sandbox/world.ts";
import { type Graph, startGraph, TENANT } from "../../sandbox/graph-support.ts";
import { clientOf } from "./server.ts";

export { AWS_TEMPLATE, type Json, TENANT } from "../../sandbox/graph-support.ts";

export interface Scene {
  /** What is tested. */
  graph: Provider;
  /** Plain requests: what an administrator or another program does. */
  plain: Graph;
}

export async function withSandbox<T>(world: WorldInput, use: (scene: Scene) => Promise<T>): Promise<T> {
  const plain = await startGraph(world);
  try {
    const token = async () => plain.sandbox.env.CONNECT_SSO_GRAPH_TOKEN!;
    const client = clientOf(`${plain.sandbox.url}/graph`, { token });
    const graph = createTenant({ tenantId: TENANT, client, token, loginUrl: `${plain.sandbox.url}/login` });
    return await use({ graph, plain });
  } finally {
    await plain.sandbox.close();
  }
}
