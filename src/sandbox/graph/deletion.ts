/** Soft deletion: 30 days in deletedItems, to be restored or purged. */
import type { SandboxHost } from "../host.ts";
import { isVerified } from "./applications.ts";
import { dropAssignments } from "./assignments.ts";
import { groupView } from "./context.ts";
import { type DeletedItem, type Directory, indexUser, RETENTION_MS } from "./directory.ts";
import { badRequest, GraphError, notFound, objectConflict } from "./error.ts";
import { joinAgain } from "./membership.ts";
import type { Entity } from "./odata.ts";
import { withoutKeys } from "./principals.ts";
import { type Application, type Group, type ServicePrincipal, type User, wholeSeconds } from "./shapes.ts";

/**
 * Takes the service principal along. Refused in SAML mode while an identifier is outside the verified domains: the error is reported with
 * this template, and goes away when the identifiers are cleared (hashicorp/terraform-provider-azuread#1388).
 */
export function deleteApplication(directory: Directory, host: SandboxHost, application: Application): void {
  const now = host.clock.now();
  const principal = directory.servicePrincipals.get(directory.principalByAppId.get(application.appId) ?? "");
  const unverified = application.identifierUris.some((uri) => !isVerified(directory, application.appId, uri));
  if (
    host.behaviour.open.deleteInSamlMode === "refused" &&
    principal?.preferredSingleSignOnMode === "saml" &&
    unverified
  )
    throw new GraphError(400, "DeletingSamlSpNotAllowed", "Property appId is invalid.");
  directory.applications.delete(application.id);
  directory.applicationByAppId.delete(application.appId);
  directory.deleted.set(application.id, { type: "application", object: application, at: now });
  if (principal) deletePrincipal(directory, principal, now);
}

export function deletePrincipal(directory: Directory, principal: ServicePrincipal, now: Date): void {
  directory.servicePrincipals.delete(principal.id);
  directory.principalByAppId.delete(principal.appId);
  // Policies are not recovered with the object (delete-recover-faq).
  directory.policyLinks.delete(principal.id);
  directory.deleted.set(principal.id, { type: "servicePrincipal", object: principal, at: now });
}

/** What is still within its 30 days. */
export function deletedItems(directory: Directory, host: SandboxHost): DeletedItem[] {
  const oldest = host.clock.now().getTime() - RETENTION_MS;
  for (const [id, { at }] of directory.deleted) if (at.getTime() < oldest) directory.deleted.delete(id);
  return [...directory.deleted.values()];
}

export function deletedItem(directory: Directory, host: SandboxHost, id: string): DeletedItem {
  const item = deletedItems(directory, host).find(({ object }) => object.id === id.toLowerCase());
  if (!item) throw notFound(id);
  return item;
}

/** One object alone: an application comes back without its service principal, which has a restore of its own (directory-deleteditems-restore). */
export function restore(directory: Directory, host: SandboxHost, id: string): DeletedItem {
  const item = deletedItem(directory, host, id);
  const { type, object } = item;
  if (type === "application") restoreApplication(directory, object as Application);
  else if (type === "servicePrincipal") restorePrincipal(directory, host, object as ServicePrincipal);
  else if (type === "group") directory.groups.set(object as Group);
  else restoreUser(directory, object as User);
  joinAgain(directory, object.id, item.memberOf ?? []);
  directory.deleted.delete(object.id);
  return item;
}

function restoreApplication(directory: Directory, application: Application): void {
  for (const other of directory.applications.values())
    if (other.identifierUris.some((uri) => application.identifierUris.includes(uri)))
      throw objectConflict("identifierUris");
  directory.applications.set(application);
  directory.applicationByAppId.set(application.appId, application.id);
}

function restorePrincipal(directory: Directory, host: SandboxHost, principal: ServicePrincipal): void {
  const { appId, id } = principal;
  if (!directory.applicationByAppId.has(appId))
    throw badRequest(`The appId '${appId}' of the service principal does not reference a valid application object.`);
  if (directory.principalByAppId.has(appId)) throw objectConflict("appId");
  if (host.behaviour.open.assignmentsOfRestored === "lost") dropAssignments(directory, host, id);
  directory.servicePrincipals.set(principal);
  directory.principalByAppId.set(appId, id);
}

/** The user comes back into the groups it was in. */
function restoreUser(directory: Directory, user: User): void {
  if (directory.userByName.has(user.userPrincipalName.toLowerCase())) throw objectConflict("userPrincipalName");
  indexUser(directory, undefined, user);
  directory.users.set(user);
}

/** Permanently. Delta queries report it once more. */
export function purge(directory: Directory, host: SandboxHost, id: string): void {
  const { type, object } = deletedItem(directory, host, id);
  directory.deleted.delete(object.id);
  if (type === "user") directory.users.touch(object.id);
  if (type === "group") directory.groups.touch(object.id);
}

/** Objects of the caller count to its quota while they are deleted softly, too (service limits: 250 for who is no administrator). */
export function checkQuota({ applications, servicePrincipals, deleted, tenant }: Directory, wanted: number): void {
  const objects = [...applications.values()].length + [...servicePrincipals.values()].length + deleted.size;
  if (tenant.directoryQuota === undefined || objects + wanted <= tenant.directoryQuota) return;
  throw new GraphError(
    403,
    "Directory_QuotaExceeded",
    "The directory object quota limit for the Principal has been exceeded. Please ask your administrator to increase the quota limit or delete objects to reduce the used quota.",
  );
}

/** As a read of deletedItems shows it. */
export const deletedView = (item: DeletedItem) => ({
  ...restoredView(item),
  deletedDateTime: wholeSeconds(item.at),
});

export function restoredView({ type, object }: DeletedItem): Entity {
  if (type === "group") return groupView(object as Group);
  return type === "user" ? object : withoutKeys(object as Application);
}
