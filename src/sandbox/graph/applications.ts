/** What Graph lets one change on an application, and what it refuses. */
import type { SandboxHost } from "../host.ts";
import { uploadedKeys, uploadTo } from "./credentials.ts";
import type { Directory } from "./directory.ts";
import { badRequest, GraphError, invalidValue, objectConflict } from "./error.ts";
import { APPLICATION_FIELDS, checked, required, withoutOwnId } from "./fields.ts";
import { boundOwners } from "./principals.ts";
import type { Body } from "./router.ts";
import { type Application, type AppRole, copiedFrom, newApplication } from "./shapes.ts";

/** Longest `appRole.value` taken by a direct write. Documentation says 120; role import writes up to 239. */
const MAX_ROLE_VALUE = 250;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** POST /applications: a plain application, without service principal. */
export function createApplication(directory: Directory, host: SandboxHost, body: Body): Application {
  const wanted = checked(body, APPLICATION_FIELDS, "Application");
  required(wanted, "Application", "displayName");
  const plain = newApplication(String(wanted.displayName), directory.tenant.verifiedDomains[0] ?? "", host.clock.now());
  const application = changed(directory, host, plain, wanted);
  directory.applications.set(application);
  directory.applicationByAppId.set(application.appId, application.id);
  directory.owners.set(application.id, boundOwners(directory, host, body));
  return application;
}

export function patchApplication(directory: Directory, host: SandboxHost, old: Application, body: Body): void {
  const application = changed(
    directory,
    host,
    old,
    checked(withoutOwnId(body, old), APPLICATION_FIELDS, "Application"),
  );
  directory.applications.set(application);
  copyToPrincipal(directory, application);
}

/** Complex values are merged, collections are replaced. Graph keeps no order in collections: they come back turned round. */
function changed(directory: Directory, host: SandboxHost, old: Application, wanted: Body): Application {
  const merged = ["web", "api", "spa", "publicClient", "info"]
    .filter((name) => wanted[name])
    .map((name) => [name, { ...(old[name] as object), ...(wanted[name] as object) }]);
  const next: Application = { ...old, ...wanted, ...Object.fromEntries(merged) };
  const web = wanted.web as { redirectUris?: string[] } | undefined;
  if (web?.redirectUris) next.web = { ...next.web, redirectUris: web.redirectUris.toReversed() };
  if (wanted.identifierUris) {
    checkIdentifiers(directory, host, old, next.identifierUris);
    next.identifierUris = next.identifierUris.toReversed();
  }
  if (wanted.appRoles) {
    next.appRoles = checkRoles(rolesInForce(directory, old), wanted.appRoles as Partial<AppRole>[]).toReversed();
  }
  if (wanted.keyCredentials)
    next.keyCredentials = uploadedKeys(old.keyCredentials, wanted.keyCredentials, uploadTo(directory, host));
  if (wanted.uniqueName) checkUniqueName(directory, next);
  // hashicorp/terraform-provider-azuread#799
  if (next.defaultRedirectUri && !next.web.redirectUris.includes(next.defaultRedirectUri))
    throw invalidValue("defaultRedirectUri", "Application");
  return next;
}

function checkUniqueName(directory: Directory, application: Application): void {
  for (const other of directory.applications.values())
    if (other.id !== application.id && other.uniqueName === application.uniqueName) throw objectConflict("uniqueName");
}

/**
 * Identifiers are unique in the tenant. A new one must lie in a verified domain or hold the tenant's or the application's id,
 * unless readers already see the service principal in SAML mode (identifier-uri-restrictions.md, azuread provider #797).
 */
function checkIdentifiers(directory: Directory, { behaviour }: SandboxHost, old: Application, uris: string[]): void {
  const taken = new Set<string>();
  const deleted = [...directory.deleted.values()].flatMap(({ type, object }) =>
    type === "application" && behaviour.open.identifiersOfDeleted === "reserved" ? [object as Application] : [],
  );
  for (const other of [...directory.applications.values(), ...deleted])
    if (other.id !== old.id) for (const uri of other.identifierUris) taken.add(uri.toLowerCase());
  const principalId = directory.principalByAppId.get(old.appId);
  const saml =
    principalId !== undefined && directory.servicePrincipals.read(principalId)?.preferredSingleSignOnMode === "saml";
  if (new Set(uris.map((uri) => uri.toLowerCase())).size !== uris.length)
    throw invalidValue("identifierUris", "Application");
  for (const uri of uris) {
    // A SAML application's identifier may be any name: terraform-provider-azuread#655.
    if (uri === "" || uri.endsWith("/") || !(saml || URL.canParse(uri)))
      throw invalidValue("identifierUris", "Application");
    if (taken.has(uri.toLowerCase()))
      throw objectConflict("identifierUris", behaviour.open.identifierConflict === "details");
    if (!saml && !old.identifierUris.includes(uri)) checkHost(directory, old.appId, uri);
  }
}

/** Whether an identifier may belong to any application of the tenant, in SAML mode or not. */
export function isVerified({ tenant }: Directory, appId: string, uri: string): boolean {
  const { id, verifiedDomains } = tenant;
  if (uri.includes(appId) || uri.includes(id)) return true;
  const name = URL.canParse(uri) ? new URL(uri).hostname.toLowerCase() : "";
  return verifiedDomains.some((domain) => name === domain.toLowerCase() || name.endsWith(`.${domain.toLowerCase()}`));
}

function checkHost(directory: Directory, appId: string, uri: string): void {
  if (isVerified(directory, appId, uri)) return;
  const { protocol } = new URL(uri);
  if (protocol === "api:")
    throw badRequest(
      `Failed to add identifier URI ${uri}. All newly added URIs must contain a tenant verified domain, tenant ID, or app ID, as per the default tenant policy of your organization.`,
    );
  throw new GraphError(
    400,
    "HostNameNotOnVerifiedDomain",
    "Values of identifierUris property must use a verified domain of the organization or its subdomain",
  );
}

/** A role counts as enabled until its disabling has reached the readers. */
function rolesInForce(directory: Directory, old: Application): AppRole[] {
  const visible = directory.applications.read(old.id)?.appRoles ?? old.appRoles;
  return old.appRoles.map((role) => ({
    ...role,
    isEnabled: role.isEnabled || visible.some(({ id, isEnabled }) => id === role.id && isEnabled),
  }));
}

/** An enabled role may not be changed or removed; a disabled one may. `origin` is the server's. */
function checkRoles(old: AppRole[], given: Partial<AppRole>[]): AppRole[] {
  const roles = given.map(
    (role): AppRole => ({
      allowedMemberTypes: role.allowedMemberTypes ?? [],
      description: role.description ?? "",
      displayName: role.displayName ?? "",
      id: role.id ?? "",
      isEnabled: role.isEnabled ?? true,
      origin: "Application",
      // No value: terraform-provider-azuread writes it as "".
      value: role.value || null,
    }),
  );
  const ids = new Set(roles.map(({ id }) => id.toLowerCase()));
  if (ids.size !== roles.length) throw invalidValue("appRoles", "Application");
  const values = roles.map(({ value }) => value).filter((value) => value !== null);
  if (new Set(values).size !== values.length) throw invalidValue("value", "AppRole");
  for (const role of roles) checkRole(role);
  for (const before of old) {
    if (!before.isEnabled) continue;
    const after = roles.find(({ id }) => id === before.id);
    if (!after || !sameRole(before, after))
      throw new GraphError(
        400,
        "CannotDeleteOrUpdateEnabledEntitlement",
        "Permission (scope or role) cannot be deleted or updated unless disabled first.",
      );
  }
  return roles;
}

function checkRole(role: AppRole): void {
  if (!GUID.test(role.id)) throw invalidValue("id", "AppRole");
  if (role.displayName === "") throw invalidValue("displayName", "AppRole");
  if (
    role.allowedMemberTypes.length === 0 ||
    role.allowedMemberTypes.some((one) => !["User", "Application"].includes(one))
  )
    throw invalidValue("allowedMemberTypes", "AppRole");
  const { value } = role;
  if (value !== null && (value.length > MAX_ROLE_VALUE || /\s/.test(value) || value.startsWith(".")))
    throw invalidValue("value", "AppRole");
}

const sameRole = (a: AppRole, b: AppRole) =>
  a.description === b.description &&
  a.displayName === b.displayName &&
  a.value === b.value &&
  JSON.stringify(a.allowedMemberTypes) === JSON.stringify(b.allowedMemberTypes);

/** The service principal follows its application, as late as every write. Imported roles stay on it. */
function copyToPrincipal(directory: Directory, application: Application): void {
  const id = directory.principalByAppId.get(application.appId);
  const principal = id === undefined ? undefined : directory.servicePrincipals.get(id);
  if (!principal) return;
  const own = new Set(application.appRoles.map((role) => role.id));
  const imported = principal.appRoles.filter((role) => role.origin === "ServicePrincipal" && !own.has(role.id));
  directory.servicePrincipals.set({
    ...principal,
    ...copiedFrom(application),
    appRoles: [...application.appRoles, ...imported],
  });
}
