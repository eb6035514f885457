/** Security profiles, routing profiles and hierarchy groups: names to ids and back, read whole and kept for a while. */
import {
  type ConnectClient,
  DescribeUserHierarchyGroupCommand,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
  ListUserHierarchyGroupsCommand,
} from "@aws-sdk/client-connect";
import type { Clock } from "../clock.ts";
import type { CallOptions } from "../errors.ts";
import type { Call } from "./call.ts";
import { isNotFound } from "./errors.ts";
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
  const base = { InstanceId: p.instanceId, MaxResults: 1000 };
  const tables = new Map<NameKind, Table>();
  const reading = new Map<NameKind, Promise<Table>>();
  /** A group's path changes only when somebody renames it, which moves LastModifiedTime. */
  const paths = new Map<string, { modified: number; path: string }>();

  async function entries(kind: NameKind, o: CallOptions): Promise<[id: string, name: string][]> {
    const found: [string, string][] = [];
    let NextToken: string | undefined;
    do {
      const input = { ...base, NextToken };
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
          "ListUserHierarchyGroups",
          (s) => client.send(new ListUserHierarchyGroupsCommand(input), s),
          o,
        );
        for (const x of r.UserHierarchyGroupSummaryList ?? []) {
          const path = await groupPath(x.Id!, x.LastModifiedTime?.getTime() ?? 0, o);
          if (path) found.push([x.Id!, path]);
        }
        NextToken = r.NextToken;
      }
    } while (NextToken);
    return found;
  }

  async function groupPath(id: string, modified: number, o: CallOptions): Promise<string | undefined> {
    const known = paths.get(id);
    // Renaming a parent does not move the child, so a path is read again now and then all the same.
    if (known && known.modified === modified) return known.path;
    const input = { InstanceId: p.instanceId, HierarchyGroupId: id };
    const r = await call(
      "DescribeUserHierarchyGroup",
      (s) => client.send(new DescribeUserHierarchyGroupCommand(input), s),
      o,
    ).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const levels = r?.HierarchyGroup?.HierarchyPath;
    if (!levels) return undefined;
    const names = [levels.LevelOne, levels.LevelTwo, levels.LevelThree, levels.LevelFour, levels.LevelFive];
    const path = pathKey(names.flatMap((level) => (level?.Name ? [level.Name] : [])));
    paths.set(id, { modified, path });
    return path;
  }

  async function table(kind: NameKind, maxAgeMs: number, o: CallOptions): Promise<Table> {
    const known = tables.get(kind);
    if (known && clock.now() - known.readAt < maxAgeMs) return known;
    let pending = reading.get(kind);
    if (!pending) {
      // Shared by everybody who waits, so no single caller's signal may cut it off.
      pending = read(kind, { priority: o.priority }).finally(() => reading.delete(kind));
      reading.set(kind, pending);
    }
    return pending;
  }

  async function read(kind: NameKind, o: CallOptions): Promise<Table> {
    const fresh: Table = { readAt: clock.now(), idsByName: new Map(), nameById: new Map() };
    for (const [id, name] of await entries(kind, o)) {
      fresh.nameById.set(id, name);
      fresh.idsByName.set(name, [...(fresh.idsByName.get(name) ?? []), id]);
    }
    tables.set(kind, fresh);
    return fresh;
  }

  return {
    async resolve(kind, name, o = {}) {
      let known = await table(kind, MAX_AGE_MS, o);
      if (!known.idsByName.has(name)) known = await table(kind, MISSING_AGE_MS, o);
      const ids = known.idsByName.get(name) ?? [];
      if (ids.length === 1) return { id: ids[0]! };
      if (ids.length > 1) return { candidates: ids, ambiguous: true };
      return { candidates: nearest(name, [...known.idsByName.keys()]), ambiguous: false };
    },
    nameOf: (kind, id) => tables.get(kind)?.nameById.get(id),
  };
}

/** Names that a person may have meant: equal without case first, then by edit distance. */
export function nearest(name: string, all: string[]): string[] {
  const wanted = name.toLowerCase();
  return all
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
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
