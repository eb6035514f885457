/**
 * Changes of people in Entra wake the users that they concern: a disabled account loses its access without waiting for the poll. One call a
 * tenant and interval, whatever its size; the cache that reconciles read learns from the same answer.
 */
import { type ConnectSsoPersona, type ConnectUser, INDEX, PERSONA, USER } from "../api/resources.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { Graph, PersonChange } from "../providers/graph/types.ts";
import type { Logger } from "../runtime/logger.ts";
import type { ObjectRef, ObjectStore } from "../runtime/port.ts";

export interface DirectoryWatch {
  clouds: Clouds;
  store: ObjectStore;
  /** Milliseconds between two readings. */
  intervalMs: number;
  log: Pick<Logger, "error">;
  wake(ref: ObjectRef): void;
}

/** Reads at once, so that what changes from now on is known, and then in every interval. */
export function watchDirectory(watch: DirectoryWatch): { close(): void } {
  const tokens = new Map<string, string>();
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const round = async () => {
    for (const graph of await tenantsOf(watch)) {
      if (isClosed) return;
      try {
        const { changes, token } = await graph.userChanges(tokens.get(graph.tenantId), { priority: "person" });
        tokens.set(graph.tenantId, token);
        // After a token that expired nothing is known; the poll looks at everybody.
        for (const change of changes) wakeUsers(change, watch);
      } catch (error) {
        watch.log.error({ err: error, tenant: graph.tenantId }, "changes of people could not be read");
      }
    }
  };
  const next = () => {
    if (isClosed) return;
    timer = setTimeout(() => void round().finally(next), watch.intervalMs);
    timer.unref();
  };
  void round().finally(next);
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** Those that a persona names and its namespace may use, each once. */
async function tenantsOf({ store, clouds }: DirectoryWatch): Promise<Graph[]> {
  const found = new Map<string, Graph>();
  for (const { metadata, spec } of store.list<ConnectSsoPersona>(PERSONA)) {
    if (spec.suspend || metadata.deletionTimestamp) continue;
    const graph = await clouds.graph(spec.application.tenantId, metadata.namespace).catch(() => undefined);
    if (graph) found.set(graph.tenantId, graph);
  }
  return [...found.values()];
}

function wakeUsers({ id, person }: PersonChange, { store, wake }: DirectoryWatch): void {
  const names = new Set([id.toLowerCase(), ...(person ? [person.userPrincipalName.toLowerCase()] : [])]);
  for (const value of names)
    for (const { metadata } of store.list<ConnectUser>(USER, { index: INDEX.userByEntraUser, value }))
      wake({ kind: USER, namespace: metadata.namespace, name: metadata.name });
}
