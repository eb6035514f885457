/** The only writes to watched objects: status, finalizers and annotations. Never the spec. */
import type { KubeClient, Resource } from "./client.ts";
import { equalJson } from "./equal.ts";
import { isNotFound, KubeApiError } from "./errors.ts";
import type { KubeObject } from "./port.ts";

/** Merge patch from `before` to `after`: a member that vanished becomes null, an equal one is left out. Lists are replaced whole. */
function mergePatch(before: unknown, after: unknown): unknown {
  if (!isRecord(before) || !isRecord(after)) return after;
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before)) if (before[key] !== undefined && after[key] === undefined) patch[key] = null;
  for (const [key, value] of Object.entries(after))
    if (value !== undefined && !equalJson(before[key], value)) patch[key] = mergePatch(before[key], value);
  return patch;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Writes what differs between the status of `object` and `status`, provided that no write came in between: a 409 asks the caller to
 * read again. Undefined when nothing differed and nothing was sent.
 */
export async function patchStatus(
  client: KubeClient,
  resource: Resource,
  object: KubeObject,
  status: unknown,
): Promise<KubeObject | undefined> {
  if (equalJson(object.status, status)) return undefined;
  const { namespace, name, resourceVersion, uid } = object.metadata;
  return client.patch(resource, namespace, name, {
    type: "merge",
    subresource: "status",
    // With the uid a recreated object of the same name answers 409 as well.
    body: { metadata: { resourceVersion, uid }, status: mergePatch(object.status, status) },
  });
}

/** Undefined when it was there already. */
export async function addFinalizer(
  client: KubeClient,
  resource: Resource,
  object: KubeObject,
  finalizer: string,
): Promise<KubeObject | undefined> {
  const present = object.metadata.finalizers;
  if (present?.includes(finalizer)) return undefined;
  const change = present?.length
    ? [
        { op: "test", path: "/metadata/finalizers", value: present },
        { op: "add", path: "/metadata/finalizers/-", value: finalizer },
      ]
    : [
        { op: "test", path: "/metadata/finalizers", value: null },
        { op: "add", path: "/metadata/finalizers", value: [finalizer] },
      ];
  return jsonPatch(client, resource, object, change);
}

/** By index, but only if our finalizer is at it: another writer's can never be removed. Undefined when the object or it is gone. */
export async function removeFinalizer(
  client: KubeClient,
  resource: Resource,
  object: KubeObject,
  finalizer: string,
): Promise<KubeObject | undefined> {
  const index = object.metadata.finalizers?.indexOf(finalizer) ?? -1;
  if (index < 0) return undefined;
  const path = `/metadata/finalizers/${index}`;
  try {
    return await jsonPatch(client, resource, object, [
      { op: "test", path, value: finalizer },
      { op: "remove", path },
    ]);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A JSON patch on this very object; a failed test is a conflict like any other. */
async function jsonPatch(
  client: KubeClient,
  resource: Resource,
  object: KubeObject,
  change: { op: string; path: string; value?: unknown }[],
): Promise<KubeObject> {
  const { namespace, name, uid } = object.metadata;
  const body = [{ op: "test", path: "/metadata/uid", value: uid }, ...change];
  try {
    return await client.patch(resource, namespace, name, { type: "json", body });
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 422)
      throw new KubeApiError(409, "Conflict", `${resource.plural} ${namespace}/${name} changed meanwhile`);
    throw error;
  }
}
