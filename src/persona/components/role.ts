/** The blog's AzureAD_Role: SAML trust and the policies. Updated in place, never recreated: Connect binds users to the role's id. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { settingsOf } from "../../domain/difference.ts";
import { durationSeconds } from "../../domain/duration.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { policyRows, trustedProviders, trustPolicy } from "../../domain/policies.ts";
import type { Step } from "../../engine/component.ts";
import { Comparison } from "../../engine/ledger.ts";
import type { IamRole } from "../../providers/aws/types.ts";
import { conflictError } from "../../providers/verdicts.ts";
import { createOnce, type PersonaComponent } from "../component.ts";
import { claimKnown, ownTags, type PersonaScope, tagChanges, wasOurs } from "../scope.ts";

function desiredRole(scope: PersonaScope) {
  const { names, spec, instance, object } = scope;
  return {
    name: names.role,
    path: names.path,
    trust: trustPolicy(instance, names.samlProviderArn, spec.application.signInEndpoints),
    description: `Amazon Connect sign-in of persona ${object.metadata.namespace}/${object.metadata.name}`,
    maxSessionDurationSeconds: durationSeconds(spec.aws.maxSessionDuration),
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
  concerns: { trust: /^trust/, permissions: /^(policies|permissionsBoundary)$/ },
  shared: false,
  servesLogin: true,
  applies: () => true,
  observe: async (scope) => ({ role: await scope.iam.getRole(scope.names.role, scope.call) }),
  plan(scope, seen, compare) {
    const desired = desiredRole(scope);
    const object = `IAM role ${desired.name}`;
    const { policies, ...input } = desired;
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
    refuseForeign(scope, object, seen.role, owned);
    const steps = [
      ...repairs(scope, object, desired, seen.role, owned, compare),
      ...attachments(scope, object, policies, seen.role, compare),
    ];
    return barred ? steps.map((step) => ({ ...step, barred })) : steps;
  },
  describe: (scope) => scope.names.roleArn,
  async remove({ iam, names, call, owner }) {
    const found = await iam.getRole(names.role, call);
    if (found?.tags[OWNER_TAG] === owner) await iam.deleteRole(names.role, call);
    return found !== undefined;
  },
};

export function refuseForeign(scope: PersonaScope, object: string, found: IamRole, owned: "ours" | "adopt"): void {
  if (found.path !== scope.names.path)
    throw conflictError(
      REASON.ForeignOwner,
      `${object} exists on path ${found.path}, not ${scope.names.path}, and IAM cannot move it: set aws.path to ${found.path} or choose another name`,
    );
  const foreign = trustedProviders(found.trust).filter((arn) => arn !== scope.names.samlProviderArn);
  const statements = (found.trust as { Statement?: unknown } | undefined)?.Statement;
  const principals =
    JSON.stringify(statements ?? []).includes('"AWS"') || JSON.stringify(statements ?? []).includes('"Service"');
  if (owned === "adopt" && (foreign.length > 0 || principals))
    throw conflictError(
      REASON.ForeignTrust,
      `${object} is trusted to ${foreign.join(", ") || "other principals"}; it is not taken over, because that would cut them off`,
    );
}

function repairs(
  scope: PersonaScope,
  object: string,
  desired: ReturnType<typeof desiredRole>,
  found: IamRole,
  owned: "ours" | "adopt",
  compare: Comparison,
): Step[] {
  const steps: Step[] = [];
  const { iam, call } = scope;
  const tags = tagChanges(compare, desired.tags, found.tags);
  if (tags.rows.length > 0)
    steps.push({
      verb: owned === "adopt" ? "adopt" : "update",
      object,
      why: "its tags say whose it is",
      differences: tags.rows,
      apply: () => iam.tagRole(desired.name, tags.set, tags.remove, call),
    });
  const boundary = compare.differ("permissionsBoundary", desired.permissionsBoundaryArn, found.permissionsBoundaryArn);
  if (boundary.length > 0)
    steps.push({
      verb: "update",
      object,
      why: "it carries another permissions boundary",
      differences: boundary,
      apply: () => iam.setRoleBoundary(desired.name, desired.permissionsBoundaryArn, call),
    });
  const trust = compare.all(policyRows(desired.trust, found.trust, "trust."));
  if (trust.length > 0)
    steps.push({
      verb: "update",
      object,
      why: "it trusts somebody else, or another endpoint",
      differences: trust,
      apply: () => iam.setTrust(desired.name, desired.trust, call),
    });
  // The description is written once: whoever words it better may.
  const settings = compare.differ(
    "maxSessionDuration",
    `${desired.maxSessionDurationSeconds}s`,
    `${found.maxSessionDurationSeconds}s`,
  );
  if (settings.length > 0)
    steps.push({
      verb: "update",
      object,
      why: "its settings differ",
      differences: settings,
      apply: () => iam.updateRole(desired.name, { ...desired, description: found.description ?? "" }, call),
    });
  return steps;
}

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
    ...extra.map(
      (arn): Step => ({
        verb: "update",
        object,
        why: `policy ${arn} is not declared`,
        differences: compare.item("policies", arn, false, true),
        apply: () => scope.iam.detachRolePolicy(scope.names.role, arn, scope.call),
      }),
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
