/** What a set's status says beside what every kind's says. Pure. */
import { REASON } from "../api/reasons.ts";
import { ANNOTATIONS, CONDITION, type ConnectUserSet, type ConnectUserSetStatus } from "../api/resources.ts";
import type { Sort } from "../domain/limits.ts";
import type { KindStatus, PassResult } from "../engine/kind.ts";
import { unchecked } from "../engine/status.ts";
import type { ConditionInput } from "../runtime/conditions.ts";
import type { Outcome } from "./outcome.ts";
import { groupKey, groupsOf } from "./rules.ts";
import type { SetScope } from "./scope.ts";
import { groupName } from "./source.ts";

export function setStatus(object: ConnectUserSet, result: PassResult<SetScope>): KindStatus<ConnectUserSet> {
  const { scope } = result;
  const outcome = scope?.seen.members;
  return {
    fields: {
      ...(scope?.seen.source ? { source: sourceOf(scope, object.status?.source) } : {}),
      // All of them: what is no longer so is taken away.
      ...(outcome ? { pending: undefined, ...outcome.status } : {}),
    },
    conditions: [heldCondition(object, outcome, scope?.used)],
    remarks: outcome ? remarksOf(outcome) : [],
    ...(scope?.used ? { handledRequests: { approve: scope.used } } : {}),
  };
}

/** No time: a status that moved at every look would be a write at every look. The age of the source is a metric. */
function sourceOf({ compiled: { spec }, seen }: SetScope, old: ConnectUserSetStatus["source"]) {
  const { groups, ids } = seen.source!;
  return {
    groups: groupsOf(spec).map((group) => ({
      name: groupName(group),
      // The first one that was found stays: see changedGroup.
      id: old?.groups?.find(({ name }) => name === groupName(group))?.id ?? ids.get(groupKey(group))!,
      people: groups.get(groupKey(group))!.size,
    })),
  };
}

const NAMES: Record<Sort, string> = {
  removals: "removals",
  moves: "moves to another persona",
  grants: "grants of profiles",
};

/** What is held, why, and what to do. */
export function heldMessage({ metadata: { namespace, name } }: ConnectUserSet, { above, status }: Outcome): string {
  const counts = above.map(
    ({ sort, count, of, share }) =>
      `${count} ${NAMES[sort]} among ${of} people are more than ${Math.round(share * 100)} %`,
  );
  const { hash } = status.pending!;
  return `${counts.join(", ")}, so none of them is made; look with connect-sso people ${name} -n ${namespace}; to let exactly this list go: kubectl annotate connectuserset -n ${namespace} ${name} --overwrite ${ANNOTATIONS.approve}=${hash}`;
}

function heldCondition(object: ConnectUserSet, outcome: Outcome | undefined, used: string | undefined): ConditionInput {
  const type = CONDITION.ChangesHeld;
  if (!outcome) return unchecked(object.status?.conditions, type);
  if (outcome.held.length > 0)
    return { type, status: "True", reason: REASON.ChangesHeld, message: heldMessage(object, outcome) };
  if (used) return { type, status: "False", reason: REASON.ChangesApproved, message: `The list ${used} was approved` };
  return { type, status: "False", reason: REASON.NothingHeld, message: "No change is held back" };
}

function remarksOf({ members }: Outcome): string[] {
  const left = members.filter(({ state }) => state === "LeftOut");
  if (left.length === 0) return [];
  const [first] = left;
  return [
    `${left.length} people are left out or as they were, ${first!.who} for one: ${first!.reasons.join("; ")}; see status.leftOut`,
  ];
}
