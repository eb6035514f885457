/** Several tenants on one cluster: people, objects, and the rights that the chart's roles give. */
import type { Condition } from "../../src/runtime/conditions.ts";
import type { Manifest } from "../helm/support.ts";

export const mail = (name: string) => `${name}@example.com`;
export const person = (name: string) => ({
  userPrincipalName: mail(name),
  mail: mail(name),
  displayName: name,
  givenName: name,
  surname: "Doe",
});
export const instance = (id: string, users: { username: string; securityProfiles: string[] }[] = []) => ({
  id,
  region: "us-east-1",
  securityProfiles: ["Admin", "Agent"],
  routingProfiles: ["Basic Routing Profile"],
  users,
});
export const object = (kind: string, namespace: string, name: string, spec: object, metadata: object = {}) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind,
  metadata: { namespace, name, ...metadata },
  spec,
});

/** The chart's roles for people. */
export const ROLES = ["persona-admin", "user-operator", "people-admin"];
/** Of the rendered chart: service accounts, roles and their bindings. */
export const rightsOf = (manifests: Manifest[]) =>
  manifests.filter(({ kind }) => /^(ServiceAccount|(Cluster)?Role(Binding)?)$/.test(kind));
/** Gives the user of the namespace's name one of the chart's roles there. */
export const bind = (namespace: string, role: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { namespace, name: role },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `connect-sso-${role}` },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: namespace }],
});

export const condition = ({ status }: Manifest, type: string): Condition | undefined =>
  status?.conditions?.find((one: Condition) => one.type === type);
export const isReady = (one: Manifest) =>
  condition(one, "Ready")?.status === "True" && one.status.observedGeneration === one.metadata.generation;
