/** The blog's azure_cli_user: the IAM user whose key Entra holds. It may list roles and nothing else. */
import { CONDITION } from "../../api/resources.ts";
import { NONE, settingsOf } from "../../domain/difference.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import type { Step } from "../../engine/component.ts";
import { ACTIVE_KEY_TAG } from "../access-keys.ts";
import { createOnce, type PersonaComponent } from "../component.ts";
import { claim, missingTags, ownTags, type PersonaScope, tagChanges } from "../scope.ts";

export const provisioningUser: PersonaComponent<"provisioning-user"> = {
  condition: CONDITION.ProvisioningReady,
  cloud: "iam",
  needs: ["listing-policy"],
  concerns: { permissions: /^(policies|permissionsBoundary)$/ },
  shared: false,
  servesLogin: false,
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
  plan(scope, { user, adoptedKeyId }, compare) {
    const { iam, call, names, boundaryArn, sharedOwner: _, ...rest } = scope;
    const object = `IAM user ${names.user}`;
    if (rest.spec.roleDelivery.mode === "Direct") {
      // Left over from mode Provisioning: a key that nothing needs any more.
      if (user?.tags[OWNER_TAG] !== scope.owner) return [];
      const why = "mode Direct needs neither a user nor a key";
      return [{ verb: "delete", object, why, differences: [], apply: () => iam.deleteUser(names.user, call) }];
    }
    const tags = ownTags(scope);
    const isAttached = user?.attachedPolicyArns.includes(names.listingPolicyArn) ?? false;
    const attach: Step = {
      verb: "update",
      object,
      why: "it may list roles",
      differences: compare.item("policies", names.listingPolicyArn, true, isAttached),
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
          settings: settingsOf({ arn: names.userArn, permissionsBoundary: boundaryArn }),
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
    const changed = tagChanges(compare, tags, user.tags);
    const untagged = [
      ...changed.rows,
      // Ours by adoption, not by declaration: it changes with every rotation, so the ledger does not keep it.
      ...(missing[ACTIVE_KEY_TAG]
        ? [{ path: `tags.${ACTIVE_KEY_TAG}`, desired: `…${adoptedKeyId!.slice(-4)}`, observed: NONE }]
        : []),
    ];
    if (untagged.length > 0)
      steps.push({
        verb: owned === "adopt" ? "adopt" : "update",
        object,
        why: "its tags say whose it is",
        differences: untagged,
        apply: () => iam.tagUser(names.user, missing, changed.remove, call),
      });
    const boundary = compare.differ("permissionsBoundary", boundaryArn, user.permissionsBoundaryArn);
    if (boundary.length > 0)
      steps.push({
        verb: "update",
        object,
        why: "it carries another permissions boundary",
        differences: boundary,
        apply: () => iam.setUserBoundary(names.user, boundaryArn, call),
      });
    if (!isAttached) steps.push(attach);
    for (const arn of user.attachedPolicyArns.filter((one) => one !== names.listingPolicyArn))
      steps.push({
        verb: "update",
        object,
        why: `policy ${arn} is not declared`,
        differences: compare.item("policies", arn, false, true),
        apply: () => iam.detachUserPolicy(names.user, arn, call),
      });
    return steps;
  },
  describe: (scope) => (scope.spec.roleDelivery.mode === "Direct" ? "not needed in mode Direct" : scope.names.userArn),
  async remove({ iam, names, call, owner, spec }) {
    const user = await iam.getUser(names.user, call);
    if (user?.tags[OWNER_TAG] === owner) await iam.deleteUser(names.user, call);
    return user !== undefined || spec.roleDelivery.mode === "Direct";
  },
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
