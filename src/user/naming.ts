/** Plans work with ids; people read names. */
import type { Change } from "../domain/plan.ts";
import type { ConnectInstance } from "../providers/aws/types.ts";

const KINDS = {
  securityProfiles: "securityProfile",
  routingProfile: "routingProfile",
  hierarchyGroup: "hierarchyGroup",
} as const;

/** The names of the ids (comma-separated) in a field that holds ids; every other value as it is. */
export function named(connect: Pick<ConnectInstance, "nameOf"> | undefined, path: string, value: string): string {
  const kind = KINDS[path as keyof typeof KINDS];
  if (!kind || !connect) return value;
  return value
    .split(",")
    .map((id) => connect.nameOf(kind, id) ?? id)
    .join(", ");
}

/** A change as the plan shows it. */
export function namedChange<C extends Change>(change: C, connect: ConnectInstance, persona: string): C {
  const name = (path: string, value: string) =>
    path === "assigned" && value !== "none" ? `the role of persona ${persona}` : named(connect, path, value);
  return {
    ...change,
    differences: change.differences.map(({ path, desired, observed }) => ({
      path,
      desired: name(path, desired),
      observed: named(connect, path, observed),
    })),
    ...(change.settings
      ? { settings: change.settings.map(({ path, value }) => ({ path, value: name(path, value) })) }
      : {}),
  };
}
