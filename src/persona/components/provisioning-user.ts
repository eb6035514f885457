/** The blog's azure_cli_user: the IAM user whose key Entra holds. It may list roles and nothing else. */
import { CONDITION } from "../../api/resources.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import type { IamUser } from "../../providers/aws/types.ts";
import { type Component, createOnce, differ, type Step } from "../component.ts";
import { claim, missingTags, ownTags } from "../scope.ts";

export const provisioningUser: Component<{ user?: IamUser }> = {
  name: "provisioning-user",
  condition: CONDITION.ProvisioningReady,
  cloud: "iam",
  needs: ["listing-policy"],
  applies: () => true,
  observe: async (scope) => ({ user: await scope.iam.getUser(scope.names.user, scope.call) }),
  plan(scope, { user }) {
    const { iam, call, names, boundaryArn, sharedOwner: _, ...rest } = scope;
    const object = `IAM user ${names.user}`;
    if (rest.spec.roleDelivery.mode === "Direct") {
      // Left over from mode Provisioning: a key that nothing needs any more.
      if (user?.tags[OWNER_TAG] !== scope.owner) return [];
      const why = "mode Direct needs neither a user nor a key";
      return [{ verb: "delete", object, why, differences: [], apply: () => iam.deleteUser(names.user, call) }];
    }
    const tags = ownTags(scope);
    const attach: Step = {
      verb: "update",
      object,
      why: "it may list roles",
      differences: [{ path: "policies", desired: names.listingPolicyArn, observed: "(none)" }],
      apply: () => iam.attachUserPolicy(names.user, names.listingPolicyArn, call),
    };
    if (!user) {
      const input = { name: names.user, path: names.path, permissionsBoundaryArn: boundaryArn, tags };
      const create = () => createOnce(object, () => iam.createUser(input, call));
      return [
        { verb: "create", object, why: "Entra imports roles with its key", differences: [], apply: create },
        attach,
      ];
    }
    claim(scope, object, user.tags[OWNER_TAG]);
    const steps: Step[] = [];
    const missing = missingTags(tags, user.tags);
    if (Object.keys(missing).length > 0)
      steps.push({
        verb: "update",
        object,
        why: "its tags say whose it is",
        differences: Object.entries(missing).flatMap(([key, value]) => differ(`tags.${key}`, value, user.tags[key])),
        apply: () => iam.tagUser(names.user, missing, [], call),
      });
    const boundary = differ("permissionsBoundary", boundaryArn, user.permissionsBoundaryArn);
    if (boundary.length > 0)
      steps.push({
        verb: "update",
        object,
        why: "it carries another permissions boundary",
        differences: boundary,
        apply: () => iam.setUserBoundary(names.user, boundaryArn, call),
      });
    if (!user.attachedPolicyArns.includes(names.listingPolicyArn)) steps.push(attach);
    for (const arn of user.attachedPolicyArns.filter((one) => one !== names.listingPolicyArn))
      steps.push({
        verb: "update",
        object,
        why: `policy ${arn} is not declared`,
        differences: [{ path: "policies", desired: "(none)", observed: arn }],
        apply: () => iam.detachUserPolicy(names.user, arn, call),
      });
    return steps;
  },
  describe: (scope) => (scope.spec.roleDelivery.mode === "Direct" ? "not needed in mode Direct" : scope.names.userArn),
};
