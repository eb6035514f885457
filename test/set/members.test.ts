import { describe, expect, test } from "@jest/globals";
import { type ConnectUser, type ConnectUserSetSpec, MEMBER_ANNOTATIONS } from "../../src/api/resources.ts";
import { isoSeconds } from "../../src/domain/duration.ts";
import { type MemberSpec, memberHash, memberName } from "../../src/set/member.ts";
import type { Account } from "../../src/set/members.ts";
import { CATALOGUE, idOf, look, NOW, person, setOf, settled, sourceOf } from "./support.ts";

const rules: ConnectUserSetSpec["rules"] = [
  { name: "managers", group: { displayName: "CC Managers" }, set: { persona: "managers" } },
  { name: "everybody", set: { persona: "agents" } },
];
const set = setOf({ rules, removal: { gracePeriod: "24h" } });
const jane = person(1);
const here = sourceOf([jane], { "CC Agents": [1], "CC Managers": [] });
const away = sourceOf([jane], { "CC Agents": [], "CC Managers": [] });
const one = (given: Parameters<typeof look>[1], of = set) => look(of, given)[0]!;
const [user] = settled(set, here) as [ConnectUser];
const annotated = (annotations: Record<string, string>): ConnectUser => ({
  ...user,
  metadata: { ...user.metadata, annotations: { ...user.metadata.annotations, ...annotations } },
});
const hoursAgo = (hours: number) => isoSeconds(NOW - hours * 3_600_000);

describe("joins", () => {
  test("a ConnectUser named by set and object id, by the rule that decided", () => {
    const joiner = one({ source: here });
    expect(joiner).toMatchObject({
      who: "p1@example.com",
      name: `cc-${idOf(1)}`,
      state: "Active",
      wanted: { personaRef: { name: "agents" }, entraUser: { objectId: idOf(1) } },
      because: { persona: "everybody" },
      change: { verb: "Create", sorts: ["grants"], why: "rule everybody" },
    });
  });
  test("of the first expansion no limit counts", () => {
    expect(one({ source: here, expanded: false }).change).toMatchObject({ verb: "Create", sorts: [] });
  });
  test("once it is there, nothing is to be done", () => {
    expect(one({ source: here, existing: [user] }).change).toBeUndefined();
  });
  test("the name does not change with the person's", () => {
    const renamed = sourceOf([person(1, { userPrincipalName: "jane.roe@example.com" })], { "CC Agents": [1] });
    expect(one({ source: renamed, existing: [user] })).toMatchObject({
      name: user.metadata.name,
      who: "jane.roe@example.com",
    });
    expect(memberName("cc", idOf(1).toUpperCase())).toBe(user.metadata.name);
  });
  test("somebody in a rule's group alone is not in the source", () => {
    expect(look(set, { source: sourceOf([jane], { "CC Agents": [], "CC Managers": [1] }) })).toEqual([]);
  });
  test("a former ConnectUser that is still being deleted is waited for", () => {
    const deleting = { ...user, metadata: { ...user.metadata, deletionTimestamp: hoursAgo(0) } };
    const found = one({ source: here, existing: [deleting] });
    expect(found.change).toBeUndefined();
    expect(found.reasons).toEqual(["the former ConnectUser is still being deleted"]);
  });
});

describe("moves and grants", () => {
  test("a move is counted, and the profiles that come with it", () => {
    const promoted = sourceOf([jane], { "CC Agents": [1], "CC Managers": [1] });
    expect(one({ source: promoted, existing: [user] }).change).toEqual({
      verb: "Update",
      text: `update ${idOf(1)} from agents to managers with ["Lead"]`,
      sorts: ["moves", "grants"],
      why: "rule managers",
    });
  });
  test("a profile more is a grant, a profile less is not", () => {
    const more = setOf({
      rules: [{ name: "everybody", set: { persona: "agents" }, add: { securityProfiles: ["Agent"] } }],
    });
    const [narrow] = settled(more, here);
    expect(one({ source: here, existing: [user] }, more).change).toMatchObject({ verb: "Update", sorts: [] });
    expect(one({ source: here, existing: [narrow!] }).change).toMatchObject({
      sorts: ["grants"],
      text: expect.stringContaining('["Quality"]'),
    });
  });
  test("of a persona that is gone nobody knows the profiles, so all are new", () => {
    const lost = { ...user, spec: { ...user.spec, personaRef: { name: "gone" } } };
    expect(one({ source: here, existing: [lost] }).change?.text).toContain(
      'from gone to agents with ["Agent","Quality"]',
    );
  });
});

describe("fields of a generated user", () => {
  test("what a person sets beside the set is hers", () => {
    const hers = { ...user, spec: { ...user.spec, mobile: "+353123456", tags: { hers: "1" } } };
    expect(one({ source: here, existing: [hers] }).change).toBeUndefined();
  });
  test("what the set says as well, the set wins", () => {
    const tagged = setOf({ rules, template: { tags: { team: "cc" }, phone: { type: "SoftPhone" } } });
    const [good] = settled(tagged, here);
    const edited = { ...good!, spec: { ...good!.spec, tags: { team: "mine", hers: "1" } } };
    expect(one({ source: here, existing: [edited] }, tagged).change).toMatchObject({ verb: "Update", sorts: [] });
    const beside = { ...good!, spec: { ...good!.spec, tags: { team: "cc", hers: "1" } } };
    expect(one({ source: here, existing: [beside] }, tagged).change).toBeUndefined();
  });
  test("a field that no rule sets any more is applied once more, to be taken away", () => {
    const [tagged] = settled(setOf({ rules, template: { tags: { team: "cc" } } }), here);
    expect(one({ source: here, existing: [tagged!] }).change).toMatchObject({ verb: "Update" });
  });
  test("the hash is independent of the order of keys and profiles", () => {
    const spec = { personaRef: { name: "a" }, entraUser: { objectId: idOf(1) } };
    const hash = (one: MemberSpec) => memberHash(one, { persona: "everybody" });
    expect(hash({ ...spec, securityProfiles: ["A", "B"] })).toBe(hash({ securityProfiles: ["B", "A"], ...spec }));
    expect(hash({ ...spec, hierarchyGroup: ["A", "B"] })).not.toBe(hash({ ...spec, hierarchyGroup: ["B", "A"] }));
  });
});

describe("leaves", () => {
  test("the grace period begins", () => {
    expect(one({ source: away, existing: [user] })).toMatchObject({
      state: "Leaving",
      leavingSince: hoursAgo(0),
      leavesAt: hoursAgo(-24),
      reasons: ["is in none of the groups"],
      change: { verb: "Leave", sorts: [] },
    });
  });
  test("it is noted once, and nothing else is done until its end", () => {
    const leaver = annotated({ [MEMBER_ANNOTATIONS.leavingSince]: hoursAgo(23) });
    expect(one({ source: away, existing: [leaver] })).toMatchObject({ state: "Leaving", leavesAt: hoursAgo(-1) });
    expect(one({ source: away, existing: [leaver] }).change).toBeUndefined();
  });
  test("at its end the ConnectUser goes", () => {
    const leaver = annotated({ [MEMBER_ANNOTATIONS.leavingSince]: hoursAgo(24) });
    expect(one({ source: away, existing: [leaver] })).toMatchObject({
      state: "Going",
      change: { verb: "Remove", sorts: ["removals"], why: `is in none of the groups since ${hoursAgo(24)}` },
    });
  });
  test("back within it: the note goes, and nothing that a limit counts happened", () => {
    const leaver = annotated({ [MEMBER_ANNOTATIONS.leavingSince]: hoursAgo(23) });
    expect(one({ source: here, existing: [leaver] }).change).toEqual({
      verb: "Update",
      text: `update ${idOf(1)}`,
      sorts: [],
      why: "is back in the source",
    });
  });
  test.each<[string, string]>([
    ["a note from the future", "9999-01-01T00:00:00.000Z"],
    ["a note that is no time", "tomorrow"],
  ])("%s begins anew", (_, note) => {
    const leaver = annotated({ [MEMBER_ANNOTATIONS.leavingSince]: note });
    expect(one({ source: away, existing: [leaver] })).toMatchObject({
      leavingSince: hoursAgo(0),
      change: { verb: "Leave" },
    });
  });
  test.each<Account>(["Disabled", "Deleted"])("an account that is %s gets no grace", (account) => {
    const accounts = new Map([[idOf(1), account]]);
    expect(one({ source: away, existing: [user], accounts })).toMatchObject({
      state: "Going",
      change: { verb: "Remove" },
    });
  });
  test("disabled and no longer matched: no grace either", () => {
    const active = setOf({ rules, source: { where: "user.accountEnabled" } });
    const disabled = sourceOf([person(1, { accountEnabled: false })], { "CC Agents": [1] });
    expect(one({ source: disabled, existing: [user] }, active)).toMatchObject({
      change: {
        verb: "Remove",
        why: "the account is disabled in Entra, and the person source.where is not true for this person",
      },
    });
  });
  test("disabled and still matched: the ConnectUser itself takes the access", () => {
    const disabled = sourceOf([person(1, { accountEnabled: false })], { "CC Agents": [1] });
    expect(one({ source: disabled, existing: [user] })).toMatchObject({ state: "Active" });
    expect(one({ source: disabled, existing: [user] }).change).toBeUndefined();
    expect(one({ source: disabled })).toMatchObject({
      state: "LeftOut",
      reasons: ["the account is disabled in Entra"],
    });
  });
  test("a rule that is taken away takes its people away, with grace", () => {
    const only = setOf({ rules: [rules[0]!] });
    expect(one({ source: here, existing: [user] }, only)).toMatchObject({
      state: "Leaving",
      reasons: ["no rule sets a persona for this person"],
    });
    expect(one({ source: here }, only)).toMatchObject({
      state: "LeftOut",
      reasons: ["no rule sets a persona for this person"],
    });
  });
});

describe("left as they are, with rule and value", () => {
  const rule = (more: object): ConnectUserSetSpec["rules"] => [
    { name: "everybody", set: { persona: "agents" }, ...more },
  ];
  test.each<[string, ConnectUserSetSpec["rules"], string]>([
    [
      "no such persona",
      [{ name: "everybody", set: { persona: "nobody" } }],
      "rule everybody: there is no persona nobody",
    ],
    [
      "a profile off the persona's list",
      rule({ add: { securityProfiles: ["Admin"] } }),
      "rule everybody: persona agents does not list security profile Admin",
    ],
    [
      "no such routing profile",
      rule({ set: { persona: "agents", routingProfile: "Nope" } }),
      "rule everybody: Connect has no routing profile Nope",
    ],
    [
      "no such hierarchy group",
      rule({ compute: { hierarchyGroup: "['IE', 'Cork']" } }),
      "rule everybody: Connect has no hierarchy group IE / Cork",
    ],
    [
      "no value",
      rule({ compute: { routingProfile: "user.department" } }),
      "rule everybody: routingProfile is empty for this person: []",
    ],
  ])("%s", (_, changed, reason) => {
    for (const existing of [[user], []]) {
      const found = one({ source: here, existing }, setOf({ rules: changed }));
      expect(found).toMatchObject({ state: "LeftOut", reasons: [reason] });
      expect(found.change).toBeUndefined();
    }
  });
  test("an instance that cannot be read", () => {
    const catalogue = new Map([["agents", { securityProfiles: ["Agent"] }]]);
    expect(one({ source: here, catalogue }).reasons).toEqual([
      "the Connect instance of persona agents could not be read",
    ]);
  });
  test("a profile that the persona lists and Connect does not have", () => {
    const catalogue = new Map([["agents", { ...CATALOGUE.get("agents")!, securityProfiles: ["Typo"] }]]);
    const typo = setOf({ rules: rule({ add: { securityProfiles: ["Typo"] } }) });
    expect(one({ source: here, catalogue }, typo).reasons).toEqual([
      "rule everybody: Connect has no security profile Typo",
    ]);
  });
  test("a persona that is being deleted", () => {
    const catalogue = new Map([["agents", { ...CATALOGUE.get("agents")!, deleting: true }]]);
    expect(one({ source: here, catalogue }).reasons).toEqual(["rule everybody: persona agents is being deleted"]);
  });
  test("a person in two sets", () => {
    const found = one({ source: here, existing: [user], otherSet: () => "other" });
    expect(found).toMatchObject({
      state: "LeftOut",
      reasons: ["is also in set other; a person may be in one set only"],
    });
    expect(found.change).toBeUndefined();
  });
  test("where that fails for one person", () => {
    const failing = setOf({ rules, source: { where: "user.mail.split('@')[1] == 'example.com'" } });
    expect(one({ source: here, existing: [user] }, failing)).toMatchObject({
      state: "LeftOut",
      reasons: ["source.where: No such key: index out of bounds, index 1 >= size 1"],
    });
  });
});

test("a ConnectUser written by hand wins: the set's own is handed over, and none is made", () => {
  const byHand = ({ userPrincipalName }: { userPrincipalName: string }) =>
    userPrincipalName === "p1@example.com" ? "jane" : undefined;
  expect(one({ source: here, byHand })).toMatchObject({ state: "ByHand" });
  expect(one({ source: here, byHand }).change).toBeUndefined();
  expect(one({ source: here, existing: [user], byHand }).change).toMatchObject({ verb: "HandOver", sorts: [] });
});
