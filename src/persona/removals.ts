/** The persona's side of the guard against mass deletion: what it shows, and when a permission counts as used. */
import { REASON } from "../api/reasons.ts";
import {
  ANNOTATIONS,
  CONDITION,
  type ConnectSsoPersona,
  type ConnectUser,
  REMOVED_BY_SET,
  requestName,
} from "../api/resources.ts";
import type { RemovalGuard } from "../domain/massdeletion.ts";
import type { ConditionInput } from "../runtime/conditions.ts";

export interface Removals {
  condition: ConditionInput;
  /** Value of the permission that was used up: everything that was to be removed is gone. */
  handled?: string;
}

/** Permission to continue: the value of the annotation as long as it was not used. */
export function removalAllowed({ metadata, status }: ConnectSsoPersona): string | undefined {
  const value = metadata.annotations?.[ANNOTATIONS.allowMassDeletion];
  return value && status?.handledRequests?.[requestName(ANNOTATIONS.allowMassDeletion)] !== value ? value : undefined;
}

/** Its set removes it, and has counted that within its own limits. */
export function isRemovedBySet({ metadata }: ConnectUser): boolean {
  return metadata.annotations?.[REMOVED_BY_SET] !== undefined;
}

/** What a person does who means it. */
export function howToAllow(namespace: string, persona: string): string {
  return `if it is meant: kubectl annotate connectssopersona -n ${namespace} ${persona} --overwrite ${ANNOTATIONS.allowMassDeletion}="$(date +%s)"`;
}

export function removalsOf(
  guard: RemovalGuard,
  persona: ConnectSsoPersona,
  all: readonly ConnectUser[],
  now: number,
): Removals {
  const users = all.filter((user) => !isRemovedBySet(user));
  const { namespace, name } = persona.metadata;
  const key = `${namespace}/${name}`;
  const type = CONDITION.RemovalsHalted;
  const removing = users.filter(({ metadata }) => metadata.deletionTimestamp).length;
  const why = removing > 0 ? guard.halted(key, users, now) : undefined;
  const allowed = removalAllowed(persona);
  if (why && allowed)
    return {
      condition: {
        type,
        status: "False",
        reason: REASON.MassDeletionAllowed,
        message: `${why}; allowed by annotation ${allowed}`,
      },
    };
  if (why)
    return {
      condition: {
        type,
        status: "True",
        reason: REASON.MassDeletionHalted,
        message: `${why}; ${howToAllow(namespace, name)}`,
      },
    };
  if (allowed && removing === 0) guard.forget(key);
  return {
    condition: { type, status: "False", reason: REASON.NotHalted, message: "no removal of users is halted" },
    ...(allowed && removing === 0 ? { handled: allowed } : {}),
  };
}
