/** Security profiles, routing profiles and hierarchy groups: names to ids and back, read whole and kept for a while. */
import {
  type HierarchyPath,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
  SearchUserHierarchyGroupsCommand,
} from "@aws-sdk/client-connect";
import type { Clock } from "../../runtime/clock.ts";
import type { CallOptions } from "../errors.ts";
import { kept } from "../kept.ts";
import { type Call, pages } from "./call.ts";
import type { Resolved } from "./types.ts";

const KINDS = ["securityProfile", "routingProfile", "hierarchyGroup"] as const;
type NameKind = (typeof KINDS)[number];

export interface Names {
  /** `name` is a name, or for a hierarchy group its path joined by "/" through `pathKey`. */
  resolve(kind: NameKind, name: string, o?: CallOptions): Promise<Resolved>;
  nameOf(kind: NameKind, id: string): string | undefined;
}

const MAX_AGE_MS = 10 * 60_000;
/** A name that is missing is looked for again at this age: somebody may just have made it. */
const MISSING_AGE_MS = 30_000;
const MAX_CANDIDATES = 5;

/** Key of a hierarchy path; names may contain "/". */
export const pathKey = (path: string[]): string => path.join(" / ");

export function createNames(p: { instanceId: string; call: Call; clock: Clock }): Names {
  const { call, clock, instanceId: InstanceId } = p;
  const names = Object.fromEntries(KINDS.map((kind) => [kind, new Map<string, string>()]));
  const tables = Object.fromEntries(KINDS.map((kind) => [kind, kept(clock, (o) => read(kind, o))]));

  function entries(kind: NameKind, o: CallOptions): Promise<[id: string, name: string][]> {
    return pages(async (NextToken) => {
      // The search alone gives whole paths, a hundred groups a page; a list would cost one describe for each group.
      const input = { InstanceId, NextToken, MaxResults: kind === "hierarchyGroup" ? 100 : 1000 };
      if (kind === "securityProfile") {
        const r = await call(new ListSecurityProfilesCommand(input), o);
        return [(r.SecurityProfileSummaryList ?? []).map((x) => [x.Id!, x.Name!]), r.NextToken];
      }
      if (kind === "routingProfile") {
        const r = await call(new ListRoutingProfilesCommand(input), o);
        return [(r.RoutingProfileSummaryList ?? []).map((x) => [x.Id!, x.Name!]), r.NextToken];
      }
      const r = await call(new SearchUserHierarchyGroupsCommand(input), o);
      return [(r.UserHierarchyGroups ?? []).map((x) => [x.Id!, groupPath(x.HierarchyPath ?? {})]), r.NextToken];
    });
  }

  /** Ids by name. */
  async function read(kind: NameKind, o: CallOptions): Promise<Map<string, string[]>> {
    const all = await entries(kind, o);
    names[kind] = new Map(all);
    return new Map([...Map.groupBy(all, ([, name]) => name)].map(([name, found]) => [name, found.map(([id]) => id)]));
  }

  async function resolve(kind: NameKind, name: string, o: CallOptions): Promise<Resolved> {
    let known = await tables[kind]!.get(MAX_AGE_MS, o);
    if (!known.has(name)) known = await tables[kind]!.get(MISSING_AGE_MS, o);
    const ids = known.get(name) ?? [];
    if (ids.length === 1) return { id: ids[0]! };
    if (ids.length > 1) return { candidates: ids, ambiguous: true };
    return { candidates: nearest(name, [...known.keys()]), ambiguous: false };
  }

  return {
    resolve: (kind, name, o = {}) => resolve(kind, name, o),
    nameOf: (kind, id) => names[kind]!.get(id),
  };
}

function groupPath(path: HierarchyPath): string {
  const levels = [path.LevelOne, path.LevelTwo, path.LevelThree, path.LevelFour, path.LevelFive];
  return pathKey(levels.flatMap((level) => (level?.Name ? [level.Name] : [])));
}

/** Names that a person may have meant: equal without case first, then those that hold what was written, then by edit distance. */
export function nearest(name: string, all: string[]): string[] {
  const wanted = name.toLowerCase();
  return all
    .map((candidate) => {
      const found = candidate.toLowerCase();
      const part = wanted.length > 2 && found.includes(wanted) && found !== wanted;
      return { candidate, distance: part ? 1 : editDistance(wanted, found) };
    })
    .filter((x) => x.distance <= Math.max(2, wanted.length / 2))
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate))
    .slice(0, MAX_CANDIDATES)
    .map((x) => x.candidate);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
