/** Conditions and drift rows that every kind has, derived from what a pass brought. Pure. */
import { REASON } from "../api/reasons.ts";
import { isoSeconds } from "../domain/duration.ts";
import { counted, cut } from "../domain/text.ts";
import { type Condition, type ConditionInput, findCondition } from "../runtime/conditions.ts";
import { type Change, type Concern, isDrift, isGrave } from "./change.ts";
import type { Outcome, Pass } from "./converge.ts";
import { type Failure, isStalled } from "./errors.ts";
import type { Resting } from "./kind.ts";

/** One row of `status.drift`. */
export interface DriftRow {
  component: string;
  path: string;
  desired: string;
  observed: string;
  concern: Concern;
  since: string;
}

export interface Ended {
  pass?: Pass;
  /** An error that concerns the whole resource: its references could not be resolved, or its deletion failed. */
  failure?: Failure;
  /** Why nothing is written. */
  suspended?: { reason: string; message: string };
  /** Fields that were corrected many times in a row, as `component path`. */
  recurring?: readonly string[];
}

/** What the conditions need of the object and its kind. */
interface View {
  conditions: readonly Condition[] | undefined;
  drift: readonly DriftRow[] | undefined;
  generation: number | undefined;
  observedGeneration: number | undefined;
  driftPolicy: "Correct" | "Report";
  deleting: boolean;
  /** The components' names with their conditions, in order. */
  components: readonly { name: string; condition: string; mustBeRead?: boolean | undefined }[];
  /** Message of Ready when everything is as declared. */
  readyMessage: string;
  /** Other things that Ready must name, for example an open conflict. */
  remarks: readonly string[];
  resting?: Resting;
  /** True: this component was last compared too long ago to say anything of it. */
  isStale(component: string): boolean;
}

const MOST_ROWS = 20;
const LONGEST_VALUE = 400;

export function failuresOf({ failure, pass }: Ended): Failure[] {
  return [
    ...(failure ? [failure] : []),
    ...[...(pass?.outcomes.values() ?? [])].flatMap((one) => (one.state === "failed" ? [one.failure] : [])),
  ];
}

export function conditionsOf(view: View, ended: Ended): ConditionInput[] {
  const components = componentConditions(view, ended);
  return [...summary(view, ended, components), drifted(view, ended, components), ...components];
}

function summary(view: View, ended: Ended, components: ConditionInput[]): ConditionInput[] {
  const { suspended } = ended;
  if (suspended)
    return idle(suspended.reason, `${suspended.message}${view.deleting ? "; the deletion waits as well" : ""}`);
  const failures = failuresOf(ended);
  const stalled = failures.find(isStalled);
  const first = stalled ?? failures[0];
  const rests = view.resting?.conditions ?? [];
  const open = components.find(({ status, type }) => status !== "True" && !rests.includes(type));
  if (view.resting && !first && !open && !view.deleting) return idle(view.resting.reason, view.resting.message);
  const ready = !first && !open && !view.deleting;
  const held = (ended.pass?.changes ?? []).filter(({ fate }) => fate === "held");
  const moving = !ready && !stalled;
  const why = first ?? open ?? (view.deleting ? { reason: REASON.Deleting, message: "Deleting" } : undefined);
  const good = readyMessage(view, held, ended.recurring ?? []);
  return [
    ready
      ? { type: "Ready", status: "True", reason: held.length > 0 ? REASON.DriftFound : REASON.Converged, message: good }
      : { type: "Ready", status: "False", reason: why!.reason, message: why!.message },
    moving
      ? { type: "Reconciling", status: "True", reason: why!.reason, message: why!.message }
      : { type: "Reconciling", status: "False", reason: REASON.Converged, message: "Nothing is in progress" },
    stalled
      ? { type: "Stalled", status: "True", reason: stalled.reason, message: stalled.message }
      : { type: "Stalled", status: "False", reason: REASON.Converged, message: "No manual action is needed" },
  ];
}

/** Not Ready on purpose: nothing is done, and nothing has to be. */
const idle = (reason: string, message: string): ConditionInput[] => [
  { type: "Ready", status: "False", reason, message },
  { type: "Reconciling", status: "False", reason, message: "Nothing is in progress" },
  { type: "Stalled", status: "False", reason, message: "No manual action is needed" },
];

/** What does not hold is named, the gravest first: Ready must not say that all is as declared when it is not. */
function readyMessage(
  { readyMessage: text, remarks }: View,
  held: readonly Change[],
  recurring: readonly string[],
): string {
  const grave = held.filter(isGrave);
  const rows = [...grave, ...held.filter((one) => !grave.includes(one))].flatMap(
    ({ component, object, differences }) =>
      differences.length > 0 ? differences.map(({ path }) => `${component} ${path}`) : [object],
  );
  const drift =
    rows.length > 0
      ? [
          `${counted(rows.length, "difference")} found, not corrected (driftPolicy: Report): ${rows.slice(0, 5).join(", ")}; see status.drift`,
        ]
      : [];
  const notes = [...drift, ...fight(recurring), ...remarks];
  return notes.length > 0 ? notes.join("; ") : text;
}

const fight = (recurring: readonly string[]) =>
  recurring.length > 0
    ? [
        `Somebody else changes ${recurring.slice(0, 3).join(", ")} again and again; find out who, or set driftPolicy: Report`,
      ]
    : [];

function componentConditions(view: View, { pass, failure, suspended }: Ended): ConditionInput[] {
  const types = [...new Set(view.components.map(({ condition }) => condition))];
  return types.map((type) => {
    const one = componentConditionOf(type);
    const { reason, message, conditions = [] } = view.resting ?? {};
    return one.status === "True" && conditions.includes(type)
      ? { type, status: "False", reason: reason!, message: message! }
      : one;
  });

  function componentConditionOf(type: string): ConditionInput {
    const before = findCondition(view.conditions, type);
    const members = view.components.filter(({ condition }) => condition === type);
    if (suspended || !pass) return keep(type, before, members, view, failure);
    const known = view.observedGeneration === view.generation ? before : undefined;
    const each = members.map(({ name }) => componentCondition(type, name, pass, known, before, view));
    return (
      each.find(({ status }) => status === "False") ?? each.find(({ status }) => status === "Unknown") ?? join(each)
    );
  }
}

/** Not looked at in this pass: what was observed last still counts, for a while. */
function keep(
  type: string,
  before: Condition | undefined,
  members: readonly { name: string }[],
  view: View,
  failure: Failure | undefined,
): ConditionInput {
  if (before && before.status !== "Unknown" && members.some(({ name }) => view.isStale(name))) return stale(type);
  return unchecked(view.conditions, type, failure ? "Not checked, see Ready" : "Not checked yet");
}

/** A condition of which this pass says nothing: as it was; `message` where it never was. */
export function unchecked(
  conditions: readonly Condition[] | undefined,
  type: string,
  message = "Not checked yet",
): ConditionInput {
  const before = findCondition(conditions, type);
  return before
    ? { type, status: before.status, reason: before.reason, message: before.message }
    : { type, status: "Unknown", reason: REASON.Pending, message };
}

const stale = (type: string): ConditionInput => ({
  type,
  status: "Unknown",
  reason: REASON.NotCompared,
  message: "It could not be compared within the last two poll intervals; see Ready",
});

const wasGood = (before: Condition | undefined): boolean =>
  before?.status === "True" || (before?.status === "Unknown" && before.reason !== REASON.Pending);

/** `known`: the condition under this very spec. `before`: whatever the spec was. */
function componentCondition(
  type: string,
  name: string,
  pass: Pass,
  known: Condition | undefined,
  before: Condition | undefined,
  view: View,
): ConditionInput {
  const outcome: Outcome = pass.outcomes.get(name)!;
  switch (outcome.state) {
    case "ready":
      return { type, status: "True", reason: outcome.reason ?? REASON.UpToDate, message: outcome.message };
    case "held":
      return { type, status: "True", reason: REASON.DriftFound, message: outcome.message };
    case "absent":
      return { type, status: "True", reason: REASON.NotApplicable, message: "Not needed in this mode" };
    case "waiting": {
      // It was compared behind a refusal: then this says what is there.
      if (pass.read.has(name)) {
        const open = pass.changes.filter(({ component }) => component === name);
        if (open.length === 0 && wasGood(before))
          return { type, status: "True", reason: REASON.UpToDate, message: "As applied last" };
      }
      // Before the first comparison there is nothing to go stale.
      if (pass.ledger[name] !== undefined && view.isStale(name)) return stale(type);
      return {
        type,
        status: wasGood(known) ? "Unknown" : "False",
        reason: REASON.WaitingFor,
        message: `Waiting for ${outcome.on}`,
      };
    }
    case "failed": {
      const { reason, message, kind } = outcome.failure;
      if (view.components.some((one) => one.name === name && one.mustBeRead))
        return { type, status: "False", reason, message };
      if (!outcome.observed && view.isStale(name)) return stale(type);
      const unreadable = wasGood(known) && !outcome.observed && (kind === "transient" || kind === "throttled");
      const settling = wasGood(known) && reason === REASON.WaitingForReplication;
      return { type, status: unreadable || settling ? "Unknown" : "False", reason, message };
    }
  }
}

function join(each: ConditionInput[]): ConditionInput {
  const real = each.filter(({ reason }) => reason !== REASON.NotApplicable);
  const special = real.find(({ reason }) => reason !== REASON.UpToDate) ?? real[0];
  return !special ? each[0]! : { ...special, message: real.flatMap(({ message }) => message || []).join("; ") };
}

function drifted(
  { conditions, drift }: View,
  { pass, suspended, recurring = [] }: Ended,
  components: readonly ConditionInput[],
): ConditionInput {
  const type = "Drifted";
  const before = findCondition(conditions, type);
  const found = (pass?.changes ?? []).filter(isDrift);
  const unread = suspended || !pass || (found.length === 0 && unreadRows(drift, pass).length > 0);
  // Known drift remains known; its absence is unknown where nothing was read.
  const blind = components.find(({ reason }) => reason === REASON.NotCompared);
  if (!suspended && blind && found.length === 0 && before?.status !== "True")
    return { type, status: "Unknown", reason: REASON.NotCompared, message: `${blind.type}: ${blind.message}` };
  if (unread) return unchecked(conditions, type);
  const count = found.length;
  if (recurring.length > 0)
    return { type, status: "True", reason: REASON.DriftRecurring, message: fight(recurring).join() };
  if (count === 0)
    return { type, status: "False", reason: REASON.NoDrift, message: "No changes were made outside the controller" };
  const left = found.filter(({ fate }) => fate !== "applied").length;
  const what = `${counted(count, "difference")} found`;
  const done = left === 0 ? "corrected" : left === count ? "not corrected" : `${left} of them not corrected`;
  return {
    type,
    status: "True",
    reason: left > 0 ? REASON.DriftFound : REASON.DriftCorrected,
    message: `${what}, ${done}; see status.drift`,
  };
}

/** Rows of this pass, and those of components that could not be read: drift does not end because it cannot be read. */
export function driftRows(old: readonly DriftRow[] | undefined, pass: Pass, now: Date): DriftRow[] {
  const rows = pass.changes
    .filter(isDrift)
    .flatMap(({ component, object, differences, concern, verb }) =>
      differences.length > 0
        ? differences.map(({ path, desired, observed }) => ({ component, path, desired, observed, concern }))
        : [
            verb === "create"
              ? { component, path: object, desired: "present", observed: "absent", concern }
              : { component, path: object, desired: "absent", observed: "present", concern },
          ],
    );
  return [
    ...unreadRows(old, pass),
    ...rows.map((row) => ({
      ...row,
      desired: cut(row.desired, LONGEST_VALUE),
      observed: cut(row.observed, LONGEST_VALUE),
      since: old?.find((one) => one.component === row.component && one.path === row.path)?.since ?? isoSeconds(now),
    })),
  ].slice(0, MOST_ROWS);
}

function unreadRows(old: readonly DriftRow[] | undefined, { outcomes, read }: Pass): DriftRow[] {
  return (old ?? []).filter(
    ({ component }) => outcomes.has(component) && outcomes.get(component)!.state !== "absent" && !read.has(component),
  );
}
