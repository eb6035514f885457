/** What the components of a persona share. */
import { REASON } from "../api/reasons.ts";
import type { Component } from "../engine/component.ts";
import { CloudError } from "../providers/errors.ts";
import { waitingError } from "../providers/verdicts.ts";
import type { PersonaScope } from "./scope.ts";
import type { ComponentName, Seen } from "./seen.ts";

export type PersonaComponent<N extends ComponentName> = Component<PersonaScope, Seen, N>;

/**
 * A create under a deterministic name. "Already exists" after a read that found nothing is an answer that the reads do not show yet, or an
 * object of that name on another path: it is read again, never created under a second name.
 */
export async function createOnce(object: string, create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (error instanceof CloudError && /AlreadyExists/.test(error.code)) {
      throw waitingError(
        REASON.WaitingForReplication,
        `${object} exists but is not readable yet; if this message stays, another object on another path has its name`,
        10_000,
      );
    }
    throw error;
  }
}
