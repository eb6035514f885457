/** What a security profile of Connect may do, compared with what it could do before. */

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

/** "profile Agent gained Users.Create, Users.Edit"; undefined when it gained nothing. */
export function gainedMessage(profile: string, { gained }: PermissionDiff): string | undefined {
  if (gained.length === 0) return undefined;
  const more = gained.length > MOST_NAMED ? ` and ${gained.length - MOST_NAMED} more` : "";
  return `profile ${profile} gained ${gained.slice(0, MOST_NAMED).join(", ")}${more}`;
}
