/**
 * The clouds that Entra runs in. GCC (not High) is part of the global one. Sources: Microsoft Graph "National cloud deployments";
 * issuers and My Apps of the national clouds as their own portals name them. My Apps of China is documented nowhere.
 */
export interface EntraCloud {
  graphHosts: readonly string[];
  /** The first one is where sign-ins go by default. */
  loginHosts: readonly string[];
  issuerHost: string;
  myAppsHost?: string;
}

const GLOBAL: EntraCloud = {
  graphHosts: ["graph.microsoft.com"],
  loginHosts: ["login.microsoftonline.com"],
  issuerHost: "sts.windows.net",
  myAppsHost: "myapps.microsoft.com",
};
/** GCC High and DoD differ by their Graph host alone. */
const US_GOVERNMENT: EntraCloud = {
  graphHosts: ["graph.microsoft.us", "dod-graph.microsoft.us"],
  loginHosts: ["login.microsoftonline.us"],
  issuerHost: "sts.windows.net",
  myAppsHost: "myapps.microsoft.us",
};
const CHINA: EntraCloud = {
  graphHosts: ["microsoftgraph.chinacloudapi.cn"],
  loginHosts: ["login.chinacloudapi.cn", "login.partner.microsoftonline.cn"],
  issuerHost: "sts.chinacloudapi.cn",
};
const CLOUDS = [GLOBAL, US_GOVERNMENT, CHINA];

/** By the host of the login service; the global cloud for any other, such as a sandbox. */
export function cloudOfLogin(host: string): EntraCloud {
  return CLOUDS.find(({ loginHosts }) => loginHosts.includes(host)) ?? GLOBAL;
}

/** Address of the login service that belongs to a Graph host. */
export function loginUrlOf(graphHost: string): string {
  const cloud = CLOUDS.find(({ graphHosts }) => graphHosts.includes(graphHost)) ?? GLOBAL;
  return `https://${cloud.loginHosts[0]}`;
}

/** Address of Microsoft Graph in the cloud of a login service. */
export function graphUrlOf(loginHost: string): string {
  return `https://${cloudOfLogin(loginHost).graphHosts[0]}`;
}

/** Entity id of a tenant: who issues its assertions. */
export function issuerOf(tenantId: string, cloud: EntraCloud): string {
  return `https://${cloud.issuerHost}/${tenantId}/`;
}

/** What a tenant may be called, in whichever cloud it lives. */
export function issuersOf(tenantId: string): string[] {
  return [...new Set(CLOUDS.map((cloud) => issuerOf(tenantId, cloud)))];
}
