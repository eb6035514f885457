/** What a pass did, for people: events, log lines and counters, all from its list of changes. */
import { REASON } from "../api/reasons.ts";
import type { ErrorKind } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { actionOf, type Change, isDrift, isGrave, type Plan, sentence } from "./change.ts";
import type { Resource } from "./kind.ts";

/** Listens to the engine; metrics do, and so may anything else. */
export interface Observer {
  plan?(plan: Plan): void;
  /** Every change, once: applied ones as they are made, others when they are first found. */
  change?(kind: string, change: Change): void;
  /** Drift by somebody else, once. `where` names the persona that it belongs to, never a person. */
  drift?(where: { namespace: string; persona: string }, change: Change, action: "corrected" | "reported"): void;
  /** The end of every pass that was not cut short. */
  passEnded?(object: Resource, pass: PassEnd): void;
}

export interface PassEnd {
  outcome: "success" | ErrorKind;
  /** Everything that was to be compared could be read: only then does "no drift" mean that there is none. */
  complete: boolean;
}

export interface ReportDeps {
  store: ObjectStore;
  log: Logger;
  observer?: Observer;
}

const REASONS: Record<Change["verb"], string> = {
  create: REASON.Created,
  adopt: REASON.Adopted,
  update: REASON.Updated,
  delete: REASON.Deleted,
};

function reasonOf(change: Change): string {
  if (isDrift(change) && change.fate === "applied")
    return isGrave(change) ? REASON.SecurityDriftCorrected : REASON.DriftCorrected;
  if (isDrift(change)) return isGrave(change) ? REASON.SecurityDriftFound : REASON.DriftFound;
  return change.reason ?? REASONS[change.verb];
}

export function reportChanges(
  deps: ReportDeps,
  object: Resource,
  changes: readonly Change[],
  where: { namespace: string; persona: string },
): void {
  const { kind, metadata, status } = object;
  const resource = `${metadata.namespace}/${metadata.name}`;
  const onShow = new Set(status?.drift?.map(({ component, path }) => `${component} ${path}`));
  const isNew = ({ component, object: what, differences }: Change) =>
    (differences.length > 0 ? differences.map(({ path }) => path) : [what]).some(
      (path) => !onShow.has(`${component} ${path}`),
    );
  for (const change of changes) {
    const applied = change.fate === "applied";
    if (!applied && !(isDrift(change) && isNew(change))) continue;
    const reason = reasonOf(change);
    const note = sentence(change);
    const warns = isGrave(change) || (isDrift(change) && !applied);
    deps.store.event(object, { type: warns ? "Warning" : "Normal", reason, action: actionOf(change), note });
    const { component, cause, fate } = change;
    deps.log[warns ? "warn" : "info"]({ kind, resource, component, cause, fate, reason }, note);
    deps.observer?.change?.(kind, change);
    if (cause === "drift") deps.observer?.drift?.(where, change, applied ? "corrected" : "reported");
  }
}
