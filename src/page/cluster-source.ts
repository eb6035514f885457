/** The page over a cluster: caches that a watch keeps, with the rights of the kubeconfig or of the page's own service account. */
import {
  API_VERSION,
  type ConnectSsoPersona,
  type ConnectUser,
  type ConnectUserSet,
  GROUP,
  PERSONA,
  RESOURCES,
  SET,
  USER,
  VERSION,
} from "../api/resources.ts";
import { ObjectCache } from "../runtime/cache.ts";
import type { KubeClient, Resource } from "../runtime/client.ts";
import { KubeApiError } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import type { KubeObject } from "../runtime/port.ts";
import { Watcher } from "../runtime/watcher.ts";
import type { Happening, Objects, Source } from "./source.ts";

const KINDS = { personas: RESOURCES[PERSONA], users: RESOURCES[USER], sets: RESOURCES[SET] };
const EVENTS: Resource = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };
/** Newest events that are shown. */
const MOST_EVENTS = 200;

interface Event extends KubeObject {
  regarding?: { apiVersion?: string; kind?: string; namespace?: string; name?: string };
  reason?: string;
  note?: string;
  type?: string;
  eventTime?: string;
  series?: { lastObservedTime?: string };
  deprecatedLastTimestamp?: string;
}

interface ClusterSourceOptions {
  client: KubeClient;
  /** All when absent. */
  namespace?: string;
  /** Whether events are read; they need a right of their own. */
  events: boolean;
  explain?: (user: ConnectUser, objects: Objects) => ReturnType<NonNullable<Source["explain"]>>;
  log: Logger;
  close(): Promise<void>;
}

/** Resolves when everything was listed once. Throws what the first list throws, so that a refusal shows at the start. */
export async function openCluster(options: ClusterSourceOptions): Promise<Source> {
  const { client, namespace, log, explain } = options;
  const caches = {} as Record<keyof typeof KINDS, ObjectCache>;
  const watchers: Watcher[] = [];
  for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
    const resource = KINDS[kind];
    await client.transport.request(
      "GET",
      `/apis/${GROUP}/${VERSION}/${namespace ? `namespaces/${namespace}/` : ""}${resource.plural}`,
      { query: { limit: 1 } },
    );
    caches[kind] = new ObjectCache({ group: GROUP, onChange: () => {} });
    watchers.push(await watch({ client, resource, cache: caches[kind], log, ...(namespace ? { namespace } : {}) }));
  }
  const objects = async () => ({
    personas: caches.personas.list() as ConnectSsoPersona[],
    users: caches.users.list() as ConnectUser[],
    sets: caches.sets.list() as ConnectUserSet[],
  });
  return {
    place: namespace ? `Namespace ${namespace}` : "All namespaces of the cluster",
    objects,
    seenAt: () => Date.now(),
    ...(explain ? { explain: async (user) => explain(user, await objects()) } : {}),
    ...(options.events ? { happenings: () => happenings(client, namespace) } : {}),
    async close() {
      await Promise.all(watchers.map((watcher) => watcher.stop()));
      await options.close();
    },
  };
}

function watch(options: ConstructorParameters<typeof Watcher>[0]): Promise<Watcher> {
  return new Promise((resolve) => {
    const watcher: Watcher = new Watcher({ ...options, onSynced: () => resolve(watcher) });
    watcher.start();
  });
}

/** Of our kinds alone, as the API server selects them: events of others are neither read nor transferred. */
async function happenings(client: KubeClient, namespace: string | undefined): Promise<Happening[] | undefined> {
  const found: Happening[] = [];
  try {
    const fieldSelector = `regarding.apiVersion=${API_VERSION}`;
    for await (const page of client.list(EVENTS, { fieldSelector, ...(namespace ? { namespace } : {}) }))
      for (const event of page as Event[]) {
        const { regarding, reason, note, type, series, eventTime, deprecatedLastTimestamp } = event;
        if (regarding?.apiVersion !== API_VERSION || !regarding.kind || !regarding.name) continue;
        found.push({
          kind: regarding.kind,
          namespace: regarding.namespace ?? "",
          name: regarding.name,
          reason: reason ?? "",
          text: note ?? "",
          warning: type === "Warning",
          time: series?.lastObservedTime ?? eventTime ?? deprecatedLastTimestamp ?? "",
        });
      }
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 403) return undefined;
    throw error;
  }
  return found.sort((a, b) => Date.parse(b.time) - Date.parse(a.time)).slice(0, MOST_EVENTS);
}
