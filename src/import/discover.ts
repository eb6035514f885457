/**
 * What exists in both clouds for one Connect instance, whatever created it: applications that land on it, the roles and providers they
 * carry, policies, provisioning users, assignments, Connect users. Reads only.
 */

import { readTrust } from "../domain/metadata.ts";
import { type InstanceArn, parseInstanceArn, readPair } from "../domain/names.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { comparePolicies, federationPolicy, listingPolicy } from "../domain/policies.ts";
import type { Request } from "../domain/policy/evaluate.ts";
import { identifierBase, instanceOfRelayState } from "../domain/relay-state.ts";
import type { AwsAccount, ConnectUserView, Iam, IamPolicy, IamRole, IamSamlProvider } from "../providers/aws/types.ts";
import type {
  Application,
  AppRole,
  Assignment,
  ClaimsMappingPolicy,
  EntraUser,
  Graph,
  ServicePrincipal,
  SyncJob,
} from "../providers/graph/types.ts";
import { federate, grants, noteSignIn, whyNoRole } from "./sign-in.ts";

interface CarriedRole {
  appRole: AppRole;
  role: IamRole;
  provider: IamSamlProvider;
  federation: IamPolicy;
  listing?: IamPolicy;
}
export interface FoundPersona extends CarriedRole {
  application: Application;
  servicePrincipal: ServicePrincipal;
  iamUser?: { name: string; path: string; keyAgeMs?: number; guessed: boolean };
  job?: SyncJob;
  claims: ClaimsMappingPolicy[];
  groups: Assignment[];
  /** Assigned directly or by a group, to this role. */
  people: { person: EntraUser; byGroup: boolean }[];
}
export interface Found {
  instanceArn: string;
  instance: InstanceArn;
  tenantId: string;
  personas: FoundPersona[];
  users: ConnectUserView[];
  securityProfileName(id: string): string;
  routingProfileName(id: string): string;
  /** What was left out and why, what needs manual action; for a reader. */
  notes: string[];
}

/** Gallery template "AWS Single-Account Access". */
const AWS_TEMPLATE = "8b1025e4-1dd2-430b-a150-2ef79cd700f5";

export async function discover(account: AwsAccount, graph: Graph, instanceArn: string): Promise<Found> {
  const instance = parseInstanceArn(instanceArn);
  const connect = account.instance(instanceArn);
  const notes: string[] = [];
  const facts = await connect.facts();
  if (facts.identityManagement !== "SAML")
    throw new Error(
      `instance ${facts.id} manages identities as ${facts.identityManagement}; only an instance with SAML signs in through Entra`,
    );
  if (facts.globalSignInEndpoint)
    throw new Error(`instance ${facts.id} belongs to Global Resiliency, whose sign-in differs`);
  // The names are read with the first that is asked for.
  await Promise.all([connect.securityProfile("Admin"), connect.routingProfile("Basic Routing Profile")]);
  const applications = await awsApplications(graph, instance);
  const personas: FoundPersona[] = [];
  for (const application of applications) {
    const found = await readPersona(account.iam, graph, instance, application, notes);
    if (found) personas.push(found);
  }
  await matchIamUsers(account.iam, personas, notes);
  const users = [...(await connect.users({ maxAgeMs: 0 }))];
  return {
    instanceArn,
    instance,
    tenantId: graph.tenantId,
    personas,
    users,
    securityProfileName: (id) => connect.nameOf("securityProfile", id) ?? id,
    routingProfileName: (id) => connect.nameOf("routingProfile", id) ?? id,
    notes,
  };
}

/** By identifier, as every SAML application for AWS has it, and by the gallery's template. */
async function awsApplications(graph: Graph, instance: InstanceArn): Promise<Application[]> {
  const [identified, made] = await Promise.all([
    graph.findApplications({ identifierUriPrefix: identifierBase(instance) }),
    graph.findApplications({ templateId: AWS_TEMPLATE }),
  ]);
  const all = new Map([...identified, ...made].map((one) => [one.id, one]));
  return [...all.values()].sort((a, b) => a.displayName.localeCompare(b.displayName) || (a.id < b.id ? -1 : 1));
}

async function readPersona(
  iam: Iam,
  graph: Graph,
  instance: InstanceArn,
  application: Application,
  notes: string[],
): Promise<FoundPersona | undefined> {
  const name = `application "${application.displayName}"`;
  const skip = (why: string) => {
    notes.push(`${name} is left out: ${why}`);
    return undefined;
  };
  const summary = await graph.findServicePrincipal(application.appId);
  const servicePrincipal = summary && (await graph.getServicePrincipal(summary.id));
  if (!servicePrincipal) return skip("it has no service principal in this tenant");
  const relayState = servicePrincipal.relayState ?? "";
  const landsOn = instanceOfRelayState(relayState);
  const lands = landsOn === instance.id;
  const owner = application.tags.find((tag) => tag.startsWith(`${OWNER_TAG}:`))?.slice(OWNER_TAG.length + 1);
  if (landsOn !== undefined && !lands) return undefined;
  const assignments = await graph.assignments(servicePrincipal.id, { maxAgeMs: 0 });
  const [best] = await carriedRoles(iam, instance, servicePrincipal, assignments);
  if (!best) return lands ? skip(await whyNoRole(iam, graph, instance, servicePrincipal)) : undefined;
  if (owner) return skip(`it belongs to ${owner} already`);
  if (!best.trusted && !lands) return undefined;
  const { trusted, ...carried } = best;
  if (!trusted)
    notes.push(
      `${name}: SAML provider ${carried.provider.arn} does not trust its active certificate, so no one can sign in`,
    );
  if (!lands)
    notes.push(
      `${name} carries a role for this instance, but its relay state does not lead there: ${relayState || "(none)"}`,
    );
  noteSignIn(graph, application, carried, notes);
  const [jobs, claims] = await Promise.all([
    graph.syncJobs(servicePrincipal.id),
    graph.claimsPoliciesOf(servicePrincipal.id),
  ]);
  const ours = assignments.filter(({ appRoleId }) => appRoleId === carried.appRole.id);
  const others = assignments.filter((one) => !ours.includes(one));
  if (others.length > 0)
    notes.push(`${name}: assignments to another role or to default access are not adopted (${others.length})`);
  return {
    application,
    servicePrincipal,
    ...carried,
    ...(jobs[0] ? { job: jobs[0] } : {}),
    claims,
    groups: ours.filter(({ principalType }) => principalType === "Group"),
    people: await peopleOf(graph, ours),
  };
}

/**
 * Roles of the application that may sign in to this instance, the likeliest first. Entra imports every SAML role of the account into
 * every application, so the one that is meant is found by the provider that trusts this application's certificate, and by assignments.
 */
async function carriedRoles(
  iam: Iam,
  instance: InstanceArn,
  principal: ServicePrincipal,
  assignments: Assignment[],
): Promise<(CarriedRole & { trusted: boolean })[]> {
  const found: (CarriedRole & { trusted: boolean; assigned: number })[] = [];
  for (const appRole of principal.appRoles.filter(({ isEnabled }) => isEnabled)) {
    const carried = await carriedRole(iam, instance, appRole);
    if (!carried) continue;
    const assigned = assignments.filter(({ appRoleId }) => appRoleId === appRole.id).length;
    found.push({
      ...carried,
      assigned,
      trusted: trusts(carried.provider, principal.preferredTokenSigningKeyThumbprint),
    });
  }
  return found.sort((a, b) => Number(b.trusted) - Number(a.trusted) || b.assigned - a.assigned);
}

async function carriedRole(iam: Iam, instance: InstanceArn, appRole: AppRole): Promise<CarriedRole | undefined> {
  const { roleArn, samlProviderArn } = readPair(appRole.value) ?? {};
  if (!roleArn || !samlProviderArn || roleArn.split(":")[4] !== instance.account) return undefined;
  const [role, provider] = await Promise.all([
    iam.getRole(roleArn.split("/").at(-1)!),
    iam.getSamlProvider(samlProviderArn),
  ]);
  if (role?.arn !== roleArn || !provider) return undefined;
  const policies = (await Promise.all(role.attachedPolicyArns.map((arn) => iam.getPolicy(arn)))).filter(
    (one) => one !== undefined,
  );
  const pick = (desired: unknown, request: Request) =>
    policies.find(({ document }) => comparePolicies(desired, document).length === 0) ??
    policies.find((one) => grants([one], request));
  const federation = pick(federationPolicy(instance), federate(role, instance));
  const listing = pick(listingPolicy(), {
    action: "iam:ListRoles",
    resource: `arn:${instance.partition}:iam::${instance.account}:role/`,
  });
  return federation && { appRole, role, provider, federation, ...(listing ? { listing } : {}) };
}

function trusts({ metadata }: IamSamlProvider, thumbprint: string | null): boolean {
  try {
    return readTrust(metadata).signingCertificates.some((one) => one.thumbprintSha1 === thumbprint?.toUpperCase());
  } catch {
    return false;
  }
}

async function peopleOf(graph: Graph, assignments: Assignment[]): Promise<FoundPersona["people"]> {
  const direct = assignments
    .filter(({ principalType }) => principalType === "User")
    .map(({ principalId }) => principalId);
  const members = await Promise.all(
    assignments
      .filter(({ principalType }) => principalType === "Group")
      .map(({ principalId }) => graph.groupMemberIds(principalId, { maxAgeMs: 0 })),
  );
  const ids = [...new Set([...direct, ...members.flat()])];
  const people = await Promise.all(ids.map((objectId) => graph.user({ objectId })));
  return people
    .filter((person) => person !== undefined)
    .map((person) => ({ person, byGroup: !direct.includes(person.id) }))
    .sort((a, b) => a.person.userPrincipalName.localeCompare(b.person.userPrincipalName));
}

/**
 * Which IAM user's key Entra holds cannot be read (it is masked): guessed from the listing policy, and among several from likeness of
 * names. The next rotation corrects a wrong guess.
 */
async function matchIamUsers(iam: Iam, personas: FoundPersona[], notes: string[]): Promise<void> {
  const listing = new Set(personas.flatMap((one) => (one.job && one.listing ? [one.listing.arn] : [])));
  const names = new Set(
    (await Promise.all([...listing].map((arn) => iam.policyEntities(arn)))).flatMap(({ users }) => users),
  );
  const waiting = personas.filter(({ job, listing: policy }) => job && policy);
  const pairs = waiting
    .flatMap((persona) => [...names].map((name) => ({ persona, name, score: likeness(persona, name) })))
    .sort((a, b) => b.score - a.score || a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
  const taken = new Set<string>();
  for (const { persona, name } of pairs) {
    if (persona.iamUser || taken.has(name)) continue;
    taken.add(name);
    const user = await iam.getUser(name);
    if (!user) continue;
    const keys = (await iam.listAccessKeys(name)).filter(({ status }) => status === "Active");
    const oldest = Math.min(...keys.map(({ createdAt }) => createdAt.getTime()));
    persona.iamUser = {
      name,
      path: user.path,
      ...(keys.length > 0 ? { keyAgeMs: iam.now().getTime() - oldest } : {}),
      guessed: names.size > 1,
    };
  }
  for (const { application, iamUser } of waiting)
    if (!iamUser)
      notes.push(
        `application "${application.displayName}" has a provisioning job, but no IAM user was found for it; mode Direct is written`,
      );
}

/** How many words of the user's name stand in the names of the persona's objects. */
function likeness({ application, role, provider }: FoundPersona, user: string): number {
  const words = (text: string) =>
    text
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter((word) => word.length > 2);
  const theirs = new Set(words(`${application.displayName} ${role.name} ${provider.arn.split("/").at(-1)}`));
  return words(user).filter((word) => theirs.has(word)).length;
}
