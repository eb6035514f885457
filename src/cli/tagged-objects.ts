/**
 * What the clouds hold under owner tags, of any cluster name, found without a memory of what was declared. Reads only; looks where the
 * given personas live.
 */
import { type ConnectSsoPersona, PERSONA, USER } from "../api/resources.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { AWS_TEMPLATE, ownerOfTags } from "../persona/find-application.ts";
import type { Clouds } from "../providers/clouds.ts";
import { PERSON_TAG } from "../user/tags.ts";

export interface Tagged {
  kind: typeof PERSONA | typeof USER;
  /** First part of the owner tag. */
  cluster: string;
  namespace: string;
  name: string;
  /** The cloud object that carries the tag, for a person. */
  object: string;
  /** Object id in Entra of a Connect user's person. */
  person?: string;
}

interface ReadOptions {
  /** Of shared reads, milliseconds; 0: as the clouds are now. Default: any age. */
  maxAgeMs?: number;
  /** Called with what cannot be read; default: it counts as empty. Throws to end the read. */
  failed?(error: Error): void;
}

export async function taggedObjects(
  personas: readonly ConnectSsoPersona[],
  clouds: Clouds,
  { maxAgeMs, failed = () => {} }: ReadOptions = {},
): Promise<Tagged[]> {
  const call = maxAgeMs === undefined ? {} : { maxAgeMs };
  const found = new Map<string, Tagged>();
  const note = (kind: Tagged["kind"], owner: string | undefined, object: string, person?: string) => {
    const [cluster, namespace, name, more] = owner?.split("/") ?? [];
    if (cluster && namespace && name && more === undefined)
      found.set(`${kind} ${owner} ${object}`, {
        ...{ kind, cluster, namespace, name, object },
        ...(person ? { person } : {}),
      });
  };
  const skip = (error: Error) => {
    failed(error);
    return undefined;
  };
  for (const { spec, metadata } of placesOf(personas)) {
    const graph = await clouds.graph(spec.application.tenantId, metadata.namespace).catch(skip);
    const applications = await graph?.findApplications({ templateId: AWS_TEMPLATE }).catch(skip);
    for (const { tags, displayName } of applications ?? [])
      note(PERSONA, ownerOfTags(tags), `application ${displayName}`);
    const aws = await clouds.aws(spec.instanceArn, metadata.namespace).catch(skip);
    const users = await aws?.account.instance(spec.instanceArn).users(call).catch(skip);
    for (const { tags, username } of users ?? [])
      note(USER, tags[OWNER_TAG], `Connect user ${username}`, tags[PERSON_TAG]);
  }
  return [...found.values()].sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));
}

export const keyOf = ({ kind, namespace, name }: { kind: string; namespace: string; name: string }) =>
  `${kind}/${namespace}/${name}`;

export const keyOfResource = ({ kind, metadata }: { kind: string; metadata: { namespace: string; name: string } }) =>
  keyOf({ kind, ...metadata });

/** One persona for each tenant and instance. */
function placesOf(personas: readonly ConnectSsoPersona[]) {
  return new Map(
    personas.map((one) => [`${one.spec.application.tenantId ?? ""} ${one.spec.instanceArn}`, one]),
  ).values();
}
