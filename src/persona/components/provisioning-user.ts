/** The blog's azure_cli_user: the IAM user whose key Entra holds. It may list roles and nothing else. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { boundaryToKeep, userTakeOver } from "../../domain/adoption.ts";
import { NONE, settingsOf } from "../../domain/difference.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import type { Step } from "../../engine/component.ts";
import type { Comparison } from "../../engine/ledger.ts";
import type { IamAccessKey, IamGroup, IamInlinePolicy, IamUser } from "../../providers/aws/types.ts";
import type { SyncJob } from "../../providers/graph/types.ts";
import { terminalError } from "../../providers/verdicts.ts";
import { ACTIVE_KEY_TAG, PREVIOUS_KEY_TAG } from "../access-keys.ts";
import { createOnce, type PersonaComponent } from "../component.ts";
import { claim, missingTags, ownTags, type PersonaScope, tagChanges } from "../scope.ts";
import type { SeenProvisioningUser } from "../seen.ts";
import { isAdoption, kept, refuse, usesOfUser } from "../take-over.ts";

export const provisioningUser: PersonaComponent<"provisioning-user"> = {
  condition: CONDITION.ProvisioningReady,
  cloud: "iam",
  needs: ["listing-policy", "application"],
  concerns: { permissions: /^(policies|inlinePolicies|groups|permissionsBoundary)$/ },
  shared: false,
  servesLogin: false,
  applies: () => true,
  async observe(scope) {
    const { iam, names, call, spec } = scope;
    const user = await iam.getUser(names.user, call);
    if (spec.roleDelivery.mode === "Direct") return { user, jobs: await leftJobs(scope, user) };
    const adopting = isAdoption(scope, user?.tags) && user?.path === names.path;
    if (!user || (!adopting && user.tags[OWNER_TAG] !== scope.owner)) return { user };
    const [inline, groups, keys] = await Promise.all([
      iam.inlineUserPolicies(names.user, call),
      iam.userGroups(names.user, call),
      adopting ? iam.listAccessKeys(names.user, call) : [],
    ]);
    const held = adopting ? await heldKey(scope, keys) : undefined;
    const others = keys.filter(({ id, status }) => status === "Active" && id !== held);
    return { user, inline, groups, keys: others.map(({ id }) => id), adoptedKeyId: held };
  },
  plan(scope, seen, compare) {
    const { user, adoptedKeyId, inline = [], groups = [] } = seen;
    const { iam, call, names, boundaryArn, spec } = scope;
    const object = `IAM user ${names.user}`;
    if (spec.roleDelivery.mode === "Direct") return leftovers(scope, seen);
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
    if (owned === "adopt") guardUser(scope, user, seen);
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
    const kept = boundaryToKeep(user.permissionsBoundaryArn, boundaryArn);
    const foreign = kept && !compare.wasApplied("permissionsBoundary", kept.keep) ? kept.message : undefined;
    const boundary = foreign ? [] : compare.differ("permissionsBoundary", boundaryArn, user.permissionsBoundaryArn);
    if (boundary.length > 0)
      steps.push({
        verb: "update",
        object,
        why: "it carries another permissions boundary, or none",
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
    steps.push(...moreRights(scope, object, inline, groups, compare));
    const problem =
      foreign && boundaryArn
        ? terminalError(
            REASON.ForeignBoundary,
            `${object}: ${foreign}; put the declared one on it, or declare this one`,
          )
        : undefined;
    return { steps, ...(problem ? { problem } : {}) };
  },
  describe: (scope) => (scope.spec.roleDelivery.mode === "Direct" ? "not needed in mode Direct" : scope.names.userArn),
  async remove(scope) {
    const { iam, names, call, owner, spec } = scope;
    const user = await iam.getUser(names.user, call);
    if (user?.tags[OWNER_TAG] !== owner) return user !== undefined || spec.roleDelivery.mode === "Direct";
    const own = [user.tags[ACTIVE_KEY_TAG], user.tags[PREVIOUS_KEY_TAG]].filter((id) => id !== undefined);
    const uses = await usesOfUser(scope, user, own);
    if (uses.length === 0) await iam.deleteUser(names.user, call);
    else {
      for (const id of own) await iam.deleteAccessKey(names.user, id, call);
      await iam.detachUserPolicy(names.user, names.listingPolicyArn, call);
    }
    return uses.length === 0 || kept(`IAM user ${names.user}`, uses);
  },
};

/** Inline policies and groups are drift: the user may list roles and nothing else. */
function moreRights(
  { iam, names, call }: PersonaScope,
  object: string,
  inline: readonly IamInlinePolicy[],
  groups: readonly IamGroup[],
  compare: Comparison,
): Step[] {
  return [
    ...inline.map(
      ({ name }): Step => ({
        verb: "update",
        object,
        why: `inline policy ${name} is not declared`,
        differences: compare.item("inlinePolicies", name, false, true),
        apply: () => iam.deleteUserPolicy(names.user, name, call),
      }),
    ),
    ...groups.map(
      ({ name }): Step => ({
        verb: "update",
        object,
        why: `membership of group ${name} is not declared`,
        differences: compare.item("groups", name, false, true),
        apply: () => iam.removeFromGroup(names.user, name, call),
      }),
    ),
  ];
}

function guardUser(scope: PersonaScope, user: IamUser, { inline, groups, keys = [] }: SeenProvisioningUser) {
  const { names } = scope;
  refuse(
    userTakeOver({
      name: user.name,
      path: user.path,
      declaredPath: names.path,
      listingPolicyArn: names.listingPolicyArn,
      attached: user.attachedPolicyArns,
      inline: inline?.map(({ name }) => name),
      groups: groups?.map(({ name }) => name),
      keys,
    }),
  );
}

/** Jobs of ours in mode Direct: the status names one, or the user that was made for it is still there. */
async function leftJobs(scope: PersonaScope, user: IamUser | undefined): Promise<SyncJob[]> {
  const principal = scope.seen.application?.servicePrincipal;
  const isLeft = user?.tags[OWNER_TAG] === scope.owner || scope.object.status?.syncJob !== undefined;
  return principal && isLeft ? scope.graph.syncJobs(principal.id, scope.call) : [];
}

/** The job first: without its key it would end in quarantine, and tell people of an error. */
function leftovers(scope: PersonaScope, { user, jobs = [] }: SeenProvisioningUser): Step[] {
  const { iam, graph, call, names, owner, seen } = scope;
  const why = "mode Direct needs neither a provisioning job nor a user with a key";
  return [
    ...jobs.map(
      (job): Step => ({
        verb: "delete",
        object: "provisioning job",
        why,
        differences: [],
        apply: () => graph.deleteSyncJob(seen.application!.servicePrincipal!.id, job.id, call),
      }),
    ),
    ...(user?.tags[OWNER_TAG] === owner
      ? [
          {
            verb: "delete" as const,
            object: `IAM user ${names.user}`,
            why,
            differences: [],
            apply: () => iam.deleteUser(names.user, call),
          },
        ]
      : []),
  ];
}

/** The only active key, or of several the one that was used last; none where Entra has no job that could use it. */
async function heldKey({ iam, graph, seen, call }: PersonaScope, all: IamAccessKey[]): Promise<string | undefined> {
  const principal = seen.application?.servicePrincipal;
  if (!principal || (await graph.syncJobs(principal.id, call)).length === 0) return undefined;
  const keys = all.filter(({ status }) => status === "Active");
  if (keys.length < 2) return keys[0]?.id;
  const used = await Promise.all(
    keys.map(async ({ id }) => ({ id, at: (await iam.accessKeyUse(id, call)).lastUsedAt?.getTime() ?? 0 })),
  );
  const last = used.sort((a, b) => b.at - a.at)[0]!;
  return last.at > 0 ? last.id : undefined;
}
