/** Entra's provisioning on the simulated clock, and the login endpoint beside it. */
import { createHash, createPublicKey, verify, X509Certificate } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createGraph } from "../../src/sandbox/graph/index.ts";
import { createHost, type HostControls } from "../../src/sandbox/host.ts";
import type { SandboxService } from "../../src/sandbox/service.ts";
import { type BehaviourInput, readWorld } from "../../src/sandbox/world.ts";
import { Contract, contractIsHere } from "./graph-contract.ts";
import { AWS_TEMPLATE, type Json, TENANT } from "./graph-support.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const provider = "arn:aws:iam::111122223333:saml-provider/p";
const roleArn = (name: string) => `arn:aws:iam::111122223333:role/${name}`;

let controls: HostControls;
let graph: SandboxService;
let login: SandboxService;
let roles: { arn: string; samlProviderArns: string[] }[];
let contract: Contract | undefined;

function start(behaviour: BehaviourInput = {}): void {
  const tenant = { id: TENANT, verifiedDomains: ["example.com"] };
  controls = createHost(readWorld({ tenant, behaviour: { quotas: "unlimited", ...behaviour } }));
  const services = createGraph(controls.host);
  graph = services.find(({ name }) => name === "graph")!;
  login = services.find(({ name }) => name === "login")!;
  roles = [{ arn: roleArn("agents"), samlProviderArns: [provider] }];
  controls.host.shared.iam = {
    account: "111122223333",
    rolesVisibleTo: (key, secret) => (key === "KEY" && secret === "SECRET" ? { roles } : { denied: true }),
    authorize: () => true,
  };
  contract = contractIsHere ? new Contract() : undefined;
}
beforeEach(() => start());
afterEach(() => {
  controls.host.clock.close();
  expect(contract?.violations ?? []).toEqual([]);
});

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const [plain, query] = path.split("?");
  const request = {
    method,
    path: `/v1.0${plain}`,
    query: new URLSearchParams(query),
    headers: { authorization: "Bearer x" },
    body: body === undefined ? "" : JSON.stringify(body),
    baseUrl: "http://graph",
    wirePath: "",
  };
  const operation = graph.operation(request);
  const response = await graph.handle(request, operation);
  contract?.check({ service: "graph", operation: operation.name, request, response });
  return { status: response.status, body: response.body ? JSON.parse(response.body) : {} };
}
const credentials = (secret: string) => [
  { key: "ClientSecret", value: "KEY" },
  { key: "SecretToken", value: secret },
];

/** A service principal with a started job and these credentials. */
async function provisioned(secret: string) {
  const made = await call("POST", `/applicationTemplates/${AWS_TEMPLATE}/instantiate`, { displayName: "Agents" });
  const principal = `/servicePrincipals/${made.body.servicePrincipal.id}`;
  const base = `${principal}/synchronization`;
  const job = (await call("POST", `${base}/jobs`, { templateId: "aws" })).body;
  await call("PUT", `${base}/secrets`, { value: credentials(secret) });
  await call("POST", `${base}/jobs/${job.id}/start`);
  const path = `${base}/jobs/${job.id}`;
  return {
    appId: made.body.application.appId as string,
    application: `/applications/${made.body.application.id}`,
    principal,
    base,
    path,
    read: async () => (await call("GET", path)).body,
    imported: async () =>
      ((await call("GET", principal)).body.appRoles as Json[]).filter((one) => one.origin === "ServicePrincipal"),
  };
}

describe("role import", () => {
  const secondProvider = () => {
    roles = [{ arn: roleArn("agents"), samlProviderArns: [provider, `${provider}2`] }];
  };
  const back = () => {
    roles = [{ arn: roleArn("agents"), samlProviderArns: [provider] }];
  };

  test("a role that no longer qualifies is removed and comes back; the log tells", async () => {
    const { imported, principal } = await provisioned("SECRET");
    const counts: number[] = [];
    for (const change of [() => {}, secondProvider, back]) {
      change();
      controls.host.clock.advance(40 * MINUTE);
      counts.push((await imported()).length);
    }
    expect(counts).toEqual([1, 0, 1]);
    const id = principal.split("/").at(-1);
    const filter = encodeURIComponent(`servicePrincipal/id eq '${id}'`);
    const { value } = (await call("GET", `/auditLogs/provisioning?$filter=${filter}`)).body;
    expect(value.map((one: Json) => one.provisioningAction)).toEqual(["create", "delete", "create"]);
  });

  test("open: it is disabled for good, and who has it keeps it", async () => {
    controls.host.clock.close();
    start({ open: { roleImportOfChangedRole: "disables" } });
    const { imported, principal } = await provisioned("SECRET");
    controls.host.clock.advance(40 * MINUTE);
    const [role] = await imported();
    const made = await call("POST", "/users", {
      accountEnabled: true,
      displayName: "Ada",
      mailNickname: "ada",
      userPrincipalName: "ada@example.com",
      passwordProfile: {},
    });
    const resourceId = principal.split("/").at(-1);
    const assignment = { principalId: made.body.id, resourceId, appRoleId: role!.id };
    expect((await call("POST", `${principal}/appRoleAssignedTo`, assignment)).status).toBe(201);
    for (const change of [secondProvider, back]) {
      change();
      controls.host.clock.advance(40 * MINUTE);
      expect(await imported()).toMatchObject([{ id: role!.id, isEnabled: false }]);
    }
    expect((await call("GET", `${principal}/appRoleAssignedTo`)).body.value).toHaveLength(1);
  });

  test("a job as made, templates, masked secrets, credentials checked", async () => {
    const made = await call("POST", `/applicationTemplates/${AWS_TEMPLATE}/instantiate`, { displayName: "Agents" });
    const base = `/servicePrincipals/${made.body.servicePrincipal.id}/synchronization`;
    expect((await call("GET", `${base}/templates`)).body.value).toEqual([expect.objectContaining({ id: "aws" })]);
    expect((await call("GET", `${base}/templates/aws`)).status).toBe(200);
    expect((await call("POST", `${base}/jobs`, { templateId: "slack" })).status).toBe(400);
    const job = await call("POST", `${base}/jobs`, { templateId: "aws" });
    expect(job.status).toBe(201);
    expect(job.body).toMatchObject({
      schedule: { state: "Disabled", interval: "P10675199DT2H48M5.4775807S" },
      status: { code: "NotConfigured", lastExecution: null, quarantine: null },
    });
    const id = job.body.id;
    expect((await call("POST", `${base}/jobs`, { templateId: "aws" })).body.id).toBe(id);
    expect((await call("GET", `${base}/jobs`)).body.value).toHaveLength(1);
    for (const path of [`${base}/jobs/${id}/validateCredentials`, `${base}/jobs/validateCredentials`]) {
      expect((await call("POST", path, { credentials: credentials("SECRET") })).status).toBe(204);
      expect((await call("POST", path, { credentials: credentials("wrong") })).status).toBe(400);
    }
    expect((await call("PUT", `${base}/secrets`, { value: credentials("SECRET") })).status).toBe(204);
    const useSavedCredentials = { useSavedCredentials: true };
    expect((await call("POST", `${base}/jobs/${id}/validateCredentials`, useSavedCredentials)).status).toBe(204);
    expect((await call("GET", `${base}/secrets`)).body.value).toEqual([
      { key: "ClientSecret", value: "*" },
      { key: "SecretToken", value: "*" },
    ]);
    expect(JSON.stringify((await call("GET", base)).body)).not.toContain('SECRET"');
    expect((await call("PUT", `${base}/secrets`, { value: [{ key: "Nonsense", value: "" }] })).status).toBe(400);
    await call("PUT", `${base}/secrets`, { value: [{ key: "SecretToken", value: "" }] });
    expect((await call("GET", `${base}/secrets`)).body.value).toHaveLength(1);
    expect((await call("GET", `${base}/jobs/${id}/schema`)).status).toBe(200);
    expect((await call("POST", `${base}/jobs/${id}/provisionOnDemand`, { parameters: [] })).status).toBe(200);
    expect((await call("DELETE", `${base}/jobs/${id}`)).status).toBe(204);
    expect((await call("GET", `${base}/jobs/${id}`)).status).toBe(404);
  });

  test("after 40 minutes, with exactly one provider and short ARNs only, to the service principal alone", async () => {
    const fits = 240 - roleArn("").length - provider.length - 1;
    roles.push(
      { arn: roleArn("two"), samlProviderArns: [provider, `${provider}2`] },
      { arn: roleArn("none"), samlProviderArns: [] },
      { arn: roleArn("l".repeat(fits)), samlProviderArns: [provider] },
      { arn: roleArn("x".repeat(fits + 1)), samlProviderArns: [provider] },
    );
    const job = await provisioned("SECRET");
    controls.host.clock.advance(39 * MINUTE);
    expect(await job.imported()).toEqual([]);
    expect((await job.read()).status.code).toBe("NotRun");
    controls.host.clock.advance(MINUTE);
    const imported = await job.imported();
    expect(imported.map(({ value }) => value).sort()).toEqual(
      [`${roleArn("agents")},${provider}`, `${roleArn("l".repeat(fits))},${provider}`].sort(),
    );
    expect((await call("GET", job.application)).body.appRoles).toHaveLength(2);
    expect((await job.read()).status).toMatchObject({
      code: "Active",
      lastExecution: { state: "Succeeded", countImported: 2, countImportedDeltas: 2 },
    });
    roles = roles.slice(1);
    controls.host.clock.advance(40 * MINUTE);
    expect((await job.imported()).map(({ value }) => value)).not.toContain(`${roleArn("agents")},${provider}`);
  });

  test("imported roles outlive a change of the application's roles", async () => {
    const job = await provisioned("SECRET");
    controls.host.clock.advance(40 * MINUTE);
    const { appRoles } = (await call("GET", job.application)).body;
    expect((await call("PATCH", job.application, { appRoles })).status).toBe(204);
    expect(await job.imported()).toHaveLength(1);
  });

  test("bad credentials: quarantine, daily cycles, cured by new ones, disabled after four weeks", async () => {
    const job = await provisioned("wrong");
    controls.host.clock.advance(40 * MINUTE);
    const { status } = await job.read();
    expect(status).toMatchObject({
      code: "Quarantine",
      lastExecution: { state: "Failed" },
      quarantine: { reason: "EncounteredQuarantineException", error: { tenantActionable: true }, seriesCount: 1 },
    });
    controls.host.clock.advance(DAY - MINUTE);
    expect((await job.read()).status.quarantine.seriesCount).toBe(1);
    controls.host.clock.advance(MINUTE);
    expect((await job.read()).status.quarantine.seriesCount).toBe(2);
    await call("PUT", `${job.base}/secrets`, { value: credentials("SECRET") });
    await call("POST", `${job.path}/restart`, { criteria: { resetScope: "Watermark" } });
    expect((await job.read()).status.code).toBe("Quarantine");
    await call("POST", `${job.path}/restart`, { criteria: { resetScope: "Watermark, Escrows, QuarantineState" } });
    expect((await job.read()).status.quarantine).toBeNull();
    controls.host.clock.advance(40 * MINUTE);
    expect(await job.imported()).toHaveLength(1);
    expect((await call("POST", `${job.path}/restart`, { criteria: { resetScope: "All" } })).status).toBe(400);
    await call("PUT", `${job.base}/secrets`, { value: credentials("wrong") });
    controls.host.clock.advance(40 * MINUTE);
    for (let day = 0; day < 28; day++) controls.host.clock.advance(DAY);
    const given = await job.read();
    expect([given.schedule.state, given.status.code]).toEqual(["Disabled", "Quarantine"]);
    const { seriesCount } = given.status.quarantine;
    controls.host.clock.advance(10 * DAY);
    expect((await job.read()).status.quarantine.seriesCount).toBe(seriesCount);
  });

  test("a paused job imports nothing until it is started", async () => {
    const job = await provisioned("SECRET");
    await call("POST", `${job.path}/pause`);
    controls.host.clock.advance(5 * DAY);
    expect(await job.imported()).toEqual([]);
    expect((await job.read()).schedule.state).toBe("Paused");
    await call("POST", `${job.path}/start`);
    controls.host.clock.advance(40 * MINUTE);
    expect(await job.imported()).toHaveLength(1);
  });
});

describe("login", () => {
  const ask = async (method: string, path: string, body = "") => {
    const [plain, query] = path.split("?");
    const request = {
      method,
      path: plain!,
      query: new URLSearchParams(query),
      headers: {},
      body,
      baseUrl: "http://l",
      wirePath: "",
    };
    return login.handle(request, login.operation(request));
  };
  const metadataOf = async (appId: string) => {
    const path = `/${TENANT}/federationmetadata/2007-06/federationmetadata.xml?appid=${appId}`;
    const { status, body = "" } = await ask("GET", path);
    expect(status).toBe(200);
    return body;
  };
  const signingKeys = (xml: string) =>
    [...xml.slice(xml.indexOf("<IDPSSODescriptor")).matchAll(/<X509Certificate>([^<]+)/g)].map(([, der]) => der);

  test("metadata holds the active certificate only, and is truly signed", async () => {
    const { principal, appId } = await provisioned("SECRET");
    const without = await metadataOf(appId);
    expect(without).toContain(`entityID="https://sts.windows.net/${TENANT}/"`);
    expect(without).toContain(`Location="https://login.microsoftonline.com/${TENANT}/saml2"`);
    expect(without.length).toBeGreaterThan(1000);
    const own = (await call("POST", `${principal}/addTokenSigningCertificate`, { displayName: "CN=a" })).body;
    expect(signingKeys(await metadataOf(appId))).toEqual(signingKeys(without));
    await call("PATCH", principal, { preferredTokenSigningKeyThumbprint: own.thumbprint });
    await call("POST", `${principal}/addTokenSigningCertificate`, { displayName: "CN=b" });
    const xml = await metadataOf(appId);
    expect(signingKeys(xml)).toEqual([own.key]);
    const [, id] = /ID="([^"]+)"/.exec(xml)!;
    expect(without).not.toContain(id!);

    const signature = /<Signature .*<\/Signature>/s.exec(xml)![0];
    const digest = createHash("sha256")
      .update(xml.replace(signature, "").replace(/^<\?xml[^>]*\?>/, ""))
      .digest("base64");
    expect(signature).toContain(`<DigestValue>${digest}</DigestValue>`);
    const [, info] = /<SignedInfo>(.*)<\/SignedInfo>/s.exec(signature)!;
    const signed = `<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#">${info}</SignedInfo>`;
    const [, value] = /<SignatureValue>([^<]+)/.exec(signature)!;
    const [, der] = /<X509Certificate>([^<]+)/.exec(signature)!;
    const key = createPublicKey(
      new X509Certificate(Buffer.from(der!, "base64")).publicKey.export({ type: "spki", format: "pem" }),
    );
    expect(verify("sha256", Buffer.from(signed), key, Buffer.from(value!, "base64"))).toBe(true);
  });

  test.each([
    ["doctype", (xml: string) => xml.includes("<!DOCTYPE")],
    ["otherTenant", (xml: string) => !xml.includes(TENANT)],
    ["tooLarge", (xml: string) => xml.length > 10_000_000],
  ] as const)("hostile metadata: %s", async (metadata, holds) => {
    start({ metadata });
    expect(holds(await metadataOf((await provisioned("SECRET")).appId))).toBe(true);
  });

  test("unknown applications and tenants are refused", async () => {
    const path = "/federationmetadata/2007-06/federationmetadata.xml?appid=99999999-0000-4000-8000-000000000009";
    expect((await ask("GET", `/${TENANT}${path}`)).body).toContain("AADSTS700016");
    expect((await ask("GET", `/other${path}`)).body).toContain("AADSTS90002");
  });

  const form = { grant_type: "client_credentials", client_id: "c", scope: "https://graph.microsoft.com/.default" };
  const assertion = {
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: "j",
  };
  test.each([
    ["a secret", { ...form, client_secret: "s" }, 200],
    ["a federated assertion", { ...form, ...assertion }, 200],
    ["neither", form, 401],
    ["no scope", { ...form, scope: "" }, 400],
    ["another grant", { ...form, grant_type: "password", client_secret: "s" }, 400],
  ])("token for %s", async (_, fields, status) => {
    const reply = await ask("POST", `/${TENANT}/oauth2/v2.0/token`, new URLSearchParams(fields).toString());
    expect(reply.status).toBe(status);
    if (status === 200) expect(JSON.parse(reply.body!)).toMatchObject({ token_type: "Bearer", expires_in: 3599 });
  });
});
