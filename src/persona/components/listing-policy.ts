/** The blog's azure_cli_policy: what Entra's role import may read. Mode Provisioning only. */
import { listingPolicy as document } from "../../domain/policies.ts";
import { sharedPolicy } from "./shared-policy.ts";

export const listingPolicy = sharedPolicy({
  name: "listing-policy",
  kind: "list-roles",
  policyName: (scope) => scope.names.listingPolicy,
  arn: (scope) => scope.names.listingPolicyArn,
  document: () => document(),
  description: "Entra's import of IAM roles",
  applies: (scope) => scope.spec.roleDelivery.mode === "Provisioning",
});
