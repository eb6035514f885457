/** Security profiles, routing profiles and hierarchy groups: names to ids and back, read whole and kept for a while. */
import {
  type ConnectClient,
  type HierarchyPath,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
  SearchUserHierarchyGroupsCommand,
} from "@aws-sdk/client-connect";
import type { Clock } from "../../runtime/clock.ts";
import type { CallOptions } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Resolved } from "./types.ts";

export type NameKind = "securityProfile" | "routingProfile" | "hierarchyGroup";

export interface Names {
  /** `name` is a name, or for a hierarchy group its path joined by "/" through `pathKey`. */
  resolve(kind: NameKind, name: string, o?: CallOptions): Promise<Resolved>;
  nameOf(kind: NameKind, id: string): string | undefined;
}

interface Table {
  readAt: number;
  idsByName: Map<string, string[]>;
  nameById: Map<string, string>;
}

const MAX_AGE_MS = 10 * 60_000;
/** A name that is missing is looked for again at this age: somebody may just have made it. */
const MISSING_AGE_MS = 30_000;
const MAX_CANDIDATES = 5;

/** Key of a hierarchy path; names may contain "/". */
export const pathKey = (path: string[]): string => path.join(" / ");

export function createNames(p: { instanceId: string; client: ConnectClient; call: Call; clock: Clock }): Names {
  const { client, call, clock } = p;
  const { instanceId: InstanceId } = p;
  const tables = new Map<NameKind, Table>();
  const reading = new Map<NameKind, Promise<Table>>();

  async function entries(kind: NameKind, o: CallOptions): Promise<[id: string, name: string][]> {
    const found: [string, string][] = [];
    let NextToken: string | undefined;
    do {
      // The search alone gives whole paths, a hundred groups a page; a list would cost one describe for each group.
      const input = { InstanceId, NextToken, MaxResults: kind === "hierarchyGroup" ? 100 : 1000 };
      if (kind === "securityProfile") {
        const r = await call("ListSecurityProfiles", (s) => client.send(new ListSecurityProfilesCommand(input), s), o);
        for (const x of r.SecurityProfileSummaryList ?? []) found.push([x.Id!, x.Name!]);
        NextToken = r.NextToken;
      } else if (kind === "routingProfile") {
        const r = await call("ListRoutingProfiles", (s) => client.send(new ListRoutingProfilesCommand(input), s), o);
        for (const x of r.RoutingProfileSummaryList ?? []) found.push([x.Id!, x.Name!]);
        NextToken = r.NextToken;
      } else {
        const r = await call(
          "SearchUserHierarchyGroups",
          (s) => client.send(new SearchUserHierarchyGroupsCommand(input), s),
          o,
        );
        for (const x of r.UserHierarchyGroups ?? []) found.push([x.Id!, groupPath(x.HierarchyPath ?? {})]);
        NextToken = r.NextToken;
      }
    } while (NextToken);
    return found;
  }

  function fresh(kind: NameKind, maxAgeMs: number): Table | undefined {
    const known = tables.get(kind);
    return known && clock.now() - known.readAt < maxAgeMs ? known : undefined;
  }

  async function table(kind: NameKind, maxAgeMs: number, o: CallOptions): Promise<Table> {
    const known = fresh(kind, maxAgeMs);
    if (known) return known;
    let pending = reading.get(kind);
    if (!pending) {
      // Shared by everybody who waits, so no single caller's signal may cut it off.
      pending = read(kind, { priority: o.priority }).finally(() => reading.delete(kind));
      reading.set(kind, pending);
    }
    return pending;
  }

  async function read(kind: NameKind, o: CallOptions): Promise<Table> {
    const table: Table = { readAt: clock.now(), idsByName: new Map(), nameById: new Map() };
    for (const [id, name] of await entries(kind, o)) {
      table.nameById.set(id, name);
      table.idsByName.set(name, [...(table.idsByName.get(name) ?? []), id]);
    }
    tables.set(kind, table);
    return table;
  }

  async function resolve(kind: NameKind, name: string, o: CallOptions): Promise<Resolved> {
    let known = await table(kind, MAX_AGE_MS, o);
    if (!known.idsByName.has(name)) known = await table(kind, MISSING_AGE_MS, o);
    const ids = known.idsByName.get(name) ?? [];
    if (ids.length === 1) return { id: ids[0]! };
    if (ids.length > 1) return { candidates: ids, ambiguous: true };
    return { candidates: nearest(name, [...known.idsByName.keys()]), ambiguous: false };
  }

  return {
    resolve: (kind, name, o = {}) => resolve(kind, name, o),
    nameOf: (kind, id) => tables.get(kind)?.nameById.get(id),
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
