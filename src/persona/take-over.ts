/** Adoption of what carries no owner tag: who else depends on it is read here, the domain's guards judge, and a refusal names both. */
import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, PERSONA } from "../api/resources.ts";
import { claimsTakeOver, type Dependants, policyTakeOver, type Refusal, roleTakeOver } from "../domain/adoption.ts";
import { iamNames, parseInstanceArn } from "../domain/names.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import type { IamInlinePolicy, IamPolicy, IamRole, Tags } from "../providers/aws/types.ts";
import { CloudError } from "../providers/errors.ts";
import type { ClaimsMappingPolicy } from "../providers/graph/types.ts";
import { conflictError } from "../providers/verdicts.ts";
import type { PersonaScope } from "./scope.ts";

/** It has no owner, and the persona may adopt it. */
export function isAdoption({ spec }: PersonaScope, tags: Tags | undefined): boolean {
  return tags !== undefined && tags[OWNER_TAG] === undefined && spec.adoptionPolicy === "IfUnowned";
}

/** Throws conflict AdoptionRefused where there is a refusal. */
export function refuse(refusal: Refusal | undefined): void {
  if (refusal) throw conflictError(REASON.AdoptionRefused, `not taken over: ${refusal.message}; ${refusal.remedy}`);
}

/** Roles that trust the provider, the persona's own left out. */
export async function dependantsOfProvider({ iam, names, call }: PersonaScope): Promise<Dependants> {
  return orUnread("iam:ListRoles", async () => {
    const roles = await iam.rolesTrusting(names.samlProviderArn, call);
    return roles.filter((arn) => arn !== names.roleArn).map((arn) => `role ${arn.split("/").at(-1)}`);
  });
}

/** Roles, users and groups that have the policy, those of the namespace's personas of this instance left out. */
export async function dependantsOfPolicy(scope: PersonaScope, arn: string): Promise<Dependants> {
  return orUnread("iam:ListEntitiesForPolicy", async () => {
    const { roles, users, groups } = await scope.iam.policyEntities(arn, scope.call);
    const own = [scope.names, ...siblings(scope).map(({ names }) => names)];
    return [
      ...roles.filter((name) => !own.some(({ role }) => role === name)).map((name) => `role ${name}`),
      ...users.filter((name) => !own.some(({ user }) => user === name)).map((name) => `user ${name}`),
      ...groups.map((name) => `group ${name}`),
    ];
  });
}

async function orUnread(what: string, read: () => Promise<string[]>): Promise<Dependants> {
  try {
    return { others: await read() };
  } catch (error) {
    if (!(error instanceof CloudError) || !/AccessDenied/.test(error.code)) throw error;
    return { others: [], unread: [what] };
  }
}

/** Other personas of the namespace in the same account. What another namespace declares has no say here. */
function siblings({ store, object, instance }: PersonaScope) {
  const { namespace, uid } = object.metadata;
  return store
    .list<ConnectSsoPersona>(PERSONA)
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.uid !== uid && !metadata.deletionTimestamp)
    .flatMap(({ metadata: { name }, spec }) => {
      const theirs = parseInstanceArn(spec.instanceArn);
      if (theirs.account !== instance.account) return [];
      const { aws, roleDelivery } = spec;
      const input = { instance: theirs, namespace, name, aws, provisioning: roleDelivery.provisioning };
      return [{ persona: `${namespace}/${name}`, names: iamNames(input) }];
    });
}

export function guardPolicy(policy: IamPolicy, desired: unknown, dependants: Dependants): void {
  refuse(policyTakeOver({ name: policy.name, desired, observed: policy.document, ...dependants }));
}

export function guardRole(
  scope: PersonaScope,
  role: IamRole,
  inline: readonly IamInlinePolicy[] | undefined,
  desired: { trust: unknown; policies: readonly string[] },
): void {
  refuse(
    roleTakeOver({
      name: role.name,
      desired: desired.trust,
      observed: role.trust,
      policies: desired.policies,
      attached: role.attachedPolicyArns,
      inline: inline?.map(({ name }) => name),
      otherPersonas: siblings(scope)
        .filter(({ names }) => names.roleArn === role.arn)
        .map(({ persona }) => persona),
    }),
  );
}

export function guardClaims(scope: PersonaScope, policies: readonly ClaimsMappingPolicy[]): void {
  const declared = scope.spec.application.roleSessionName;
  for (const { displayName, definition } of policies)
    refuse(claimsTakeOver({ name: displayName, definition, declared }));
}
