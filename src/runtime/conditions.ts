/** metav1 conditions: set, and carry the transition time over while the status stays. */

export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}
export type ConditionInput = Omit<Condition, "lastTransitionTime">;

/**
 * New conditions over old ones. `lastTransitionTime` moves only when the status changes (the metav1 rule), so that an unchanged
 * world gives an equal status and no write. Types that are not in `next` are dropped.
 */
export function mergeConditions(
  previous: readonly Condition[] | undefined,
  next: readonly ConditionInput[],
  now: Date,
): Condition[] {
  let stamp: string | undefined;
  return next.map((condition) => {
    const old = findCondition(previous, condition.type);
    if (old && isSame(old, condition)) return old;
    stamp ??= now.toISOString().replace(/\.\d{3}Z$/, "Z");
    return { ...condition, lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : stamp };
  });
}

function isSame(old: Condition, { status, reason, message, observedGeneration }: ConditionInput): boolean {
  return (
    old.status === status &&
    old.reason === reason &&
    old.message === message &&
    old.observedGeneration === observedGeneration
  );
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/** Of any object; empty before its first status. */
export function conditionsOf({ status }: { status?: unknown }): readonly Condition[] {
  return (status as { conditions?: Condition[] } | undefined)?.conditions ?? [];
}

export function conditionOf(object: { status?: unknown }, type: string): Condition | undefined {
  return findCondition(conditionsOf(object), type);
}

export function isReady(object: { status?: unknown }): boolean {
  return isTrue(conditionsOf(object), "Ready");
}
