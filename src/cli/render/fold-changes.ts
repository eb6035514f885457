/** Steps as a person counts them: what is done to an object that was just made belongs to its making. Pure. */
import type { Setting } from "../../domain/difference.ts";
import type { Change, Verb } from "../../engine/change.ts";

/** replace: deleted and made again. */
export interface PlannedChange extends Omit<Change, "verb" | "component"> {
  component: string;
  verb: Verb | "replace";
}

const sameObject = (a: PlannedChange, b: PlannedChange) => a.cloud === b.cloud && a.object === b.object;

export function fold(changes: readonly Change[]): PlannedChange[] {
  const folded: PlannedChange[] = [];
  for (const change of changes) {
    const made = folded.find((one) => (one.verb === "create" || one.verb === "replace") && sameObject(one, change));
    if (made && change.verb === "update") {
      made.settings = merge(made.settings ?? [], change.differences);
      continue;
    }
    const last = folded.at(-1);
    if (last?.verb === "delete" && change.verb === "create" && sameObject(last, change)) {
      folded[folded.length - 1] = { ...change, verb: "replace" };
      continue;
    }
    folded.push({ ...change });
  }
  return folded.map((change) =>
    // "exists: false → true" says no more than the sign in front of it.
    change.verb === "create" && change.settings ? { ...change, differences: [] } : change,
  );
}

/** A field that is set several times holds several values: policies that are attached one by one. */
function merge(settings: Setting[], differences: Change["differences"]): Setting[] {
  const merged = settings.map((one) => ({ ...one }));
  for (const { path, desired } of differences) {
    const known = merged.find((one) => one.path === path);
    if (known) known.value = `${known.value}, ${desired}`;
    else merged.push({ path, value: desired });
  }
  return merged;
}

export interface Counts {
  create: number;
  update: number;
  delete: number;
  /** Objects that only get our owner tag, which is no change of what they do. */
  adopt: number;
}

export function count(changes: readonly PlannedChange[]): Counts {
  const of = (...verbs: PlannedChange["verb"][]) => changes.filter(({ verb }) => verbs.includes(verb)).length;
  return {
    create: of("create", "replace"),
    update: of("update"),
    delete: of("delete", "replace"),
    adopt: of("adopt"),
  };
}
