/** Adoption of what carries no owner tag: who else depends on it is read here, the domain's guards judge, and a refusal names both. */
import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, PERSONA } from "../api/resources.ts";
import {
  applicationTakeOver,
  claimsTakeOver,
  type Dependants,
  policyTakeOver,
  type Refusal,
  roleTakeOver,
} from "../domain/adoption.ts";
import { carriesPair, type IamNames, parseInstanceArn, personaNames } from "../domain/names.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { lostPrincipals, trustPolicy } from "../domain/policies.ts";
import { identifierBase } from "../domain/relay-state.ts";
import { replyUrls } from "../domain/reply-urls.ts";
import { listed } from "../domain/text.ts";
import type { Kept } from "../engine/component.ts";
import type { IamInlinePolicy, IamPolicy, IamRole, IamUser, Tags } from "../providers/aws/types.ts";
import { ifAllowed } from "../providers/errors.ts";
import type { Application, ClaimsMappingPolicy } from "../providers/graph/types.ts";
import { conflictError } from "../providers/verdicts.ts";
import { ownerOfTags } from "./find-application.ts";
import { sharesRole } from "./role-sharing.ts";
import type { PersonaScope } from "./scope.ts";

/** It has no owner, and the persona may adopt it. */
export function isAdoption({ spec }: PersonaScope, tags: Tags | undefined): boolean {
  return tags !== undefined && tags[OWNER_TAG] === undefined && spec.adoptionPolicy === "IfUnowned";
}

/** Throws conflict AdoptionRefused where there is a refusal. */
export function refuse(refusal: Refusal | undefined): void {
  if (refusal) throw conflictError(REASON.AdoptionRefused, `not taken over: ${refusal.message}; ${refusal.remedy}`);
}

export async function dependantsOfProvider(scope: PersonaScope): Promise<Dependants> {
  return orUnread("iam:ListRoles", () => rolesTrusting(scope));
}

/** Roles that trust the provider, the persona's own left out. */
export async function rolesTrusting({ iam, names, call, memory }: PersonaScope, isFresh = false): Promise<string[]> {
  const roles = await iam.rolesTrusting(names.samlProviderArn, { ...call, isFresh });
  return roles
    .filter((arn) => arn !== names.roleArn || memory.kept?.has(names.role))
    .map((arn) => `role ${arn.split("/").at(-1)}`);
}

/** As `entitiesOf`, those of the namespace's personas of this account left out. */
export async function dependantsOfPolicy(scope: PersonaScope, arn: string): Promise<Dependants> {
  return orUnread("iam:ListEntitiesForPolicy", () =>
    entitiesOf(scope, arn, [scope.names, ...siblings(scope).map(({ names }) => names)]),
  );
}

/** Roles, users and groups that have the policy; `own` are left out. */
export async function entitiesOf({ iam, call, memory }: PersonaScope, arn: string, own: IamNames[]): Promise<string[]> {
  const { roles, users, groups } = await iam.policyEntities(arn, call);
  const others = (names: string[], of: (one: IamNames) => string) =>
    names.filter((name) => memory.kept?.has(name) || !own.some((one) => of(one) === name));
  return [
    ...others(roles, ({ role }) => role).map((name) => `role ${name}`),
    ...others(users, ({ user }) => user).map((name) => `user ${name}`),
    ...groups.map((name) => `group ${name}`),
  ];
}

/** Others that the role lets in, and other applications through which people assume it. */
export async function dependantsOfRole(scope: PersonaScope, { trust, arn }: IamRole): Promise<string[]> {
  const { graph, call, instance, spec } = scope;
  const names = { ...scope.names, roleArn: arn };
  const own = trustPolicy(instance, names.samlProviderArn, spec.application.signInEndpoints);
  const applications = await graph.findApplications({ identifierUriPrefix: identifierBase(instance) }, call);
  const used = await Promise.all(
    applications
      .filter(({ tags }) => ownerOfTags(tags) !== scope.owner)
      .map(async ({ appId, displayName }) => {
        const principal = await graph.findServicePrincipal(appId, call);
        const roles = principal ? (await graph.getServicePrincipal(principal.id, call))?.appRoles : undefined;
        const carried = roles?.find(({ value }) => carriesPair(value, names));
        if (!carried) return [];
        // Entra's import brings every role into every application: who is assigned it is what counts.
        const assigned = await graph.assignments(principal!.id, { ...call, maxAgeMs: 0 });
        return assigned.some(({ appRoleId }) => appRoleId === carried.id) ? [`application ${displayName}`] : [];
      }),
  );
  return [...lostPrincipals(own, trust), ...used.flat()];
}

/** What a user is used for beside the provisioning of this persona. */
export async function usesOfUser({ iam, names, call }: PersonaScope, user: IamUser, own: string[]): Promise<string[]> {
  const [inline, groups, keys] = await Promise.all([
    iam.inlineUserPolicies(user.name, call),
    iam.userGroups(user.name, call),
    iam.listAccessKeys(user.name, call),
  ]);
  // A key that was never used may be one of ours whose answer was lost.
  const others = keys.filter(({ id, status }) => status === "Active" && !own.includes(id));
  const used = await Promise.all(
    others.map(async ({ id }) => ((await iam.accessKeyUse(id, call)).lastUsedAt ? [id] : [])),
  );
  return [
    ...user.attachedPolicyArns.filter((arn) => arn !== names.listingPolicyArn),
    ...inline.map(({ name }) => `the inline policy ${name}`),
    ...groups.map(({ name }) => `the group ${name}`),
    ...used.flat().map((id) => `the access key …${id.slice(-4)}`),
  ];
}

/** Of a deletion: what stays, and for whom. */
export function kept(object: string, dependants: readonly string[]): Kept {
  return {
    kept: `${object} is kept: used by ${listed(dependants)}; delete it once nothing uses it`,
  };
}

async function orUnread(what: string, read: () => Promise<string[]>): Promise<Dependants> {
  const others = await ifAllowed(read());
  return others ? { others } : { others: [], unread: [what] };
}

/** Other personas of the namespace in the same account. What another namespace declares has no say here. */
function siblings({ store, object, instance }: PersonaScope) {
  const { namespace, uid } = object.metadata;
  return store
    .list<ConnectSsoPersona>(PERSONA)
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.uid !== uid && !metadata.deletionTimestamp)
    .filter(({ spec }) => parseInstanceArn(spec.instanceArn).account === instance.account)
    .map((one) => ({
      persona: `${namespace}/${one.metadata.name}`,
      names: personaNames(one),
      sharing: one.spec.aws.roleSharing,
    }));
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
        .filter(
          ({ names, sharing }) => names.roleArn === role.arn && !(sharesRole(scope.object) && sharing === "Instance"),
        )
        .map(({ persona }) => persona),
    }),
  );
}

export function guardApplication(
  scope: PersonaScope,
  { displayName, redirectUris, identifierUris }: Application,
  identifier: string,
): void {
  const endpoints = replyUrls(scope.instance, scope.spec.application.signInEndpoints);
  refuse(
    applicationTakeOver({
      name: displayName,
      replyUrls: { desired: endpoints, observed: redirectUris },
      identifiers: { desired: [identifier], observed: identifierUris },
    }),
  );
}

export function guardClaims(scope: PersonaScope, policies: readonly ClaimsMappingPolicy[]): void {
  const declared = scope.spec.application.roleSessionName;
  for (const { displayName, definition } of policies)
    refuse(claimsTakeOver({ name: displayName, definition, declared }));
}
