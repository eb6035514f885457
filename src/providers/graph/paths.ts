/** Paths of Graph. Every id passes here: what could lead to another object is refused, wherever it was stored. */
import { CloudError } from "../errors.ts";

/** Object ids are GUIDs, ids of assignments base64url, ids of jobs have dots. */
const ID = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** An id as one segment of a path. Throws CloudError, terminal, code InvalidId. */
export function segment(id: string): string {
  if (ID.test(id)) return id;
  throw new CloudError(`${JSON.stringify(id)} is not an id of Microsoft Graph`, {
    kind: "terminal",
    reason: "GraphRefused",
    code: "InvalidId",
  });
}

/** path`/users/${id}/manager`: each value is one segment. */
export function path(parts: TemplateStringsArray, ...ids: string[]): string {
  return String.raw({ raw: parts }, ...ids.map(segment));
}

/** Segments behind which there is an id. */
const COLLECTIONS = new Set([
  ...["applicationTemplates", "applications", "appRoleAssignedTo", "claimsMappingPolicies", "deletedItems"],
  ...["groups", "jobs", "servicePrincipals", "users"],
]);
const NO_ID = /^(microsoft\.graph\..*|\$.*|delta)$/;

/** "/applications/{id}" of a path: for logs and metrics, without ids and query. */
export function templateOf(path: string): string {
  const segments = path.split("?")[0]!.split("/");
  const isId = (at: number) => COLLECTIONS.has(segments[at - 1] ?? "") && !NO_ID.test(segments[at]!);
  return segments.map((segment, at) => (isId(at) ? "{id}" : segment)).join("/");
}

export const applicationPath = (id: string) => path`/applications/${id}`;
export const principalPath = (id: string) => path`/servicePrincipals/${id}`;

/** By object id or user principal name. A name that begins with $ goes in parentheses (user-get). */
export function userPath(key: string): string {
  if (!key.includes("@")) return path`/users/${key}`;
  return key.startsWith("$")
    ? `/users('${encodeURIComponent(key.replaceAll("'", "''"))}')`
    : `/users/${encodeURIComponent(key)}`;
}

/** A string in a $filter, encoded. */
export const literal = (value: string) => encodeURIComponent(`'${value.replaceAll("'", "''")}'`);
