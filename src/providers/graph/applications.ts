/** Applications: made from the gallery, found, changed, deleted. */
import { type CallOptions, CloudError } from "../errors.ts";
import { gone, type Json, type TenantContext } from "./context.ts";
import { applicationPath, literal, path, principalPath } from "./paths.ts";
import { ensurePrincipal, restoreDeleted } from "./principals.ts";
import { toApplication, toServicePrincipal } from "./shapes.ts";
import type { AppRole, Graph } from "./types.ts";

export function applicationCalls(context: TenantContext) {
  const { client, write } = context;
  const listApplications = async (path: string, options?: CallOptions) =>
    (await client.list<Json>(path, options)).map(toApplication);

  return {
    async instantiate(templateId, displayName, options) {
      try {
        const json = await client.send<{ application: Json; servicePrincipal: Json }>({
          method: "POST",
          path: path`/applicationTemplates/${templateId}/instantiate`,
          body: { displayName },
          target: displayName,
          options,
        });
        return {
          application: toApplication(json!.application),
          servicePrincipal: toServicePrincipal(json!.servicePrincipal),
        };
      } catch (error) {
        // A 404 here has been seen although the objects were made.
        if (error instanceof CloudError && error.status === 404)
          throw new CloudError(error.message, { ...error, kind: "waiting", outcomeUnknown: true, cause: error });
        throw error;
      }
    },
    async getApplication(id, options) {
      const json = await client.read<Json>(applicationPath(id), options);
      return json && toApplication(json);
    },
    async findApplications(filter, options) {
      const clause =
        "displayName" in filter
          ? `displayName eq ${literal(filter.displayName)}`
          : "appId" in filter
            ? `appId eq ${literal(filter.appId)}`
            : "identifierUri" in filter
              ? `identifierUris/any(x:x eq ${literal(filter.identifierUri)})`
              : "identifierUriPrefix" in filter
                ? `identifierUris/any(x:startswith(x,${literal(filter.identifierUriPrefix)}))`
                : "tag" in filter
                  ? `tags/any(x:x eq ${literal(filter.tag)})`
                  : `applicationTemplateId eq ${literal(filter.templateId)}`;
      return listApplications(`/applications?$filter=${clause}&$top=100`, options);
    },
    async patchApplication(id, patch, options) {
      const body: Json = {
        ...patch,
        ...(patch.appRoles ? { appRoles: patch.appRoles.map((role: AppRole) => ({ ...role })) } : {}),
      };
      await write({
        method: "PATCH",
        path: applicationPath(id),
        body,
        target: `application ${id} ${Object.keys(patch).join(",")}`,
        options,
      });
    },
    async deleteApplication(id, options) {
      await gone(() => write({ method: "DELETE", path: applicationPath(id), target: `application ${id}`, options }));
    },
    async findDeletedApplications(wanted, options) {
      const all = await listApplications("/directory/deletedItems/microsoft.graph.application?$top=100", options);
      return all.filter(wanted);
    },
    async restoreApplication(id, options) {
      const restored = await restoreDeleted(context, id, `application ${id}`, options);
      await ensurePrincipal(context, String(restored?.appId), options);
    },
    async owners(kind, id, options) {
      const of = kind === "application" ? applicationPath(id) : principalPath(id);
      const all = await client.list<Json>(`${of}/owners`, options);
      return all.map((owner) => String(owner.id));
    },
  } satisfies Partial<Graph>;
}
