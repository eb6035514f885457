import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { json, withServer } from "./server.ts";

/** What was built: the class and its arguments. */
const built: unknown[][] = [];
const credential = (name: string) =>
  class {
    constructor(...given: unknown[]) {
      built.push([name, ...given]);
    }
    getToken() {
      return Promise.resolve({ token: `token of ${name}` });
    }
  };
const NAMES = [
  "ClientSecretCredential",
  "ClientCertificateCredential",
  "ManagedIdentityCredential",
  "WorkloadIdentityCredential",
];
jest.unstable_mockModule("@azure/identity", () => Object.fromEntries(NAMES.map((name) => [name, credential(name)])));
const { createGraphTenants } = await import("../../../src/providers/graph/index.ts");

const login = "https://login.microsoftonline.com";
const HOME = { AZURE_TENANT_ID: "home", AZURE_CLIENT_ID: "client" };
const authority = expect.objectContaining({ authorityHost: login });

beforeEach(() => {
  built.length = 0;
});

describe("credentials", () => {
  test.each([
    {
      env: { ...HOME, AZURE_CLIENT_SECRET: "hush" },
      tenant: "other",
      made: ["ClientSecretCredential", "other", "client", "hush", authority],
    },
    {
      env: { ...HOME, AZURE_CLIENT_CERTIFICATE_PATH: "/c.pem" },
      tenant: "other",
      made: [
        "ClientCertificateCredential",
        "other",
        "client",
        expect.objectContaining({ certificatePath: "/c.pem" }),
        authority,
      ],
    },
    {
      env: { ...HOME, AZURE_FEDERATED_TOKEN_FILE: "/t" },
      tenant: "other",
      made: [
        "WorkloadIdentityCredential",
        expect.objectContaining({ tenantId: "other", clientId: "client", tokenFilePath: "/t" }),
      ],
    },
    { env: HOME, tenant: "HOME", made: ["ManagedIdentityCredential", { clientId: "client" }] },
    { env: HOME, tenant: undefined, made: ["ManagedIdentityCredential", { clientId: "client" }] },
  ])("$made.0 for tenant $tenant", async ({ env, tenant, made }) => {
    await createGraphTenants({ env }).tenant(tenant);
    expect(built).toEqual([made]);
  });

  test.each([
    { env: HOME, why: "home tenant home only, not of other" },
    { env: { AZURE_CLIENT_ID: "client" }, why: "set AZURE_TENANT_ID" },
    { env: { AZURE_TENANT_ID: "home", AZURE_CLIENT_SECRET: "hush" }, why: "set AZURE_CLIENT_ID" },
  ])("refused: $why", async ({ env, why }) => {
    const tenants = createGraphTenants({ env });
    await expect(tenants.tenant("other")).rejects.toMatchObject({
      kind: "terminal",
      reason: "EntraCredentials",
      message: expect.stringContaining(why),
    });
    expect(built).toEqual([]);
  });

  test("the credential's token goes with each request", async () => {
    const seen: unknown[] = [];
    await withServer(
      (_, response) => json(response, 200, { id: "a", appId: "b" }),
      async ({ url }) => {
        const env = { ...HOME, AZURE_CLIENT_SECRET: "hush" };
        const tenants = createGraphTenants({
          env,
          graphUrl: url,
          allowInsecure: true,
          onCall: ({ code }) => seen.push(code),
        });
        expect((await (await tenants.tenant("other")).getApplication("a"))?.id).toBe("a");
      },
    );
    expect(seen).toEqual(["200"]);
  });
});

test("two who ask at once share one client", async () => {
  const tenants = createGraphTenants({ env: { ...HOME, AZURE_CLIENT_SECRET: "hush" } });
  const [one, two] = await Promise.all([tenants.tenant("T"), tenants.tenant("t")]);
  expect(one).toBe(two);
  expect(built).toHaveLength(1);
});

test("endpoints without https are for sandboxes that say so", () => {
  expect(() => createGraphTenants({ env: HOME, graphUrl: "http://127.0.0.1:1" })).toThrow("not https");
});
