import { createHash } from "node:crypto";
import {
  GetRoleCommand,
  GetSAMLProviderCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListPoliciesCommand,
  ListRolesCommand,
  ListSAMLProvidersCommand,
} from "@aws-sdk/client-iam";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { type Harness, INSTANCE, PATIENCE_MS, persona, start, status, user, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());
const get = (name: string) => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", name)!;
/** As many passes as it takes until two polls in a row wrote nothing. */
async function settled(): Promise<void> {
  for (let count = -1; count !== h.writes().length; await new Promise((resolve) => setTimeout(resolve, 1_500)))
    count = h.writes().length;
}
const graph = async (path: string) =>
  (await (
    await fetch(`${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, { headers: { authorization: "Bearer test" } })
  ).json()) as { value: Record<string, unknown>[] };

test("Direct mode: from nothing to Ready, then not one write more", async () => {
  h = await start();
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  const { status: found } = get("agents");
  expect(found).toMatchObject({
    identifier: "https://signin.aws.amazon.com/saml",
    relayState: `https://us-east-1.console.aws.amazon.com/connect/federate/${INSTANCE}?destination=%2Fconnect%2Fccp`,
    roleArn: "arn:aws:iam::111122223333:role/connect-sso/connect-sso-team-agents",
  });
  const iam = new IAMClient({});
  const role = (await iam.send(new GetRoleCommand({ RoleName: "connect-sso-team-agents" }))).Role!;
  expect(JSON.parse(decodeURIComponent(role.AssumeRolePolicyDocument!)).Statement[0].Principal.Federated).toBe(
    found!.samlProviderArn,
  );
  const provider = await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn: found!.samlProviderArn }));
  const der = /X509Certificate>([^<]+)</.exec(provider.SAMLMetadataDocument!)![1]!;
  const fingerprint = createHash("sha256").update(Buffer.from(der, "base64")).digest("hex").toUpperCase();
  expect(found!.certificate!.fingerprint).toBe(fingerprint);
  expect(
    h.writes().some(({ operation }) => /AccessKey|CreateUser$/.test(operation) && operation !== "CreateUser"),
  ).toBe(false);
  await settled();
  const before = h.writes().length;
  const versions = h.controller.resources().map(({ metadata }) => metadata.resourceVersion);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(h.writes().slice(before)).toEqual([]);
  expect(h.controller.resources().map(({ metadata }) => metadata.resourceVersion)).toEqual(versions);
});

test("with every status erased and the process new, nothing is made twice", async () => {
  h = await start();
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  await h.restart();
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready("Ready again after a restart without status");
  const iam = new IAMClient({});
  expect((await graph("/applications")).value).toHaveLength(1);
  expect((await iam.send(new ListRolesCommand({}))).Roles).toHaveLength(1);
  expect((await iam.send(new ListSAMLProvidersCommand({}))).SAMLProviderList).toHaveLength(1);
  expect(
    (await graph(`/servicePrincipals/${get("agents").status!.servicePrincipalId}/appRoleAssignedTo`)).value,
  ).toHaveLength(1);
});

test("two personas get different identifiers, also past applications that are not ours", async () => {
  h = await start(
    world({ applications: [{ displayName: "Somebody's", identifierUris: ["https://signin.aws.amazon.com/saml"] }] }),
  );
  h.apply(
    persona("agents"),
    persona("administrators", {
      landingPage: "AdminConsole",
      connectUsers: { securityProfiles: ["Admin"], routingProfile: "Basic Routing Profile" },
    }),
  );
  await h.ready();
  expect(new Set([get("agents").status!.identifier, get("administrators").status!.identifier])).toEqual(
    new Set(["https://signin.aws.amazon.com/saml#2", "https://signin.aws.amazon.com/saml#3"]),
  );
});

test("Provisioning mode waits for Entra's import, and the secret key goes nowhere but to Entra", async () => {
  h = await start(world({ behaviour: { timeScale: 1 } }));
  h.apply(persona("agents", { roleDelivery: { mode: "Provisioning" } }), user("jane", "agents"));
  await h.reason("ConnectSsoPersona", "agents", "RoleDelivered", "WaitingForRoleImport");
  h.sandbox.clock.advance(41 * 60_000);
  await h.ready("Ready after the import");
  const keys = (await new IAMClient({}).send(new ListAccessKeysCommand({ UserName: "connect-sso-team-agents" })))
    .AccessKeyMetadata!;
  expect(keys).toHaveLength(1);
  expect(get("agents").status!.accessKey!.lastFour).toBe(keys[0]!.AccessKeyId!.slice(-4));
  const told =
    JSON.stringify(h.controller.resources()) +
    h.lines.join("") +
    JSON.stringify(h.controller.store.events) +
    JSON.stringify(h.calls);
  expect(told).not.toContain(keys[0]!.AccessKeyId!);
  expect(told).not.toMatch(/SecretAccessKey|X509Certificate/);
});

test("swapped SAML metadata is a Warning that names both fingerprints, and is set back", async () => {
  h = await start();
  h.apply(persona("agents"), persona("administrators"));
  await h.ready();
  await settled();
  const iam = new IAMClient({});
  const own = get("agents").status!.samlProviderArn!;
  const other = await iam.send(
    new GetSAMLProviderCommand({ SAMLProviderArn: get("administrators").status!.samlProviderArn! }),
  );
  const { UpdateSAMLProviderCommand } = await import("@aws-sdk/client-iam");
  const good = (await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn: own }))).SAMLMetadataDocument;
  await iam.send(
    new UpdateSAMLProviderCommand({ SAMLProviderArn: own, SAMLMetadataDocument: other.SAMLMetadataDocument! }),
  );
  await h.controller.until(
    () => h.controller.store.events.some(({ event }) => event.reason === "SecurityDriftCorrected"),
    PATIENCE_MS,
    "a security event",
  );
  const { event } = h.controller.store.events.find((one) => one.event.reason === "SecurityDriftCorrected")!;
  expect(event.type).toBe("Warning");
  expect(event.note.match(/[0-9A-F]{64}/g)).toHaveLength(2);
  expect((await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn: own }))).SAMLMetadataDocument).toBe(good);
});

describe("deletion", () => {
  test("Delete removes everything, the shared policy with the last persona; a persona with users is kept", async () => {
    h = await start();
    h.apply(persona("agents", { deletionPolicy: "Delete" }), user("jane", "agents", { deletionPolicy: "Delete" }));
    await h.ready();
    h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
    await h.reason("ConnectSsoPersona", "agents", "Ready", "HasUsers");
    h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name: "jane" });
    await h.controller.until((all) => all.length === 0, PATIENCE_MS, "both are gone");
    const iam = new IAMClient({});
    expect((await iam.send(new ListRolesCommand({}))).Roles).toEqual([]);
    expect((await iam.send(new ListSAMLProvidersCommand({}))).SAMLProviderList).toEqual([]);
    expect((await graph("/applications")).value).toEqual([]);
  });

  test.each([
    ["iam:CreateRole", "iam:DeleteRole"],
    ["iam:CreateSAMLProvider", "iam:DeleteSAMLProvider"],
    ["iam:CreatePolicy", "iam:DeletePolicy"],
  ])("asked for just after %s, which IAM does not show yet", async (made, deleted) => {
    h = await start(world({ behaviour: { consistencyDelay: "2s" } }));
    const ref = { kind: "ConnectSsoPersona", namespace: "team", name: "agents" };
    h.sandbox.onExchange(({ service, operation }) => {
      if (`${service}:${operation}` === made) h.controller.store.delete(ref);
    });
    h.apply(persona("agents", { deletionPolicy: "Delete" }));
    await h.controller.until((all) => all.length === 0, PATIENCE_MS, "it is gone");
    expect(h.sandbox.counts()[deleted]).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const iam = new IAMClient({});
    expect((await iam.send(new ListRolesCommand({}))).Roles).toEqual([]);
    expect((await iam.send(new ListSAMLProvidersCommand({}))).SAMLProviderList).toEqual([]);
    expect((await iam.send(new ListPoliciesCommand({ Scope: "Local" }))).Policies).toEqual([]);
  });

  test("Retain touches no cloud", async () => {
    h = await start();
    h.apply(persona("agents"));
    await h.ready();
    await h.controller.stop();
    const before = h.calls.length;
    await h.restart();
    h.apply(persona("agents", { suspend: true }));
    h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
    await h.controller.until((all) => all.length === 0, PATIENCE_MS, "it is gone");
    expect(h.calls.length).toBe(before);
  });
});

test.each([
  ["an instance that is not SAML", { identityManagement: "CONNECT_MANAGED" as const }, {}, "InstanceNotSaml"],
  [
    "an unknown security profile",
    {},
    { connectUsers: { securityProfiles: ["Agnt"], routingProfile: "Basic Routing Profile" } },
    "UnknownSecurityProfile",
  ],
  [
    "an identifier that is taken",
    {},
    { application: { displayName: "x", identifier: "https://signin.aws.amazon.com/saml#7" } },
    "IdentifierTaken",
  ],
])("%s is refused without a write to IAM's roles", async (_, instance, spec, reason) => {
  const base = world();
  h = await start({
    ...base,
    instances: [{ ...base.instances![0]!, ...instance }],
    applications: [{ displayName: "theirs", identifierUris: ["https://signin.aws.amazon.com/saml#7"] }],
  });
  h.apply(persona("agents", spec));
  await h.reason("ConnectSsoPersona", "agents", "Ready", reason);
  expect(status(get("agents"), "Stalled")?.status).toBe("True");
  expect(h.writes().filter(({ operation }) => operation === "CreateRole")).toEqual([]);
});
