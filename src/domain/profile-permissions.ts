/** What a security profile of Connect may do, compared with what it could do before. */
import { listed } from "./text.ts";

export interface PermissionDiff {
  gained: string[];
  lost: string[];
}

/** Sorted; order and repetitions do not count. */
export function permissionDiff(before: readonly string[], after: readonly string[]): PermissionDiff {
  const [old, now] = [new Set(before), new Set(after)];
  return {
    gained: [...now].filter((one) => !old.has(one)).sort(),
    lost: [...old].filter((one) => !now.has(one)).sort(),
  };
}

const MOST_NAMED = 10;

/** "Security profile Agent gained Users.Create, Users.Edit"; undefined when there is nothing to say. */
export function diffMessage(profile: string, verb: keyof PermissionDiff, diff: PermissionDiff): string | undefined {
  const names = diff[verb];
  if (names.length === 0) return undefined;
  return `Security profile ${profile} ${verb} ${listed(names, MOST_NAMED)}`;
}
