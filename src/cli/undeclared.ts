/**
 * What the clouds hold under our owner tags and nothing declares any more, found without a memory of what once was declared. It is only
 * told: whether it may go, and how much of it, its deletionPolicy said, and that went with the manifest (`connect-sso delete`).
 */
import { PERSONA, USER } from "../api/resources.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { AWS_TEMPLATE, ownerOfTags } from "../persona/find-application.ts";
import type { CloudSession } from "./cloud-session.ts";
import type { Declared } from "./declared-objects.ts";

export interface Undeclared {
  kind: string;
  namespace: string;
  name: string;
  /** The cloud object by which it was noticed. */
  object: string;
}

/** Looks where the declared personas live, and for their namespaces only: another folder may use the same name for others. */
export async function findUndeclared(declared: Declared, { clouds, cluster }: CloudSession): Promise<Undeclared[]> {
  const all = [...declared.personas(), ...declared.users()];
  const known = new Set(all.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`));
  const namespaces = new Set(all.map(({ metadata }) => metadata.namespace));
  const found = new Map<string, Undeclared>();
  const note = (kind: string, owner: string | undefined, object: string) => {
    const [first, namespace, name, more] = owner?.split("/") ?? [];
    if (first !== cluster || !namespace || !name || more !== undefined || !namespaces.has(namespace)) return;
    const key = `${kind}/${namespace}/${name}`;
    if (!known.has(key)) found.set(key, { kind, namespace, name, object });
  };
  for (const { spec, metadata } of distinctPlaces(declared)) {
    // A place that cannot be read is told by the plan of its persona.
    const graph = await clouds.graph(spec.application.tenantId, metadata.namespace).catch(() => undefined);
    for (const { tags, displayName } of (await graph?.findApplications({ templateId: AWS_TEMPLATE }).catch(() => [])) ??
      [])
      note(PERSONA, ownerOfTags(tags), `application ${displayName}`);
    const aws = await clouds.aws(spec.instanceArn, metadata.namespace).catch(() => undefined);
    const users = await aws?.account
      .instance(spec.instanceArn)
      .users()
      .catch(() => []);
    for (const { tags, username } of users ?? []) note(USER, tags[OWNER_TAG], `Connect user ${username}`);
  }
  return [...found.values()].sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));
}

/** One persona for each tenant and instance. */
function distinctPlaces(declared: Declared) {
  const places = new Map(
    declared.personas().map((one) => [`${one.spec.application.tenantId ?? ""} ${one.spec.instanceArn}`, one]),
  );
  return places.values();
}
