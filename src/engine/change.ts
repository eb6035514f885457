/**
 * A change carries its own story: what was found, why it is needed, what caused it, and what was done about it. Status, conditions,
 * events, metrics, log lines, plans and the page all derive from a list of these.
 */
import type { Difference, Setting } from "../domain/difference.ts";
import { cut } from "../domain/text.ts";

/** adopt: an unowned object gets our owner tag; nothing else of it is written. */
export type Verb = "create" | "adopt" | "update" | "delete";

/**
 * - setup: the object is made for the first time
 * - declared: what is wanted changed (spec, persona, settings file, directory, program version)
 * - drift: somebody else changed the object
 * - maintenance: due by the calendar or by request
 * - unknown: it differs, and what was applied last is not known (status lost, object taken over, one-shot run)
 */
export type Cause = "setup" | "declared" | "drift" | "maintenance" | "unknown";
export const CAUSES: readonly Cause[] = ["setup", "declared", "drift", "maintenance", "unknown"];

/**
 * - applied: done
 * - held: left alone, because driftPolicy is Report
 * - `barred`: left alone, because the object is no longer ours
 * - failed: tried, and refused
 * - pending: not reached in this pass, or only planned
 */
export type Fate = "applied" | "held" | "barred" | "failed" | "pending";

/** What a difference touches. Trust: who may sign in, and as whom. Permissions: what they may do then. */
export type Concern = "trust" | "permissions" | "settings";
const GRAVITY: readonly Concern[] = ["trust", "permissions", "settings"];

export interface Change<C extends string = string> {
  component: C;
  cloud: string;
  verb: Verb;
  /** The cloud object as a person names it: "IAM role AzureAD_Role", "application Amazon Connect Agents". */
  object: string;
  /** Why this is needed, one clause. */
  why: string;
  differences: Difference[];
  /** Of a create: what the object is made with. */
  settings?: Setting[];
  /** What a person has to wait for afterwards, for example "Entra's role import, usually 40 minutes". */
  wait?: string;
  cause: Cause;
  fate: Fate;
  concern: Concern;
  /** Reason of the event, where the component knows a better one than the cause gives. */
  reason?: string;
}

export interface Plan<C extends string = string> {
  resource: { kind: string; namespace: string; name: string };
  changes: Change<C>[];
}

/** Another writer's change, as far as is known: it is shown until it is gone, and not corrected under `driftPolicy: Report`. */
export const isDrift = ({ cause }: Pick<Change, "cause">): boolean => cause === "drift" || cause === "unknown";

/** Drift of trust or permissions: a Warning, with before and after. */
export const isGrave = (change: Pick<Change, "cause" | "concern">): boolean =>
  isDrift(change) && change.concern !== "settings";

/** Replaces a credential without a gap: what was there before works until the new one does. */
export const isRotation = ({ reason }: Pick<Change, "reason">): boolean => /Rotating$/.test(reason ?? "");

export function gravest(concerns: readonly Concern[]): Concern {
  return GRAVITY.find((one) => concerns.includes(one)) ?? "settings";
}

export const DONE: Record<Verb, string> = { create: "Created", adopt: "Adopted", update: "Updated", delete: "Deleted" };

/** As an event's action: Create, Update… */
export function actionOf({ verb }: Pick<Change, "verb">): string {
  return verb.charAt(0).toUpperCase() + verb.slice(1);
}

/** One sentence for an event and a log line: what was done or found, with before and after where somebody else changed it. */
export function sentence(change: Change): string {
  const { verb, object, differences, why, cause, fate } = change;
  if (isDrift(change)) {
    const found =
      differences.length > 0
        ? `${object} differs: ${differences.map(beforeAfter).join("; ")}`
        : verb === "create"
          ? `${object} is missing (${why})`
          : `${object} is not declared`;
    const who = cause === "unknown" ? "; who changed it is not known" : "";
    const done = {
      applied: "corrected",
      held: "not corrected (driftPolicy: Report)",
      barred: "not corrected, because the object no longer carries our owner tag",
      failed: "the correction failed",
      pending: "not corrected yet",
    }[fate];
    return `${found}${who}; ${done}`;
  }
  if (fate !== "applied") return `${DONE[verb].replace(/d$/, "")} ${object} (${why})`;
  if (verb === "create") return `Created ${object}`;
  if (verb === "update" && differences.length > 0) return `Updated ${object}: ${differences.map(fromTo).join("; ")}`;
  return `${DONE[verb]} ${object} (${why})`;
}

const beforeAfter = ({ path, desired, observed }: Difference) =>
  `${path} is ${short(observed)}, declared ${short(desired)}`;
const fromTo = ({ path, desired, observed }: Difference) => `${path} ${short(observed)} → ${short(desired)}`;

const LONGEST_VALUE = 160;
const short = (value: string): string => cut(value, LONGEST_VALUE);
