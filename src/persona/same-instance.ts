/** Personas of one namespace and one Connect instance, the oldest first: an order that does not depend on who looks. */
import { type ConnectSsoPersona, INDEX, PERSONA } from "../api/resources.ts";
import type { ObjectStore } from "../runtime/port.ts";

export function personasOf(
  namespace: string,
  instanceArn: string | undefined,
  store: Pick<ObjectStore, "list">,
): ConnectSsoPersona[] {
  if (instanceArn === undefined) return [];
  const age = ({ metadata }: ConnectSsoPersona) => `${metadata.creationTimestamp ?? ""} ${metadata.name}`;
  return (
    store
      .list<ConnectSsoPersona>(PERSONA, { index: INDEX.personaByInstance, value: instanceArn })
      // A store without indexes gives all.
      .filter(({ metadata, spec }) => metadata.namespace === namespace && spec.instanceArn === instanceArn)
      .sort((a, b) => (age(a) < age(b) ? -1 : 1))
  );
}
