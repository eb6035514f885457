/** What depends on a choice in the spec: role delivery, claims, groups; and clouds in which something is missing. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateUserCommand, GetUserCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { ADMIN } from "../../src/sandbox/server.ts";
import { type Harness, PATIENCE_MS, persona, start, status, user, world } from "./support.ts";

let h: Harness;
let proxy: Server | undefined;
afterEach(async () => {
  await h?.stop();
  proxy?.closeAllConnections();
  proxy?.close();
  proxy = undefined;
});

const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
const until = (test: () => boolean, what: string) => h.controller.until(test, PATIENCE_MS, what);
const call = async (path: string, init: { method?: string; body?: object } = {}) => {
  const response = await fetch(`${h.sandbox.url}/graph/v1.0${path}`, {
    method: init.method ?? "GET",
    headers: { authorization: "Bearer test", "content-type": "application/json" },
    ...(init.body ? { body: JSON.stringify(init.body) } : {}),
  });
  return (response.status === 204 ? {} : await response.json()) as { value: Record<string, unknown>[] };
};
const created = () => {
  const counts = Object.entries(h.sandbox.counts());
  return Object.fromEntries(
    counts.filter(([name]) =>
      /iam:Create|POST .*(instantiate|addTokenSigningCertificate|\/jobs|appRoleAssignedTo)$/.test(name),
    ),
  );
};

test("Provisioning: nothing to do makes no write, and with every status erased nothing is made twice", async () => {
  h = await start(world({ behaviour: { timeScale: 1200 } }));
  h.apply(persona("agents", { roleDelivery: { mode: "Provisioning" } }), user("jane", "agents"));
  await h.ready();
  await until(() => h.writes().length > 0 && agents().status!.syncJob!.lastSuccessTime !== undefined, "a good run");
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  const writes = h.writes().length;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(h.writes().slice(writes)).toEqual([]);
  const before = created();
  await h.restart("erased");
  await h.ready();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(created()).toEqual(before);
  expect(before["iam:CreateAccessKey"]).toBe(1);
});

test("Entra's provisioning does not know a new application at once: that is waited for, and no missing right", async () => {
  h = await start(world(), { pollIntervalMs: 3_600_000 });
  const jobs = "graph:GET /servicePrincipals/{id}/synchronization/jobs";
  h.sandbox.faults.add({ match: jobs, kind: "denied", count: 3 });
  const stalled = new Set<string>();
  h.sandbox.onExchange(() => {
    const condition = agents() && status(agents(), "Stalled");
    if (condition?.status === "True") stalled.add(condition.message);
  });
  h.apply(persona("agents", { roleDelivery: { mode: "Provisioning" } }));
  await until(() => agents()?.status?.syncJob !== undefined, "the job is made");
  expect(h.sandbox.counts()[jobs]).toBeGreaterThan(3);
  expect([...stalled]).toEqual([]);
});

test("a right to provisioning that is really missing is said to be, some minutes later", async () => {
  h = await start(world(), { pollIntervalMs: 3_600_000 });
  h.sandbox.faults.add({ match: "graph:GET /servicePrincipals/{id}/synchronization/jobs", kind: "denied" });
  h.apply(persona("agents", { roleDelivery: { mode: "Provisioning" } }));
  await h.reason("ConnectSsoPersona", "agents", "ProvisioningReady", "WaitingForReplication");
  await h.reason("ConnectSsoPersona", "agents", "ProvisioningReady", "GraphForbidden");
  expect(status(agents(), "Stalled")).toMatchObject({ status: "True", reason: "GraphForbidden" });
});

test("from Provisioning to Direct: user and key go, the role stays and so does everybody's access", async () => {
  h = await start(world({ behaviour: { timeScale: 1200 } }));
  h.apply(persona("agents", { roleDelivery: { mode: "Provisioning" } }), user("jane", "agents"));
  await h.ready();
  h.apply(persona("agents", { roleDelivery: { mode: "Direct" } }));
  await until(
    () =>
      h.sandbox.counts()["iam:DeleteUser"] === 1 &&
      agents().status!.accessKey === undefined &&
      status(agents(), "Ready")?.status === "True",
    "the user is gone, and its key from the status",
  );
  expect(h.sandbox.counts()["iam:CreateRole"]).toBe(1);
});

const iam = () => new IAMClient({ region: "us-east-1", endpoint: `${h.sandbox.url}/iam`, credentials: ADMIN });

/** IAM users that still exist, what the application says of them, and how many provisioning jobs it has. */
async function keyHolders() {
  const of = async (path: string) => (await call(path)).value;
  const [application] = (await of("/applications")).filter(({ displayName }) => displayName === "Connect agents");
  const [principal] = await of(`/servicePrincipals?$filter=appId eq '${application!.appId}'`);
  const users: string[] = [];
  for (const UserName of [OWN, "importer", "first", "second", "payroll"])
    await iam()
      .send(new GetUserCommand({ UserName }))
      .then(
        () => users.push(UserName),
        (error: Error) => expect(error.name).toBe("NoSuchEntityException"),
      );
  return {
    users,
    tags: (application!.tags as string[]).filter((tag) => tag.includes("iam-user")),
    jobs: (await of(`/servicePrincipals/${principal!.id}/synchronization/jobs`)).length,
  };
}

const importer = (name?: string) => ({
  roleDelivery: { mode: "Provisioning", provisioning: { ...(name ? { iamUserName: name } : {}) } },
});
const OWN = "connect-sso-team-agents";

test.each([
  ["a user of a declared name", importer("importer")],
  ["a user of the default name", importer()],
])("from Provisioning to Direct, names and status lost in the same edit: %s", async (_, before) => {
  h = await start(world({ behaviour: { timeScale: 1200 } }));
  h.apply(persona("agents", before));
  await h.ready();
  await h.restart("none");
  h.apply(persona("agents", { roleDelivery: { mode: "Direct" } }));
  await h.ready();
  expect(await keyHolders()).toEqual({ users: [], tags: [], jobs: 0 });
});

test.each([
  ["another name", importer("first"), importer("second"), "second", "kept"],
  ["another name, the status lost", importer("first"), importer("second"), "second", "none"],
  ["no name", importer("first"), importer(), OWN, "kept"],
  ["a name", importer(), importer("second"), "second", "none"],
] as const)(
  "the IAM user of provisioning gets %s: the former one goes with its key",
  async (_, a, b, name, objects) => {
    h = await start(world({ behaviour: { timeScale: 1200 } }));
    h.apply(persona("agents", a), user("jane", "agents"));
    await h.ready();
    await h.restart(objects);
    h.apply(persona("agents", b), user("jane", "agents"));
    await until(() => h.sandbox.counts()["iam:DeleteUser"] === 1, "the former user is deleted");
    await h.ready();
    expect(await keyHolders()).toEqual({ users: [name], tags: [`connectsso.dev/iam-user:${name}`], jobs: 1 });
  },
);

test("a tag of the application that names an IAM user of somebody else deletes nothing", async () => {
  h = await start(world());
  await iam().send(new CreateUserCommand({ UserName: "payroll" }));
  h.apply(persona("agents"));
  await h.ready();
  const [{ id, tags }] = (await call("/applications")).value as [{ id: string; tags: string[] }];
  const named = { tags: [...tags, "connectsso.dev/iam-user:payroll"] };
  await call(`/applications/${id}`, { method: "PATCH", body: named });
  await h.restart("kept");
  await until(() => h.writes().some(({ target }) => target === `application ${id} tags`), "the tag is taken away");
  await h.ready();
  expect((await keyHolders()).users).toEqual(["payroll"]);
});

test("mail and groups: a policy with every claim, kept as declared, and both gone when the spec says so", async () => {
  h = await start();
  const mail = (sessionDuration: string) => ({
    application: {
      displayName: "Connect agents",
      roleSessionName: { from: "mail", transform: "None" },
      sessionDuration,
      groups: [{ displayName: "Agents" }],
    },
  });
  h.apply(persona("agents", mail("8h")));
  await h.ready();
  const { servicePrincipalId } = agents().status!;
  const policies = async () => (await call(`/servicePrincipals/${servicePrincipalId}/claimsMappingPolicies`)).value;
  const claims = async () => {
    const [policy] = await policies();
    return JSON.parse((policy!.definition as string[])[0]!).ClaimsMappingPolicy.ClaimsSchema as Record<
      string,
      string
    >[];
  };
  const attribute = (one: Record<string, string>) => one.SamlClaimType!.split("/").at(-1);
  expect((await claims()).map((one) => [attribute(one), one.ID ?? one.Value])).toEqual([
    ["Role", "assignedroles"],
    ["RoleSessionName", "mail"],
    ["SessionDuration", "28800"],
    ["nameidentifier", "userprincipalname"],
  ]);
  const assigned = async () => (await call(`/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`)).value;
  expect((await assigned()).map(({ principalDisplayName }) => principalDisplayName)).toEqual(["Agents"]);
  expect(status(agents(), "AssignmentsReady")?.message).toBe(
    "1 group assigned; 1 member, 1 of them without a ConnectUser of this persona, who cannot sign in",
  );
  h.apply(persona("agents", mail("1h")), user("jane", "agents"));
  await until(() => /session of 1h/.test(status(agents(), "ClaimsReady")?.message ?? ""), "the shorter session");
  expect((await claims())[2]!.Value).toBe("3600");
  await until(() => status(agents(), "AssignmentsReady")?.message === "1 group assigned; 1 member", "jane counts");
  h.apply(persona("agents", { application: { displayName: "Connect agents" } }));
  await until(
    () => agents().status!.observedGeneration === 3 && status(agents(), "Ready")?.status === "True",
    "UPN again",
  );
  expect(await policies()).toEqual([]);
  expect((await call("/policies/claimsMappingPolicies")).value).toEqual([]);
  expect(await assigned()).toEqual([]);
});

test("a session duration alone writes a claims policy; without one the gallery application's claims stay", async () => {
  h = await start();
  const lasting = (sessionDuration?: string) =>
    persona("agents", {
      application: { displayName: "Connect agents", ...(sessionDuration ? { sessionDuration } : {}) },
    });
  const ready = (message: RegExp) =>
    until(() => message.test(status(agents(), "ClaimsReady")?.message ?? ""), String(message));
  const definition = async () => {
    const path = `/servicePrincipals/${agents().status!.servicePrincipalId}/claimsMappingPolicies`;
    return JSON.stringify((await call(path)).value.map((one) => one.definition));
  };
  h.apply(lasting());
  await h.ready();
  expect(status(agents(), "ClaimsReady")?.message).toMatch(
    /Claims of the gallery application: .*session as Entra sets it/,
  );
  expect(await definition()).toBe("[]");
  h.apply(lasting("2h"));
  await ready(/RoleSessionName from userPrincipalName, session of 2h/);
  expect(await definition()).toMatch(/7200/);
  h.apply(lasting());
  await ready(/gallery application/);
  await until(() => status(agents(), "Ready")?.status === "True", "ready without a policy");
  expect(await definition()).toBe("[]");
});

test("an application without owner is said to be one", async () => {
  h = await start(world({ behaviour: { instantiateOwner: false, timeScale: 1200 } }));
  h.apply(persona("agents"));
  await h.reason("ConnectSsoPersona", "agents", "ApplicationReady", "NoOwner");
  expect(status(agents(), "Stalled")).toMatchObject({ status: "True", reason: "NoOwner" });
  expect(status(agents(), "ApplicationReady")!.message).toMatch(
    /application and service principal .* an owner of both/,
  );
});

test.each(["USGovernment", "China"] as const)(
  "a tenant of %s: the controller makes the signing certificate itself, and rotates it",
  async (cloud) => {
    h = await start(world({ tenant: { verifiedDomains: ["example.com"], cloud } }));
    h.apply(persona("agents"), user("jane", "agents"));
    await h.ready();
    const first = agents().status!.certificate!.thumbprint;
    const annotations = { "connectsso.dev/rotate-certificate": "now" };
    const asked = persona("agents");
    h.apply({ ...asked, metadata: { ...asked.metadata, annotations } });
    await until(() => status(agents(), "CertificateReady")?.reason === "CertificateRotating", "a second one");
    h.sandbox.clock.advance(5 * 60_000);
    await until(() => agents().status!.certificate!.thumbprint !== first, "the second one signs");
    h.sandbox.clock.advance(2 * 3_600_000);
    await until(() => agents().status!.handledRequests?.["rotate-certificate"] === "now", "the end of the rotation");
    await until(() => status(agents(), "CertificateReady")?.reason !== "CertificateRotating", "the former one is gone");
    const { keyCredentials, passwordCredentials } = (await call(
      `/servicePrincipals/${agents().status!.servicePrincipalId}?$select=keyCredentials,passwordCredentials`,
    )) as unknown as Record<string, { usage: string }[]>;
    expect(keyCredentials?.map(({ usage }) => usage).sort()).toEqual(["Sign", "Verify"]);
    expect(passwordCredentials).toHaveLength(1);
  },
);

test("a national cloud that takes no certificate of ours: it says what to do, and goes on with one made by hand", async () => {
  h = await start(world(), { prepare: async ({ url }) => ({ CONNECT_SSO_GRAPH_URL: await withoutCertificates(url) }) });
  h.apply(persona("agents"), user("jane", "agents"));
  await h.reason("ConnectSsoPersona", "agents", "CertificateReady", "CertificateByHand");
  expect(status(agents(), "CertificateReady")!.message).toMatch(
    /refused ours \(.*not allowed as per assigned policy.*\): add one by hand to the enterprise application Connect agents/,
  );
  const { servicePrincipalId } = agents().status!;
  await call(`/servicePrincipals/${servicePrincipalId}/addTokenSigningCertificate`, {
    method: "POST",
    body: { displayName: "CN=by hand" },
  });
  await h.ready("Ready with the certificate made by hand");
});

/** The sandbox's Graph without the action, and with an app management policy against uploaded keys. */
async function withoutCertificates(sandbox: string): Promise<string> {
  proxy = createServer(async (request, response) => {
    if (request.url?.endsWith("/addTokenSigningCertificate")) {
      const message = "Resource not found for the segment 'addTokenSigningCertificate'.";
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { code: "BadRequest", message, innerError: {} } }));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (Buffer.concat(chunks).includes("X509CertAndPassword")) {
      const message = "Credential type not allowed as per assigned policy 'keys'.";
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { code: "Request_BadRequest", message, innerError: {} } }));
      return;
    }
    const answer = await fetch(`${sandbox}${request.url}`, {
      method: request.method!,
      headers: { authorization: "Bearer test", "content-type": "application/json" },
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const date = answer.headers.get("date");
    response.writeHead(answer.status, { "content-type": "application/json", ...(date ? { date } : {}) });
    response.end(body.length > 0 ? body : undefined);
  });
  await new Promise<void>((resolve) => proxy!.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/graph`;
}

test.each(["doctype", "otherTenant", "tooLarge"] as const)(
  "federation metadata that must not be believed (%s) never reaches AWS",
  async (metadata) => {
    h = await start(world({ behaviour: { metadata } }));
    h.apply(persona("agents"));
    await until(() => status(agents(), "Stalled")?.reason === "MetadataRefused", "MetadataRefused");
    expect(h.sandbox.counts()["iam:CreateSAMLProvider"]).toBeUndefined();
  },
);

test("secrets overwritten in Entra: the quarantined job shows, gets a new key and runs again", async () => {
  h = await start(world({ behaviour: { timeScale: 1200 } }));
  h.apply(persona("agents", { roleDelivery: { mode: "Provisioning" } }));
  await h.ready();
  const first = agents().status!.accessKey!.lastFour;
  await call(`/servicePrincipals/${agents().status!.servicePrincipalId}/synchronization/secrets`, {
    method: "PUT",
    body: {
      value: [
        { key: "ClientSecret", value: "AKIAWRONG" },
        { key: "SecretToken", value: "wrong" },
      ],
    },
  });
  await until(() => agents().status!.accessKey?.lastFour !== first, "a new key");
  expect(h.controller.store.events.map(({ event }) => event.note).join()).toMatch(
    /in quarantine and no longer uses our key/,
  );
  const since = h.sandbox.clock.now().toISOString();
  await until(
    () => (agents().status!.syncJob?.lastSuccessTime ?? "") > since && status(agents(), "Ready")?.status === "True",
    "a good run with the new key",
  );
});

test("suspended: not one call, whatever is changed; afterwards it is set back", async () => {
  h = await start();
  h.apply(persona("agents"));
  await h.ready();
  h.apply(persona("agents", { suspend: true }));
  await h.reason("ConnectSsoPersona", "agents", "Ready", "Suspended");
  const { servicePrincipalId } = agents().status!;
  await call(`/servicePrincipals/${servicePrincipalId}`, {
    method: "PATCH",
    body: { samlSingleSignOnSettings: { relayState: "https://evil.example" } },
  });
  const before = h.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(h.calls.length).toBe(before);
  h.apply(persona("agents", { suspend: false }));
  await h.ready();
  const principal = (await call(`/servicePrincipals/${servicePrincipalId}`)) as unknown as {
    samlSingleSignOnSettings: { relayState: string };
  };
  expect(principal.samlSingleSignOnSettings.relayState).toBe(agents().status!.relayState);
});

test.each([
  ["mail", "MailPrefix", "Mary.Major"],
  ["mail", "Lowercase", "mary.major@example.org"],
  ["userPrincipalName", "MailPrefix", "mary"],
  ["mailNickname", "None", "MaryM"],
  ["extensionAttribute3", "Lowercase", "agent-7"],
])("RoleSessionName from %s, %s: Entra takes the policy, and the user is called %s", async (from, transform, name) => {
  const mary = {
    userPrincipalName: "mary@example.com",
    mail: "Mary.Major@example.org",
    mailNickname: "MaryM",
    onPremisesExtensionAttributes: { extensionAttribute3: "AGENT-7" },
    givenName: "Mary",
    surname: "Major",
  };
  h = await start(world({ users: [mary] }));
  h.apply(
    persona("agents", { application: { displayName: "Agents", roleSessionName: { from, transform } } }),
    user("mary", "agents"),
  );
  await h.ready();
  expect(h.controller.resources().find(({ kind }) => kind === "ConnectUser")!.status).toMatchObject({ username: name });
});
