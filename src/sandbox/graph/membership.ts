/** Who is in which group: members of members, and what changed since when, for delta queries. */
import type { Directory } from "./directory.ts";
import type { Entity } from "./odata.ts";
import type { Group } from "./shapes.ts";

/** One change of one group's members. */
interface Change {
  sequence: number;
  member: string;
  added: boolean;
}

/** Changes by group, oldest first. */
export type MembershipLog = Map<string, Change[]>;

/** Gives a group other members and takes note of the difference. */
export function setMembers(directory: Directory, group: Group, memberIds: readonly string[]): void {
  const [before, after] = [new Set(group.memberIds), new Set(memberIds)];
  const sequence = directory.groups.set({ ...group, memberIds });
  const log = directory.membershipLog.get(group.id) ?? [];
  directory.membershipLog.set(group.id, log);
  for (const member of after) if (!before.has(member)) log.push({ sequence, member, added: true });
  for (const member of before) if (!after.has(member)) log.push({ sequence, member, added: false });
}

/** Takes one member out of every group; returns those it was in. */
export function leaveAll(directory: Directory, member: string): string[] {
  const groups = [...directory.groups.values()].filter(({ memberIds }) => memberIds.includes(member));
  for (const group of groups)
    setMembers(
      directory,
      group,
      group.memberIds.filter((id) => id !== member),
    );
  return groups.map(({ id }) => id);
}

/** Puts a restored object back into the groups that still exist. */
export function joinAgain(directory: Directory, member: string, groupIds: readonly string[]): void {
  for (const id of groupIds) {
    const group = directory.groups.get(id);
    if (group && !group.memberIds.includes(member)) setMembers(directory, group, [...group.memberIds, member]);
  }
}

/** Members of members, each once; a circle of groups ends. */
export function transitiveMembers({ groups }: Directory, group: Group): string[] {
  const found = new Set<string>();
  const open = [...group.memberIds];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(groups.read(id)?.memberIds ?? []));
  }
  return [...found];
}

/** Ids of the groups that hold `id`, directly or through others. */
export function groupsOf({ groups }: Directory, id: string, transitive: boolean): string[] {
  const found = new Set<string>();
  const open = [id];
  for (let member = open.pop(); member !== undefined; member = open.pop())
    for (const group of groups.readAll())
      if (group.memberIds.includes(member) && !found.has(group.id)) {
        found.add(group.id);
        if (transitive) open.push(group.id);
      }
  return [...found];
}

/** Rows of `members@delta`: all members at first, then the last state of each that changed after `since`. */
export function memberChanges(directory: Directory, group: Group, since: number | undefined): Entity[] {
  const row = (id: string, removed: boolean): Entity => ({
    "@odata.type": typeOf(directory, id),
    id,
    ...(removed ? { "@removed": { reason: "deleted" } } : {}),
  });
  if (since === undefined) return group.memberIds.map((id) => row(id, false));
  const last = new Map<string, boolean>();
  for (const { sequence, member, added } of directory.membershipLog.get(group.id) ?? [])
    if (sequence > since) last.set(member, added);
  return [...last].map(([id, added]) => row(id, !added));
}

function typeOf({ groups, devices, servicePrincipals }: Directory, id: string): string {
  if (groups.get(id)) return "#microsoft.graph.group";
  if (devices.get(id)) return "#microsoft.graph.device";
  return servicePrincipals.get(id) ? "#microsoft.graph.servicePrincipal" : "#microsoft.graph.user";
}
