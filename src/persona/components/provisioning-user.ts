/** The blog's azure_cli_user: the IAM user whose key Entra holds. It may list roles and nothing else. */
import { CONDITION } from "../../api/resources.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { ACTIVE_KEY_TAG } from "../access-keys.ts";
import { type Component, createOnce, differ, madeWith, type Step } from "../component.ts";
import { claim, missingTags, ownTags, type PersonaScope } from "../scope.ts";
import type { SeenProvisioningUser } from "../seen.ts";

export const provisioningUser: Component<SeenProvisioningUser> = {
  name: "provisioning-user",
  condition: CONDITION.ProvisioningReady,
  cloud: "iam",
  needs: ["listing-policy"],
  applies: () => true,
  async observe(scope) {
    const user = await scope.iam.getUser(scope.names.user, scope.call);
    const adopting =
      user !== undefined &&
      user.tags[OWNER_TAG] === undefined &&
      scope.spec.roleDelivery.mode === "Provisioning" &&
      scope.spec.adoptionPolicy === "IfUnowned";
    return { user, adoptedKeyId: adopting ? await heldKey(scope) : undefined };
  },
  plan(scope, { user, adoptedKeyId }) {
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
        {
          verb: "create",
          object,
          why: "Entra imports roles with its key",
          differences: [],
          settings: madeWith({ arn: names.userArn, permissionsBoundary: boundaryArn }),
          apply: create,
        },
        attach,
      ];
    }
    const owned = claim(scope, object, user.tags[OWNER_TAG]);
    const steps: Step[] = [];
    // In one call with the owner tag: a key of a user of ours that no tag names counts as never handed over.
    const held = adoptedKeyId ? { ...tags, [ACTIVE_KEY_TAG]: adoptedKeyId } : tags;
    const missing = missingTags(held, user.tags);
    if (Object.keys(missing).length > 0)
      steps.push({
        verb: owned === "adopt" ? "adopt" : "update",
        object,
        why: "its tags say whose it is",
        differences: Object.entries(missing).flatMap(([key, value]) =>
          differ(`tags.${key}`, key === ACTIVE_KEY_TAG ? `…${value.slice(-4)}` : value, user.tags[key]),
        ),
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

/** The only active key, or of several the one that was used last. */
async function heldKey({ iam, names, call }: PersonaScope): Promise<string | undefined> {
  const keys = (await iam.listAccessKeys(names.user, call)).filter(({ status }) => status === "Active");
  if (keys.length < 2) return keys[0]?.id;
  const used = await Promise.all(
    keys.map(async ({ id }) => ({ id, at: (await iam.accessKeyUse(id, call)).lastUsedAt?.getTime() ?? 0 })),
  );
  const last = used.sort((a, b) => b.at - a.at)[0]!;
  return last.at > 0 ? last.id : undefined;
}
