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
  const stamp = now.toISOString().replace(/\.\d{3}Z$/, "Z");
  return next.map((condition) => {
    const old = previous?.find(({ type }) => type === condition.type);
    return {
      ...condition,
      lastTransitionTime: old && old.status === condition.status ? old.lastTransitionTime : stamp,
    };
  });
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}
