/** What makes a role that exists the declared one: tags, boundary, trust, sessions, policies. */
import type { Difference } from "../domain/difference.ts";
import { policyRows, trustGrants } from "../domain/policies.ts";
import { type Step, type Steps, update } from "../engine/component.ts";
import type { Comparison } from "../engine/ledger.ts";
import type { IamInlinePolicy, IamRole } from "../providers/aws/types.ts";
import { type DesiredRole, desiredRole, SHARED } from "./desired-role.ts";
import { boundarySteps, tagStep, undeclaredRights } from "./principals.ts";
import { sharedTrust } from "./role-sharing.ts";
import { type PersonaScope, tagChanges } from "./scope.ts";

export function keepSteps(
  scope: PersonaScope,
  object: string,
  desired: DesiredRole,
  found: IamRole,
  inline: readonly IamInlinePolicy[],
  compare: Comparison,
  owned: "ours" | "adopt" = "ours",
): Steps {
  const { iam, call } = scope;
  const { name, at } = desired;
  const tags = tagChanges(compare, desired.tags, found.tags, at);
  const boundary = boundarySteps(
    scope,
    object,
    found.permissionsBoundaryArn,
    compare,
    () => iam.setRoleBoundary(name, scope.boundaryArn, call),
    at,
  );
  const steps = [
    ...tagStep(object, owned, tags.rows, () => iam.tagRole(name, tags.set, tags.remove, call)),
    // Before everything else: the recommended policy allows writes only to a role that carries it.
    ...boundary.steps,
    ...setTrust(scope, object, desired, found, compare),
    ...setSession(scope, object, desired, found, compare),
    ...attachments(scope, object, desired, found, compare),
    // A role of ours has none: everyone who signs in would have its rights.
    ...undeclaredRights(
      object,
      `${at}inlinePolicies`,
      "inline policy",
      inline.map((one) => one.name),
      compare,
      (policy) => iam.deleteRolePolicy(name, policy, call),
    ),
  ];
  return { ...boundary, steps };
}

export function setTrust(
  scope: PersonaScope,
  object: string,
  desired: DesiredRole,
  found: IamRole,
  compare: Comparison,
): Step[] {
  const { iam, call } = scope;
  const { name, at, trust, participants } = desired;
  const differences =
    at === SHARED ? grantRows(desired, found, compare) : compare.all(policyRows(trust, found.trust, "trust."));
  return update(differences, {
    object,
    why: "it trusts somebody else, or another endpoint",
    async apply() {
      if (at !== SHARED) return iam.setTrust(name, trust, call);
      // Another persona may have added its provider since.
      const now = await sharedTrust(scope, (await iam.getRole(name, call)) ?? found, participants);
      return iam.setTrust(name, desiredRole(scope, now, name).trust, call);
    },
  });
}

/** One row for each provider, so that what another persona adds is no difference of what this one added. */
export function grantRows(desired: DesiredRole, found: IamRole, compare: Comparison): Difference[] {
  const [wanted, present] = [desired.trust, found.trust].map((trust) => new Set(trustGrants(trust)));
  return [...new Set([...wanted!, ...present!])].flatMap((grant) =>
    compare.item(`${desired.at}trust`, grant, wanted!.has(grant), present!.has(grant)),
  );
}

function setSession(
  { iam, call }: PersonaScope,
  object: string,
  desired: DesiredRole,
  found: IamRole,
  compare: Comparison,
): Step[] {
  const { at, maxSessionDurationSeconds, maxSigninSessionSeconds: wanted } = desired;
  // The description is written once: people may improve it.
  const session = compare.differ(
    `${at}maxSessionDuration`,
    `${maxSessionDurationSeconds}s`,
    `${found.maxSessionDurationSeconds}s`,
  );
  const signin = compare.differ(`${at}maxSigninSessionDuration`, spell(wanted), spell(found.maxSigninSessionSeconds));
  const settings = {
    maxSessionDurationSeconds,
    description: found.description ?? "",
    ...(signin.length > 0 ? { maxSigninSessionSeconds: wanted ?? null } : {}),
  };
  return update([...session, ...signin], {
    object,
    why: "how long its sessions may last differs",
    apply: () => iam.updateRole(desired.name, settings, call),
  });
}

const spell = (seconds: number | undefined) => (seconds === undefined ? undefined : `${seconds}s`);

function attachments(
  scope: PersonaScope,
  object: string,
  desired: DesiredRole,
  found: IamRole,
  compare: Comparison,
): Step[] {
  const { policies, mayHave, at, name } = desired;
  const extra = found.attachedPolicyArns.filter((arn) => !policies.includes(arn) && !mayHave.includes(arn));
  return [
    ...policies.flatMap((arn) => {
      if (!found.attachedPolicyArns.includes(arn)) return [attach(scope, object, desired, arn, compare)];
      compare.item(`${at}policies`, arn, true, true);
      return [];
    }),
    ...undeclaredRights(object, `${at}policies`, "policy", extra, compare, (arn) =>
      scope.iam.detachRolePolicy(name, arn, scope.call),
    ),
  ];
}

export function attach(
  scope: PersonaScope,
  object: string,
  { at, name }: DesiredRole,
  arn: string,
  compare: Comparison,
): Step {
  return {
    verb: "update",
    object,
    why: `policy ${arn.split("/").at(-1)} is to be attached`,
    differences: compare.item(`${at}policies`, arn, true, false),
    apply: () => scope.iam.attachRolePolicy(name, arn, scope.call),
  };
}
