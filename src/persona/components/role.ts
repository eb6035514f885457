/** The blog's AzureAD_Role: SAML trust and the policies. Updated in place, never recreated: Connect binds users to the role's id. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { settingsOf } from "../../domain/difference.ts";
import { durationSeconds } from "../../domain/duration.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { policyRows, trustPolicy } from "../../domain/policies.ts";
import { type Step, update } from "../../engine/component.ts";
import { Comparison } from "../../engine/ledger.ts";
import type { IamRole } from "../../providers/aws/types.ts";
import { conflictError } from "../../providers/verdicts.ts";
import { createOnce, type PersonaComponent } from "../component.ts";
import { boundarySteps, tagStep, undeclaredRights } from "../principals.ts";
import { claimKnown, ownTags, type PersonaScope, tagChanges, wasOurs } from "../scope.ts";
import { dependantsOfRole, guardRole, isAdoption, kept } from "../take-over.ts";

export function desiredRole(scope: PersonaScope) {
  const { names, spec, instance, object } = scope;
  return {
    name: names.role,
    path: names.path,
    trust: trustPolicy(instance, names.samlProviderArn, spec.application.signInEndpoints),
    description: `Amazon Connect sign-in of persona ${object.metadata.namespace}/${object.metadata.name}`,
    maxSessionDurationSeconds: durationSeconds(spec.aws.maxSessionDuration),
    maxSigninSessionSeconds: spec.aws.maxSigninSessionDuration
      ? durationSeconds(spec.aws.maxSigninSessionDuration)
      : undefined,
    permissionsBoundaryArn: scope.boundaryArn,
    tags: ownTags(scope),
    policies: [
      names.federationPolicyArn,
      ...(spec.roleDelivery.mode === "Provisioning" ? [names.listingPolicyArn] : []),
    ],
  };
}

export const role: PersonaComponent<"role"> = {
  condition: CONDITION.RoleReady,
  cloud: "iam",
  needs: ["federation-policy", "listing-policy", "saml-provider"],
  concerns: {
    trust: /^trust/,
    permissions: /^(policies|inlinePolicies|permissionsBoundary|maxSigninSessionDuration)$/,
  },
  shared: false,
  servesLogin: true,
  applies: () => true,
  async observe(scope) {
    const { iam, names, call } = scope;
    const found = await iam.getRole(names.role, call);
    // On another path, or another's: its inline policies are none of ours, and may not be read.
    const near =
      found?.arn === names.roleArn &&
      (isAdoption(scope, found.tags) || found.tags[OWNER_TAG] === scope.owner || wasOurs(scope, "role"));
    return { role: found, ...(near ? { inline: await iam.inlineRolePolicies(names.role, call) } : {}) };
  },
  plan(scope, seen, compare) {
    const desired = desiredRole(scope);
    const object = `IAM role ${desired.name}`;
    const { policies, maxSigninSessionSeconds: _, ...input } = desired;
    if (!seen.role) {
      return [
        {
          verb: "create",
          object,
          why: "users assume it when they sign in",
          differences: [],
          settings: [
            ...settingsOf({
              arn: scope.names.roleArn,
              maxSessionDuration: `${desired.maxSessionDurationSeconds}s`,
              permissionsBoundary: desired.permissionsBoundaryArn,
            }),
            ...policyRows(desired.trust, undefined, "trust.").map(({ path, desired: value }) => ({ path, value })),
          ],
          apply: () => createOnce(object, () => scope.iam.createRole(input, scope.call)),
        },
        ...policies.map((arn) => attach(scope, object, arn, new Comparison())),
      ];
    }
    const known = scope.object.status?.roleArn === scope.names.roleArn && wasOurs(scope, "role");
    const { owned, barred } = claimKnown(scope, object, seen.role.tags[OWNER_TAG], known);
    refusePath(scope, object, seen.role);
    if (owned === "adopt") guardRole(scope, seen.role, seen.inline, desired);
    const { iam, call } = scope;
    const tags = tagChanges(compare, desired.tags, seen.role.tags);
    const { permissionsBoundaryArn } = seen.role;
    const { steps: boundary, problem } = boundarySteps(scope, object, permissionsBoundaryArn, compare, () =>
      iam.setRoleBoundary(desired.name, scope.boundaryArn, call),
    );
    const inline = (seen.inline ?? []).map(({ name }) => name);
    const steps = [
      ...tagStep(object, owned, tags.rows, () => iam.tagRole(desired.name, tags.set, tags.remove, call)),
      // Before everything else: the recommended policy allows writes only to a role that carries it.
      ...boundary,
      ...repairs(scope, object, desired, seen.role, compare),
      ...attachments(scope, object, policies, seen.role, compare),
      // A role of ours has none: everyone who signs in would have its rights.
      ...undeclaredRights(object, "inlinePolicies", "inline policy", inline, compare, (name) =>
        iam.deleteRolePolicy(desired.name, name, call),
      ),
    ];
    return { steps: barred ? steps.map((step) => ({ ...step, barred })) : steps, ...(problem ? { problem } : {}) };
  },
  describe(scope, { role: found }) {
    const boundary = found?.permissionsBoundaryArn;
    const kept =
      boundary && !scope.boundaryArn ? `; it carries the permissions boundary ${boundary}, which is kept` : "";
    return `${scope.names.roleArn}${kept}`;
  },
  async remove(scope) {
    const { iam, names, call, owner, memory } = scope;
    const found = await iam.getRole(names.role, call);
    if (found?.tags[OWNER_TAG] !== owner) return found !== undefined;
    const others = await dependantsOfRole(scope, found);
    if (others.length > 0) {
      memory.kept = new Set(memory.kept).add(names.role);
      return kept(`IAM role ${names.role}`, others);
    }
    await iam.deleteRole(names.role, call);
    return true;
  },
};

export function refusePath(scope: PersonaScope, object: string, found: IamRole): void {
  if (found.path !== scope.names.path)
    throw conflictError(
      REASON.ForeignOwner,
      `${object} exists on path ${found.path}, not ${scope.names.path}, and IAM cannot move it: set aws.path to ${found.path} or choose another name`,
    );
}

function repairs(
  { iam, call }: PersonaScope,
  object: string,
  desired: ReturnType<typeof desiredRole>,
  found: IamRole,
  compare: Comparison,
): Step[] {
  // The description is written once: people may improve it.
  const session = compare.differ(
    "maxSessionDuration",
    `${desired.maxSessionDurationSeconds}s`,
    `${found.maxSessionDurationSeconds}s`,
  );
  const wanted = desired.maxSigninSessionSeconds;
  const signin = compare.differ("maxSigninSessionDuration", spell(wanted), spell(found.maxSigninSessionSeconds));
  const settings = {
    ...desired,
    description: found.description ?? "",
    maxSigninSessionSeconds: signin.length > 0 ? (wanted ?? null) : undefined,
  };
  return [
    ...update(compare.all(policyRows(desired.trust, found.trust, "trust.")), {
      object,
      why: "it trusts somebody else, or another endpoint",
      apply: () => iam.setTrust(desired.name, desired.trust, call),
    }),
    ...update([...session, ...signin], {
      object,
      why: "how long its sessions may last differs",
      apply: () => iam.updateRole(desired.name, settings, call),
    }),
  ];
}

const spell = (seconds: number | undefined) => (seconds === undefined ? undefined : `${seconds}s`);

function attachments(
  scope: PersonaScope,
  object: string,
  policies: string[],
  found: IamRole,
  compare: Comparison,
): Step[] {
  const extra = found.attachedPolicyArns.filter((arn) => !policies.includes(arn));
  return [
    ...policies.flatMap((arn) => {
      if (!found.attachedPolicyArns.includes(arn)) return [attach(scope, object, arn, compare)];
      compare.item("policies", arn, true, true);
      return [];
    }),
    ...undeclaredRights(object, "policies", "policy", extra, compare, (arn) =>
      scope.iam.detachRolePolicy(scope.names.role, arn, scope.call),
    ),
  ];
}

function attach(scope: PersonaScope, object: string, arn: string, compare: Comparison): Step {
  return {
    verb: "update",
    object,
    why: `policy ${arn.split("/").at(-1)} is to be attached`,
    differences: compare.item("policies", arn, true, false),
    apply: () => scope.iam.attachRolePolicy(scope.names.role, arn, scope.call),
  };
}
