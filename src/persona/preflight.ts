/** What needs manual action, found out before anything is written. Reads only. */
import { REASON } from "../api/reasons.ts";
import { ownName, sharedPolicyName, tooLongForEntra } from "../domain/names.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { preflight as specProblems } from "../domain/preflight.ts";
import { terminalError } from "../providers/verdicts.ts";
import { findGroup } from "./components/assignments.ts";
import { role } from "./components/role.ts";
import { desiredRole } from "./desired-role.ts";
import { findCandidates, findIdentifierHolder, ownerTag } from "./find-application.ts";
import { requireId, requireSaml } from "./instance.ts";
import { refuseFullAccount } from "./quotas.ts";
import { claimRole, refusePath } from "./role-claim.ts";
import { refuseContradiction } from "./role-sharing.ts";
import { claim, type PersonaScope } from "./scope.ts";
import { guardRole } from "./take-over.ts";

export async function preflight(scope: PersonaScope): Promise<void> {
  refuseSpec(scope);
  refuseLongNames(scope);
  refuseBoundary(scope);
  await refuseContradiction(scope);
  await requireSaml(scope.connect, scope.call);
  await refuseReservedNames(scope);
  await refuseUnknownProfiles(scope);
  // Later the components see to these, each for itself: a group that goes missing must not stop the repair of everything else.
  if (scope.object.status?.appRoleId === undefined)
    await Promise.all([
      refuseTakenIdentifier(scope),
      refuseUnknownGroups(scope),
      refuseForeignObjects(scope),
      refuseFullAccount(scope),
    ]);
}

/** Fields that contradict each other; of an object that was stored before the API server knew the rule, too. */
function refuseSpec({ object, spec }: PersonaScope): void {
  const problems = specProblems(object.metadata, spec);
  if (problems.length > 0) throw terminalError(REASON.InvalidSpec, problems.map(({ message }) => message).join("; "));
}

/** Characters of a tag of an Entra application; the values of IAM's tags, which hold the owner without the key, take as many. */
const LONGEST_TAG = 256;

function refuseLongNames(scope: PersonaScope): void {
  const { names, owner } = scope;
  const room = LONGEST_TAG - (ownerTag(scope).length - owner.length);
  if (owner.length > room)
    throw terminalError(
      REASON.NameTooLong,
      `${owner} marks what belongs to this persona, and has ${owner.length} characters where Entra and IAM have room for ${room}: choose a shorter name`,
    );
  const length = tooLongForEntra(names);
  if (length !== undefined)
    throw terminalError(
      REASON.NameTooLong,
      `role ARN and provider ARN together have ${length} characters, Entra takes fewer than 240: shorten aws.roleName, aws.samlProviderName or aws.path`,
    );
}

function refuseBoundary({ spec, boundaryArn, instance }: PersonaScope): void {
  if (spec.aws.permissionsBoundaryArn && boundaryArn !== spec.aws.permissionsBoundaryArn)
    throw terminalError(
      REASON.InvalidSpec,
      `aws.permissionsBoundaryArn must be ${boundaryArn}, which the controller's configuration asks of account ${instance.account}`,
    );
}

const RESERVED = /^connect-sso-/i;

/**
 * Names of this form are the default names of personas, some of which do not exist yet: nothing new is created under one of another
 * persona. What exists under it is judged by its owner tag.
 */
async function refuseReservedNames({ object, spec, names, instance, iam, call }: PersonaScope): Promise<void> {
  const { aws, roleDelivery } = spec;
  const own = ownName(object.metadata.namespace, object.metadata.name);
  const { iamUserName, policyName } = (roleDelivery.mode === "Provisioning" && roleDelivery.provisioning) || {};
  const rows: [field: string, declared: string | undefined, ours: string, find: () => Promise<unknown>][] = [
    ["aws.roleName", aws.roleName, own, () => iam.getRole(names.role, call)],
    ["aws.samlProviderName", aws.samlProviderName, own, () => iam.getSamlProvider(names.samlProviderArn, call)],
    [
      "aws.federationPolicyName",
      aws.federationPolicyName,
      sharedPolicyName("federation", instance, names.path),
      () => iam.getPolicy(names.federationPolicyArn, call),
    ],
    ["roleDelivery.provisioning.iamUserName", iamUserName, own, () => iam.getUser(names.user, call)],
    [
      "roleDelivery.provisioning.policyName",
      policyName,
      sharedPolicyName("list-roles", instance, names.path),
      () => iam.getPolicy(names.listingPolicyArn, call),
    ],
  ];
  for (const [field, declared, ours, find] of rows) {
    if (!declared || !RESERVED.test(declared) || declared.toLowerCase() === ours.toLowerCase()) continue;
    if (await find()) continue;
    throw terminalError(
      REASON.InvalidSpec,
      `${field} is ${declared}: names that begin with connect-sso- are the default names of other personas; choose another name`,
    );
  }
}

async function refuseUnknownProfiles({ spec, call, connect }: PersonaScope): Promise<void> {
  const { securityProfiles, routingProfile } = spec.connectUsers;
  const [routing, ...security] = await Promise.all([
    connect.routingProfile(routingProfile, call),
    ...securityProfiles.map((profile) => connect.securityProfile(profile, call)),
  ]);
  for (const [index, found] of security.entries())
    requireId(found, REASON.UnknownSecurityProfile, "security profile", securityProfiles[index]!);
  requireId(routing, REASON.UnknownRoutingProfile, "routing profile", routingProfile);
}

async function refuseTakenIdentifier(scope: PersonaScope): Promise<void> {
  const { identifier } = scope.spec.application;
  if (!identifier) return;
  const own = await findCandidates(scope);
  const holder = await findIdentifierHolder(scope, identifier, own);
  if (holder)
    throw terminalError(
      REASON.IdentifierTaken,
      `identifier ${identifier} is used by application ${holder.displayName}; choose another, or leave application.identifier out`,
    );
}

async function refuseUnknownGroups(scope: PersonaScope): Promise<void> {
  const { spec, object } = scope;
  // One that was found before may have been renamed since; whether it still counts, its assignment decides.
  const known = new Set(object.status?.groups?.map(({ displayName }) => displayName));
  const unknown = (spec.application.groups ?? []).filter(({ displayName }) => !known.has(displayName ?? ""));
  if (unknown.length === 0) return;
  const assigned = await assignedAlready(scope);
  await Promise.all(unknown.map((group) => findGroup(scope, group, assigned)));
}

/** Object ids of all that are assigned to the application, when it exists and the status does not say so any more. */
async function assignedAlready(scope: PersonaScope): Promise<Set<string>> {
  const { graph, call } = scope;
  const own = await findCandidates(scope);
  const ours = own.find(({ tags }) => tags.includes(ownerTag(scope)));
  const principal = ours && (await graph.findServicePrincipal(ours.appId, call));
  const all = principal ? await graph.assignments(principal.id, call) : [];
  return new Set(all.map(({ principalId }) => principalId));
}

/** Before anything is taken over: nothing of it is, when one part of it may not be. */
async function refuseForeignObjects(scope: PersonaScope): Promise<void> {
  const { iam, names, call } = scope;
  const [{ role: found, inline, sharing }, provider] = await Promise.all([
    role.observe(scope),
    iam.getSamlProvider(names.samlProviderArn, call),
  ]);
  if (found) {
    const object = `IAM role ${names.role}`;
    const desired = desiredRole(scope, sharing);
    const { owned } = claimRole(scope, object, found.tags[OWNER_TAG], desired.owner);
    refusePath(scope, object, found);
    if (owned === "adopt") guardRole(scope, found, inline, desired);
  }
  if (provider) claim(scope, `SAML provider ${names.samlProvider}`, provider.tags[OWNER_TAG]);
}
