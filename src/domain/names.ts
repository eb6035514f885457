/** Names of IAM objects and their ARNs, worked out from cluster, namespace and name, so that an erased status loses nothing. */
import { createHash } from "node:crypto";
import type { ConnectSsoPersona } from "../api/resources.ts";

export interface InstanceArn {
  partition: string;
  region: string;
  account: string;
  id: string;
}

/** `arn:<partition>:connect:<region>:<account>:instance/<id>`; the CRD refuses anything else. */
export function parseInstanceArn(arn: string): InstanceArn {
  const match = /^arn:(aws|aws-cn|aws-us-gov):connect:([a-z0-9-]+):(\d{12}):instance\/([0-9a-f-]{36})$/.exec(arn);
  if (!match) throw new RangeError(`not the ARN of a Connect instance: ${arn}`);
  return { partition: match[1]!, region: match[2]!, account: match[3]!, id: match[4]! };
}

/** At most `max` characters; a name that is cut ends in eight characters of its hash, so that two long names stay two. */
export function shorten(name: string, max: number): string {
  if (name.length <= max) return name;
  return `${name.slice(0, max - 9)}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

/**
 * The name that the controller gives to what belongs to one persona: at most 40 characters, and no two personas of a cluster share one.
 * `connect-sso-<namespace>-<name>` where the last dash surely is the one between the two; else `connect-sso-<namespace>.<name>`, because
 * a namespace never holds a dot; and with a hash behind `_`, which neither may hold, where that would be too long.
 */
export function ownName(namespace: string, name: string): string {
  const plain = /[-.]/.test(name) ? `connect-sso-${namespace}.${name}` : `connect-sso-${namespace}-${name}`;
  return plain.length <= OWN_NAME_CHARACTERS ? plain : hashed(plain, `${namespace}/${name}`);
}

function hashed(plain: string, text: string): string {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return `${plain.slice(0, OWN_NAME_CHARACTERS - hash.length - 1)}_${hash}`;
}

/** Persona: each has a role of its own. Instance: all of one namespace that say so, of one instance, have one role. */
export type RoleSharing = "Persona" | "Instance";

/** Default name of the role that personas share: no `ownName`, because eight characters behind `_` are no hash of one. */
export function sharedRoleName(namespace: string, { id }: InstanceArn): string {
  const plain = `connect-sso-${namespace}_${id.slice(0, 8)}`;
  return plain.length <= OWN_NAME_CHARACTERS ? plain : hashed(plain, `${namespace}_${id}`);
}

/** Owner of the role that personas of a namespace share. No persona has this one: the name of an object holds no colon. */
export const sharedRoleOwner = (cluster: string, namespace: string, { region, id }: InstanceArn): string =>
  `${cluster}/${namespace}/${region}:${id}:role`;

/** The pair of ARNs of role and provider must stay below 240 characters (Entra's import). */
const OWN_NAME_CHARACTERS = 40;

/** The two policies that all personas of an instance share. */
export type SharedPolicy = "federation" | "list-roles";

/** Default of `aws.path`. */
export const DEFAULT_PATH = "/connect-sso/";

/**
 * Default name; it differs by kind and by path. Names of policies are unique in an account whatever their path, so that a persona on another
 * path would else take the name from all that follow.
 */
export function sharedPolicyName(kind: SharedPolicy, { id }: InstanceArn, path: string): string {
  const plain = `connect-sso-${kind}-${id.slice(0, 8)}`;
  return path === DEFAULT_PATH ? plain : `${plain}_${createHash("sha256").update(path).digest("hex").slice(0, 8)}`;
}

/**
 * Owner of a shared policy. It names the kind, so that a persona that declares the one under the name of the other meets a stranger;
 * two parts, so that it never equals the owner of a persona's own object.
 */
export const sharedPolicyOwner = (cluster: string, instance: InstanceArn, kind: SharedPolicy): string =>
  `${cluster}/${instance.region}:${instance.id}:${kind}`;

/** What `--cluster-name` may be: it is a part of owner tags, of application names and of identifiers. */
export function clusterNameProblem(name: string): string | undefined {
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(name)
    ? undefined
    : `the cluster name ${JSON.stringify(name.slice(0, 80))} must be 1 to 63 letters, digits, ".", "_" and "-", and begin and end with a letter or digit`;
}

export interface IamNames {
  path: string;
  federationPolicy: string;
  listingPolicy: string;
  samlProvider: string;
  role: string;
  user: string;
  federationPolicyArn: string;
  listingPolicyArn: string;
  samlProviderArn: string;
  roleArn: string;
  userArn: string;
  /** Value of the app role: `roleArn,providerArn`, role first, no space. */
  appRoleValue: string;
}

interface NameInput {
  instance: InstanceArn;
  namespace: string;
  name: string;
  aws: {
    path: string;
    federationPolicyName?: string;
    samlProviderName?: string;
    roleName?: string;
    roleSharing?: RoleSharing;
  };
  provisioning?: { iamUserName?: string; policyName?: string };
}

/** `iamNames` of a persona. Throws RangeError for an instance ARN that the CRD refuses. */
export function personaNames({ metadata, spec }: Pick<ConnectSsoPersona, "metadata" | "spec">): IamNames {
  const { namespace, name } = metadata;
  const { provisioning } = spec.roleDelivery;
  return iamNames({ instance: parseInstanceArn(spec.instanceArn), namespace, name, aws: spec.aws, provisioning });
}

/**
 * Every IAM name of a persona: the declared one, else `ownName` and `sharedPolicyName`.
 */
export function iamNames({ instance, namespace, name, aws, provisioning }: NameInput): IamNames {
  const own = ownName(namespace, name);
  const names = {
    path: aws.path,
    federationPolicy: aws.federationPolicyName ?? sharedPolicyName("federation", instance, aws.path),
    listingPolicy: provisioning?.policyName ?? sharedPolicyName("list-roles", instance, aws.path),
    samlProvider: aws.samlProviderName ?? own,
    role: aws.roleName ?? (aws.roleSharing === "Instance" ? sharedRoleName(namespace, instance) : own),
    user: provisioning?.iamUserName ?? own,
  };
  const iam = `arn:${instance.partition}:iam::${instance.account}`;
  const roleArn = `${iam}:role${aws.path}${names.role}`;
  const samlProviderArn = `${iam}:saml-provider/${names.samlProvider}`;
  return {
    ...names,
    federationPolicyArn: `${iam}:policy${aws.path}${names.federationPolicy}`,
    listingPolicyArn: `${iam}:policy${aws.path}${names.listingPolicy}`,
    samlProviderArn,
    roleArn,
    userArn: `${iam}:user${aws.path}${names.user}`,
    appRoleValue: `${roleArn},${samlProviderArn}`,
  };
}

/** The pair of ARNs that the value of an app role carries, in either order; undefined where it is no such pair. */
export function readPair(value: string | null | undefined): { roleArn: string; samlProviderArn: string } | undefined {
  const parts = (value ?? "").split(",").map((part) => part.trim());
  const roleArn = parts.find((part) => /^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(part));
  const samlProviderArn = parts.find((part) => /^arn:[\w-]+:iam::\d{12}:saml-provider\/\S+$/.test(part));
  return parts.length === 2 && roleArn && samlProviderArn ? { roleArn, samlProviderArn } : undefined;
}

/** Whether an app role carries this pair. AWS takes role and provider in either order; Entra's import writes the role first. */
export function carriesPair(
  value: string | null | undefined,
  { roleArn, samlProviderArn }: Pick<IamNames, "roleArn" | "samlProviderArn">,
): boolean {
  const pair = readPair(value);
  return pair?.roleArn === roleArn && pair.samlProviderArn === samlProviderArn;
}

/** Length of both ARNs where Entra would not import the role: it takes fewer than 240 characters. */
export function tooLongForEntra({ roleArn, samlProviderArn }: IamNames): number | undefined {
  const length = roleArn.length + samlProviderArn.length;
  return length >= 240 ? length : undefined;
}
