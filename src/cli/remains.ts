/** What of declared objects is in the clouds, by owner tags and role assignments: before a deletion, and after it. Reads only. */
import { type ConnectSsoPersona, type ConnectUser, PERSONA } from "../api/resources.ts";
import { OWNER_TAG, ownerOf } from "../domain/ownership.ts";
import type { CloudSession } from "./cloud-session.ts";
import type { Resource } from "./declared-objects.ts";
import { keyOf, keyOfResource, type Tagged, taggedObjects } from "./tagged-objects.ts";

export interface Remains {
  /** Cloud objects under this cluster name, such as "Connect user jane@example.com". */
  tagged: Tagged[];
  /** The same under other cluster names. */
  others: Tagged[];
  /** The person holds a role of the persona's application. */
  assigned: boolean;
}

/** By `Kind/namespace/name`. `personas` are all that are known, also those that stay. Throws when a cloud cannot be read. */
export async function remainsOf(
  resources: readonly Resource[],
  personas: readonly ConnectSsoPersona[],
  session: CloudSession,
): Promise<Map<string, Remains>> {
  const failed = (error: Error) => {
    throw error;
  };
  const all = await taggedObjects(personas, session.clouds, { maxAgeMs: 0, failed });
  const assigned = await assignedUsers(
    resources.filter((one): one is ConnectUser => one.kind !== PERSONA),
    personas,
    session,
  );
  return new Map(
    resources.map((one) => {
      const key = keyOfResource(one);
      const mine = all.filter((tagged) => keyOf(tagged) === key);
      return [
        key,
        {
          tagged: mine.filter(({ cluster }) => cluster === session.cluster),
          others: mine.filter(({ cluster }) => cluster !== session.cluster),
          assigned: assigned.has(key),
        },
      ];
    }),
  );
}

/** Keys of users who hold a role of their persona's application, itself owned under this cluster name. */
async function assignedUsers(
  users: readonly ConnectUser[],
  personas: readonly ConnectSsoPersona[],
  session: CloudSession,
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { metadata, spec } of personas) {
    const mine = users.filter(
      (user) => user.metadata.namespace === metadata.namespace && user.spec.personaRef.name === metadata.name,
    );
    if (mine.length === 0) continue;
    const { tenantId } = spec.application;
    const holders = new Set(await holdersOf(metadata, tenantId, session));
    if (holders.size === 0) continue;
    const graph = await session.clouds.graph(tenantId, metadata.namespace);
    for (const user of mine) {
      const { objectId, userPrincipalName } = user.spec.entraUser;
      const id = objectId ?? (await graph.user({ userPrincipalName: userPrincipalName! }))?.id;
      if (id && holders.has(id)) found.add(keyOfResource(user));
    }
  }
  return found;
}

/** Object ids of those who hold a role of a persona's application, itself owned under this cluster name. */
export async function holdersOf(
  { namespace, name }: { namespace: string; name: string },
  tenantId: string | undefined,
  { clouds, cluster }: CloudSession,
): Promise<string[]> {
  const graph = await clouds.graph(tenantId, namespace);
  const [application] = await graph.findApplications({ tag: `${OWNER_TAG}:${ownerOf(cluster, namespace, name)}` });
  const principal = application && (await graph.findServicePrincipal(application.appId));
  const all = principal ? await graph.assignments(principal.id, { maxAgeMs: 0 }) : [];
  return all.map(({ principalId }) => principalId);
}
