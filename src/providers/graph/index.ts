/** Entra tenants: endpoints, credentials, one client per tenant. */
import type { TokenCredential } from "@azure/identity";
import { graphUrlOf, loginUrlOf } from "../../domain/entra-clouds.ts";
import { type Breaker, type CircuitListener, createBreaker } from "../breaker.ts";
import type { CloudHealth } from "../clouds.ts";
import { type CallRecord, CloudError } from "../errors.ts";
import { createLimiter } from "../limiter.ts";
import { type QuotaSettings, quotaOf } from "../limits.ts";
import { GraphClient } from "./client.ts";
import { createTenant } from "./tenant.ts";
import type { Graph } from "./types.ts";

interface GraphTenantsOptions {
  /** Default CONNECT_SSO_GRAPH_URL, else that of the cloud which AZURE_AUTHORITY_HOST names (AKS sets it), else the global one. */
  graphUrl?: string;
  /** Default CONNECT_SSO_LOGIN_URL, else the login host that belongs to the Graph host. */
  loginUrl?: string;
  allowInsecure?: boolean;
  onCall?(call: CallRecord): void;
  /** Asked again and again: settings change while the program runs. */
  limits?(): QuotaSettings;
  env?: Record<string, string | undefined>;
  /** See LimiterOptions. */
  longestPauseMs?: number;
  onCircuit?: CircuitListener;
}
/** What a raw request needs. */
export interface GraphAccess {
  tenantId: string;
  /** Without version, for example https://graph.microsoft.com. */
  graphUrl: string;
  loginUrl: string;
  token(): Promise<string>;
}
interface GraphTenants {
  /** Undefined is the controller's own tenant, AZURE_TENANT_ID. */
  tenant(tenantId: string | undefined, options?: { clientId?: string }): Promise<Graph>;
  /** The same endpoints and credentials, without client, limiter and breaker. */
  access(tenantId: string): Promise<GraphAccess>;
  health(): CloudHealth;
  close(): void;
}

const hostOf = (url = ""): string => (URL.canParse(url) ? new URL(url).host : "");

function endpoint(name: string, url: string, allowInsecure: boolean): string {
  if (!URL.canParse(url)) throw new Error(`${name} is not a URL: ${url}`);
  if (new URL(url).protocol !== "https:" && !allowInsecure) {
    throw new Error(`${name} is ${url}, which is not https; pass --allow-insecure-endpoints if this is a sandbox`);
  }
  return url.replace(/\/$/, "");
}

export function createGraphTenants(options: GraphTenantsOptions = {}): GraphTenants {
  const env = options.env ?? process.env;
  const insecure = options.allowInsecure ?? env.CONNECT_SSO_ALLOW_INSECURE_ENDPOINTS === "1";
  const graphUrl = endpoint(
    "CONNECT_SSO_GRAPH_URL",
    options.graphUrl ?? env.CONNECT_SSO_GRAPH_URL ?? graphUrlOf(hostOf(env.AZURE_AUTHORITY_HOST)),
    insecure,
  );
  const loginUrl = endpoint(
    "CONNECT_SSO_LOGIN_URL",
    options.loginUrl ?? env.CONNECT_SSO_LOGIN_URL ?? loginUrlOf(new URL(graphUrl).hostname),
    insecure,
  );
  const tenants = new Map<string, Promise<Graph>>();
  const limiter = createLimiter((key) => quotaOf(key, options.limits?.() ?? {}), {
    longestPauseMs: options.longestPauseMs,
  });
  const breakers = new Map<string, Breaker>();

  /** One for all callers of a tenant, under whatever client id. */
  function breakerOf(tenantId: string): Breaker {
    const key = `graph/${tenantId.toLowerCase()}`;
    const breaker =
      breakers.get(key) ?? createBreaker(`Microsoft Graph of tenant ${tenantId}`, { onChange: options.onCircuit });
    breakers.set(key, breaker);
    return breaker;
  }

  async function create(tenantId: string, clientId: string | undefined): Promise<Graph> {
    const token = await tokenSource(tenantId, clientId);
    const client = new GraphClient({
      baseUrl: graphUrl,
      token,
      onCall: options.onCall,
      limiter,
      limiterKey: `graph/${tenantId.toLowerCase()}`,
      breaker: breakerOf(tenantId),
    });
    return createTenant({ tenantId, client, token, loginUrl });
  }

  /** A fixed token ("{tenant}" in it stands for the tenant's id) serves sandboxes only; else the credential that the environment names, loaded when it is first needed. */
  async function tokenSource(tenantId: string, clientId: string | undefined): Promise<() => Promise<string>> {
    const fixed = env.CONNECT_SSO_GRAPH_TOKEN;
    if (fixed && insecure) return async () => fixed.replaceAll("{tenant}", tenantId.toLowerCase());
    const credential = await credentialOf(tenantId, clientId);
    const scope = `${new URL(graphUrl).origin}/.default`;
    return async () => {
      try {
        const token = await credential.getToken(scope);
        return token!.token;
      } catch (error) {
        throw new CloudError(
          `no token for tenant ${tenantId}: ${(error as Error).name}; check the controller's Entra credentials (docs/permissions.md)`,
          { kind: "transient", reason: "EntraCredentials", code: (error as Error).name },
        );
      }
    };
  }

  /**
   * Every credential is made for the wanted tenant by name: the library's EnvironmentCredential would read
   * AZURE_TENANT_ID and hand out tokens of the controller's own tenant for another one.
   */
  async function credentialOf(tenantId: string, clientId: string | undefined): Promise<TokenCredential> {
    const azure = await import("@azure/identity");
    const id = clientId ?? env.AZURE_CLIENT_ID;
    const home = env.AZURE_TENANT_ID;
    const federated = env.AZURE_FEDERATED_TOKEN_FILE;
    const secret = env.AZURE_CLIENT_SECRET;
    const certificatePath = env.AZURE_CLIENT_CERTIFICATE_PATH;
    const authority = { authorityHost: loginUrl };
    const refuse = (message: string) =>
      new CloudError(message, { kind: "terminal", reason: "EntraCredentials", code: "EntraCredentials" });
    if (federated || secret || certificatePath) {
      if (!id) throw refuse(`no client id for tenant ${tenantId}: set AZURE_CLIENT_ID for the controller`);
      if (federated)
        return new azure.WorkloadIdentityCredential({
          tenantId,
          clientId: id,
          tokenFilePath: federated,
          ...authority,
        });
      if (secret) return new azure.ClientSecretCredential(tenantId, id, secret, authority);
      return new azure.ClientCertificateCredential(
        tenantId,
        id,
        { certificatePath: certificatePath!, certificatePassword: env.AZURE_CLIENT_CERTIFICATE_PASSWORD },
        authority,
      );
    }
    if (home && home.toLowerCase() !== tenantId.toLowerCase())
      throw refuse(
        `a managed identity has tokens of its home tenant ${home} only, not of ${tenantId}: use workload identity, ` +
          "or AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH of an application that tenant consented to",
      );
    if (!home)
      throw refuse(
        "a managed identity has tokens of its home tenant only: set AZURE_TENANT_ID so that it is known which that is",
      );
    return new azure.ManagedIdentityCredential(id ? { clientId: id } : {});
  }

  return {
    tenant(tenantId, { clientId } = {}) {
      const id = tenantId ?? env.AZURE_TENANT_ID;
      if (!id) {
        const message = "no tenant: set application.tenantId on the persona, or AZURE_TENANT_ID for the controller";
        return Promise.reject(new CloudError(message, { kind: "terminal", reason: "NoTenant", code: "NoTenant" }));
      }
      const key = `${id.toLowerCase()}/${clientId ?? ""}`;
      const found = tenants.get(key);
      if (found) return found;
      // The promise is kept, not its value: two who ask at once share one client, one cache and one queue of writes.
      const made = create(id, clientId);
      tenants.set(key, made);
      made.catch(() => tenants.get(key) === made && tenants.delete(key));
      return made;
    },
    access: async (tenantId) => ({ tenantId, graphUrl, loginUrl, token: await tokenSource(tenantId, undefined) }),
    health: () => ({
      breakers: new Map([...breakers].map(([key, breaker]) => [key, breaker.state()])),
      limiters: limiter.states(),
      inventories: new Map(),
    }),
    close: () => tenants.clear(),
  };
}
