/** The port `Graph` over one tenant. */
import { cloudOfLogin, issuerOf } from "../../domain/entra-clouds.ts";
import { applicationCalls } from "./applications.ts";
import { assignmentCalls } from "./assigned.ts";
import { certificateCalls } from "./certificates.ts";
import { claimsCalls } from "./claims.ts";
import type { GraphClient } from "./client.ts";
import { createContext } from "./context.ts";
import { directoryCalls } from "./directory.ts";
import { fetchMetadata } from "./federation-metadata.ts";
import { principalCalls } from "./principals.ts";
import { readIdentifierPolicy, rolesOf, selfOf } from "./rights.ts";
import { synchronizationCalls } from "./synchronization.ts";
import type { Graph } from "./types.ts";

interface TenantOptions {
  tenantId: string;
  client: GraphClient;
  token(): Promise<string>;
  /** Of the login service, for example https://login.microsoftonline.com. */
  loginUrl: string;
  timeoutMs?: number;
}

export function createTenant({ tenantId, client, loginUrl, token, timeoutMs = 15_000 }: TenantOptions): Graph {
  const context = createContext(client);
  const cloud = cloudOfLogin(new URL(loginUrl).host);
  return {
    tenantId,
    now: () => client.now(),
    issuer: issuerOf(tenantId, cloud),
    userAccessUrl: (appId) => cloud.myAppsHost && `https://${cloud.myAppsHost}/signin/${appId}?tenantId=${tenantId}`,
    ...applicationCalls(context),
    ...principalCalls(context),
    ...certificateCalls(context),
    ...assignmentCalls(context),
    ...directoryCalls(context),
    ...claimsCalls(context),
    ...synchronizationCalls(context),
    permissions: async () => rolesOf(await token()),
    selfId: async () => selfOf(await token()),
    identifierPolicy: (options) => readIdentifierPolicy(client, options),
    federationMetadata: (appId, options) =>
      fetchMetadata(
        `${loginUrl}/${tenantId}/federationmetadata/2007-06/federationmetadata.xml${appId === undefined ? "" : `?appid=${encodeURIComponent(appId)}`}`,
        timeoutMs,
        options,
      ),
  };
}
