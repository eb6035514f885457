/** Judges of the sandbox's Graph that nobody here wrote: Microsoft's SDK for Python, and the requests that Microsoft's pages show. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { AWS_TEMPLATE, type Graph, type Json, startGraph } from "../sandbox/graph-support.ts";

const { pythonTools } = (await import("../../scripts/tools.mjs" as string)) as {
  pythonTools(name: string): Promise<string>;
};
const ADA = "11111111-0000-4000-8000-000000000001";
const TEAM = "22222222-0000-4000-8000-000000000001";

const withGraph = async (use: (graph: Graph) => Promise<void>) => {
  const graph = await startGraph({
    users: [{ id: ADA, userPrincipalName: "ada@example.com", displayName: "Ada Byron" }],
    groups: [{ id: TEAM, displayName: "team", members: ["ada@example.com"] }],
  });
  try {
    await use(graph);
  } finally {
    await graph.sandbox.close();
  }
};

test("Microsoft's SDK for Python: the life of an application and of people, with no property that it does not know", async () => {
  const python = join(await pythonTools("graph"), "python");
  const script = fileURLToPath(new URL("graph.py", import.meta.url));
  await withGraph(async ({ sandbox }) => {
    const env = { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: "1", ...sandbox.env };
    const { stdout } = await promisify(execFile)(python, [script], { env });
    const { problems, called } = JSON.parse(stdout) as { problems: string[]; called: string[] };
    expect(problems).toEqual([]);
    expect(called).toEqual(expect.arrayContaining(["DELETE 204", "GET 200", "PATCH 204", "POST 201", "PUT 204"]));
  });
}, 600_000);

interface Example {
  /** Page of learn.microsoft.com/graph that shows the request. */
  page: string;
  request: string;
  body?: object;
  headers?: Record<string, string>;
  status: number;
  /** What the shown answer has. */
  shows?: object;
  /** Keeps values of the answer for the requests after it. */
  keep?: Record<string, (body: Json) => string>;
}

const eventual = { ConsistencyLevel: "eventual" };
const role = { allowedMemberTypes: ["User"], isEnabled: true };
/** In braces: values that a request before it kept. Ids and names are this world's. */
const EXAMPLES: Example[] = [
  {
    page: "application-saml-sso-configure-api",
    request: "GET /applicationTemplates?$filter=displayName eq 'AWS Single-Account Access'",
    status: 200,
    shows: {
      value: [{ id: AWS_TEMPLATE, publisher: "Amazon", supportedSingleSignOnModes: expect.arrayContaining(["saml"]) }],
    },
  },
  {
    page: "application-saml-sso-configure-api",
    request: `POST /applicationTemplates/${AWS_TEMPLATE}/instantiate`,
    body: { displayName: "AWS Contoso" },
    status: 201,
    shows: { application: { identifierUris: [] }, servicePrincipal: { appRoleAssignmentRequired: true } },
    keep: {
      application: ({ application }) => application.id,
      appId: ({ application }) => application.appId,
      principal: ({ servicePrincipal }) => servicePrincipal.id,
      role: ({ application }) => application.appRoles[0].id,
    },
  },
  {
    page: "application-saml-sso-configure-api",
    request: "PATCH /servicePrincipals/{principal}",
    body: { preferredSingleSignOnMode: "saml" },
    status: 204,
  },
  {
    page: "application-saml-sso-configure-api",
    request: "PATCH /applications/{application}",
    body: {
      web: { redirectUris: ["https://signin.aws.amazon.com/saml"] },
      identifierUris: ["https://signin.aws.amazon.com/saml"],
    },
    status: 204,
  },
  {
    // The page writes them to the service principal, which is refused (microsoft-graph-docs-contrib#8801).
    page: "application-saml-sso-configure-api",
    request: "PATCH /servicePrincipals/{principal}",
    body: { appRoles: [{ ...role, id: "454dc4c2-8176-498e-99df-8c4efcde41ef", displayName: "Admin", value: "a,b" }] },
    status: 400,
  },
  {
    page: "application-saml-sso-configure-api",
    request: "POST /policies/claimsMappingPolicies",
    body: {
      definition: [
        '{"ClaimsMappingPolicy":{"Version":1,"IncludeBasicClaimSet":"true", "ClaimsSchema": [{"Source":"user","ID":"assignedroles","SamlClaimType": "https://aws.amazon.com/SAML/Attributes/Role"},{"Value":"900","SamlClaimType":"https://aws.amazon.com/SAML/Attributes/SessionDuration"}]}}',
      ],
      displayName: "AWS Claims Policy",
      isOrganizationDefault: false,
    },
    status: 201,
    keep: { policy: ({ id }) => id },
  },
  {
    page: "application-saml-sso-configure-api",
    request: "POST /servicePrincipals/{principal}/claimsMappingPolicies/$ref",
    body: { "@odata.id": "https://graph.microsoft.com/v1.0/policies/claimsMappingPolicies/{policy}" },
    status: 204,
  },
  {
    page: "serviceprincipal-addtokensigningcertificate",
    request: "POST /servicePrincipals/{principal}/addTokenSigningCertificate",
    body: { displayName: "CN=customDisplayName", endDateTime: "{soon}" },
    status: 200,
    shows: { displayName: "CN=customDisplayName", type: "AsymmetricX509Cert", usage: "Verify" },
    keep: { thumbprint: ({ thumbprint }) => thumbprint },
  },
  {
    page: "application-saml-sso-configure-api",
    request: "PATCH /servicePrincipals/{principal}",
    body: { preferredTokenSigningKeyThumbprint: "{thumbprint}" },
    status: 204,
  },
  {
    page: "application-saml-sso-configure-api",
    request: "POST /servicePrincipals/{principal}/appRoleAssignments",
    body: { principalId: ADA, principalType: "User", appRoleId: "{role}", resourceId: "{principal}" },
    status: 201,
    shows: { principalType: "User", principalDisplayName: "Ada Byron", resourceDisplayName: "AWS Contoso" },
    keep: { assignment: ({ id }) => id },
  },
  {
    page: "serviceprincipal-list-approleassignedto",
    request: "GET /servicePrincipals/{principal}/appRoleAssignedTo",
    status: 200,
    shows: { value: [{ principalId: ADA }] },
  },
  {
    page: "serviceprincipal-delete-approleassignedto",
    request: "DELETE /servicePrincipals/{principal}/appRoleAssignedTo/{assignment}",
    status: 204,
  },
  {
    page: "application-provisioning-configure-api",
    request: "GET /servicePrincipals/{principal}/synchronization/templates",
    status: 200,
    shows: { value: [{ id: "aws", factoryTag: "aws" }] },
  },
  {
    page: "application-provisioning-configure-api",
    request: "POST /servicePrincipals/{principal}/synchronization/jobs",
    body: { templateId: "aws" },
    status: 201,
    shows: { schedule: { state: "Disabled" }, status: { code: "NotConfigured" } },
    keep: { job: ({ id }) => id },
  },
  {
    page: "application-provisioning-configure-api",
    request: "PUT /servicePrincipals/{principal}/synchronization/secrets",
    body: {
      value: [
        { key: "ClientSecret", value: "key" },
        { key: "SecretToken", value: "secret" },
      ],
    },
    status: 204,
  },
  {
    page: "application-provisioning-configure-api",
    request: "POST /servicePrincipals/{principal}/synchronization/jobs/{job}/start",
    status: 204,
  },
  {
    page: "synchronization-synchronizationjob-restart",
    request: "POST /servicePrincipals/{principal}/synchronization/jobs/{job}/restart",
    body: { criteria: { resetScope: "Watermark, Escrows, QuarantineState" } },
    status: 204,
  },
  {
    page: "serviceprincipal-get",
    request: "GET /servicePrincipals(appId='{appId}')?$select=id,appId,displayName",
    status: 200,
    shows: { displayName: "AWS Contoso" },
  },
  { page: "serviceprincipal-list", request: "GET /servicePrincipals/$count", headers: eventual, status: 200 },
  {
    page: "serviceprincipal-list",
    request: `GET /servicePrincipals?$search="displayName:AWS"&$count=true`,
    headers: eventual,
    status: 200,
    shows: { "@odata.count": 1 },
  },
  { page: "application-delete", request: "DELETE /applications/{application}", status: 400 },
  {
    page: "application-update",
    request: "PATCH /applications/{application}",
    body: { identifierUris: [] },
    status: 204,
  },
  { page: "application-delete", request: "DELETE /applications/{application}", status: 204 },
  {
    page: "directory-deleteditems-restore",
    request: "POST /directory/deletedItems/{application}/restore",
    status: 200,
    shows: { "@odata.type": "#microsoft.graph.application" },
  },
  { page: "directory-deleteditems-restore", request: "GET /servicePrincipals/{principal}", status: 404 },
  { page: "directory-deleteditems-restore", request: "POST /directory/deletedItems/{principal}/restore", status: 200 },
  { page: "user-list", request: "GET /users?$filter=startswith(displayName,'a')&$orderby=displayName", status: 400 },
  {
    page: "user-list",
    request: "GET /users?$filter=startswith(displayName,'a')&$orderby=displayName&$count=true&$top=1",
    headers: eventual,
    status: 200,
    shows: { "@odata.count": 1, value: [{ displayName: "Ada Byron" }] },
  },
  {
    page: "user-post-users",
    request: "POST /users",
    body: {
      accountEnabled: true,
      displayName: "Adele Vance",
      mailNickname: "AdeleV",
      userPrincipalName: "AdeleV@example.com",
      passwordProfile: { forceChangePasswordNextSignIn: true, password: "irrelevant" },
    },
    status: 201,
    keep: { adele: ({ id }) => id },
  },
  { page: "user-update", request: "PATCH /users/{adele}", body: { officeLocation: "18/2111" }, status: 204 },
  { page: "user-list-manager", request: "GET /users/{adele}/manager", status: 404 },
  {
    page: "group-post-members",
    request: `POST /groups/${TEAM}/members/$ref`,
    body: { "@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/{adele}" },
    status: 204,
  },
  {
    page: "group-list-transitivemembers",
    request: `GET /groups/${TEAM}/transitiveMembers/microsoft.graph.user?$count=true&$orderby=displayName&$search="displayName:ad"&$select=displayName,id`,
    headers: eventual,
    status: 200,
    shows: { "@odata.count": 2 },
  },
  {
    page: "group-list-transitivemembers",
    request: `GET /groups/${TEAM}/transitiveMembers/$count`,
    headers: eventual,
    status: 200,
  },
  {
    page: "group-delta",
    request: "GET /groups/delta?$select=displayName,description,members",
    status: 200,
    shows: { value: [{ id: TEAM, "members@delta": expect.anything() }] },
    keep: { delta: (body) => body["@odata.deltaLink"].split("/v1.0")[1] },
  },
  { page: "group-delete-members", request: `DELETE /groups/${TEAM}/members/{adele}/$ref`, status: 204 },
  {
    page: "group-delta",
    request: "GET {delta}",
    status: 200,
    shows: { value: [{ id: TEAM, "members@delta": [{ "@removed": { reason: "deleted" } }] }] },
  },
  { page: "user-delete", request: "DELETE /users/{adele}", status: 204 },
  {
    page: "directory-deleteditems-list",
    request: "GET /directory/deletedItems/microsoft.graph.user",
    status: 200,
    shows: { value: [{ displayName: "Adele Vance" }] },
  },
  { page: "directory-deleteditems-delete", request: "DELETE /directory/deletedItems/{adele}", status: 204 },
  {
    page: "json-batching",
    request: "POST /$batch",
    body: {
      requests: [
        { id: "1", method: "GET", url: `/users/${ADA}` },
        { id: "2", dependsOn: ["1"], method: "GET", url: `/groups/${TEAM}/members` },
      ],
    },
    status: 200,
    shows: { responses: expect.arrayContaining([expect.objectContaining({ id: "2", status: 200 })]) },
  },
];

test("requests that Microsoft's pages show, one after the other", async () => {
  await withGraph(async (graph) => {
    const soon = new Date(graph.sandbox.clock.now().getTime() + 86_400_000).toISOString();
    const kept: Record<string, string> = { soon };
    const filled = (text: string) => text.replace(/\{(\w+)\}/g, (whole, name: string) => kept[name] ?? whole);
    for (const { page, request, body, headers, status, shows, keep } of EXAMPLES) {
      const [, method, path] = /^(\w+) (.*)$/.exec(request)!;
      const sent = body && (JSON.parse(filled(JSON.stringify(body))) as object);
      const reply = await graph.call(method!, filled(path!), sent, headers);
      expect([page, request, reply.status]).toEqual([page, request, status]);
      if (shows) expect(reply.body).toMatchObject(shows as Json);
      for (const [name, of] of Object.entries(keep ?? {})) kept[name] = of(reply.body);
    }
  });
});
