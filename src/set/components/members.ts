/** The ConnectUsers of the set: those that the rules want are there, as the rules say, and no others. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION, type ConnectUser, USER } from "../../api/resources.ts";
import { windowOf } from "../../domain/limits.ts";
import { listed } from "../../domain/text.ts";
import type { Cause, Verb } from "../../engine/change.ts";
import type { Component, Step, Steps } from "../../engine/component.ts";
import { isReady } from "../../runtime/conditions.ts";
import { stalled } from "../errors.ts";
import { computeMembers, existingOf } from "../facts.ts";
import { candidates, objectId } from "../members.ts";
import { type Changed, type Outcome, outcomeOf } from "../outcome.ts";
import { removeMembers, type SetRemoval } from "../removal.ts";
import { approvalOf, type Seen, type SetScope } from "../scope.ts";
import { heldMessage } from "../status.ts";
import { write } from "../write.ts";

/** Writes to the API server at the same time. */
const PARALLEL = 8;
/** People that a step names. */
const NAMED = 5;
/** People whose edited fields are shown. */
const SHOWN = 20;

export const members: Component<SetScope, Seen, "members", SetRemoval> = {
  condition: CONDITION.MembersReady,
  cloud: "kubernetes",
  needs: ["source"],
  concerns: {},
  shared: false,
  servesLogin: false,
  applies: () => true,
  observe: look,
  plan(scope, outcome): Steps {
    const steps = stepsOf(scope, outcome);
    if (outcome.held.length === 0) return { steps };
    const { object, deps } = scope;
    const problem = stalled(REASON.ChangesHeld, heldMessage(object, outcome), deps.directoryIntervalMs);
    return { steps, problem };
  },
  reason: ({ object }) => (object.spec.mode === "Plan" ? REASON.PlanOnly : undefined),
  describe({ object }, { status: { people, pending } }) {
    const { members = 0, leaving = 0, leftOut = 0 } = people ?? {};
    if (object.spec.mode === "Plan" && pending)
      return `Mode Plan: ${pending.creations} creations, ${pending.removals} removals, ${pending.moves} moves and ${pending.grants} grants would be made`;
    return `${members} ConnectUsers are as the rules say; ${leaving} leaving, ${leftOut} left out`;
  },
  remove: removeMembers,
};

async function look(scope: SetScope): Promise<Outcome> {
  const { object, compiled, deps, seen } = scope;
  const reading = seen.source!;
  const all = await computeMembers(scope, reading);
  const claimed = all.filter(({ state, inOtherSet }) => state === "Active" || inOtherSet);
  deps.sets.claim(
    object.metadata,
    claimed.map(({ id }) => id),
  );
  const approve = scope.used === undefined ? approvalOf(object) : undefined;
  const users = usersOf(scope);
  const outcome = outcomeOf({
    set: { ...object, status: { ...object.status, admitted: [...scope.admitted] } },
    members: all,
    found: candidates(compiled, reading).length,
    ready: [...users.values()].filter((user) => isReady(user)).length,
    ...(approve ? { approve } : {}),
    now: deps.now(),
    windowMs: windowOf(deps),
  });
  measure(scope, outcome, users);
  return outcome;
}

const usersOf = ({ object, deps }: SetScope) =>
  new Map(existingOf(object, deps).map((user): [string, ConnectUser] => [objectId(user), user]));

function measure(
  { object: { metadata }, deps, passages, seen }: SetScope,
  outcome: Outcome,
  users: ReadonlyMap<string, ConnectUser>,
): void {
  if (!passages) return;
  const times = { readAt: seen.source!.at, now: deps.now() };
  for (const { passage, durationMs } of passages.note(outcome, (id) => users.get(id), times))
    deps.setObserver?.passed?.(metadata, passage, durationMs);
  deps.setObserver?.underWay?.(metadata, passages.oldest());
}

function stepsOf(scope: SetScope, outcome: Outcome): Step[] {
  const groups = Map.groupBy(outcome.go, ({ change }) => `${change.verb} ${change.edited ? "edited" : ""}`);
  return [...groups.values()].map((group): Step => {
    const { verb, edited } = group[0]!.change;
    const cause: Cause = edited ? "drift" : "declared";
    return {
      verb: VERBS[verb],
      object: objectOf(group),
      why: [...new Set(group.map(({ change }) => change.why))].slice(0, NAMED).join("; "),
      differences: group.slice(0, SHOWN).flatMap(({ who, change }) =>
        (change.edited ?? []).map((field) => ({
          path: `${who} ${field}`,
          desired: "as the rules say",
          observed: "edited by somebody else",
        })),
      ),
      cause,
      ...(REASONS[verb] ? { reason: REASONS[verb] } : {}),
      apply: () => carryOut(scope, outcome, group),
    };
  });
}

const VERBS: Record<Changed["change"]["verb"], Verb> = {
  Create: "create",
  Update: "update",
  Leave: "update",
  Remove: "delete",
  HandOver: "delete",
};
const REASONS: Partial<Record<Changed["change"]["verb"], string>> = { Leave: REASON.Left, HandOver: REASON.HandedOver };

function objectOf(group: readonly Changed[]): string {
  const names = group.map(({ who }) => who);
  return `${group.length === 1 ? USER : `${group.length} ${USER}s`} of ${listed(names, NAMED, ",")}`;
}

/** The record comes first: what a limit counts is never done before it is stored. */
async function carryOut(scope: SetScope, outcome: Outcome, group: readonly Changed[]): Promise<void> {
  const { object, deps, signal } = scope;
  if (scope.admitted !== outcome.status.admitted) {
    const { handledRequests } = object.status ?? {};
    const used = outcome.approvedNow ? approvalOf(object) : undefined;
    await scope.persist({
      admitted: outcome.status.admitted,
      ...(used ? { handledRequests: { ...handledRequests, approve: used } } : {}),
    });
    scope.admitted = outcome.status.admitted ?? [];
    scope.used ??= used;
  }
  const users = usersOf(scope);
  const failures: unknown[] = [];
  const queue = group.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const member of queue) {
        signal?.throwIfAborted();
        try {
          if (member.change.verb === "Remove") expectAccess(scope, member);
          await write(member, { store: deps.store, set: object, user: users.get(member.id) });
          if (member.change.verb === "Create") expectAccess(scope, member);
        } catch (error) {
          failures.push(error);
        }
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
}

/** The first expansion does not follow a change in Entra, and one whose grace period ended goes since then. */
function expectAccess({ seen, deps }: SetScope, { id, change, today, leavesAt }: Changed): void {
  const after = seen.source!.after;
  if (change.verb === "Create" && change.sorts.length > 0) deps.reactions?.expect("granted", id, after);
  if (change.verb === "Remove" && today?.deletionPolicy !== "Retain")
    deps.reactions?.expect("revoked", id, Math.max(after, leavesAt ? Date.parse(leavesAt) : 0));
}
