import { describe, expect, test } from "@jest/globals";
import { Ajv } from "ajv";
import { createClouds } from "../../src/config/clouds.ts";
import { parseSettings, SETTINGS_SCHEMA, type Settings } from "../../src/config/settings.ts";
import { matchesGlob } from "../../src/domain/glob.ts";

const ARN = "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-0000-4000-8000-000000000001";
const health = (key: string) => () => ({
  breakers: new Map([[key, { state: "closed", failures: 0 } as const]]),
  limiters: [],
  inventories: new Map(),
});
const clouds = (settings: Settings) =>
  createClouds({
    settings: () => settings,
    awsAccounts: { account: async (id) => ({ account: id ?? "111122223333" }) as never, health: health("iam/1") },
    graphTenants: { tenant: async (id) => ({ tenantId: id ?? "own" }) as never, health: health("graph/own") },
  });

describe("settings", () => {
  test.each([
    ["accounts:\n  - id: '12'\n", "f.yaml:2: accounts.0.id: "],
    ["acounts: []\n", "f.yaml:1: acounts: unknown setting acounts"],
    [
      "accounts:\n  - id: '111122223333'\n  - {id: '111122223333', assumeRoleArn: 'arn:aws:iam::111122223333:role/r'}\n",
      "f.yaml:3: accounts.1: entries of account 111122223333 differ in assumeRoleArn; it is one for the account",
    ],
    ["tenants:\n  - &t {id: 7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071}\n  - *t\n", "is listed twice"],
    ["accounts: [\n", "f.yaml:"],
    ["adoption:\n  - policy: Patterns\n", "f.yaml:2: adoption.0: policy Patterns needs names"],
    ["adoption:\n  - {policy: Never, names: [a]}\n", "f.yaml:2: adoption.0: policy Never has no names"],
    ["adoption:\n  - {policy: Always}\n", "f.yaml:2: adoption.0.policy: "],
    ["limits:\n  operations: {CreateUser: {rate: 0, burst: 5}}\n", "f.yaml:2: limits.operations.CreateUser.rate: "],
  ])("refuses %j with file, line and path", (text, message) => {
    expect(() => parseSettings(text, "f.yaml")).toThrow(message);
  });
  test("health of both clouds in one snapshot", () =>
    expect([...clouds({}).health().breakers.keys()]).toEqual(["iam/1", "graph/own"]));
  test("an empty file is the ambient account and tenant", () => expect(parseSettings("", "f")).toEqual({}));
});

describe("guard", () => {
  test.each([
    [{}, "any", undefined],
    [{ accounts: [] }, "any", "ScopeNotAllowed"],
    [{ accounts: [{ id: "111122223333", namespaces: ["cc-*"] }] }, "cc-eu", undefined],
    [{ accounts: [{ id: "111122223333", namespaces: ["cc-*"] }] }, "other", "ScopeNotAllowed"],
    [{ accounts: [{ id: "111122223333", regions: ["eu-west-1"] }] }, "any", "ScopeNotAllowed"],
    [{ accounts: [{ id: "111122223333", instances: ["x"] }] }, "any", "ScopeNotAllowed"],
  ])("account by %j from %s: %s", async (settings, namespace, reason) => {
    const answer = clouds(settings).aws(ARN, namespace);
    if (reason) await expect(answer).rejects.toMatchObject({ kind: "terminal", reason });
    else await expect(answer).resolves.toBeDefined();
  });
  const shared = [
    { id: "111122223333", namespaces: ["team-a"], instances: ["0a1b2c3d-0000-4000-8000-000000000001"] },
    { id: "111122223333", namespaces: ["team-b"], instances: ["0a1b2c3d-0000-4000-8000-000000000002"] },
  ];
  test.each([
    ["team-a", "1", undefined],
    ["team-b", "2", undefined],
    ["team-a", "2", "instance 0a1b2c3d-0000-4000-8000-000000000002 is not allowed in account 111122223333"],
    ["team-b", "1", "instance 0a1b2c3d-0000-4000-8000-000000000001 is not allowed in account 111122223333"],
    ["other", "1", "namespace other may not act in account 111122223333"],
  ])("two entries of an account, each for a namespace and an instance: %s, %s", async (namespace, last, refusal) => {
    const answer = clouds({ accounts: shared }).aws(ARN.replace(/1$/, last), namespace);
    if (refusal) await expect(answer).rejects.toMatchObject({ reason: "ScopeNotAllowed", message: refusal });
    else await expect(answer).resolves.toBeDefined();
  });
  test("credentials of another account", async () => {
    const other = clouds({}).aws(ARN.replace("111122223333", "999999999999"), "n");
    await expect(other).rejects.toMatchObject({ reason: "WrongAccount" });
  });
  test("a tenant that is not listed", async () => {
    await expect(clouds({ tenants: [] }).graph("t", "n")).rejects.toMatchObject({ reason: "ScopeNotAllowed" });
  });
  const adoption = [
    { namespaces: ["team-a"], policy: "Never" as const },
    { namespaces: ["team-*"], policy: "Patterns" as const, names: ["connect-*", "Legacy"] },
  ];
  test.each([
    [undefined, "any", "role", undefined],
    [adoption, "team-a", "connect-admin", "--config lets namespace team-a take over nothing"],
    [adoption, "team-b", "connect-admin", undefined],
    [adoption, "team-b", "Legacy", undefined],
    [adoption, "team-b", "CompanyAdmin", "--config lets namespace team-b take over connect-*, Legacy only"],
    [adoption, "other", "connect-admin", "--config lets namespace other take over nothing"],
    [[], "other", "connect-admin", "--config lets namespace other take over nothing"],
  ])("taking over by %j from %s: %s", async (rules, namespace, name, refusal) => {
    const { rules: found } = await clouds(rules ? { adoption: rules } : {}).aws(ARN, namespace);
    expect(found.adoptionRefusal(name)).toBe(refusal);
  });
  test("patterns escape everything but *", () =>
    expect([matchesGlob("a.*", "abc"), matchesGlob("a.*", "a.c")]).toEqual([false, true]));
});

test("the schema of the settings is one", () => {
  expect(new Ajv({ strict: false }).validateSchema(SETTINGS_SCHEMA)).toBe(true);
});
