/** What makes a role that exists the declared one: tags, boundary, trust, sessions, policies. */
import { keptStatements, policyRows, sharedTrustPolicy, trustGrants } from "../domain/policies.ts";
import { type Step, type Steps, update } from "../engine/component.ts";
import type { Comparison } from "../engine/ledger.ts";
import type { IamInlinePolicy, IamRole } from "../providers/aws/types.ts";
import { type DesiredRole, SHARED } from "./desired-role.ts";
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
  const why = "it trusts somebody else, or another endpoint";
  if (at !== SHARED)
    return update(compare.all(policyRows(trust, found.trust, "trust.")), {
      object,
      why,
      apply: () => iam.setTrust(name, trust, call),
    });
  const { ours, strange } = grantRows(desired, found, compare);
  /** Another persona may have added its provider since. `kept`: what is not declared, and stays. */
  const write = async (kept: ReadonlySet<string>) => {
    const role = (await iam.getRole(name, call)) ?? found;
    const declared = sharedTrustPolicy(scope.instance, (await sharedTrust(scope, role, participants)).trusted);
    const others = keptStatements(role.trust, (grant) => kept.has(grant));
    await iam.setTrust(name, { ...declared, Statement: [...declared.Statement, ...others] }, call);
  };
  return [
    ...update(ours, { object, why, apply: () => write(new Set(strange.map(({ observed }) => observed))) }),
    ...update(strange, { object, why, apply: () => write(new Set()) }),
  ];
}

/**
 * One row for each provider, so that what another persona adds is no difference of what this one added. `strange`: it is not declared, now
 * or before; a policy that only reports leaves it.
 */
function grantRows(desired: DesiredRole, found: IamRole, compare: Comparison) {
  const [wanted, present] = [desired.trust, found.trust].map((trust) => new Set(trustGrants(trust)));
  const path = `${desired.at}trust`;
  const row = (grant: string) => compare.item(path, grant, wanted!.has(grant), present!.has(grant));
  const isStrange = (grant: string) => !wanted!.has(grant) && !compare.wasItem(path, grant);
  const [strange, ours] = [true, false].map((is) =>
    [...new Set([...wanted!, ...present!])].filter((grant) => isStrange(grant) === is).flatMap(row),
  );
  return { strange: strange!, ours: ours! };
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
