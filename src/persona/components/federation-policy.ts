/** The blog's azure_federation_policy: a federated session may fetch the Connect token of its own user, and nothing else. */
import { comparePolicies, federationPolicy as document, federationPolicyOfGuide } from "../../domain/policies.ts";
import { sharedPolicy } from "./shared-policy.ts";

export const federationPolicy = sharedPolicy({
  name: "federation-policy",
  kind: "federation",
  policyName: (scope) => scope.names.federationPolicy,
  arn: (scope) => scope.names.federationPolicyArn,
  document({ instance }, found) {
    const guide = federationPolicyOfGuide(instance);
    return found !== undefined && comparePolicies(guide, found).length === 0 ? guide : document(instance);
  },
  description: "Sign-in to Amazon Connect through SAML",
  applies: () => true,
});
