/** What server-side apply does to the fields of one object, for a store without an API server. Lists are taken whole. Pure. */
import { equalJson } from "./equal.ts";

type Fields = Record<string, unknown>;

/**
 * `current` with the fields of `next`; without those that the same manager applied as `previous` and left out now, unless one of `others`
 * applies them as well.
 */
export function mergeApplied(current: Fields, previous: Fields, next: Fields, others: readonly Fields[]): Fields {
  const merged: Fields = { ...current };
  for (const key of Object.keys(previous)) {
    if (key in next) continue;
    const kept = others.map((one) => one[key]).filter((one) => one !== undefined);
    if (kept.length === 0) {
      const rest = isFields(merged[key]) && isFields(previous[key]) ? without(merged[key], previous[key]) : undefined;
      if (rest && Object.keys(rest).length > 0) merged[key] = rest;
      else delete merged[key];
    } else if (isFields(previous[key]) && isFields(merged[key]))
      merged[key] = mergeApplied(merged[key], previous[key], {}, kept.filter(isFields));
  }
  for (const [key, value] of Object.entries(next)) {
    const before = merged[key];
    merged[key] =
      isFields(value) && isFields(before)
        ? mergeApplied(before, fieldsOf(previous[key]), value, others.map((one) => one[key]).filter(isFields))
        : structuredClone(value);
  }
  return equalJson(merged, current) ? current : merged;
}

/** The fields that others set beside ours. */
function without(current: Fields, previous: Fields): Fields {
  return mergeApplied(current, previous, {}, []);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
