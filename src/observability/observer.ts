/** What the reconcilers tell of their work; metrics listen, and so may anything else. */
import type { ConnectSsoPersona, ConnectUser } from "../api/resources.ts";
import type { Change, Plan } from "../domain/plan.ts";
import type { ErrorKind } from "../providers/errors.ts";

export interface Observer {
  plan?(plan: Plan): void;
  /** Drift that a pass found. `persona` is the persona itself or the one that the drifted user belongs to; never the user's name. */
  drift?(where: { namespace: string; persona: string }, change: Change, action: "corrected" | "reported"): void;
  /** The end of every pass that was not cut short. */
  passed?(object: ConnectSsoPersona | ConnectUser, pass: PassEnd): void;
}

export interface PassEnd {
  outcome: "success" | ErrorKind;
  /** Everything that was to be compared could be read: only then does "no drift" mean that there is none. */
  complete: boolean;
}

/** What most needs a person comes first. */
const GRAVITY: ErrorKind[] = ["terminal", "conflict", "transient", "throttled", "waiting"];

export function outcomeOf(errors: { kind: ErrorKind }[]): PassEnd["outcome"] {
  return GRAVITY.find((kind) => errors.some((error) => error.kind === kind)) ?? "success";
}
