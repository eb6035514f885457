/** The API server: reachable, knows our kinds at this program's version, and lets this identity do what the controller does. */
import { CRDS } from "../api/generated/crds.ts";
import { GROUP } from "../api/resources.ts";
import type { KubeClient } from "../runtime/client.ts";
import { KubeApiError } from "../runtime/errors.ts";
import { bad, type Check, good, look, skipped, warn } from "./check.ts";

const CRD = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
};
const REVIEW = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "selfsubjectaccessreviews",
  kind: "SelfSubjectAccessReview",
};
const INSTALL = "kubectl apply --server-side -f crds/, or install the chart";

interface Right {
  group: string;
  resource: string;
  subresource?: string;
  verbs: string[];
}
/** As the chart grants them. */
const CONTROLLER: Right[] = [
  { group: GROUP, resource: "connectssopersonas", verbs: ["get", "list", "watch", "patch"] },
  { group: GROUP, resource: "connectusersets", verbs: ["get", "list", "watch", "patch"] },
  { group: GROUP, resource: "connectusers", verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  { group: GROUP, resource: "connectssopersonas", subresource: "status", verbs: ["patch"] },
  { group: GROUP, resource: "connectusersets", subresource: "status", verbs: ["patch"] },
  { group: GROUP, resource: "connectusers", subresource: "status", verbs: ["patch"] },
  { group: "events.k8s.io", resource: "events", verbs: ["create", "patch"] },
  { group: "coordination.k8s.io", resource: "leases", verbs: ["create", "get", "update"] },
];
const INSTALLER: Right[] = [
  { group: "apiextensions.k8s.io", resource: "customresourcedefinitions", verbs: ["create", "patch"] },
  { group: "rbac.authorization.k8s.io", resource: "clusterroles", verbs: ["create"] },
  { group: "apps", resource: "deployments", verbs: ["create"] },
];

export async function cluster(
  client: KubeClient,
  options: { pre: boolean; namespace: string | undefined },
): Promise<Check[]> {
  const reached = await look(
    "cluster",
    "API server",
    async () => {
      const { gitVersion } = await client.transport.request<{ gitVersion: string }>("GET", "/version");
      return good("cluster", "API server", `answers, ${gitVersion}`);
    },
    "run kubectl get --raw /readyz to see whether it is the kubeconfig or the cluster",
  );
  if (reached.some(({ state }) => state === "bad")) return reached;
  const kinds = await Promise.all(
    CRDS.map(({ metadata, spec }) => look("cluster", spec.names.kind, () => kind(client, metadata.name, options.pre))),
  );
  const rights = (options.pre ? INSTALLER : CONTROLLER).map((right) =>
    look("cluster", "rights", () => may(client, right, options.namespace)),
  );
  return [...reached, ...kinds.flat(), ...(await Promise.all(rights)).flat()];
}

/** Served, established, and with every field that this program writes. */
async function kind(client: KubeClient, name: string, pre: boolean): Promise<Check> {
  const ours = CRDS.find(({ metadata }) => metadata.name === name)!;
  const { kind: called } = ours.spec.names;
  interface Definition {
    spec: { versions: { name: string; served: boolean; schema?: unknown }[] };
    status?: { conditions?: { type: string; status: string }[] };
  }
  let found: Definition;
  try {
    found = await client.get<Definition>(CRD, undefined, name);
  } catch (error) {
    if (!(error instanceof KubeApiError) || error.code !== 404) throw error;
    return pre
      ? good("cluster", called, "not installed yet")
      : bad("cluster", called, "the cluster does not know this kind", INSTALL);
  }
  const [version] = ours.spec.versions;
  const served = found.spec.versions.find((one) => one.name === version!.name && one.served);
  if (!served) return bad("cluster", called, `the cluster does not serve ${version!.name}`, INSTALL);
  if (!found.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True"))
    return bad(
      "cluster",
      called,
      "it is not established: its names collide with another definition",
      `kubectl describe crd ${name}`,
    );
  const missing = fieldsOf(version!.schema).filter((field) => !fieldsOf(served.schema).includes(field));
  return missing.length > 0
    ? bad(
        "cluster",
        called,
        `the cluster has an older schema, without ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ", …" : ""}`,
        INSTALL,
      )
    : good("cluster", called, `${version!.name} is served, with this program's schema`);
}

function fieldsOf(schema: unknown, path = ""): string[] {
  const { properties, items, openAPIV3Schema } = (schema ?? {}) as {
    properties?: Record<string, unknown>;
    items?: unknown;
    openAPIV3Schema?: unknown;
  };
  if (openAPIV3Schema) return fieldsOf(openAPIV3Schema, path);
  if (items) return fieldsOf(items, path);
  return Object.entries(properties ?? {}).flatMap(([name, inner]) => [
    `${path}${name}`,
    ...fieldsOf(inner, `${path}${name}.`),
  ]);
}

async function may(
  client: KubeClient,
  { group, resource, subresource, verbs }: Right,
  namespace: string | undefined,
): Promise<Check> {
  const answers = await Promise.all(
    verbs.map(async (verb) => {
      const body = {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { group, resource, subresource, verb, namespace } },
      };
      const { status } = await client.create<{ status: { allowed: boolean } }>(REVIEW, undefined, body);
      return { verb, allowed: status.allowed };
    }),
  );
  const what = `${resource}${subresource ? `/${subresource}` : ""}`;
  const where = namespace ? ` in ${namespace}` : "";
  const denied = answers.filter(({ allowed }) => !allowed).map(({ verb }) => verb);
  if (denied.length === 0) return good("cluster", "rights", `${verbs.join(", ")} ${what}${where}`);
  return warn(
    "cluster",
    "rights",
    `this identity may not ${denied.join(", ")} ${what}${where}`,
    `if the controller runs with it, check its service account: kubectl auth can-i ${denied[0]} ${what} --as system:serviceaccount:connect-sso:connect-sso`,
  );
}

export const noCluster = (why: string): Check => skipped("cluster", "API server", why);
