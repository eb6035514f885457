/** What a user's components plan, by the calls that their steps make. */
import { describe, expect, test } from "@jest/globals";
import type { ConnectUserSpec } from "../../src/api/resources.ts";
import { declaredConflict } from "../../src/domain/conflicts.ts";
import { COMPONENTS } from "../../src/user/components/index.ts";
import type { UserScope } from "../../src/user/scope.ts";
import type { Seen } from "../../src/user/seen.ts";
import { stepsOf } from "../support/steps.ts";

const input = {
  username: "jane@example.com",
  firstName: "Jane",
  lastName: "Doe",
  securityProfileIds: ["a"],
  routingProfileId: "r",
  tags: {},
};
const user = {
  ...input,
  id: "1",
  arn: "arn",
  phone: {},
  tags: {
    "connectsso.dev/owner": "c/n/jane",
    "connectsso.dev/persona": "agents",
    "connectsso.dev/role": "connect-sso-n-agents",
    "connectsso.dev/entra-object-id": "u",
    "connectsso.dev/entra-user": "jane@example.com",
    team: "x",
  },
};
const assigned = [{ id: "as", appRoleId: "role" }];

/** Names of the calls that the plan makes, in order. */
async function calls(scope: object, seen: Record<string, unknown>, assignmentId?: string): Promise<string[]> {
  const made: string[] = [];
  const recorder = (answers: Record<string, unknown> = {}) =>
    new Proxy(answers, {
      get: (known, name: string) => known[name] ?? ((...args: unknown[]) => made.push(name) && Promise.resolve(args)),
    });
  const all = {
    object: {
      spec: { entraUser: { userPrincipalName: "jane@example.com" } },
      status: assignmentId ? { appRoleAssignmentId: assignmentId } : {},
    },
    persona: { metadata: { name: "agents" }, spec: { connectUsers: { securityProfiles: ["Agent"] } } },
    graph: recorder(),
    connect: recorder({ nameOf: () => undefined, confirmAbsent: async () => true }),
    owner: "c/n/jane",
    input,
    assignment: { servicePrincipalId: "sp", principalId: "u", appRoleId: "role" },
    forbidden: [],
    users: [],
    roleName: "connect-sso-n-agents",
    seen,
    isAlive: () => true,
    store: { event: () => {} },
    found: {},
    ...scope,
  } as unknown as UserScope;
  const views: Record<keyof Seen, unknown> = {
    withdrawal: { assignments: [], users: [] },
    "former-assignments": { former: [] },
    "connect-user": { user },
    "quick-connects": { stale: [] },
    "role-assignment": { assignments: assigned, byGroup: false },
    ...seen,
  };
  for (const [name, component] of Object.entries(COMPONENTS).filter(([, one]) => one.applies(all)))
    for (const step of stepsOf(component as never, all as never, views[name as keyof Seen] as never))
      await step.apply(new Set(step.differences.map(({ path }) => path)));
  return made;
}

describe("plan of a user", () => {
  const withdrawn = { reason: "EntraUserDisabled", message: "disabled", isFinal: false };
  const entraUser = { userPrincipalName: "jane@example.com" };
  const gone = { withdrawal: { assignments: [], users: [] } };
  const noRole = { "role-assignment": { assignments: [], byGroup: false } };
  test.each<[string, object, Record<string, unknown>, string | undefined, string[]]>([
    ["in sync, foreign tags left", {}, {}, undefined, []],
    ["first set-up", {}, { ...noRole, "connect-user": {} }, undefined, ["createUser", "assign"]],
    [
      "other profiles",
      {},
      { "connect-user": { user: { ...user, securityProfileIds: ["b"] } } },
      undefined,
      ["updateSecurityProfiles"],
    ],
    ["recreate once", { recreate: "h" }, {}, undefined, ["endSessions", "deleteUser", "createUser"]],
    [
      "recreated already",
      { recreate: "h" },
      { "connect-user": { user: { ...user, tags: { ...user.tags, "connectsso.dev/recreated": "h" } } } },
      undefined,
      [],
    ],
    [
      "wrong role of ours",
      {},
      { "role-assignment": { assignments: [{ id: "old", appRoleId: "x" }], byGroup: false } },
      "old",
      ["assign", "unassign"],
    ],
    [
      "moved here from another persona: the old role goes first",
      {},
      {
        ...noRole,
        "connect-user": { user: { ...user, tags: { ...user.tags, "connectsso.dev/persona": "managers" } } },
        "former-assignments": { former: [{ persona: "managers", servicePrincipalId: "other", assignmentId: "x" }] },
      },
      undefined,
      ["unassign", "tagUser", "assign"],
    ],
    [
      "a disabled account loses the role, then its sessions end; the Connect user stays",
      { withdrawn },
      { withdrawal: { assignments: [{ id: "as", appRoleId: "role" }], users: [user] } },
      undefined,
      ["unassign", "endSessions"],
    ],
    [
      "a disabled account with endSessions: false",
      { withdrawn, object: { spec: { entraUser, endSessions: false } } },
      { withdrawal: { assignments: [{ id: "as", appRoleId: "role" }], users: [user] } },
      undefined,
      ["unassign"],
    ],
    ["a disabled account gets no Connect user", { withdrawn }, { ...gone, "connect-user": {} }, undefined, []],
    [
      "another name from Entra: recreate replaces the former user",
      { recreate: "h", users: [{ ...user, username: "jane.doe@example.com" }] },
      { "connect-user": {} },
      undefined,
      ["endSessions", "deleteUser", "createUser"],
    ],
    [
      "quick connects of the former user ring the new one",
      {},
      { "quick-connects": { stale: [{ id: "q", name: "Jane", userId: "0", flowId: "f" }], userId: "1" } },
      undefined,
      ["repointQuickConnect"],
    ],
    [
      "role of somebody else",
      {},
      { "role-assignment": { assignments: [{ id: "old", appRoleId: "x" }], byGroup: false } },
      undefined,
      ["assign"],
    ],
    [
      "a profile that is no longer allowed goes",
      { forbidden: ["Admin"] },
      { "connect-user": { user: { ...user, securityProfileIds: ["b"] } } },
      undefined,
      ["updateSecurityProfiles"],
    ],
  ])("%s", async (_, scope, seen, id, expected) => expect(await calls(scope, seen, id)).toEqual(expected));
});

/** Fields that are about the person or the controller; all others are written to Connect. */
type NotOfConnect =
  | "personaRef"
  | "entraUser"
  | "username"
  | "driftPolicy"
  | "adoptionPolicy"
  | "deletionPolicy"
  | "whenDisabled"
  | "endSessions"
  | "quickConnects"
  | "suspend";
/** Of each field: what is declared, what Connect shows, the call. */
const WRITTEN: Record<Exclude<keyof ConnectUserSpec, NotOfConnect>, [object, object, string]> = {
  firstName: [{}, { firstName: "Jo" }, "updateIdentity"],
  lastName: [{}, { lastName: "Roe" }, "updateIdentity"],
  secondaryEmail: [{ secondaryEmail: "jane@home.example" }, {}, "updateIdentity"],
  mobile: [{ mobile: "+15550100" }, {}, "updateIdentity"],
  securityProfiles: [{ securityProfileIds: ["b"] }, {}, "updateSecurityProfiles"],
  routingProfile: [{ routingProfileId: "s" }, {}, "updateRoutingProfile"],
  hierarchyGroup: [{ hierarchyGroupId: "h" }, {}, "updateHierarchy"],
  phone: [{ phone: { type: "DESK_PHONE", deskPhoneNumber: "+15550101" } }, {}, "updatePhone"],
  contactHandling: [{ handling: { CHAT: { autoAccept: true } } }, {}, "updateHandling"],
  proficiencies: [{}, { proficiencies: [{ attribute: "a", value: "b", level: 1 }] }, "setProficiencies"],
  tags: [{ tags: { team: "y" } }, {}, "tagUser"],
};
test.each(Object.entries(WRITTEN))("a %s that differs is written with one call", async (_, [declared, shown, call]) => {
  const scope = { input: { ...input, ...declared }, proficiencies: [] };
  const seen = { "connect-user": { user: { ...user, secondaryEmail: null, mobile: null, ...shown } } };
  expect(await calls(scope, seen)).toEqual([call]);
});

test("conflict without case, in the same instance only", () => {
  const one = {
    namespace: "n",
    name: "a",
    persona: "p",
    instanceArn: "i",
    entraUser: ["Jane@x.com"],
    username: "Jane",
  };
  expect(declaredConflict(one, [one])).toBeUndefined();
  expect(declaredConflict(one, [{ ...one, name: "b", entraUser: ["jane@X.com"] }])?.kind).toBe("entraUser");
  expect(declaredConflict(one, [{ ...one, name: "b", entraUser: [], username: "jANE" }])?.kind).toBe("username");
  expect(declaredConflict(one, [{ ...one, name: "b", instanceArn: "j" }])).toBeUndefined();
});
