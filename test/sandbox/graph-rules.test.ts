/** Rules of the real Graph that a client meets besides the objects themselves: queries, navigations, versions, policies, open facts. */
import { createHash, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CALLER } from "../../src/sandbox/graph/token.ts";
import { OPEN_FACTS, type Open } from "../../src/sandbox/open.ts";
import { type Graph, type Json, startGraph, TENANT } from "./graph-support.ts";

const ADA = "11111111-0000-4000-8000-000000000001";
const TEAM = "22222222-0000-4000-8000-000000000001";
const OUTER = "22222222-0000-4000-8000-000000000002";
const EVENTUAL = { ConsistencyLevel: "eventual" };
const ids = ({ value }: Json) => value.map(({ id }: Json) => id);

let graph: Graph;
beforeAll(async () => {
  graph = await startGraph({
    users: [
      { id: ADA, userPrincipalName: "ada@example.com", displayName: "Ada Byron" },
      { userPrincipalName: "zoe@example.com", displayName: "Zoe Ada" },
    ],
    devices: [{ displayName: "laptop" }],
    groups: [
      { id: TEAM, displayName: "team", members: ["ada@example.com", "laptop"] },
      { id: OUTER, displayName: "outer", groups: ["team"] },
    ],
  });
});
afterAll(() => graph.sandbox.close());

const withOpen = async (open: Partial<Open>, use: (graph: Graph) => Promise<void>) => {
  const other = await startGraph({
    users: [{ id: ADA, userPrincipalName: "ada@example.com" }],
    behaviour: { open },
  });
  try {
    await use(other);
  } finally {
    await other.sandbox.close();
  }
};

describe("advanced queries need their header", () => {
  test("$count as a parameter is ignored without it, and as a segment refused", async () => {
    expect(await graph.ok("GET", "/users?$count=true")).not.toHaveProperty("@odata.count");
    expect((await graph.call("GET", "/users?$count=true", undefined, EVENTUAL)).body["@odata.count"]).toBe(2);
    expect((await graph.refused("GET", "/users/$count"))[0]).toBe(400);
    for (const [path, count] of [
      ["/users/$count", 2],
      ["/groups/$count", 2],
      [`/groups/${OUTER}/members/$count`, 1],
      [`/groups/${OUTER}/transitiveMembers/$count`, 3],
      [`/groups/${OUTER}/transitiveMembers/microsoft.graph.user/$count`, 1],
    ]) {
      const response = await fetch(`${graph.url}${path}`, { headers: { authorization: "Bearer any", ...EVENTUAL } });
      expect([path, response.headers.get("content-type"), await response.text()]).toEqual([
        path,
        "text/plain",
        String(count),
      ]);
    }
  });

  test("$search", async () => {
    const path = `/users?$search="displayName:ada"`;
    expect((await graph.refused("GET", path))[1]).toBe("Request_UnsupportedQuery");
    expect((await graph.call("GET", path, undefined, EVENTUAL)).body.value).toHaveLength(2);
    const both = `/users?$search="displayName:ada" AND "displayName:byr"`;
    expect(ids((await graph.call("GET", both, undefined, EVENTUAL)).body)).toEqual([ADA]);
  });

  test("$orderby: by name alone without it, with a filter or by anything else only with it", async () => {
    expect(ids(await graph.ok("GET", "/users?$orderby=displayName desc&$select=id")).at(-1)).toBe(ADA);
    for (const query of ["$orderby=mail", "$orderby=displayName&$filter=startswith(displayName,'z')"]) {
      const [status, code, message] = await graph.refused("GET", `/users?${query}`);
      expect([status, code, message]).toEqual([
        400,
        "Request_UnsupportedQuery",
        "Sorting not supported for current query.",
      ]);
      expect((await graph.call("GET", `/users?${query}&$count=true`, undefined, EVENTUAL)).status).toBe(200);
    }
  });
});

describe("segments", () => {
  test("memberships, direct and through groups, by type", async () => {
    expect(ids(await graph.ok("GET", `/users/${ADA}/memberOf`))).toEqual([TEAM]);
    expect(ids(await graph.ok("GET", `/users/${ADA}/transitiveMemberOf/microsoft.graph.group`))).toEqual([TEAM, OUTER]);
    expect(ids(await graph.ok("GET", `/groups/${TEAM}/memberOf`))).toEqual([OUTER]);
    const { value } = await graph.ok("GET", `/groups/${OUTER}/transitiveMembers`);
    expect(value.map((row: Json) => row["@odata.type"]).sort()).toEqual([
      "#microsoft.graph.device",
      "#microsoft.graph.group",
      "#microsoft.graph.user",
    ]);
    expect(ids(await graph.ok("GET", `/groups/${OUTER}/transitiveMembers/microsoft.graph.user?$select=id`))).toEqual([
      ADA,
    ]);
  });

  test("the tenant and its domains; an application has no /me", async () => {
    expect((await graph.ok("GET", "/organization")).value[0]).toMatchObject({ id: TENANT });
    expect(await graph.ok("GET", `/organization/${TENANT}`)).toMatchObject({
      verifiedDomains: [expect.objectContaining({ name: "example.com", isDefault: true })],
    });
    expect(await graph.ok("GET", "/domains/example.com")).toMatchObject({ isVerified: true });
    expect((await graph.refused("GET", "/domains/other.com"))[0]).toBe(404);
    expect((await graph.refused("GET", "/me"))[2]).toContain("delegated authentication flow");
  });

  test("a navigation that leads nowhere is 404, an empty one is empty, an unknown one is refused", async () => {
    expect((await graph.refused("GET", `/users/${ADA}/manager`))[1]).toBe("Request_ResourceNotFound");
    expect((await graph.ok("GET", `/users/${ADA}/directReports`)).value).toEqual([]);
    expect((await graph.refused("GET", `/users/${ADA}/nonsense`))[1]).toBe("BadRequest");
  });

  test("beta has what v1.0 has, and properties of its own", async () => {
    const { application, servicePrincipal } = await graph.instantiate("Beta");
    const beta = graph.url.replace("/v1.0", "/beta");
    const read = async (path: string) => (await graph.call("GET", `${beta}${path}`)).body;
    expect(await read(`/applications/${application.id}?$select=oauth2RequirePostResponse`)).toMatchObject({
      oauth2RequirePostResponse: false,
    });
    expect(await read(`/servicePrincipals/${servicePrincipal.id}?$select=samlMetadataUrl`)).toHaveProperty(
      "samlMetadataUrl",
      null,
    );
    expect((await read("/users?$top=1"))["@odata.nextLink"]).toContain("/beta/users?");
    expect((await graph.call("GET", graph.url.replace("/v1.0", "/v2.0"))).status).toBe(400);
  });

  test("assignments from the principal's side, and from the resource's as the SAML tutorial writes it", async () => {
    const { application, servicePrincipal } = await graph.instantiate("Sides");
    const resourceId = servicePrincipal.id;
    const [first, second] = application.appRoles.map(({ id }: Json) => id);
    const mine = `/users/${ADA}/appRoleAssignments`;
    const one = await graph.ok("POST", mine, { principalId: ADA, resourceId, appRoleId: first });
    const body = { principalId: ADA, resourceId, appRoleId: second };
    await graph.ok("POST", `/servicePrincipals/${resourceId}/appRoleAssignments`, body);
    expect((await graph.refused("POST", `/groups/${TEAM}/appRoleAssignments`, body))[0]).toBe(400);
    expect((await graph.ok("GET", `/servicePrincipals/${resourceId}/appRoleAssignedTo`)).value).toHaveLength(2);
    expect(await graph.ok("GET", `${mine}/${one.id}`)).toMatchObject({ appRoleId: first });
    await graph.ok("DELETE", `${mine}/${one.id}`);
    expect((await graph.ok("GET", mine)).value).toHaveLength(1);
  });

  test("service principals by their names; owners bound at creation", async () => {
    const plain = await graph.ok("POST", "/applications", { displayName: "Bound" });
    const principal = await graph.ok("POST", "/servicePrincipals", {
      appId: plain.appId,
      "owners@odata.bind": [`https://graph.microsoft.com/v1.0/directoryObjects/${ADA}`],
    });
    const owners = `/servicePrincipals/${principal.id}/owners`;
    expect(ids(await graph.ok("GET", owners)).sort()).toEqual([ADA, CALLER].sort());
    await graph.ok("DELETE", `${owners}/${ADA}/$ref`);
    const filter = encodeURIComponent(`servicePrincipalNames/any(n:n eq '${plain.appId}')`);
    expect(ids(await graph.ok("GET", `/servicePrincipals?$filter=${filter}`))).toEqual([principal.id]);
  });

  test("a SAML application's identifier needs no scheme", async () => {
    const { application, servicePrincipal } = await graph.instantiate("Schemeless");
    const path = `/applications/${application.id}`;
    expect((await graph.refused("PATCH", path, { identifierUris: ["connect-agents"] }))[0]).toBe(400);
    await graph.ok("PATCH", `/servicePrincipals/${servicePrincipal.id}`, { preferredSingleSignOnMode: "saml" });
    await graph.ok("PATCH", path, { identifierUris: ["connect-agents"] });
  });
});

test("a token says who the caller is", async () => {
  const response = await fetch(`${graph.sandbox.url}/login/${TENANT}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "my-client",
      client_secret: "any",
      scope: "https://graph.microsoft.com/.default",
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString("utf8")) as Json;
  expect(claims).toMatchObject({ oid: CALLER, sub: CALLER, tid: TENANT, appid: "my-client", idtyp: "app" });
  expect(claims.exp - claims.iat).toBe(3599);
  const fixed = graph.sandbox.env.CONNECT_SSO_GRAPH_TOKEN!;
  expect(JSON.parse(Buffer.from(fixed.split(".")[1]!, "base64url").toString("utf8"))).toMatchObject({ oid: CALLER });
});

describe("the preferred certificate", () => {
  const metadataKeys = async (other: Graph, appId: string) => {
    const url = `${other.sandbox.url}/login/${TENANT}/federationmetadata/2007-06/federationmetadata.xml?appid=${appId}`;
    const xml = await (await fetch(url)).text();
    const saml = /<IDPSSODescriptor[\s\S]*<\/IDPSSODescriptor>/.exec(xml)![0];
    return [...saml.matchAll(/<X509Certificate>([^<]+)</g)].map(([, key]) =>
      new X509Certificate(Buffer.from(key!, "base64")).fingerprint.replaceAll(":", ""),
    );
  };
  const certificates = async (other: Graph) => {
    const { servicePrincipal } = await other.instantiate("Preferred");
    const path = `/servicePrincipals/${servicePrincipal.id}`;
    const make = () => other.ok("POST", `${path}/addTokenSigningCertificate`, { displayName: "CN=x" });
    return { path, appId: servicePrincipal.appId, one: (await make()).thumbprint, two: (await make()).thumbprint };
  };

  test("an explicit null leaves the choice to Entra, a thumbprint of nothing signs with the tenant's key", async () => {
    const { path, appId, one, two } = await certificates(graph);
    const prefer = (preferredTokenSigningKeyThumbprint: string | null) =>
      graph.ok("PATCH", path, { preferredTokenSigningKeyThumbprint });
    await prefer(one);
    expect(await metadataKeys(graph, appId)).toEqual([one]);
    await prefer(null);
    expect(await metadataKeys(graph, appId)).toEqual([two]);
    await prefer("00".repeat(20));
    const [other] = await metadataKeys(graph, appId);
    expect([one, two]).not.toContain(other);
  });

  test("open: what signs before, and what is listed besides", async () => {
    await withOpen({ certificateNeverPreferred: "newest", inactiveCertificatesInMetadata: "listed" }, async (other) => {
      const { appId, one, two } = await certificates(other);
      expect(await metadataKeys(other, appId)).toEqual([two, one]);
    });
  });
});

describe("open facts, each in the position that is no default", () => {
  test("every one has a name, a source and at least two answers", () => {
    for (const [name, { values, fact, source }] of Object.entries(OPEN_FACTS))
      expect([name, new Set<string>(values).size > 1, fact.length > 0, source.length > 0]).toEqual([
        name,
        true,
        true,
        true,
      ]);
  });

  test("owners show after a minute, and may be used before", async () => {
    await withOpen({ ownersShow: "afterOneMinute" }, async (other) => {
      const { application } = await other.instantiate();
      const owners = `/applications/${application.id}/owners`;
      expect((await other.ok("GET", owners)).value).toEqual([]);
      await other.ok("PATCH", `/applications/${application.id}`, { notes: "mine" });
      other.sandbox.clock.advance(61_000);
      expect(ids(await other.ok("GET", owners))).toEqual([CALLER]);
    });
  });

  test("assignments of a restored service principal are lost", async () => {
    await withOpen({ assignmentsOfRestored: "lost", duplicateAssignment: "entitlement" }, async (other) => {
      const { application, servicePrincipal } = await other.instantiate();
      const { id } = servicePrincipal;
      const path = `/servicePrincipals/${id}/appRoleAssignedTo`;
      const assignment = { principalId: ADA, resourceId: id, appRoleId: application.appRoles[0].id };
      await other.ok("POST", path, assignment);
      expect((await other.refused("POST", path, assignment))[2]).toContain("EntitlementGrant");
      await other.ok("DELETE", `/servicePrincipals/${id}`);
      await other.ok("POST", `/directory/deletedItems/${id}/restore`);
      expect((await other.ok("GET", path)).value).toEqual([]);
    });
  });

  test("identifiers of deleted applications are reserved; a second policy and a second job are taken", async () => {
    const open = {
      identifiersOfDeleted: "reserved",
      deleteInSamlMode: "allowed",
      secondClaimsPolicy: "accepted",
      repeatedSynchronizationJob: "another",
    } as const;
    await withOpen(open, async (other) => {
      const [one, two] = [await other.instantiate(), await other.instantiate()];
      const identifierUris = ["https://signin.aws.amazon.com/saml#5"];
      for (const { servicePrincipal } of [one, two])
        await other.ok("PATCH", `/servicePrincipals/${servicePrincipal.id}`, { preferredSingleSignOnMode: "saml" });
      await other.ok("PATCH", `/applications/${one.application.id}`, { identifierUris });
      await other.ok("DELETE", `/applications/${one.application.id}`);
      const mine = `/applications/${two.application.id}`;
      expect((await other.refused("PATCH", mine, { identifierUris }))[0]).toBe(400);
      await other.ok("DELETE", `/directory/deletedItems/${one.application.id}`);
      await other.ok("PATCH", mine, { identifierUris });
      const principal = `/servicePrincipals/${two.servicePrincipal.id}`;
      for (const displayName of ["a", "b"]) {
        const definition = [JSON.stringify({ ClaimsMappingPolicy: { Version: 1, ClaimsSchema: [] } })];
        const { id } = await other.ok("POST", "/policies/claimsMappingPolicies", { displayName, definition });
        await other.ok("POST", `${principal}/claimsMappingPolicies/$ref`, { "@odata.id": `https://x/y/${id}` });
      }
      expect((await other.ok("GET", `${principal}/claimsMappingPolicies`)).value).toHaveLength(2);
      const jobs = `${principal}/synchronization/jobs`;
      for (let i = 0; i < 2; i++) await other.ok("POST", jobs, { templateId: "aws" });
      expect((await other.ok("GET", jobs)).value).toHaveLength(2);
    });
  });
});

test("rules of the tenant bind uploads in any case: lifetime, passwords, authority", async () => {
  const other = await startGraph({
    tenant: { id: TENANT, verifiedDomains: ["example.com"], appManagement: { trustedCertificateAuthority: true } },
  });
  try {
    const { servicePrincipal } = await other.instantiate();
    const path = `/servicePrincipals/${servicePrincipal.id}`;
    const made = await other.ok("POST", `${path}/addTokenSigningCertificate`, { displayName: "CN=exempt" });
    const key = { type: "AsymmetricX509Cert", usage: "Verify", key: made.key };
    const { keyCredentials } = await other.ok("GET", path);
    const refused = await other.refused("PATCH", path, { keyCredentials: [...keyCredentials, key] });
    expect(refused[1]).toBe("CredentialTypeNotAllowedAsPerAppPolicy");
    const policy = await other.ok("GET", "/policies/defaultAppManagementPolicy");
    expect(policy.servicePrincipalRestrictions.keyCredentials).toEqual([
      expect.objectContaining({ restrictionType: "trustedCertificateAuthority", state: "enabled" }),
    ]);
    expect(createHash("sha1").update(Buffer.from(made.key, "base64")).digest("hex").toUpperCase()).toBe(
      made.thumbprint,
    );
  } finally {
    await other.sandbox.close();
  }
});
