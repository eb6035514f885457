/** Soft deletion: 30 days in deletedItems, to be restored or purged. */
import type { SandboxHost } from "../host.ts";
import { type DeletedItem, type Directory, RETENTION_MS } from "./directory.ts";
import { GraphError, notFound, objectConflict } from "./error.ts";
import type { Application, ServicePrincipal } from "./shapes.ts";

/** Takes the service principal along. Refused in SAML mode (hashicorp/terraform-provider-azuread#1388). */
export function deleteApplication(directory: Directory, application: Application, now: Date): void {
  const principal = directory.servicePrincipals.get(directory.principalByAppId.get(application.appId) ?? "");
  if (principal?.preferredSingleSignOnMode === "saml")
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

export function restore(directory: Directory, host: SandboxHost, id: string): DeletedItem {
  const item = deletedItem(directory, host, id);
  const { object } = item;
  directory.deleted.delete(object.id);
  if (item.type === "servicePrincipal") restorePrincipal(directory, object as ServicePrincipal);
  else {
    const application = object as Application;
    for (const other of directory.applications.values())
      if (other.identifierUris.some((uri) => application.identifierUris.includes(uri)))
        throw putBack(directory, item, "identifierUris");
    directory.applications.set(application);
    directory.applicationByAppId.set(application.appId, application.id);
    const principal = [...directory.deleted.values()].find(
      (other) => other.type === "servicePrincipal" && other.object.appId === application.appId,
    );
    if (principal) {
      directory.deleted.delete(principal.object.id);
      restorePrincipal(directory, principal.object as ServicePrincipal);
    }
  }
  return item;
}

function restorePrincipal(directory: Directory, principal: ServicePrincipal): void {
  directory.servicePrincipals.set(principal);
  directory.principalByAppId.set(principal.appId, principal.id);
}

function putBack(directory: Directory, item: DeletedItem, property: string): GraphError {
  directory.deleted.set(item.object.id, item);
  return objectConflict(property);
}

/** As a read of deletedItems shows it. */
export const deletedView = ({ object, at }: DeletedItem) => ({
  ...object,
  deletedDateTime: `${at.toISOString().slice(0, 19)}Z`,
});
