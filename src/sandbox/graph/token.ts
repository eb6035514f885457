/** Access tokens as Entra gives them to applications, unsigned. */

/** Object id of the caller's own service principal: the `oid` of every token, and owner of what the caller makes. */
export const CALLER = "c0117e00-0000-4000-8000-000000000001";
/** Application (client) id of the caller. */
export const CLIENT_ID = "5a0db0c5-0000-4000-8000-00000000c11e";

/** What the token says when the world does not: enough for every persona. */
const CONTROLLER_PERMISSIONS = [
  "Application.ReadWrite.OwnedBy",
  "Application.Read.All",
  "AppRoleAssignment.ReadWrite.All",
  "User.Read.All",
  "GroupMember.Read.All",
  "Policy.Read.All",
  "Policy.ReadWrite.ApplicationConfiguration",
];

/** `more` are claims such as `exp`. Clients read tid, oid, sub, appid and roles. */
export function tokenOf(
  tenantId: string,
  roles: readonly string[] = CONTROLLER_PERMISSIONS,
  more: object = {},
  clientId = CLIENT_ID,
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    aud: "https://graph.microsoft.com",
    iss: `https://sts.windows.net/${tenantId}/`,
    appid: clientId,
    tid: tenantId,
    oid: CALLER,
    sub: CALLER,
    idtyp: "app",
    ver: "1.0",
    roles,
    ...more,
  };
  return `${part({ typ: "JWT", alg: "none" })}.${part(claims)}.`;
}

/** The tenant that an `Authorization` header speaks for: named behind a slash, or by the token's `tid`. */
export function tenantOfBearer(header: string): string | undefined {
  const [, named] = /\/([0-9a-f-]{36})$/i.exec(header) ?? [];
  if (named !== undefined) return named.toLowerCase();
  try {
    const claims = JSON.parse(Buffer.from(header.split(".")[1] ?? "", "base64url").toString("utf8")) as unknown;
    const { tid } = (claims ?? {}) as { tid?: unknown };
    return typeof tid === "string" ? tid.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
