/** Service principals: what a PATCH may change, and how they are shown. */
import type { SandboxHost } from "../host.ts";
import { thumbprintOf, uploadedKeys, uploadedPasswords } from "./credentials.ts";
import type { Directory } from "./directory.ts";
import { badRequest, invalidValue, objectConflict } from "./error.ts";
import { checked, PRINCIPAL_FIELDS, required } from "./fields.ts";
import type { Body } from "./router.ts";
import { newServicePrincipal, type ServicePrincipal } from "./shapes.ts";

const SIGN_ON_MODES = ["password", "saml", "notSupported", "oidc"];
const MOST_NOTIFICATION_ADDRESSES = 5;

/** POST /servicePrincipals: for an application of this tenant that the replica already knows. */
export function createPrincipal(directory: Directory, host: SandboxHost, body: Body): ServicePrincipal {
  required(body, "ServicePrincipal", "appId");
  const appId = String(body.appId);
  const application = directory.applications.read(directory.applicationByAppId.get(appId) ?? "");
  if (!application)
    throw badRequest(`The appId '${appId}' of the service principal does not reference a valid application object.`);
  if (directory.principalByAppId.has(appId)) throw objectConflict("appId");
  const { appId: _, ...rest } = body;
  const fresh = newServicePrincipal(application, directory.tenant.id, host.clock.now());
  const principal = changed(fresh, checked(rest, PRINCIPAL_FIELDS, "ServicePrincipal"));
  directory.servicePrincipals.set(principal);
  directory.principalByAppId.set(appId, principal.id);
  return principal;
}

export function patchPrincipal(directory: Directory, old: ServicePrincipal, body: Body): void {
  directory.servicePrincipals.set(changed(old, checked(body, PRINCIPAL_FIELDS, "ServicePrincipal")));
}

function changed(old: ServicePrincipal, wanted: Body): ServicePrincipal {
  // Roles belong to the application (microsoft-graph-docs-contrib#8801).
  if (wanted.appRoles)
    throw badRequest("Property appRoles on the service principal does not match the application object.");
  const mode = wanted.preferredSingleSignOnMode as string | null | undefined;
  if (mode && !SIGN_ON_MODES.includes(mode)) throw invalidValue("preferredSingleSignOnMode", "ServicePrincipal");
  const addresses = wanted.notificationEmailAddresses as string[] | undefined;
  if (addresses && addresses.length > MOST_NOTIFICATION_ADDRESSES)
    throw invalidValue("notificationEmailAddresses", "ServicePrincipal");
  const next = { ...old, ...wanted };
  if (wanted.keyCredentials) {
    const { keyCredentials, passwordCredentials = [] } = wanted;
    next.keyCredentials = uploadedKeys(old.keyCredentials, keyCredentials, passwordCredentials);
  }
  if (wanted.passwordCredentials) {
    next.passwordCredentials = uploadedPasswords(
      old.passwordCredentials,
      wanted.passwordCredentials,
      next.keyCredentials,
    );
  }
  const thumbprint = wanted.preferredTokenSigningKeyThumbprint as string | null | undefined;
  if (thumbprint && !next.keyCredentials.some((key) => thumbprintOf(key) === thumbprint.toUpperCase()))
    throw invalidValue("preferredTokenSigningKeyThumbprint", "ServicePrincipal");
  return next;
}

/** Public keys are shown only when a single object is asked for them by name. */
export function withoutKeys<T extends { keyCredentials: { key: string | null }[] }>(object: T): T {
  if (object.keyCredentials.length === 0) return object;
  return { ...object, keyCredentials: object.keyCredentials.map((key) => ({ ...key, key: null })) };
}
