/** The blog's azure_cli_user: the IAM user whose key Entra holds. It may list roles and nothing else. */
import { CONDITION } from "../../api/resources.ts";
import { userTakeOver } from "../../domain/adoption.ts";
import { NONE, settingsOf } from "../../domain/difference.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import type { Step } from "../../engine/component.ts";
import type { IamAccessKey, IamUser } from "../../providers/aws/types.ts";
import type { SyncJob } from "../../providers/graph/types.ts";
import { ACTIVE_KEY_TAG, PREVIOUS_KEY_TAG } from "../access-keys.ts";
import { createOnce, type PersonaComponent } from "../component.ts";
import { findCandidates, iamUsersOfTags, iamUserTag } from "../find-application.ts";
import { boundarySteps, tagStep, undeclaredRights } from "../principals.ts";
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
    const { iam, names, call, spec, seen } = scope;
    const user = await iam.getUser(names.user, call);
    const former = await formerUsers(scope, seen.application?.application?.tags ?? []);
    if (spec.roleDelivery.mode === "Direct") return { user, former, jobs: await leftJobs(scope, user) };
    const adopting = isAdoption(scope, user?.tags) && user?.path === names.path;
    if (!user || (!adopting && user.tags[OWNER_TAG] !== scope.owner)) return { user, former };
    const [inline, groups, keys] = await Promise.all([
      iam.inlineUserPolicies(names.user, call),
      iam.userGroups(names.user, call),
      adopting ? iam.listAccessKeys(names.user, call) : [],
    ]);
    const held = adopting ? await heldKey(scope, keys) : undefined;
    const others = keys.filter(({ id, status }) => status === "Active" && id !== held);
    return { user, former, inline, groups, keys: others.map(({ id }) => id), adoptedKeyId: held };
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
    const { steps: boundary, problem } = boundarySteps(scope, object, user.permissionsBoundaryArn, compare, () =>
      iam.setUserBoundary(names.user, boundaryArn, call),
    );
    const policies = user.attachedPolicyArns.filter((arn) => arn !== names.listingPolicyArn);
    const namesOf = (found: readonly { name: string }[]) => found.map(({ name }) => name);
    const steps = [
      ...tagStep(object, owned, untagged, () => iam.tagUser(names.user, missing, changed.remove, call)),
      ...boundary,
      ...(isAttached ? [] : [attach]),
      // The user may list roles and nothing else.
      ...undeclaredRights(object, "policies", "policy", policies, compare, (arn) =>
        iam.detachUserPolicy(names.user, arn, call),
      ),
      ...undeclaredRights(object, "inlinePolicies", "inline policy", namesOf(inline), compare, (name) =>
        iam.deleteUserPolicy(names.user, name, call),
      ),
      ...undeclaredRights(object, "groups", "membership of group", namesOf(groups), compare, (name) =>
        iam.removeFromGroup(names.user, name, call),
      ),
      // Entra has the key of the present one first.
      ...(user.tags[ACTIVE_KEY_TAG] ? formerSteps(scope, seen, "the spec names another IAM user") : []),
    ];
    return { steps, ...(problem ? { problem } : {}) };
  },
  describe: (scope) => (scope.spec.roleDelivery.mode === "Direct" ? "Not needed in mode Direct" : scope.names.userArn),
  async remove(scope) {
    const { iam, names, call, owner, spec } = scope;
    const [application] = await findCandidates(scope);
    const stays: string[] = [];
    for (const former of await formerUsers(scope, application?.tags ?? []))
      stays.push(...(await removeUser(scope, former)));
    const user = await iam.getUser(names.user, call);
    const isOurs = user?.tags[OWNER_TAG] === owner;
    if (isOurs) stays.push(...(await removeUser(scope, user)));
    if (stays.length > 0) return { kept: stays.join("; ") };
    return user !== undefined || spec.roleDelivery.mode === "Direct";
  },
};

/** Why it stays; nothing where it is gone. */
async function removeUser(scope: PersonaScope, user: IamUser): Promise<string[]> {
  const { iam, names, call } = scope;
  const own = [user.tags[ACTIVE_KEY_TAG], user.tags[PREVIOUS_KEY_TAG]].filter((id) => id !== undefined);
  const uses = await usesOfUser(scope, user, own);
  if (uses.length === 0) {
    await iam.deleteUser(user.name, call);
    return [];
  }
  for (const id of own) await iam.deleteAccessKey(user.name, id, call);
  await iam.detachUserPolicy(user.name, names.listingPolicyArn, call);
  return [kept(`IAM user ${user.name}`, uses).kept];
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

/** A tag of the application proves nothing, since others may write it: the user's own owner tag does. */
async function formerUsers({ iam, names, owner, call }: PersonaScope, tags: readonly string[]): Promise<IamUser[]> {
  const others = iamUsersOfTags(tags).filter((name) => name !== names.user);
  const found = await Promise.all(others.map((name) => iam.getUser(name, call)));
  return found.filter((user) => user?.tags[OWNER_TAG] === owner) as IamUser[];
}

/** The application names them until they are gone. */
function formerSteps(scope: PersonaScope, { former = [] }: SeenProvisioningUser, why: string): Step[] {
  const { iam, graph, call, names, spec, seen } = scope;
  const { application } = seen.application ?? {};
  const isPresent = (name: string) => spec.roleDelivery.mode === "Provisioning" && name === names.user;
  const stale = iamUsersOfTags(application?.tags ?? []).filter((name) => !isPresent(name));
  if (!application || stale.length === 0) return [];
  const tags = application.tags.filter((tag) => !stale.some((name) => tag === iamUserTag(name)));
  return [
    ...former.map((user): Step => deleteStep(`IAM user ${user.name}`, why, () => iam.deleteUser(user.name, call))),
    {
      verb: "update",
      object: `application ${spec.application.displayName}`,
      why: `it names ${stale.map((name) => `IAM user ${name}`).join(", ")}, whose key it does not hold any more`,
      differences: [],
      cause: "declared",
      apply: () => graph.patchApplication(application.id, { tags }, call),
    },
  ];
}

const deleteStep = (object: string, why: string, apply: () => Promise<unknown>): Step => ({
  verb: "delete",
  object,
  why,
  differences: [],
  apply: async () => void (await apply()),
});

/** Jobs of ours in mode Direct: the status names one, or a user that was made for it is still there. */
async function leftJobs(scope: PersonaScope, user: IamUser | undefined): Promise<SyncJob[]> {
  const principal = scope.seen.application?.servicePrincipal;
  const named = iamUsersOfTags(scope.seen.application?.application?.tags ?? []);
  const isLeft =
    named.length > 0 || user?.tags[OWNER_TAG] === scope.owner || scope.object.status?.syncJob !== undefined;
  return principal && isLeft ? scope.graph.syncJobs(principal.id, scope.call) : [];
}

/** The job first: without its key it would end in quarantine, and report an error to people. */
function leftovers(scope: PersonaScope, found: SeenProvisioningUser): Step[] {
  const { iam, graph, call, names, owner, seen } = scope;
  const { user, jobs = [] } = found;
  const why = "mode Direct needs neither a provisioning job nor a user with a key";
  const principalId = seen.application?.servicePrincipal?.id;
  return [
    ...jobs.map((job) => deleteStep("provisioning job", why, () => graph.deleteSyncJob(principalId!, job.id, call))),
    ...(user?.tags[OWNER_TAG] === owner
      ? [deleteStep(`IAM user ${names.user}`, why, () => iam.deleteUser(names.user, call))]
      : []),
    ...formerSteps(scope, found, why),
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
