/** What every step of the blog looks like to the reconciler: something observed, compared, and brought about step by step. */
import { REASON, type Reason } from "../api/reasons.ts";
import type { Change, Setting } from "../domain/plan.ts";
import { CloudError } from "../providers/errors.ts";
import { waitingError } from "../providers/verdicts.ts";
import type { PersonaScope } from "./scope.ts";

export type ComponentName =
  | "federation-policy"
  | "listing-policy"
  | "application"
  | "certificate"
  | "claims"
  | "saml-provider"
  | "role"
  | "provisioning-user"
  | "provisioning"
  | "role-delivery"
  | "assignments";

/** One change and how it is made. Building a step writes nothing; only the apply phase calls `apply`. */
export interface Step extends Omit<Change<ComponentName>, "component" | "cloud"> {
  apply(): Promise<void>;
  /** Due by the calendar or by request (rotation): never drift, and never held back by `driftPolicy: Report`. */
  maintenance?: boolean;
  /** A repair that a person must hear of: metadata or trust was changed. Text of the Warning event. */
  security?: string;
  /** Why it is shown as drift and not made: the object was this persona's, and somebody took the owner tag away. */
  barred?: CloudError;
}

/** `O` is what the component saw; it stays in `scope.seen` under the component's name for those that need it. */
export interface Component<O = unknown> {
  name: ComponentName;
  /** Condition type that it owns, alone or with others. */
  condition: string;
  cloud: Change["cloud"];
  /** Components that must have converged first. Absent ones (`applies` false) do not count. */
  needs: ComponentName[];
  /** False: nothing of it is wanted and nothing can be left over; its condition says NotApplicable. */
  applies(scope: PersonaScope): boolean;
  /** Reads only. Must cope with needs that do not exist yet, because `plan` also runs for what is still to be made. */
  observe(scope: PersonaScope): Promise<O>;
  /** Pure. Throws a CloudError where the component must not be touched (terminal, conflict) or is not there yet (waiting). */
  plan(scope: PersonaScope, observed: O): Step[];
  /** Reason of the True condition when it is not simply up to date: a rotation is under way. */
  reason?(scope: PersonaScope, observed: O): Reason | undefined;
  /** One line for the condition once nothing is left to do. */
  describe(scope: PersonaScope, observed: O): string;
}

/**
 * A create under a deterministic name. "Already exists" after a read that found nothing is an answer that the reads do not show
 * yet (or an object of that name on another path): looked at again, never made under a second name.
 */
export async function createOnce(object: string, create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (error instanceof CloudError && /AlreadyExists/.test(error.code)) {
      throw waitingError(
        REASON.WaitingForReplication,
        `${object} exists but is not readable yet; if this stays, another object on another path has its name`,
        10_000,
      );
    }
    throw error;
  }
}

/** Fields of a new object, for the plan; what is undefined is left out. */
export function madeWith(fields: Record<string, string | number | readonly string[] | undefined>): Setting[] {
  return Object.entries(fields).flatMap(([path, value]) =>
    value === undefined || (Array.isArray(value) && value.length === 0)
      ? []
      : [{ path, value: Array.isArray(value) ? value.join(", ") : String(value) }],
  );
}

/** `key: desired -> observed` when they differ. */
export function differ(path: string, desired: unknown, observed: unknown) {
  const text = (value: unknown) =>
    value === undefined || value === null || value === ""
      ? "(none)"
      : Array.isArray(value)
        ? value.join(", ")
        : String(value);
  return text(desired) === text(observed) ? [] : [{ path, desired: text(desired), observed: text(observed) }];
}

/** Order does not count. */
export function differAsSet(path: string, desired: readonly string[], observed: readonly string[]) {
  return differ(path, [...desired].sort(), [...observed].sort());
}
