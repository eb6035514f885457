/** `roleDelivery.provisioning.accessKeyMaxAge`. A persona without `provisioning` has the default of the CRD all the same. */
import { durationSeconds } from "./duration.ts";

const DEFAULT = "2160h";

/** Age at which the access key is rotated, in milliseconds. */
export function keyAgeMs({ roleDelivery }: { roleDelivery: { provisioning?: { accessKeyMaxAge?: string } } }): number {
  return durationSeconds(roleDelivery.provisioning?.accessKeyMaxAge ?? DEFAULT) * 1000;
}
