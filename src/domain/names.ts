/** Names of IAM objects and their ARNs, worked out from cluster, namespace and name, so that an erased status loses nothing. */
import { createHash } from "node:crypto";

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

export interface NameInput {
  instance: InstanceArn;
  namespace: string;
  name: string;
  aws: { path: string; federationPolicyName?: string; samlProviderName?: string; roleName?: string };
  provisioning: { iamUserName?: string; policyName?: string };
}

/**
 * Every IAM name of a persona. Default role and provider names are at most 40 characters: the pair of ARNs must stay below 240
 * (Entra's import), and Microsoft documents 120 for an app role written by hand.
 */
export function iamNames({ instance, namespace, name, aws, provisioning }: NameInput): IamNames {
  const own = shorten(`connect-sso-${namespace}-${name}`.replaceAll(".", "-"), 40);
  const short = instance.id.slice(0, 8);
  const names = {
    path: aws.path,
    federationPolicy: aws.federationPolicyName ?? `connect-sso-federation-${short}`,
    listingPolicy: provisioning.policyName ?? `connect-sso-list-roles-${short}`,
    samlProvider: aws.samlProviderName ?? own,
    role: aws.roleName ?? own,
    user: provisioning.iamUserName ?? own,
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

/** Entra imports a role only when both ARNs together have fewer than 240 characters; documented length of an app role is 120. */
export function appRoleLength(names: IamNames): { length: number; verdict: "ok" | "long" | "refused" } {
  const length = names.roleArn.length + names.samlProviderArn.length;
  return { length, verdict: length >= 240 ? "refused" : length + 1 > 120 ? "long" : "ok" };
}
