/** What Graph lets one change on applications and service principals, and what it refuses. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import { createCertificate } from "./certificate.ts";
import {
  type Application,
  type AppRole,
  type Assignment,
  type Directory,
  type KeyCredential,
  type PasswordCredential,
  type ServicePrincipal,
  stableId,
} from "./directory.ts";
import { badRequest, GraphError, notFound, objectConflict } from "./error.ts";

type Body = Record<string, unknown>;
const APPLICATION_FIELDS = new Set([
  "displayName",
  "identifierUris",
  "web",
  "defaultRedirectUri",
  "appRoles",
  "tags",
  "notes",
  "description",
  "uniqueName",
  "serviceManagementReference",
]);
const PRINCIPAL_FIELDS = new Set([
  "preferredSingleSignOnMode",
  "samlSingleSignOnSettings",
  "loginUrl",
  "notificationEmailAddresses",
  "appRoleAssignmentRequired",
  "accountEnabled",
  "preferredTokenSigningKeyThumbprint",
  "tags",
  "notes",
  "keyCredentials",
  "passwordCredentials",
  "displayName",
]);

export function patchApplication(directory: Directory, host: SandboxHost, id: string, body: Body): void {
  const old = directory.applications.get(id);
  if (!old) throw notFound(id);
  for (const name of Object.keys(body))
    if (!APPLICATION_FIELDS.has(name)) throw badRequest(`Invalid property '${name}'.`);
  const next: Application = { ...old, ...body, web: { ...old.web, ...(body["web"] as object | undefined) } };
  if (body["identifierUris"]) checkIdentifiers(directory, host, old, next.identifierUris);
  if (body["appRoles"]) next.appRoles = checkRoles(old.appRoles, next.appRoles);
  if (next.defaultRedirectUri && !next.web.redirectUris.includes(next.defaultRedirectUri))
    throw badRequest("The defaultRedirectUri must be one of the redirectUris.");
  directory.applications.set(id, next);
  const spId = directory.spByAppId.get(old.appId);
  const sp = spId ? directory.servicePrincipals.get(spId) : undefined;
  if (!sp) return;
  // Imported roles stay on the service principal; the application's own are copied.
  const imported = sp.appRoles.filter(({ origin }) => origin === "ServicePrincipal");
  directory.servicePrincipals.set(sp.id, {
    ...sp,
    displayName: next.displayName,
    appDisplayName: next.displayName,
    replyUrls: next.web.redirectUris,
    servicePrincipalNames: [next.appId, ...next.identifierUris],
    appRoles: [
      ...next.appRoles,
      ...imported.filter(({ id: roleId }) => !next.appRoles.some((role) => role.id === roleId)),
    ],
  });
}

function checkIdentifiers(directory: Directory, host: SandboxHost, old: Application, uris: string[]): void {
  const sp = directory.servicePrincipals.get(directory.spByAppId.get(old.appId) ?? "");
  for (const uri of uris) {
    if (uri.endsWith("/"))
      throw badRequest(`Invalid value specified for property 'identifierUris' of resource 'Application'.`);
    for (const other of directory.applications.values()) {
      if (other.id !== old.id && other.identifierUris.some((one) => one.toLowerCase() === uri.toLowerCase()))
        throw objectConflict("identifierUris");
    }
    if (old.identifierUris.includes(uri) || uri.includes(old.appId) || sp?.preferredSingleSignOnMode === "saml")
      continue;
    const name = URL.canParse(uri) ? new URL(uri).hostname : "";
    if (!host.world.tenant.verifiedDomains.some((domain) => name === domain || name.endsWith(`.${domain}`))) {
      throw new GraphError(
        400,
        "HostNameNotOnVerifiedDomain",
        "Values of identifierUris property must use a verified domain of the organization or its subdomain",
      );
    }
  }
}

/** An enabled role may not be changed or removed; a disabled one may. */
function checkRoles(old: AppRole[], next: Partial<AppRole>[]): AppRole[] {
  const roles = next.map(
    (role) =>
      ({
        allowedMemberTypes: ["User"],
        description: "",
        displayName: "",
        isEnabled: true,
        value: null,
        ...role,
        origin: "Application",
      }) as AppRole,
  );
  if (new Set(roles.map(({ id }) => id)).size !== roles.length) throw badRequest("Duplicate app role ids.");
  for (const role of roles) {
    if (!role.id || !role.displayName) throw badRequest("App role needs id and displayName.");
    if (role.value && (role.value.length > 250 || /\s/.test(role.value) || role.value.startsWith(".")))
      throw badRequest("Invalid value specified for property 'value' of resource 'AppRole'.");
    if (role.value && roles.some((other) => other !== role && other.value === role.value))
      throw objectConflict("appRoles");
  }
  for (const before of old) {
    if (!before.isEnabled) continue;
    const after = roles.find(({ id }) => id === before.id);
    const same =
      after && (["description", "displayName", "value"] as const).every((name) => after[name] === before[name]);
    if (!same)
      throw new GraphError(
        400,
        "CannotDeleteOrUpdateEnabledEntitlement",
        "Permission (scope or role) cannot be deleted or updated unless disabled first.",
      );
  }
  // Graph keeps no order in collections.
  return roles.reverse();
}

export function patchServicePrincipal(directory: Directory, id: string, body: Body): void {
  const old = directory.servicePrincipals.get(id);
  if (!old) throw notFound(id);
  for (const name of Object.keys(body)) {
    if (name === "appRoles")
      throw badRequest("Property appRoles on the service principal does not match the application object.");
    if (!PRINCIPAL_FIELDS.has(name)) throw badRequest(`Invalid property '${name}'.`);
  }
  const mode = body["preferredSingleSignOnMode"];
  if (mode !== undefined && mode !== null && !["password", "saml", "notSupported", "oidc"].includes(String(mode)))
    throw badRequest(
      "Invalid value specified for property 'preferredSingleSignOnMode' of resource 'ServicePrincipal'.",
    );
  const emails = body["notificationEmailAddresses"] as string[] | undefined;
  if (emails && emails.length > 5) throw badRequest("notificationEmailAddresses allows at most 5 entries.");
  const next = { ...old, ...body } as ServicePrincipal;
  const thumbprint = body["preferredTokenSigningKeyThumbprint"] as string | undefined;
  if (body["keyCredentials"]) {
    next.keyCredentials = (body["keyCredentials"] as KeyCredential[]).map((given) => {
      const existing = old.keyCredentials.find(({ keyId }) => keyId === given.keyId);
      if (!existing && !given.key) throw badRequest("New key credential needs a key.");
      return existing ? { ...existing } : given;
    });
  }
  if (body["passwordCredentials"]) {
    next.passwordCredentials = (body["passwordCredentials"] as PasswordCredential[]).map(
      (given) => old.passwordCredentials.find(({ keyId }) => keyId === given.keyId) ?? given,
    );
  }
  if (thumbprint && !next.keyCredentials.some((key) => thumbprintOf(key) === thumbprint.toUpperCase()))
    throw badRequest("Thumbprint does not belong to a key credential.");
  directory.servicePrincipals.set(id, next);
}

export const thumbprintOf = (key: { customKeyIdentifier: string | null }) =>
  Buffer.from(key.customKeyIdentifier ?? "", "base64")
    .toString("hex")
    .toUpperCase();

/** Not idempotent: every call adds another certificate, inactive. */
export async function addTokenSigningCertificate(
  directory: Directory,
  host: SandboxHost,
  id: string,
  body: Body,
): Promise<Body> {
  if (!directory.servicePrincipals.get(id)) throw notFound(id);
  const displayName = String(body["displayName"] ?? "");
  if (!displayName.startsWith("CN=")) throw badRequest("displayName must start with CN=");
  const start = host.clock.now();
  const end = body["endDateTime"]
    ? new Date(String(body["endDateTime"]))
    : new Date(start.getTime() + 3 * 365 * 86_400_000);
  if (Number.isNaN(end.getTime()) || end <= start || end.getTime() - start.getTime() > 3 * 366 * 86_400_000)
    throw badRequest("endDateTime must be within three years");
  const { der, thumbprint } = await createCertificate(displayName, start, end);
  const customKeyIdentifier = Buffer.from(thumbprint, "hex").toString("base64");
  const shared = {
    customKeyIdentifier,
    displayName,
    startDateTime: start.toISOString(),
    endDateTime: end.toISOString(),
  };
  const signKeyId = randomUUID();
  const sp = directory.servicePrincipals.get(id)!;
  directory.servicePrincipals.set(id, {
    ...sp,
    keyCredentials: [
      ...sp.keyCredentials,
      { ...shared, key: der, keyId: signKeyId, type: "X509CertAndPassword", usage: "Sign" },
      { ...shared, key: der, keyId: randomUUID(), type: "AsymmetricX509Cert", usage: "Verify" },
    ],
    passwordCredentials: [...sp.passwordCredentials, { ...shared, hint: null, keyId: signKeyId, secretText: null }],
  });
  return { ...shared, key: der, keyId: signKeyId, thumbprint, type: "AsymmetricX509Cert", usage: "Verify" };
}

export function deleteApplication(directory: Directory, id: string, now: Date): void {
  const application = directory.applications.get(id);
  if (!application) throw notFound(id);
  const spId = directory.spByAppId.get(application.appId);
  const servicePrincipal = spId ? directory.servicePrincipals.get(spId) : undefined;
  if (servicePrincipal?.preferredSingleSignOnMode === "saml")
    throw badRequest("DeletingSamlSpNotAllowed: Property appId is invalid.");
  directory.applications.delete(id);
  if (spId) directory.servicePrincipals.delete(spId);
  directory.spByAppId.delete(application.appId);
  directory.deleted.set(id, { application, servicePrincipal, at: now.toISOString() });
}

export function assign(directory: Directory, host: SandboxHost, spId: string, body: Body): Body {
  // The role and the principal must have reached the replica that answers.
  const sp = directory.servicePrincipals.read(spId);
  if (!sp) throw notFound(spId);
  const principalId = String(body["principalId"] ?? "");
  const appRoleId = String(body["appRoleId"] ?? "");
  const user = directory.users.read(principalId);
  const group = directory.groups.read(principalId);
  const role = sp.appRoles.find(({ id }) => id === appRoleId);
  if (body["resourceId"] !== spId || (!user && !group) || !role?.isEnabled)
    throw badRequest("Not a valid reference update.");
  const all = assignmentsOf(directory, host, spId);
  for (const one of all.values()) {
    if (one.principalId === principalId && one.appRoleId === appRoleId)
      throw badRequest("Permission being assigned already exists on the object");
  }
  const id = Buffer.from(stableId(spId, principalId, appRoleId, randomUUID()).replaceAll("-", ""), "hex").toString(
    "base64url",
  );
  const value = {
    id,
    deletedDateTime: null,
    appRoleId,
    createdDateTime: host.clock.now().toISOString(),
    principalDisplayName: String((user ?? group)!["displayName"]),
    principalId,
    principalType: user ? ("User" as const) : ("Group" as const),
    resourceDisplayName: sp.displayName,
    resourceId: spId,
  };
  all.set(id, value);
  return value;
}

export function assignmentsOf(directory: Directory, host: SandboxHost, spId: string) {
  let all = directory.assignments.get(spId);
  if (!all) {
    all = host.eventual<string, Assignment>("assignments");
    directory.assignments.set(spId, all);
  }
  return all;
}
