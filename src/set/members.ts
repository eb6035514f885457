/** What a set wants of everybody: computed from a source that was read to its end. Pure: nothing here looks at a clock or a cloud. */
import { type ConnectUser, type ConnectUserSpec, MEMBER_ANNOTATIONS, SET_LABEL } from "../api/resources.ts";
import { durationSeconds, isoSeconds } from "../domain/duration.ts";
import { type LimitedChange, removalText } from "../domain/limits.ts";
import type { Person } from "../domain/people.ts";
import { type Catalogue, impossible } from "./catalogue.ts";
import { createText, gained, updateChange } from "./changes.ts";
import { differing, type MemberSpec, memberHash, memberName, memberSpec } from "./member.ts";
import { type CompiledSet, decide, groupKey, type Overridden, summaryOf } from "./rules.ts";

/** Everyone in the groups that a set names. A list that was cut off is no Source. */
export interface Source {
  people: ReadonlyMap<string, Person>;
  /** Object ids by group key. */
  groups: ReadonlyMap<string, ReadonlySet<string>>;
}
/** What became of the account of somebody who is in no group of the source. */
export type Account = "Enabled" | "Disabled" | "Deleted";

export interface Facts {
  source: Source;
  /** ConnectUsers with the set's label. */
  existing: readonly ConnectUser[];
  catalogue: Catalogue;
  /** Of existing members outside the source; what is not known is taken for enabled. */
  accounts: ReadonlyMap<string, Account>;
  /** Name of the ConnectUser for this person that no set made. */
  byHand(person: { id: string; userPrincipalName: string }): string | undefined;
  /** Name of another set of the namespace that has the same person. */
  otherSet(id: string): string | undefined;
  /** Whether a ConnectUser has this name. */
  isTaken(name: string): boolean;
  now: number;
  /** Whether the first expansion is done: from then on new users count as grants. */
  expanded: boolean;
}

/**
 * Active: has, or will have, what the rules say. Leaving: out of the source, within the grace period. Going: to be removed. ByHand: a
 * ConnectUser that no set made wins. LeftOut: gets none, or stays as it is, for the reasons given.
 */
export type MemberState = "Active" | "Leaving" | "Going" | "ByHand" | "LeftOut";

export type Verb = "Create" | "Update" | "Leave" | "Remove" | "HandOver";
export interface MemberChange extends LimitedChange {
  verb: Verb;
  why: string;
  /** Fields that somebody else changed on a ConnectUser that was as the rules say. */
  edited?: string[];
}
export interface Member {
  id: string;
  /** User principal name; of somebody who is in no group any more the Connect user name, or the object id. */
  who: string;
  displayName: string;
  /** Name of the ConnectUser. */
  name: string;
  state: MemberState;
  today?: ConnectUserSpec;
  /** Its ConnectUser is being deleted. */
  deleting: boolean;
  wanted?: MemberSpec;
  /** Of what is wanted, see memberHash. */
  hash?: string;
  /** Uid of the persona, where it owns the ConnectUser beside the set. */
  personaUid?: string;
  because: Record<string, string>;
  overridden: Overridden[];
  reasons: string[];
  /** Another set has the person too. */
  inOtherSet?: boolean;
  /** ISO 8601. */
  leavingSince?: string;
  /** ISO 8601. */
  leavesAt?: string;
  change?: MemberChange;
}

/** One row a person, by name; people of the source who do not match and never did are none. */
export function membersOf(name: string, set: CompiledSet, facts: Facts): Member[] {
  const existing = new Map(facts.existing.map((user) => [objectId(user), user]));
  const members = new Map<string, Member>();
  for (const person of candidates(set, facts.source)) {
    const member = memberOf(name, set, person, existing.get(person.id), facts);
    if (member) members.set(person.id, member);
  }
  for (const [id, user] of existing)
    if (!members.has(id))
      members.set(id, leave(blank(name, id, undefined, user), set, user, facts, "is in none of the groups"));
  return [...members.values()].sort((a, b) => (a.who < b.who ? -1 : a.who > b.who ? 1 : a.id < b.id ? -1 : 1));
}

/** The members of a set that is deleted together with its users. */
export function goingMembers(set: string, users: readonly ConnectUser[], why: string): Member[] {
  return users.map((user) => remove(blank(set, objectId(user), undefined, user), user, why));
}

export const objectId = (user: ConnectUser) => (user.spec.entraUser.objectId ?? "").toLowerCase();

/** People in any group of the source, whatever other groups the rules name. */
export function candidates({ spec }: Pick<CompiledSet, "spec">, source: Source): Person[] {
  const ids = new Set(spec.source.groups.flatMap((group) => [...(source.groups.get(groupKey(group)) ?? [])]));
  return [...ids].flatMap((id) => source.people.get(id) ?? []);
}

function memberOf(
  set: string,
  compiled: CompiledSet,
  person: Person,
  user: ConnectUser | undefined,
  facts: Facts,
): Member | undefined {
  const member = blank(set, person.id, person, user);
  try {
    if (!compiled.where(person))
      return user && leave(member, compiled, user, facts, "source.where is not true for this person");
  } catch (error) {
    return stay(member, [`source.where: ${summaryOf(error)}`]);
  }
  const memberships = new Set([...facts.source.groups].flatMap(([key, ids]) => (ids.has(person.id) ? [key] : [])));
  const decision = decide(compiled, person, memberships);
  member.because = decision.because;
  member.overridden = decision.overridden;
  const byHand = facts.byHand({ id: person.id, userPrincipalName: person.attributes.userPrincipalName });
  if (byHand !== undefined) return handOver(member, user, byHand);
  const other = facts.otherSet(person.id);
  if (other !== undefined)
    return { ...stay(member, [`is also in set ${other}; a person may be in one set only`]), inOtherSet: true };
  if (decision.problems.length > 0) return stay(member, decision.problems);
  if (decision.persona === undefined) {
    const reason = "no rule sets a persona for this person";
    return user ? leave(member, compiled, user, facts, reason) : stay(member, [reason]);
  }
  const problems = impossible(decision, facts.catalogue);
  if (problems.length > 0) return stay(member, problems);
  // Access of a member who is disabled is the ConnectUser's to take (whenDisabled); one who is new waits for the account.
  if (!user && !person.attributes.accountEnabled) return stay(member, ["the account is disabled in Entra"]);
  if (!user && facts.isTaken(member.name))
    return stay(member, [`ConnectUser ${member.name} is there and is for somebody else; delete it`]);
  const wanted = memberSpec(person.id, decision, compiled.spec.template);
  // With the persona as a second owner, the garbage collector keeps the ConnectUser when the set is deleted, in the foreground too.
  const { uid } = facts.catalogue.get(decision.persona)!;
  const owner = compiled.spec.deletionPolicy === "Orphan" && uid ? { personaUid: uid } : {};
  const hash = memberHash(wanted, decision.because, uid && owner.personaUid ? [uid] : []);
  return active({ ...member, hash, ...owner }, wanted, user, facts);
}

function blank(set: string, id: string, person: Person | undefined, user: ConnectUser | undefined): Member {
  return {
    id,
    who: person?.attributes.userPrincipalName || user?.status?.username || id,
    displayName: person?.attributes.displayName ?? "",
    name: user?.metadata.name ?? memberName(set, id),
    state: "Active",
    ...(user ? { today: user.spec } : {}),
    deleting: user !== undefined && isGoing(user),
    because: {},
    overridden: [],
    reasons: [],
  };
}

function stay(member: Member, reasons: string[]): Member {
  return { ...member, state: "LeftOut", reasons };
}

function handOver(member: Member, user: ConnectUser | undefined, byHand: string): Member {
  const why = `ConnectUser ${byHand}, which no set made, is for the same person`;
  const change: MemberChange = { verb: "HandOver", text: `hand over ${member.id}`, sorts: [], why };
  return { ...member, state: "ByHand", reasons: [why], ...(user && !isGoing(user) ? { change } : {}) };
}

function active(member: Member, wanted: MemberSpec, user: ConnectUser | undefined, facts: Facts): Member {
  const result: Member = { ...member, state: "Active", wanted };
  if (!user) {
    const profiles = gained(undefined, wanted, facts.catalogue);
    const sorts = facts.expanded ? (["grants"] as const) : [];
    const change = {
      verb: "Create" as const,
      text: createText(member.id, wanted, profiles),
      sorts,
      why: whyOf(member),
    };
    return { ...result, change };
  }
  // The name is free again only when the old object is gone.
  if (isGoing(user)) return { ...result, reasons: ["the former ConnectUser is still being deleted"] };
  const annotations = user.metadata.annotations ?? {};
  const isBack = annotations[MEMBER_ANNOTATIONS.leavingSince] !== undefined;
  const isOurs = user.metadata.labels?.[SET_LABEL] !== undefined;
  const isApplied = annotations[MEMBER_ANNOTATIONS.hash] === member.hash && isOurs;
  const edited = differing(wanted, user.spec);
  if (isApplied && !isBack && edited.length === 0) return result;
  const why = isBack ? "is back in the source" : isOurs ? whyOf(member) : "was left by an earlier set of this name";
  const limited = updateChange(member.id, user.spec, wanted, facts.catalogue);
  return { ...result, change: { verb: "Update", ...limited, why, ...(isApplied && !isBack ? { edited } : {}) } };
}

function leave(member: Member, { spec }: CompiledSet, user: ConnectUser, facts: Facts, why: string): Member {
  const account = accountOf(member, facts);
  if (account !== "Enabled")
    return remove(member, user, `the account is ${account.toLowerCase()} in Entra, and the person ${why}`);
  const noted = user.metadata.annotations?.[MEMBER_ANNOTATIONS.leavingSince];
  const at = Date.parse(noted ?? "");
  const since = Number.isNaN(at) || at > facts.now ? facts.now : at;
  const end = since + durationSeconds(spec.removal.gracePeriod) * 1000;
  const times = { leavingSince: isoSeconds(since), leavesAt: isoSeconds(end) };
  if (facts.now >= end) return remove({ ...member, ...times }, user, `${why} since ${times.leavingSince}`);
  const change: MemberChange = { verb: "Leave", text: `leave ${member.id}`, sorts: [], why };
  const isNoted = noted === times.leavingSince;
  return { ...member, state: "Leaving", ...times, reasons: [why], ...(isNoted || isGoing(user) ? {} : { change }) };
}

function remove(member: Member, user: ConnectUser, why: string): Member {
  const change: MemberChange = { verb: "Remove", text: removalText(member.id), sorts: ["removals"], why };
  return { ...member, state: "Going", reasons: [why], ...(isGoing(user) ? {} : { change }) };
}

function accountOf({ id }: Member, { accounts, source }: Facts): Account {
  const person = source.people.get(id);
  return accounts.get(id) ?? (person && !person.attributes.accountEnabled ? "Disabled" : "Enabled");
}

const isGoing = (user: ConnectUser) => user.metadata.deletionTimestamp !== undefined;

function whyOf({ because }: Member): string {
  return because.persona === undefined ? "" : `rule ${because.persona}`;
}
