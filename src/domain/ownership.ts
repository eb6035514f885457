/**
 * Ownership of cloud objects. Names in one account and tenant are claimed with a tag, so that two clusters, two
 * namespaces or a human never fight over an object, and so that the next pass finds everything again without status.
 */

/** Tag key on IAM objects and Connect users; on Entra objects it is the tag string `connectsso.dev/owner:<owner>`. */
export const OWNER_TAG = "connectsso.dev/owner";

/** Who owns an object: `<cluster>/<namespace>/<name>` (a shared object of an instance: `<cluster>/<instance id>`). */
export function ownerOf(cluster: string, namespace: string, name: string): string {
  return `${cluster}/${namespace}/${name}`;
}

type Ownership = "ours" | "unowned" | "foreign";

export function ownershipOf(ownerTag: string | undefined, owner: string): Ownership {
  if (ownerTag === undefined || ownerTag === "") return "unowned";
  return ownerTag === owner ? "ours" : "foreign";
}
