/** The sandbox's Microsoft Graph over HTTP, every answer checked against the API description. */
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client } from "@microsoft/microsoft-graph-client";
import { GraphClient } from "../../src/providers/graph/client.ts";
import { People } from "../../src/providers/graph/people.ts";
import { createLimiter } from "../../src/providers/limiter.ts";
import { CALLER } from "../../src/sandbox/graph/token.ts";
import { Contract, contractIsHere } from "./graph-contract.ts";
import { AWS_TEMPLATE, type Graph, type Json, startGraph, TENANT } from "./graph-support.ts";

const ADA = "11111111-0000-4000-8000-000000000001";
const TEAM = "22222222-0000-4000-8000-000000000001";
const INNER = "22222222-0000-4000-8000-000000000002";
const NOWHERE = "99999999-0000-4000-8000-000000000009";

let graph: Graph;
const contract = contractIsHere ? new Contract() : undefined;

beforeAll(async () => {
  graph = await startGraph({
    users: [
      { id: ADA, userPrincipalName: "ada@example.com", displayName: "Ada Byron", mail: "ada.b@example.com" },
      { userPrincipalName: "$odd#name@example.com", displayName: "Odd Name" },
      { userPrincipalName: "guest_x#EXT#@example.com", displayName: "Guest", mail: null, userType: "Guest" },
      ...Array.from({ length: 250 }, (_, index) => ({ userPrincipalName: `u${index}@example.com` })),
    ],
    groups: [
      { id: TEAM, displayName: "team", members: ["ada@example.com", "inner"] },
      { id: INNER, displayName: "inner", members: ["u1@example.com", "team"] },
    ],
    applications: [{ displayName: "Payroll", identifierUris: ["https://signin.aws.amazon.com/saml#7"] }],
  });
  if (contract) graph.sandbox.onExchange((exchange) => contract.check(exchange));
});
afterAll(() => graph.sandbox.close());

const saml = async (id: string) => {
  await graph.ok("PATCH", `/servicePrincipals/${id}`, { preferredSingleSignOnMode: "saml" });
};
const role = (value: string, id = crypto.randomUUID()) => ({
  id,
  allowedMemberTypes: ["User"],
  displayName: value,
  description: value,
  isEnabled: true,
  value,
});

describe("templates and instantiation", () => {
  test("the gallery is listed and filtered by name", async () => {
    const all = await graph.ok("GET", "/applicationTemplates");
    expect(all.value.length).toBeGreaterThan(2);
    const some = await graph.ok("GET", "/applicationTemplates?$filter=contains(displayName,'single-account')");
    expect(some.value).toEqual([expect.objectContaining({ id: AWS_TEMPLATE, publisher: "Amazon" })]);
    expect(await graph.ok("GET", `/applicationTemplates/${AWS_TEMPLATE}`)).toMatchObject({ id: AWS_TEMPLATE });
  });

  test("instantiate makes both objects as the gallery does, owned by the caller", async () => {
    const reply = await graph.call("POST", `/applicationTemplates/${AWS_TEMPLATE}/instantiate`, { displayName: "One" });
    expect(reply.status).toBe(201);
    expect(reply.headers.get("location")).toBe("https://graph.microsoft.com");
    const { application, servicePrincipal } = reply.body;
    expect(servicePrincipal).toMatchObject({
      appId: application.appId,
      applicationTemplateId: AWS_TEMPLATE,
      preferredSingleSignOnMode: null,
      appRoleAssignmentRequired: true,
      tags: ["WindowsAzureActiveDirectoryIntegratedApp"],
      replyUrls: ["https://signin.aws.amazon.com/saml"],
    });
    expect(application).toMatchObject({ identifierUris: [], signInAudience: "AzureADMyOrg" });
    expect(application.appRoles.map(({ displayName }: Json) => displayName).sort()).toEqual(["User", "msiam_access"]);
    for (const path of [`/applications/${application.id}`, `/servicePrincipals/${servicePrincipal.id}`])
      expect((await graph.ok("GET", `${path}/owners?$select=id`)).value).toHaveLength(1);
  });

  test("an unknown template is 404", async () => {
    const [status, code] = await graph.refused("POST", `/applicationTemplates/${NOWHERE}/instantiate`, {
      displayName: "x",
    });
    expect([status, code]).toEqual([404, "Request_ResourceNotFound"]);
  });

  test("without the owner knob nobody owns the new objects", async () => {
    const other = await startGraph({ behaviour: { instantiateOwner: false } });
    try {
      const { application } = await other.instantiate();
      expect((await other.ok("GET", `/applications/${application.id}/owners`)).value).toEqual([]);
    } finally {
      await other.sandbox.close();
    }
  });
});

describe("reading", () => {
  test("headers of success, refusal and silence", async () => {
    const good = await graph.call("GET", "/users?$top=1", undefined, { "client-request-id": "mine" });
    expect(good.headers.get("content-type")).toContain("odata.metadata=minimal");
    expect(good.headers.get("odata-version")).toBe("4.0");
    expect(good.headers.get("client-request-id")).toBe("mine");
    expect(good.headers.get("x-ms-resource-unit")).toBe("1");
    const bad = await graph.call("GET", `/applications/${NOWHERE}`, undefined, { "client-request-id": "mine" });
    expect(bad.headers.get("content-type")).toBe("application/json");
    expect(bad.headers.get("odata-version")).toBeNull();
    expect(bad.body.error.innerError).toEqual({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      "request-id": bad.headers.get("request-id"),
      "client-request-id": "mine",
    });
    const { application } = await graph.instantiate("Silent");
    const none = await graph.call("PATCH", `/applications/${application.id}`, { notes: "n" });
    expect([none.status, none.headers.get("content-type"), none.headers.has("request-id")]).toEqual([204, null, true]);
  });

  test("no bearer, no answer", async () => {
    const reply = await graph.call("GET", "/users", undefined, { authorization: "" });
    expect([reply.status, reply.body.error.code]).toEqual([401, "InvalidAuthenticationToken"]);
  });

  test("unknown segments and unreadable bodies are the gateway's refusals", async () => {
    expect((await graph.refused("GET", "/nothing"))[1]).toBe("BadRequest");
    expect((await graph.refused("POST", "/applications", "{"))[1]).toBe("BadRequest");
  });

  test("paths ignore case, queries may be encoded, objects have alternate keys", async () => {
    const { application, servicePrincipal } = await graph.instantiate("Keys");
    const appId = application.appId;
    const filtered = await graph.ok("GET", `/serviceprincipals?%24filter=appId%20eq%20'${appId}'`);
    expect(filtered.value.map(({ id }: Json) => id)).toEqual([servicePrincipal.id]);
    expect(await graph.ok("GET", `/servicePrincipals(appId='${appId}')`)).toMatchObject({ id: servicePrincipal.id });
    expect(await graph.ok("GET", `/applications(appId='${appId}')`)).toMatchObject({ id: application.id });
    await graph.ok("PATCH", `/applications(appId='${appId}')`, { uniqueName: "unique" });
    await graph.ok("PATCH", `/servicePrincipals(appId='${appId}')`, { loginUrl: null });
    expect(await graph.ok("GET", "/applications(uniqueName='unique')")).toMatchObject({ id: application.id });
    await graph.ok("PATCH", "/applications(uniqueName='unique')", { description: "d" });
    const missing = await graph.refused("GET", "/applications(uniqueName='other')");
    expect(missing[0]).toBe(404);
    const upserted = await graph.call(
      "PATCH",
      "/applications(uniqueName='new')",
      { displayName: "New" },
      { prefer: "create-if-missing" },
    );
    expect([upserted.status, upserted.body.applicationTemplateId]).toEqual([201, null]);
    const taken = await graph.call("PATCH", `/applications/${upserted.body.id}`, { uniqueName: "unique" });
    expect(taken.body.error.details[0]).toMatchObject({ code: "ObjectConflict", target: "uniqueName" });
    await graph.ok("DELETE", `/servicePrincipals(appId='${appId}')`);
    await graph.ok("DELETE", `/applications(appId='${appId}')`);
  });

  test.each([
    ["displayName eq 'FILTERED'", 1],
    ["startswith(displayName,'filt') and applicationTemplateId eq '8b1025e4-1dd2-430b-a150-2ef79cd700f5'", 1],
    ["tags/any(t:t eq 'mark:1')", 1],
    ["tags/any(t:startswith(t,'mark:'))", 1],
    ["identifierUris/any(x:x eq 'https://signin.aws.amazon.com/saml#7')", 1],
    ["displayName eq 'filtered' or displayName eq 'Payroll'", 2],
    ["displayName in ('filtered','Payroll')", 2],
    ["displayName eq 'O''Brien'", 0],
  ])("applications: $filter=%s", async (filter, count) => {
    if ((await graph.ok("GET", "/applications?$filter=displayName eq 'filtered'")).value.length === 0) {
      const { application } = await graph.instantiate("filtered");
      await graph.ok("PATCH", `/applications/${application.id}`, { tags: ["mark:1"] });
    }
    const { value } = await graph.ok("GET", `/applications?$filter=${encodeURIComponent(filter)}&$select=id`);
    expect(value).toHaveLength(count);
    for (const row of value) expect(Object.keys(row)).toEqual(["id"]);
  });

  test.each([
    ["/applications", "notes eq 'x'", "Request_UnsupportedQuery"],
    ["/users", "displayName ne 'x'", "Request_UnsupportedQuery"],
    ["/users", "contains(displayName,'x')", "Request_UnsupportedQuery"],
    ["/users", "displayName eq", "BadRequest"],
    ["/users", Array.from({ length: 16 }, (_, i) => `mail eq '${i}'`).join(" or "), "Request_UnsupportedQuery"],
  ])("%s: $filter=%s is refused", async (path, filter, code) => {
    const [status, actual] = await graph.refused("GET", `${path}?$filter=${encodeURIComponent(filter)}`);
    expect([status, actual]).toEqual([400, code]);
  });

  test("advanced queries need the header and $count", async () => {
    const path =
      "/users?$count=true&$top=999&$filter=endswith(userPrincipalName,'@example.com') and userType ne 'Guest'";
    const reply = await graph.call("GET", path, undefined, { ConsistencyLevel: "eventual" });
    expect(reply.body["@odata.count"]).toBe(252);
  });

  test("pages: every user once, links with the query in them; page sizes have limits", async () => {
    const client = Client.init({
      baseUrl: `${graph.sandbox.url}/graph/`,
      defaultVersion: "v1.0",
      authProvider: (done) => done(null, "token"),
      // The SDK sends its token to https hosts only.
      fetchOptions: { headers: { authorization: "Bearer token" } },
    });
    const ids: string[] = [];
    for (let path: string | undefined = "/users?$select=id&$top=99"; path !== undefined; ) {
      const page: Json = await client.api(path).get();
      expect(Object.keys(page.value[0])).toEqual(["id"]);
      ids.push(...page.value.map(({ id }: Json) => id));
      path = page["@odata.nextLink"]?.slice(graph.url.length);
    }
    expect(new Set(ids).size).toBe(253);
    expect(ids).toHaveLength(253);
    expect((await graph.refused("GET", "/users?$top=1000"))[0]).toBe(400);
    expect((await graph.refused("GET", "/users?$skiptoken=rubbish"))[1]).toBe("Directory_ExpiredPageToken");
  });
});

describe("people", () => {
  test("a user has eleven fields unless more are selected, and is found by id, name, mail", async () => {
    const plain = await graph.ok("GET", "/users/ADA@example.com");
    expect(Object.keys(plain)).toHaveLength(12);
    expect(Object.keys(plain).at(-1)).toBe("id");
    const chosen = await graph.ok("GET", `/users/${ADA}?$select=id,accountEnabled,userType`);
    expect(chosen).toEqual({
      "@odata.context": expect.stringMatching(/\$metadata#users\(id,accountEnabled,userType\)\/\$entity$/),
      id: ADA,
      accountEnabled: true,
      userType: "Member",
    });
    const { value } = await graph.ok("GET", "/users?$filter=mail eq 'ADA.B@example.com'&$select=id");
    expect(value).toEqual([{ id: ADA }]);
    expect((await graph.refused("GET", "/users/nobody@example.com"))[0]).toBe(404);
  });

  test("odd names: # encoded, $ only in parentheses", async () => {
    expect(await graph.ok("GET", "/users/guest_x%23EXT%23@example.com")).toMatchObject({ mail: null });
    expect(await graph.ok("GET", "/users('$odd%23name@example.com')")).toMatchObject({ displayName: "Odd Name" });
    expect((await graph.refused("GET", "/users/$odd%23name@example.com"))[0]).toBe(400);
  });

  test("members are direct, transitive members are not; circles end", async () => {
    const direct = await graph.ok("GET", `/groups/${TEAM}/members`);
    expect(direct.value.map((row: Json) => [row["@odata.type"], row.displayName])).toEqual([
      ["#microsoft.graph.user", "Ada Byron"],
      ["#microsoft.graph.group", "inner"],
    ]);
    const selected = await graph.ok("GET", `/groups/${TEAM}/members?$select=id,accountEnabled`);
    expect(selected.value[0]).toEqual({ "@odata.type": "#microsoft.graph.user", id: ADA, accountEnabled: true });
    const all = await graph.ok("GET", `/groups/${TEAM}/transitiveMembers?$select=id`);
    expect(all.value).toHaveLength(4);
    const found = await graph.ok("GET", "/groups?$filter=displayName eq 'team'&$select=id,displayName");
    expect(found.value).toEqual([{ id: TEAM, displayName: "team" }]);
    expect(await graph.ok("GET", `/groups/${TEAM}`)).not.toHaveProperty("memberIds");
  });

  test("getByIds finds what exists, by type", async () => {
    const body = { ids: [ADA, TEAM, NOWHERE], types: ["user"] };
    const { value } = await graph.ok("POST", "/directoryObjects/getByIds", body);
    expect(value.map(({ id }: Json) => id)).toEqual([ADA]);
  });

  test("delta: everything, then changes and removals, then nothing; old tokens are 410", async () => {
    const walk = async (link: string): Promise<[Json[], string]> => {
      const rows: Json[] = [];
      for (let next: string | undefined = link; next !== undefined; ) {
        const body: Json = await graph.ok("GET", next);
        rows.push(...body.value);
        if (body["@odata.deltaLink"]) return [rows, body["@odata.deltaLink"]];
        next = body["@odata.nextLink"];
      }
      throw new Error("no delta link");
    };
    const [all, first] = await walk("/users/delta?$select=id,accountEnabled&$top=100");
    expect(all).toHaveLength(253);
    await graph.ok("PATCH", `/users/${ADA}`, { accountEnabled: false });
    await graph.ok("DELETE", "/users/u9@example.com");
    const [changed, second] = await walk(first);
    expect(changed).toEqual([
      { id: ADA, accountEnabled: false },
      { id: expect.any(String), "@removed": { reason: "changed" } },
    ]);
    expect((await walk(second))[0]).toEqual([]);
    expect((await walk("/users/delta?$deltatoken=latest"))[0]).toEqual([]);
    for (const set of ["groups", "applications", "servicePrincipals"])
      expect((await walk(`/${set}/delta`))[0].length).toBeGreaterThan(0);
    graph.sandbox.clock.advance(8 * 86_400_000);
    const stale = await graph.call("GET", second);
    expect([stale.status, stale.body.error.code]).toEqual([410, "syncStateNotFound"]);
    expect(stale.headers.get("location")).toContain("/users/delta");
    await graph.ok("PATCH", `/users/${ADA}`, { accountEnabled: true });
  });
});

describe("applications", () => {
  test("identifiers: SAML mode first, unique in the tenant, no slash at the end", async () => {
    const { application, servicePrincipal } = await graph.instantiate("Identifiers");
    const path = `/applications/${application.id}`;
    const uris = (...identifierUris: string[]) => ({ identifierUris });
    expect((await graph.refused("PATCH", path, uris("https://signin.aws.amazon.com/saml#1")))[1]).toBe(
      "HostNameNotOnVerifiedDomain",
    );
    expect((await graph.refused("PATCH", path, uris("api://short")))[2]).toMatch(
      /^Failed to add identifier URI api:\/\/short/,
    );
    await graph.ok("PATCH", path, uris("https://sso.example.com/x", `api://${application.appId}`, `api://${TENANT}/y`));
    await saml(servicePrincipal.id);
    await graph.ok("PATCH", path, uris("https://signin.aws.amazon.com/saml#1"));
    const taken = await graph.call("PATCH", path, uris("https://signin.aws.amazon.com/saml#7"));
    expect(taken.body.error).toMatchObject({
      code: "Request_BadRequest",
      details: [{ code: "ObjectConflict", target: "identifierUris" }],
    });
    expect((await graph.refused("PATCH", path, uris("https://sso.example.com/")))[0]).toBe(400);
    const read = await graph.ok("GET", `/servicePrincipals/${servicePrincipal.id}`);
    expect(read.servicePrincipalNames).toEqual([application.appId, "https://signin.aws.amazon.com/saml#1"]);
  });

  test("redirects: merged into web, the default one must be among them", async () => {
    const { application } = await graph.instantiate("Redirects");
    const path = `/applications/${application.id}`;
    const redirectUris = ["https://signin.aws.amazon.com/saml", "https://us-west-2.signin.aws.amazon.com/saml"];
    await graph.ok("PATCH", path, { web: { redirectUris }, defaultRedirectUri: redirectUris[1] });
    const { web } = await graph.ok("GET", path);
    expect(web.homePageUrl).toContain("metadata=aws");
    expect(new Set(web.redirectUris)).toEqual(new Set(redirectUris));
    expect((await graph.refused("PATCH", path, { web: { redirectUris: [redirectUris[0]] } }))[0]).toBe(400);
  });

  test("roles: the whole list, enabled ones fixed, copied to the service principal, not in order", async () => {
    const { application, servicePrincipal } = await graph.instantiate("Roles");
    const path = `/applications/${application.id}`;
    const mine = role("arn:aws:iam::111122223333:role/a,arn:aws:iam::111122223333:saml-provider/p");
    const appRoles = [...application.appRoles, mine];
    await graph.ok("PATCH", path, { appRoles });
    const read = await graph.ok("GET", `/servicePrincipals/${servicePrincipal.id}?$select=appRoles`);
    expect(read.appRoles[0]).toEqual({ ...mine, origin: "Application" });
    const fixed = [400, "CannotDeleteOrUpdateEnabledEntitlement", expect.stringContaining("unless disabled first")];
    expect(await graph.refused("PATCH", path, { appRoles: application.appRoles })).toEqual(fixed);
    const renamed = [...application.appRoles, { ...mine, displayName: "other", isEnabled: false }];
    expect(await graph.refused("PATCH", path, { appRoles: renamed })).toEqual(fixed);
    await graph.ok("PATCH", path, { appRoles: [...application.appRoles, { ...mine, isEnabled: false }] });
    await graph.ok("PATCH", path, { appRoles: application.appRoles });
    expect((await graph.ok("GET", path)).appRoles).toHaveLength(2);
    for (const bad of [
      { value: "a b" },
      { value: ".a" },
      { value: "x".repeat(251) },
      { displayName: "" },
      { id: "no" },
    ])
      expect((await graph.refused("PATCH", path, { appRoles: [...appRoles, { ...role("v"), ...bad }] }))[0]).toBe(400);
    // An empty value is none: terraform-provider-azuread writes it.
    await graph.ok("PATCH", path, { appRoles: [...application.appRoles, { ...role("none"), value: "" }] });
    expect((await graph.ok("GET", path)).appRoles[0]).toMatchObject({ displayName: "none", value: null });
    const onPrincipal = await graph.refused("PATCH", `/servicePrincipals/${servicePrincipal.id}`, { appRoles });
    expect(onPrincipal[2]).toContain("does not match the application object");
  });

  test("properties unknown, read-only or of the wrong type are refused", async () => {
    const { application, servicePrincipal } = await graph.instantiate("Properties");
    for (const body of [{ nonsense: 1 }, { appId: NOWHERE }, { tags: "one" }, { displayName: "" }])
      expect((await graph.refused("PATCH", `/applications/${application.id}`, body))[0]).toBe(400);
    const principal = `/servicePrincipals/${servicePrincipal.id}`;
    for (const body of [
      { preferredSingleSignOnMode: "kerberos" },
      { notificationEmailAddresses: ["1", "2", "3", "4", "5", "6"] },
    ])
      expect((await graph.refused("PATCH", principal, body))[0]).toBe(400);
    // Its own id may be in the body; a thumbprint that no certificate has is taken.
    await graph.ok("PATCH", `/applications/${application.id}`, { id: application.id, notes: "n" });
    await graph.ok("PATCH", principal, { id: servicePrincipal.id, loginUrl: null });
    expect((await graph.refused("PATCH", principal, { id: application.id }))[0]).toBe(400);
    await graph.ok("PATCH", principal, { preferredTokenSigningKeyThumbprint: "00".repeat(20) });
  });

  test("deletion: not in SAML mode with a foreign identifier, soft, restorable one by one, gone after 30 days", async () => {
    const { application, servicePrincipal } = await graph.instantiate("Deleted");
    const path = `/applications/${application.id}`;
    await saml(servicePrincipal.id);
    await graph.ok("PATCH", path, { identifierUris: ["https://signin.aws.amazon.com/saml#deleted"] });
    const policy = await graph.ok("POST", "/policies/claimsMappingPolicies", claims());
    await link(servicePrincipal.id, policy.id);
    expect(await graph.refused("DELETE", path)).toEqual([
      400,
      "DeletingSamlSpNotAllowed",
      "Property appId is invalid.",
    ]);
    await graph.ok("PATCH", path, { identifierUris: [] });
    await graph.ok("DELETE", path);
    expect((await graph.refused("GET", path))[0]).toBe(404);
    expect((await graph.refused("GET", `/servicePrincipals/${servicePrincipal.id}`))[0]).toBe(404);
    const deleted = await graph.ok(
      "GET",
      "/directory/deletedItems/microsoft.graph.application?$filter=displayName eq 'Deleted'",
    );
    expect(deleted.value[0]).toMatchObject({ id: application.id, deletedDateTime: expect.any(String) });
    const principals = await graph.ok("GET", "/directory/deletedItems/microsoft.graph.servicePrincipal");
    expect(principals.value.map(({ id }: Json) => id)).toContain(servicePrincipal.id);
    const item = `/directory/deletedItems/${application.id}`;
    expect(await graph.ok("GET", item)).toMatchObject({ "@odata.type": "#microsoft.graph.application" });
    const itsPrincipal = `/directory/deletedItems/${servicePrincipal.id}/restore`;
    expect((await graph.refused("POST", itsPrincipal))[2]).toContain("does not reference a valid application");
    await graph.ok("POST", `${item}/restore`);
    expect((await graph.refused("GET", `/servicePrincipals/${servicePrincipal.id}`))[0]).toBe(404);
    await graph.ok("POST", itsPrincipal);
    expect(await graph.ok("GET", `/servicePrincipals/${servicePrincipal.id}`)).toMatchObject({
      deletedDateTime: null,
    });
    expect((await graph.ok("GET", `/servicePrincipals/${servicePrincipal.id}/claimsMappingPolicies`)).value).toEqual(
      [],
    );
    await graph.ok("DELETE", path);
    await graph.ok("DELETE", item);
    expect((await graph.refused("GET", item))[0]).toBe(404);
    const orphan = `/directory/deletedItems/${servicePrincipal.id}`;
    expect(await graph.ok("GET", orphan)).toMatchObject({ id: servicePrincipal.id });
    graph.sandbox.clock.advance(31 * 86_400_000);
    expect((await graph.refused("GET", orphan))[0]).toBe(404);
  });

  test("plain applications and service principals; owners by reference", async () => {
    const plain = await graph.call("POST", "/applications", { displayName: "Plain" });
    expect(plain.headers.get("location")).toBe(
      `https://graph.microsoft.com/v2/${TENANT}/directoryObjects/${plain.body.id}/Microsoft.DirectoryServices.Application`,
    );
    const { appId, id } = plain.body;
    const principal = await graph.ok("POST", "/servicePrincipals", { appId });
    expect(principal).toMatchObject({ appRoleAssignmentRequired: false, servicePrincipalNames: [appId] });
    expect((await graph.refused("POST", "/servicePrincipals", { appId }))[0]).toBe(400);
    expect((await graph.refused("POST", "/servicePrincipals", { appId: NOWHERE }))[2]).toContain(
      "does not reference a valid application",
    );
    for (const path of [`/applications/${id}`, `/servicePrincipals/${principal.id}`]) {
      const reference = { "@odata.id": `https://graph.microsoft.com/v1.0/users/${ADA}` };
      await graph.ok("POST", `${path}/owners/$ref`, reference);
      expect((await graph.ok("GET", `${path}/owners`)).value).toEqual([
        expect.objectContaining({ "@odata.type": "#microsoft.graph.servicePrincipal", id: CALLER }),
        expect.objectContaining({ "@odata.type": "#microsoft.graph.user", id: ADA }),
      ]);
      expect((await graph.refused("POST", `${path}/owners/$ref`, reference))[0]).toBe(400);
      for (const owner of [ADA, CALLER]) await graph.ok("DELETE", `${path}/owners/${owner}/$ref`);
      expect((await graph.ok("GET", `${path}/owners`)).value).toEqual([]);
    }
    await graph.ok("DELETE", `/servicePrincipals/${principal.id}`);
    await graph.ok("DELETE", `/applications/${id}`);
  });
});

describe("certificates", () => {
  test("a real certificate: three credentials, another one at every call", async () => {
    const { servicePrincipal } = await graph.instantiate("Certificates");
    const path = `/servicePrincipals/${servicePrincipal.id}`;
    const body = {
      displayName: "CN=Sign",
      endDateTime: new Date(graph.sandbox.clock.now().getTime() + 86_400_000).toISOString(),
    };
    const made = await graph.ok("POST", `${path}/addTokenSigningCertificate`, body);
    const x509 = new X509Certificate(Buffer.from(made.key, "base64"));
    expect(x509.subject).toBe("CN=Sign");
    expect(x509.verify(x509.publicKey)).toBe(true);
    expect(x509.fingerprint.replaceAll(":", "")).toBe(made.thumbprint);
    expect(Buffer.from(made.customKeyIdentifier, "base64").toString("hex").toUpperCase()).toBe(made.thumbprint);
    const read = await graph.ok("GET", `${path}?$select=keyCredentials,passwordCredentials`);
    expect(read.keyCredentials.map(({ usage, type }: Json) => [usage, type])).toEqual([
      ["Sign", "X509CertAndPassword"],
      ["Verify", "AsymmetricX509Cert"],
    ]);
    expect(read.keyCredentials[0].keyId).toBe(made.keyId);
    expect(read.passwordCredentials).toEqual([expect.objectContaining({ keyId: made.keyId, secretText: null })]);
    expect((await graph.ok("GET", path)).keyCredentials[0].key).toBeNull();
    await graph.ok("POST", `${path}/addTokenSigningCertificate`, { displayName: "CN=Sign" });
    expect((await graph.ok("GET", path)).keyCredentials).toHaveLength(4);
    await graph.ok("PATCH", path, { preferredTokenSigningKeyThumbprint: made.thumbprint });
    const left = (await graph.ok("GET", path)).keyCredentials.slice(0, 2);
    const { passwordCredentials } = read;
    const [sign, verify] = left;
    for (const [changed, text] of [
      [{ ...verify, key: made.key }, "must be sent back with null value"],
      [{ ...verify, displayName: "CN=Other" }, "is not allowed"],
    ]) {
      const refused = await graph.refused("PATCH", path, { keyCredentials: [sign, changed], passwordCredentials });
      expect(refused[2]).toContain(text);
    }
    await graph.ok("PATCH", path, { keyCredentials: left, passwordCredentials });
    const kept = await graph.ok("GET", `${path}?$select=keyCredentials`);
    expect(kept.keyCredentials.map(({ key }: Json) => key)).toEqual([null, made.key]);
    expect(kept.keyCredentials[0].endDateTime).toMatch(/T\d\d:\d\d:\d\dZ$/);
    for (const bad of [{ displayName: "Sign" }, { displayName: "CN=x", endDateTime: "2099-01-01T00:00:00Z" }])
      expect((await graph.refused("POST", `${path}/addTokenSigningCertificate`, bad))[0]).toBe(400);
    const password = { passwordCredentials: [{ customKeyIdentifier: "x", secretText: "s" }] };
    expect((await graph.refused("PATCH", path, password))[2]).toBe(
      "New password credentials must be generated using service actions.",
    );
  });
});

describe("assignments", () => {
  test("users and groups, once each; wrong references are not told apart", async () => {
    const { application, servicePrincipal } = await graph.instantiate("Assigned");
    const resourceId = servicePrincipal.id;
    const path = `/servicePrincipals/${resourceId}/appRoleAssignedTo`;
    const appRoleId = application.appRoles[0].id;
    const made = await graph.ok("POST", path, { principalId: ADA, resourceId, appRoleId });
    expect(made).toMatchObject({
      principalType: "User",
      principalDisplayName: "Ada Byron",
      resourceDisplayName: "Assigned",
    });
    expect(await graph.refused("POST", path, { principalId: ADA, resourceId, appRoleId })).toEqual([
      400,
      "Request_BadRequest",
      "Permission being assigned already exists on the object",
    ]);
    await graph.ok("POST", path, { principalId: TEAM, resourceId, appRoleId });
    for (const wrong of [
      { principalId: NOWHERE, resourceId, appRoleId },
      { principalId: ADA, resourceId: NOWHERE, appRoleId },
      { principalId: ADA, resourceId, appRoleId: NOWHERE },
      { principalId: ADA, resourceId, appRoleId: "00000000-0000-0000-0000-000000000000" },
    ])
      expect((await graph.refused("POST", path, wrong))[2]).toBe("Not a valid reference update.");
    expect((await graph.ok("GET", `${path}?$top=1`))["@odata.nextLink"]).toContain("$skiptoken=");
    expect(await graph.ok("GET", `${path}/${made.id}`)).toMatchObject({ principalId: ADA });
    expect((await graph.ok("GET", `/users/${ADA}/appRoleAssignments`)).value.map(({ id }: Json) => id)).toEqual([
      made.id,
    ]);
    expect((await graph.ok("GET", `/groups/${TEAM}/appRoleAssignments`)).value).toHaveLength(1);
    expect((await graph.refused("PATCH", `${path}/${made.id}`, {}))[0]).toBeGreaterThanOrEqual(400);
    await graph.ok("DELETE", `${path}/${made.id}`);
    expect((await graph.refused("DELETE", `${path}/${made.id}`))[0]).toBe(404);
    expect((await graph.ok("GET", path)).value).toHaveLength(1);
  });
});

const claims = (
  definition = {
    Version: 1,
    IncludeBasicClaimSet: "true",
    ClaimsSchema: [{ Source: "user", ID: "mail", SamlClaimType: "x" }],
  } as object,
) => ({
  displayName: "claims",
  definition: [JSON.stringify({ ClaimsMappingPolicy: definition })],
});
const link = (principal: string, policy: string) =>
  graph.ok("POST", `/servicePrincipals/${principal}/claimsMappingPolicies/$ref`, {
    "@odata.id": `https://graph.microsoft.com/v1.0/policies/claimsMappingPolicies/${policy}`,
  });

describe("policies", () => {
  test("claims policies: one to a service principal, keys in the right case", async () => {
    const set = "/policies/claimsMappingPolicies";
    const policy = await graph.ok("POST", set, claims());
    const { servicePrincipal } = await graph.instantiate("Claims");
    const links = `/servicePrincipals/${servicePrincipal.id}/claimsMappingPolicies`;
    await link(servicePrincipal.id, policy.id);
    expect((await graph.ok("GET", links)).value.map(({ id }: Json) => id)).toEqual([policy.id]);
    const applied = await graph.ok("GET", `${set}/${policy.id}/appliesTo`);
    expect(applied.value.map(({ id }: Json) => id)).toEqual([servicePrincipal.id]);
    const second = await graph.ok("POST", set, claims());
    await expect(link(servicePrincipal.id, second.id)).rejects.toThrow("conflicting object");
    for (const wrong of [
      { version: 1, ClaimsSchema: [] },
      { Version: 1, ClaimsSchema: [{ source: "user", ID: "mail" }] },
    ])
      expect((await graph.refused("POST", set, claims(wrong)))[2]).toMatch(/has an invalid value/);
    await graph.ok("PATCH", `${set}/${policy.id}`, { displayName: "renamed" });
    expect(await graph.ok("GET", `${set}/${policy.id}`)).toMatchObject({ displayName: "renamed" });
    expect((await graph.ok("GET", `${set}?$filter=displayName eq 'renamed'`)).value).toHaveLength(1);
    await graph.ok("DELETE", `${links}/${policy.id}/$ref`);
    expect((await graph.ok("GET", links)).value).toEqual([]);
    await graph.ok("DELETE", `${set}/${policy.id}`);
    const prefixed = await graph.refused("POST", `/${TENANT}${links}/$ref`, { "@odata.id": "https://x/y" });
    expect(prefixed[2]).toContain("Write requests are only supported on contained entities");
  });

  test("the application management policy exempts SAML", async () => {
    const policy = await graph.ok("GET", "/policies/defaultAppManagementPolicy");
    const { uriAdditionWithoutUniqueTenantIdentifier: rule } = policy.applicationRestrictions.identifierUris;
    expect(rule).toMatchObject({ state: "enabled", excludeSaml: true });
  });
});

describe("batches", () => {
  test("every request has its own answer; failed dependencies are 424", async () => {
    const { responses } = await graph.ok("POST", "/$batch", {
      requests: [
        { id: "1", method: "GET", url: `/users/${ADA}?$select=id` },
        { id: "2", method: "GET", url: "/users/nobody@example.com" },
        { id: "3", method: "GET", url: "/groups", dependsOn: ["2"] },
        {
          id: "4",
          method: "PATCH",
          url: `/users/${ADA}`,
          body: { jobTitle: "Countess" },
          headers: { "Content-Type": "application/json" },
        },
      ],
    });
    const byId = Object.fromEntries(responses.map((one: Json) => [one.id, one]));
    expect([1, 2, 3, 4].map((id) => byId[id].status)).toEqual([200, 404, 424, 204]);
    expect(byId["1"].body).toMatchObject({ id: ADA });
    expect(byId["2"].body.error.code).toBe("Request_ResourceNotFound");
  });

  test("answers come in another order than the requests", async () => {
    const requests = Array.from({ length: 20 }, (_, index) => ({
      id: String(index),
      method: "GET",
      url: "/groups?$top=1",
    }));
    const { responses } = await graph.ok("POST", "/$batch", { requests });
    const order = responses.map(({ id }: Json) => id);
    expect(order).not.toEqual(requests.map(({ id }) => id));
    expect(order.sort()).toEqual(requests.map(({ id }) => id).sort());
  });

  test.each([
    ["nothing", []],
    ["too many", Array.from({ length: 21 }, (_, id) => ({ id: String(id), method: "GET", url: "/groups" }))],
    ["the same id twice", [1, 2].map(() => ({ id: "1", method: "GET", url: "/groups" }))],
    ["a batch", [{ id: "1", method: "POST", url: "/$batch" }]],
  ])("%s in a batch is refused", async (_, requests) => {
    expect((await graph.refused("POST", "/$batch", { requests }))[1]).toBe("BadRequest");
  });
});

describe("quotas look at each request of a batch by itself", () => {
  const names = Array.from({ length: 20 }, (_, index) => `u${index}@example.com`);
  const users = names.map((userPrincipalName) => ({ userPrincipalName }));
  const requests = names.map((name, index) => ({ id: String(index), method: "GET", url: `/users/${name}` }));

  test("what is left of the quota is used, the rest is 429 and says how long to wait", async () => {
    const graph = { rate: 4, burst: 24 };
    const small = await startGraph({ users, behaviour: { quotas: { graph } } });
    try {
      // Two units each: twelve go through.
      const { responses } = await small.ok("POST", "/$batch", { requests });
      const refused = responses.filter(({ status }: Json) => status !== 200);
      expect(refused.length).toBeGreaterThanOrEqual(7);
      expect(refused.length).toBeLessThanOrEqual(8);
      for (const one of refused)
        expect(one).toMatchObject({
          status: 429,
          headers: { "Retry-After": "1" },
          body: { error: { code: "TooManyRequests" } },
        });
    } finally {
      await small.sandbox.close();
    }
  });

  test("everybody is found all the same, and nobody who was answered is asked for again", async () => {
    const flaky = await startGraph({ users });
    flaky.sandbox.faults.add({ match: "graph:GET /users/{id}", kind: "throttle", count: 5 });
    flaky.sandbox.faults.add({ match: "graph:GET /users/{id}", kind: "unavailable", count: 2 });
    const asked: number[] = [];
    flaky.sandbox.onExchange(({ request }) => void asked.push(JSON.parse(request.body).requests.length));
    try {
      const limiter = createLimiter(() => ({ rate: 1000, burst: 1000 }));
      const client = new GraphClient({ baseUrl: `${flaky.sandbox.url}/graph`, token: async () => "any", limiter });
      const people = new People(client);
      const found = await Promise.all(names.map((name) => people.find(name)));
      expect(found.map((one) => one?.userPrincipalName)).toEqual(names);
      expect(asked).toEqual([20, 7]);
    } finally {
      await flaky.sandbox.close();
    }
  });
});

describe("late readers", () => {
  test("a write is seen after the delay; roles and principals must be seen to be assigned", async () => {
    const slow = await startGraph({
      users: [{ id: ADA, userPrincipalName: "ada@example.com" }],
      behaviour: { consistencyDelay: "1s" },
    });
    try {
      const { application, servicePrincipal } = await slow.instantiate();
      const path = `/applications/${application.id}`;
      expect((await slow.refused("GET", path))[0]).toBe(404);
      expect((await slow.refused("PATCH", path, { notes: "x" }))[0]).toBe(404);
      const jobs = `/servicePrincipals/${servicePrincipal.id}/synchronization/jobs`;
      expect((await slow.refused("GET", jobs))[1]).toBe("Authorization_RequestDenied");
      const seen = async (check: () => Promise<boolean>) => {
        while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      await seen(async () => (await slow.call("GET", path)).status === 200);
      await seen(async () => (await slow.call("GET", jobs)).status === 200);
      const mine = role("r,p");
      await slow.ok("PATCH", path, { appRoles: [...application.appRoles, mine] });
      const assignment = { principalId: ADA, resourceId: servicePrincipal.id, appRoleId: mine.id };
      const assigned = `/servicePrincipals/${servicePrincipal.id}/appRoleAssignedTo`;
      expect((await slow.refused("POST", assigned, assignment))[2]).toBe("Not a valid reference update.");
      await seen(async () => (await slow.call("POST", assigned, assignment)).status === 201);
      expect((await slow.ok("GET", assigned)).value).toEqual([]);
      expect((await slow.refused("POST", assigned, assignment))[2]).toContain("already exists");
      await seen(async () => (await slow.ok("GET", assigned)).value.length === 1);
    } finally {
      await slow.sandbox.close();
    }
  });

  test("resource units run out: 429 with Retry-After", async () => {
    const poor = await startGraph({ behaviour: { quotas: { graph: { rate: 1, burst: 3 } } } });
    try {
      expect((await poor.call("GET", "/applications")).status).toBe(200);
      const refused = await poor.call("GET", "/applications");
      expect([refused.status, refused.body.error.code]).toEqual([429, "TooManyRequests"]);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await poor.call("GET", "/applications?$select=id")).headers.get("x-ms-resource-unit")).toBe("1");
    } finally {
      await poor.sandbox.close();
    }
  });
});

test("the answers given above keep to the API description", () => {
  if (!contract) {
    console.log("../shared/contracts is absent: answers were not checked against the API description");
    return;
  }
  expect(contract.violations).toEqual([]);
  const missing = contract.operations.filter((name) => !contract.seen.has(name) && !name.includes("/synchronization"));
  expect(missing).toEqual([]);
});
