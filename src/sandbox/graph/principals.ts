/** Service principals: what a PATCH may change, and how they are shown. */
import type { SandboxHost } from "../host.ts";
import { uploadedKeys, uploadedPasswords, uploadTo } from "./credentials.ts";
import type { Directory } from "./directory.ts";
import { badRequest, invalidValue, notFound, objectConflict } from "./error.ts";
import { checked, PRINCIPAL_FIELDS, required, withoutOwnId } from "./fields.ts";
import type { Body } from "./router.ts";
import { newServicePrincipal, type ServicePrincipal } from "./shapes.ts";
import { CALLER } from "./token.ts";

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
  const principal = changed(directory, host, fresh, checked(rest, PRINCIPAL_FIELDS, "ServicePrincipal"));
  directory.servicePrincipals.set(principal);
  directory.principalByAppId.set(appId, principal.id);
  directory.owners.set(principal.id, boundOwners(directory, host, body));
  return principal;
}

/** The caller owns what it makes, and so do those whom `owners@odata.bind` names. */
export function boundOwners({ users, servicePrincipals }: Directory, { behaviour }: SandboxHost, body: Body): string[] {
  const bound = body["owners@odata.bind"];
  const ids = (Array.isArray(bound) ? bound : []).map((link) => String(link).split("/").at(-1)!.toLowerCase());
  for (const id of ids) if (id !== CALLER && !users.read(id) && !servicePrincipals.read(id)) throw notFound(id);
  return [...new Set([...(behaviour.instantiateOwner ? [CALLER] : []), ...ids])];
}

export function patchPrincipal(directory: Directory, host: SandboxHost, old: ServicePrincipal, body: Body): void {
  const wanted = checked(withoutOwnId(body, old), PRINCIPAL_FIELDS, "ServicePrincipal");
  directory.servicePrincipals.set(changed(directory, host, old, wanted));
}

function changed(directory: Directory, host: SandboxHost, old: ServicePrincipal, wanted: Body): ServicePrincipal {
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
    next.keyCredentials = uploadedKeys(
      old.keyCredentials,
      keyCredentials,
      uploadTo(directory, host),
      passwordCredentials,
    );
  }
  if (wanted.passwordCredentials) {
    next.passwordCredentials = uploadedPasswords(
      old.passwordCredentials,
      wanted.passwordCredentials,
      next.keyCredentials,
      uploadTo(directory, host),
    );
  }
  // preferredTokenSigningKeyThumbprint is taken as it is: the service does not look whether there is such a certificate.
  if (wanted.preferredTokenSigningKeyThumbprint === null) directory.automaticSigning.add(old.id);
  return next;
}

/** Public keys are shown only when a single object is asked for them by name. */
export function withoutKeys<T extends { keyCredentials: { key: string | null }[] }>(object: T): T {
  if (object.keyCredentials.length === 0) return object;
  return { ...object, keyCredentials: object.keyCredentials.map((key) => ({ ...key, key: null })) };
}
