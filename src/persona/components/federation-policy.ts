/** The blog's azure_federation_policy: a federated session may fetch the Connect token of its own user, and nothing else. */
import { federationPolicy as document } from "../../domain/policies.ts";
import { sharedPolicy } from "./shared-policy.ts";

export const federationPolicy = sharedPolicy({
  name: "federation-policy",
  policyName: (scope) => scope.names.federationPolicy,
  arn: (scope) => scope.names.federationPolicyArn,
  document: (scope) => document(scope.instance),
  description: "Sign-in to Amazon Connect through SAML",
  applies: () => true,
});
