/** The blog's AzureAD_Role: SAML trust and the policies. Updated in place, never recreated: Connect binds users to the role's id. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { durationSeconds } from "../../domain/duration.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { comparePolicies, trustedProviders, trustPolicy } from "../../domain/policies.ts";
import type { IamRole } from "../../providers/aws/types.ts";
import { conflictError } from "../../providers/verdicts.ts";
import { type Component, createOnce, differ, differAsSet, madeWith, type Step } from "../component.ts";
import { claimKnown, missingTags, ownTags, type PersonaScope, wasOurs } from "../scope.ts";

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

export const role: Component<{ role?: IamRole }> = {
  name: "role",
  condition: CONDITION.RoleReady,
  cloud: "iam",
  needs: ["federation-policy", "listing-policy", "saml-provider"],
  applies: () => true,
  observe: async (scope) => ({ role: await scope.iam.getRole(scope.names.role, scope.call) }),
  plan(scope, seen) {
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
            ...madeWith({
              arn: scope.names.roleArn,
              maxSessionDuration: `${desired.maxSessionDurationSeconds}s`,
              permissionsBoundary: desired.permissionsBoundaryArn,
            }),
            ...comparePolicies(desired.trust, undefined, "trust.").map(({ path, desired: value }) => ({ path, value })),
          ],
          apply: () => createOnce(object, () => scope.iam.createRole(input, scope.call)),
        },
        ...policies.map((arn) => attach(scope, object, arn)),
      ];
    }
    const known = scope.object.status?.roleArn === scope.names.roleArn && wasOurs(scope, "role", CONDITION.RoleReady);
    const { owned, barred } = claimKnown(scope, object, seen.role.tags[OWNER_TAG], known);
    refuseForeign(scope, object, seen.role, owned);
    const steps = [
      ...repairs(scope, object, desired, seen.role, owned),
      ...attachments(scope, object, policies, seen.role),
    ];
    return barred ? steps.map((step) => ({ ...step, barred })) : steps;
  },
  describe: (scope) => scope.names.roleArn,
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
): Step[] {
  const steps: Step[] = [];
  const { iam, call } = scope;
  const tags = missingTags(desired.tags, found.tags);
  if (Object.keys(tags).length > 0)
    steps.push({
      verb: owned === "adopt" ? "adopt" : "update",
      object,
      why: "its tags say whose it is",
      differences: Object.entries(tags).flatMap(([key, value]) => differ(`tags.${key}`, value, found.tags[key])),
      apply: () => iam.tagRole(desired.name, tags, [], call),
    });
  const boundary = differ("permissionsBoundary", desired.permissionsBoundaryArn, found.permissionsBoundaryArn);
  if (boundary.length > 0)
    steps.push({
      verb: "update",
      object,
      why: "it carries another permissions boundary",
      differences: boundary,
      apply: () => iam.setRoleBoundary(desired.name, desired.permissionsBoundaryArn, call),
    });
  const trust = comparePolicies(desired.trust, found.trust, "trust.");
  if (trust.length > 0)
    steps.push({
      verb: "update",
      object,
      why: "it trusts somebody else, or another endpoint",
      differences: trust,
      security: `the trust of ${object} was changed (${trust.map(({ path, observed }) => `${path}: ${observed}`).join("; ")})`,
      apply: () => iam.setTrust(desired.name, desired.trust, call),
    });
  // The description is written once: whoever words it better may.
  const settings = differ(
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

function attachments(scope: PersonaScope, object: string, policies: string[], found: IamRole): Step[] {
  const extra = found.attachedPolicyArns.filter((arn) => !policies.includes(arn));
  return [
    ...policies.filter((arn) => !found.attachedPolicyArns.includes(arn)).map((arn) => attach(scope, object, arn)),
    ...extra.map(
      (arn): Step => ({
        verb: "update",
        object,
        why: `policy ${arn} is not declared`,
        differences: differAsSet("policies", policies, found.attachedPolicyArns),
        apply: () => scope.iam.detachRolePolicy(scope.names.role, arn, scope.call),
      }),
    ),
  ];
}

function attach(scope: PersonaScope, object: string, arn: string): Step {
  return {
    verb: "update",
    object,
    why: `policy ${arn.split("/").at(-1)} is to be attached`,
    differences: [{ path: "policies", desired: arn, observed: "(none)" }],
    apply: () => scope.iam.attachRolePolicy(scope.names.role, arn, scope.call),
  };
}
