/** What a set of personas touches in one AWS account: the resources that the least policy is written for. */
import type { ConnectSsoPersona } from "../../api/resources.ts";
import {
  DEFAULT_PATH,
  type IamNames,
  type InstanceArn,
  ownName,
  parseInstanceArn,
  personaNames,
  type RoleSharing,
} from "../names.ts";

/** Prefix of the names that the controller makes up itself. SAML providers have no path, so theirs are recognised by it. */
const OWN_PREFIX = "connect-sso-";
/** Where examples and generated files expect the boundary: outside every path of the controller. */
export const BOUNDARY_NAME = "ConnectSsoBoundary";

export interface InstanceScope extends InstanceArn {
  /** Ids of the only security profiles that may be granted; absent: every one, Admin included. */
  securityProfileIds?: string[];
}

export interface AwsScope {
  partition: string;
  account: string;
  instances: InstanceScope[];
  /** ARNs, with `*` where a whole path or prefix is the controller's. */
  roles: string[];
  users: string[];
  policies: string[];
  samlProviders: string[];
  /**
   * The same roles and users as IAM names them while they do not exist: without path. A policy that allows GetRole below a path
   * only gets AccessDenied instead of NoSuchEntity for a role that is yet to be made.
   */
  lookups: { roles: string[]; users: string[] };
  /** True when any persona has Entra import its role: then there are IAM users and keys. */
  provisioning: boolean;
  boundaryArn: string;
  /** ARNs of the controller's roles in further accounts; only in the account of its own identity. */
  assumes?: string[];
}

interface ScopeOptions {
  /** Every object by its own name instead of by path and prefix: a further persona then needs a new policy. */
  exact?: boolean;
  /** The boundary of an account; default the one that its personas name, else `policy/ConnectSsoBoundary`. */
  boundaryOf?: (account: string) => string | undefined;
  /** Ids by instance ARN; an instance that is not listed allows every profile. */
  securityProfileIds?: ReadonlyMap<string, string[]>;
}

/**
 * One scope per account, in order of account. Throws RangeError when personas of an account name different boundaries, or the boundary
 * lies where the controller may write policies.
 */
export function scopesOf(personas: ConnectSsoPersona[], options: ScopeOptions = {}): AwsScope[] {
  const accounts = new Map<string, AwsScope>();
  for (const { spec, metadata } of personas) {
    const instance = parseInstanceArn(spec.instanceArn);
    const { aws, roleDelivery } = spec;
    const names = personaNames({ metadata, spec });
    const scope =
      accounts.get(instance.account) ??
      emptyScope(instance, options.boundaryOf?.(instance.account) ?? commonBoundary(personas, instance.account));
    accounts.set(instance.account, scope);
    addInstance(scope, instance, options.securityProfileIds?.get(spec.instanceArn));
    const owned = options.exact ? names : patterns(instance, names, aws.samlProviderName !== undefined);
    const own = ownRole(scope, names, aws.roleSharing, ownName(metadata.namespace, metadata.name));
    scope.roles.push(owned.roleArn, ...(options.exact || names.path === "/" ? own : []));
    scope.users.push(owned.userArn);
    scope.policies.push(owned.federationPolicyArn, owned.listingPolicyArn);
    scope.samlProviders.push(owned.samlProviderArn);
    const iam = `arn:${instance.partition}:iam::${instance.account}`;
    const byName = (name: string, ownName: boolean) => (ownName || options.exact ? name : `${OWN_PREFIX}*`);
    scope.lookups.roles.push(`${iam}:role/${byName(names.role, aws.roleName !== undefined)}`);
    for (const arn of own) scope.lookups.roles.push(`${iam}:role/${byName(arn.split("/").at(-1)!, false)}`);
    scope.lookups.users.push(`${iam}:user/${byName(names.user, roleDelivery.provisioning?.iamUserName !== undefined)}`);
    scope.provisioning ||= roleDelivery.mode === "Provisioning";
  }
  return [...accounts.values()].map(finished).sort((a, b) => a.account.localeCompare(b.account));
}

/** For personas that are not written yet: everything below one path. */
export function scopeOfPath(
  instances: InstanceScope[],
  options: { path?: string; provisioning?: boolean; boundaryArn?: string },
): AwsScope {
  const [first] = instances;
  if (!first) throw new RangeError("at least one Connect instance is needed");
  const other = instances.find(({ account }) => account !== first.account);
  if (other) throw new RangeError(`one policy is for one account: ${first.account} and ${other.account} are two`);
  const path = options.path ?? DEFAULT_PATH;
  if (!/^\/([\w.,+@=-]+\/)+$/.test(path))
    throw new RangeError(`the path must begin and end with / and be more than /: ${path}`);
  const iam = `arn:${first.partition}:iam::${first.account}`;
  return finished({
    ...emptyScope(first, options.boundaryArn),
    instances,
    roles: [`${iam}:role${path}*`],
    users: [`${iam}:user${path}*`],
    policies: [`${iam}:policy${path}*`],
    samlProviders: [`${iam}:saml-provider/${OWN_PREFIX}*`],
    lookups: { roles: [`${iam}:role/${OWN_PREFIX}*`], users: [`${iam}:user/${OWN_PREFIX}*`] },
    provisioning: options.provisioning ?? false,
  });
}

function commonBoundary(personas: ConnectSsoPersona[], account: string): string | undefined {
  const named = personas
    .filter(({ spec }) => parseInstanceArn(spec.instanceArn).account === account)
    .flatMap(({ spec }) => spec.aws.permissionsBoundaryArn ?? []);
  const [first, second] = new Set(named);
  if (second)
    throw new RangeError(
      `personas of account ${account} name two permissions boundaries, ${first} and ${second}: one holds for all`,
    );
  return first;
}

function emptyScope({ partition, account }: InstanceArn, boundaryArn?: string): AwsScope {
  return {
    partition,
    account,
    instances: [],
    roles: [],
    users: [],
    policies: [],
    samlProviders: [],
    lookups: { roles: [], users: [] },
    provisioning: false,
    boundaryArn: boundaryArn ?? `arn:${partition}:iam::${account}:policy/${BOUNDARY_NAME}`,
  };
}

/** The role that a persona had before it shared one: deleted once no user is bound to it. */
function ownRole(
  { partition, account }: AwsScope,
  names: IamNames,
  sharing: RoleSharing | undefined,
  own: string,
): string[] {
  return sharing === "Instance" && own !== names.role
    ? [`arn:${partition}:iam::${account}:role${names.path}${own}`]
    : [];
}

function addInstance(scope: AwsScope, instance: InstanceArn, securityProfileIds: string[] | undefined): void {
  if (scope.instances.some(({ id, region }) => id === instance.id && region === instance.region)) return;
  scope.instances.push({ ...instance, ...(securityProfileIds ? { securityProfileIds } : {}) });
}

/** A path is the controller's as a whole; in the root path, where everybody's objects are, each is named. */
function patterns(instance: InstanceArn, names: IamNames, ownProviderName: boolean) {
  const iam = `arn:${instance.partition}:iam::${instance.account}`;
  const samlProviderArn = ownProviderName ? names.samlProviderArn : `${iam}:saml-provider/${OWN_PREFIX}*`;
  if (names.path === "/") return { ...names, samlProviderArn };
  const policy = `${iam}:policy${names.path}*`;
  return {
    roleArn: `${iam}:role${names.path}*`,
    userArn: `${iam}:user${names.path}*`,
    federationPolicyArn: policy,
    listingPolicyArn: policy,
    samlProviderArn,
  };
}

function finished(scope: AwsScope): AwsScope {
  const once = (arns: string[]) => [...new Set(arns)].sort();
  const policies = once(scope.policies);
  const { boundaryArn } = scope;
  const arn = /^arn:[\w-]+:iam::(\d{12}):policy\/.+$/.exec(boundaryArn);
  if (arn?.[1] !== scope.account)
    throw new RangeError(`the permissions boundary must be a policy of account ${scope.account}: ${boundaryArn}`);
  if (policies.some((pattern) => covers(pattern, boundaryArn)))
    throw new RangeError(
      `the permissions boundary ${boundaryArn} lies where the controller may write policies: move it`,
    );
  return {
    ...scope,
    roles: once(scope.roles),
    users: once(scope.users),
    policies,
    samlProviders: once(scope.samlProviders),
    lookups: { roles: once(scope.lookups.roles), users: once(scope.lookups.users) },
  };
}

const covers = (pattern: string, arn: string) =>
  pattern.endsWith("*") ? arn.startsWith(pattern.slice(0, -1)) : arn === pattern;
