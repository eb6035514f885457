/** The state of an object, as data: the contract of `-o json` and `-o yaml` of status and apply. */
import { type ConnectSsoPersona, PERSONA } from "../../api/resources.ts";
import { conditionOf, conditionsOf, isReady } from "../../runtime/conditions.ts";
import type { Resource } from "../declared-objects.ts";

export const isSuspended = (one: Resource) => conditionOf(one, "Ready")?.reason === "Suspended";

export function summarize(one: Resource) {
  const { kind, metadata, status } = one;
  const persona = kind === PERSONA ? (one as ConnectSsoPersona) : undefined;
  return {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    ready: isReady(one),
    conditions: conditionsOf(one).map(({ type, status: state, reason, message, lastTransitionTime }) => ({
      type,
      status: state,
      reason,
      message,
      since: lastTransitionTime,
    })),
    drift: status?.drift ?? [],
    ...(persona?.status?.users ? { users: persona.status.users } : {}),
  };
}
