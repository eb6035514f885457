import { describe, expect, test } from "@jest/globals";
import { declaredConflict } from "../../src/domain/conflicts.ts";
import { massDeletion } from "../../src/domain/massdeletion.ts";
import { type Desired, planSteps } from "../../src/user/plan.ts";

const desired: Desired = {
  owner: "c/n/jane",
  persona: "agents",
  input: {
    username: "jane@example.com",
    firstName: "Jane",
    lastName: "Doe",
    securityProfileIds: ["a"],
    routingProfileId: "r",
    tags: {},
  },
  assignment: { servicePrincipalId: "sp", principalId: "u", appRoleId: "role" },
};
const user = {
  ...desired.input,
  id: "1",
  arn: "arn",
  phone: {},
  tags: { "connectsso.dev/owner": "c/n/jane", "connectsso.dev/persona": "agents", team: "x" },
};
const assigned = [{ id: "as", appRoleId: "role" }] as never[];
const kinds = (d: Partial<Desired>, seen: object, id?: string) =>
  planSteps(
    { ...desired, ...d },
    { assignments: assigned, byGroup: false, user, former: [], ...seen },
    { assigned: true, connectUser: true, ...(id ? { assignmentId: id } : {}) },
  ).map(({ operation }) => operation.kind);

describe("plan of a user", () => {
  test.each([
    ["in sync, foreign tags left", {}, {}, undefined, []],
    ["first set-up", {}, { assignments: [], user: undefined }, undefined, ["create", "assign"]],
    ["other profiles", {}, { user: { ...user, securityProfileIds: ["b"] } }, undefined, ["securityProfiles"]],
    ["recreate once", { recreate: "h" }, {}, undefined, ["delete", "create"]],
    [
      "recreated already",
      { recreate: "h" },
      { user: { ...user, tags: { ...user.tags, "connectsso.dev/recreated": "h" } } },
      undefined,
      [],
    ],
    ["wrong role of ours", {}, { assignments: [{ id: "old", appRoleId: "x" }] }, "old", ["assign", "unassign"]],
    [
      "moved here from another persona: the old role goes first",
      {},
      {
        assignments: [],
        user: { ...user, tags: { ...user.tags, "connectsso.dev/persona": "managers" } },
        former: [{ persona: "managers", servicePrincipalId: "other", assignmentId: "x" }],
      },
      undefined,
      ["unassign", "tags", "assign"],
    ],
    ["role of somebody else", {}, { assignments: [{ id: "old", appRoleId: "x" }] }, undefined, ["assign"]],
  ])("%s", (_, d, seen, id, expected) => expect(kinds(d, seen, id)).toEqual(expected));
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
test("mass deletion", () => {
  expect(massDeletion({ total: 6, removing: 5, removed: 0 }, 0.3)).toBeUndefined();
  expect(massDeletion({ total: 100, removing: 20, removed: 11 }, 0.3)).toBe(undefined);
  expect(massDeletion({ total: 100, removing: 40, removed: 0 }, 0.3)).toContain("40 of 100");
});
