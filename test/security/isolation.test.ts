/** One namespace cannot act with the rights, or on the objects, of another. */
import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import { CRDS } from "../../src/api/generated/crds.ts";
import { createClouds } from "../../src/config/clouds.ts";
import { parseSettings } from "../../src/config/settings.ts";
import {
  type Harness,
  INSTANCE_ARN,
  inNamespace,
  PATIENCE_MS,
  persona,
  start,
  status,
  user,
  world,
} from "../e2e/support.ts";

let h: Harness;
afterEach(() => h?.stop());

const inOther = <T extends { metadata: object }>(object: T) => inNamespace("other", object);

test("no reference of any kind can name a namespace", () => {
  const names: string[] = [];
  const walk = (schema: { properties?: Record<string, object>; items?: object }, path: string): void => {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      names.push(`${path}.${name}`);
      walk(property as typeof schema, `${path}.${name}`);
    }
    if (schema.items) walk(schema.items as typeof schema, path);
  };
  for (const { spec } of CRDS) walk(spec.versions[0]!.schema.openAPIV3Schema.properties.spec as never, spec.names.kind);
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => /namespace$/i.test(name))).toEqual([]);
});

test("a user of another namespace does not reach the persona by its name", async () => {
  h = await start();
  h.apply(persona("agents"));
  await h.ready();
  const before = h.writes().length;
  h.apply(inOther(user("jane", "agents")));
  await h.reason("ConnectUser", "jane", "Ready", "PersonaNotFound");
  expect(h.writes().slice(before)).toEqual([]);
});

test("a persona of another namespace that names the same role and provider gets neither, and changes nothing", async () => {
  h = await start();
  const aws = { roleName: "shared-role", samlProviderName: "shared-provider" };
  h.apply(persona("agents", { aws }));
  await h.ready();
  const role = async () =>
    JSON.stringify((await new IAMClient({}).send(new GetRoleCommand({ RoleName: "shared-role" }))).Role);
  const before = await role();
  for (const adoptionPolicy of ["Never", "IfUnowned"]) {
    h.apply(inOther(persona("thief", { aws, adoptionPolicy, landingPage: "AdminConsole" })));
    await h.reason("ConnectSsoPersona", "thief", "Ready", "ForeignOwner");
  }
  h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "other", name: "thief" });
  await h.controller.until((all) => all.length === 1, PATIENCE_MS, "the thief is gone");
  expect(await role()).toBe(before);
  expect(status(h.controller.resources()[0], "Ready")?.status).toBe("True");
});

const TENANT = "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071";
const settings = parseSettings(
  JSON.stringify({
    accounts: [{ id: "111122223333", namespaces: ["team-*"], regions: ["us-east-1"], instances: [INSTANCE_ARN] }],
    tenants: [{ id: TENANT, namespaces: ["team-*"] }],
  }),
  "test",
);

test.each([
  ["another namespace", INSTANCE_ARN, TENANT, "other"],
  ["a namespace that only begins alike", INSTANCE_ARN, TENANT, "team"],
  ["another account", INSTANCE_ARN.replace("111122223333", "444455556666"), TENANT, "team-a"],
  ["another region", INSTANCE_ARN.replace("us-east-1", "eu-west-2"), TENANT, "team-a"],
  ["another instance", INSTANCE_ARN.replace(/.$/, "0"), TENANT, "team-a"],
])("%s gets no client at all", async (_, arn, tenant, namespace) => {
  const opened: string[] = [];
  const open = (what: string) => async (id: string) => {
    opened.push(`${what} ${id}`);
    return { account: id, tenantId: id };
  };
  const clouds = createClouds({
    settings: () => settings,
    awsAccounts: { account: open("account") } as never,
    graphTenants: { tenant: open("tenant") } as never,
  });
  await expect(clouds.aws(arn, namespace)).rejects.toMatchObject({ kind: "terminal", reason: "ScopeNotAllowed" });
  if (namespace !== "team-a")
    await expect(clouds.graph(tenant, namespace)).rejects.toMatchObject({ reason: "ScopeNotAllowed" });
  expect(opened).toEqual([]);
});

test("a namespace that lost its account is refused on deletion as well: the objects stay, nothing is called", async () => {
  const { mkdtempSync, writeFileSync } = await import("node:fs");
  const file = `${mkdtempSync("/tmp/settings-")}/config.yaml`;
  const allow = (namespaces: string[]) =>
    writeFileSync(file, JSON.stringify({ accounts: [{ id: "111122223333", namespaces }] }));
  allow(["team"]);
  h = await start(world(), { settingsFile: file });
  h.apply(persona("agents", { deletionPolicy: "Delete" }));
  await h.ready();
  allow(["elsewhere"]);
  await h.reason("ConnectSsoPersona", "agents", "Ready", "ScopeNotAllowed");
  const before = h.writes().length;
  h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
  await h.reason("ConnectSsoPersona", "agents", "Ready", "ScopeNotAllowed");
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(h.controller.resources()).toHaveLength(1);
  expect(h.writes().slice(before)).toEqual([]);
});
