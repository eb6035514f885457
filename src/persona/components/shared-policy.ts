/** A managed policy that all personas of an instance share: made once, kept as declared, removed by the last persona. */
import { CONDITION } from "../../api/resources.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { comparePolicies } from "../../domain/policies.ts";
import type { IamPolicy } from "../../providers/aws/types.ts";
import { type Component, createOnce, type Step } from "../component.ts";
import { claim, missingTags, type PersonaScope } from "../scope.ts";

interface SharedPolicy {
  name: "federation-policy" | "listing-policy";
  policyName(scope: PersonaScope): string;
  arn(scope: PersonaScope): string;
  document(scope: PersonaScope): unknown;
  description: string;
  applies(scope: PersonaScope): boolean;
}

export function sharedPolicy(policy: SharedPolicy): Component<{ policy?: IamPolicy }> {
  return {
    name: policy.name,
    condition: CONDITION.PoliciesReady,
    cloud: "iam",
    needs: [],
    applies: policy.applies,
    observe: async (scope) => ({ policy: await scope.iam.getPolicy(policy.arn(scope), scope.call) }),
    plan(scope, seen) {
      const object = `IAM policy ${policy.policyName(scope)}`;
      const arn = policy.arn(scope);
      const document = policy.document(scope);
      const tags = { [OWNER_TAG]: scope.sharedOwner };
      if (!seen.policy) {
        const { path } = scope.names;
        const input = { name: policy.policyName(scope), path, document, description: policy.description, tags };
        return [
          {
            verb: "create",
            object,
            why: policy.description,
            differences: [],
            settings: [
              { path: "arn", value: arn },
              ...comparePolicies(document, undefined).map(({ path, desired }) => ({ path, value: desired })),
            ],
            apply: () => createOnce(object, () => scope.iam.createPolicy(input, scope.call)),
          },
        ];
      }
      const owned = claim(scope, object, seen.policy.tags[OWNER_TAG], scope.sharedOwner);
      const steps: Step[] = [];
      const missing = missingTags(tags, seen.policy.tags);
      if (Object.keys(missing).length > 0)
        steps.push({
          verb: owned === "adopt" ? "adopt" : "update",
          object,
          why: "it carries our owner tag",
          differences: [{ path: `tags.${OWNER_TAG}`, desired: scope.sharedOwner, observed: "(none)" }],
          apply: () => scope.iam.tagPolicy(arn, missing, [], scope.call),
        });
      const differences = comparePolicies(document, seen.policy.document);
      if (differences.length > 0)
        steps.push({
          verb: "update",
          object,
          why: "its document allows something else",
          differences,
          apply: () => scope.iam.setPolicyDocument(arn, document, scope.call),
        });
      return steps;
    },
    describe: (scope) => policy.policyName(scope),
  };
}
