/** Several accounts, regions and tenants at once, each entered as the configuration file says, and nowhere else. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { type Harness, persona, start, status, user, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());
const folder = mkdtempSync(join(tmpdir(), "connect-sso-places-"));
afterAll(() => rmSync(folder, { recursive: true }));

const OTHER_INSTANCE = "1b2c3d4e-2222-4333-8444-555566667777";
const OTHER_ARN = `arn:aws:connect:eu-central-1:999988887777:instance/${OTHER_INSTANCE}`;
const HOME = "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071";
const PARTNER = "8e2b3c4d-5e6f-4071-9b2c-3d4e5f607182";

const places = () => {
  const base = world();
  return {
    ...base,
    accounts: ["111122223333", "999988887777"],
    policies: [{ name: "Boundary", document: { Version: "2012-10-17", Statement: [] } }],
    tenants: [
      { id: HOME, verifiedDomains: ["example.com"] },
      { id: PARTNER, verifiedDomains: ["partner.org"] },
    ],
    users: [
      ...base.users!,
      { userPrincipalName: "petra@partner.org", mail: "petra@partner.org", givenName: "Petra", surname: "Partner" },
    ],
    instances: [
      base.instances![0]!,
      { ...base.instances![0]!, id: OTHER_INSTANCE, region: "eu-central-1", alias: "other", account: "999988887777" },
    ],
  };
};
const settings = (namespace: string) => {
  const file = join(folder, "config.yaml");
  writeFileSync(
    file,
    `
accounts:
  - {id: "111122223333"}
  - id: "999988887777"
    assumeRoleArn: arn:aws:iam::999988887777:role/ConnectSso
    permissionsBoundaryArn: arn:aws:iam::999988887777:policy/Boundary
    instances: [${OTHER_INSTANCE}]
    namespaces: [${namespace}]
    regions: [eu-central-1]
tenants:
  - {id: ${HOME}}
  - {id: ${PARTNER}, namespaces: ["te*"]}
`,
  );
  return file;
};
const get = (name: string) => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", name)!;
const abroad = (spec: object = {}) =>
  persona("abroad", {
    instanceArn: OTHER_ARN,
    application: { displayName: "Connect abroad", tenantId: PARTNER },
    ...spec,
  });

test("two accounts, two regions, two tenants, side by side", async () => {
  h = await start(places(), { settingsFile: settings("team") });
  h.apply(
    persona("agents"),
    user("jane", "agents"),
    abroad(),
    user("petra", "abroad", { entraUser: { userPrincipalName: "petra@partner.org" } }),
  );
  await h.ready();
  expect(get("agents").status).toMatchObject({ tenantId: HOME, identifier: "https://signin.aws.amazon.com/saml" });
  expect(get("abroad").status).toMatchObject({
    tenantId: PARTNER,
    // Free in this tenant, whatever the other one holds.
    identifier: "https://signin.aws.amazon.com/saml",
    roleArn: "arn:aws:iam::999988887777:role/connect-sso/connect-sso-team-abroad",
    relayState: `https://eu-central-1.console.aws.amazon.com/connect/federate/${OTHER_INSTANCE}?destination=%2Fconnect%2Fccp`,
  });
  const assumed = h.sandbox.log.filter(({ operation }) => operation === "AssumeRole");
  expect(assumed.length).toBeGreaterThan(0);
});

test("a place that the file does not give to the namespace is refused on every path, deletion included", async () => {
  h = await start(places(), { settingsFile: settings("elsewhere") });
  h.apply(
    abroad({ deletionPolicy: "Delete" }),
    persona("agents", { application: { displayName: "x", tenantId: "00000000-0000-4000-8000-000000000000" } }),
  );
  await h.reason("ConnectSsoPersona", "abroad", "Stalled", "ScopeNotAllowed");
  await h.reason("ConnectSsoPersona", "agents", "Stalled", "ScopeNotAllowed");
  expect(status(get("abroad"), "Ready")!.message).toBe("namespace team may not act in account 999988887777");
  h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "abroad" });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(h.calls.filter(({ write }) => write)).toEqual([]);
});
