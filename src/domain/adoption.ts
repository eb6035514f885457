/**
 * Adoption never removes anything. Each guard is given an object without an owner tag, what a persona would make of it, and who else
 * depends on it; it refuses with names and the way on, or returns nothing. What could not be read counts as somebody who depends.
 */
import { compareClaims } from "./claims/policy.ts";
import type { RoleSessionName } from "./claims/session-name.ts";
import type { Trust } from "./metadata.ts";
import { comparePolicies, lostAccess, lostPrincipals, lostStatements } from "./policies.ts";
import { listed } from "./text.ts";

export interface Refusal {
  /** What would be lost, and for whom. */
  message: string;
  /** What to do instead. */
  remedy: string;
}

/** Who depends on an object beside the persona: "role CI", "application Payroll". `unread`: what could not be read. */
export interface Dependants {
  others: readonly string[];
  unread?: readonly string[];
}

/** Undefined where nothing depends. */
function dependsOn({ others, unread = [] }: Dependants): string | undefined {
  if (others.length > 0) return `${listed(others)} ${others.length === 1 ? "depends" : "depend"} on it`;
  return unread.length > 0 ? `it is not known who else depends on it (${listed(unread)} could not be read)` : undefined;
}

/** A managed policy. `others`: roles, users and groups that carry it or are bounded by it, the persona's own left out. */
export function policyTakeOver(
  policy: { name: string; desired: unknown; observed: unknown } & Dependants,
): Refusal | undefined {
  if (comparePolicies(policy.desired, policy.observed).length === 0) return undefined;
  const who = dependsOn(policy);
  if (!who) return undefined;
  const lost = lostStatements(policy.desired, policy.observed);
  return {
    message: `policy ${policy.name} says something else and ${who}${lost.length > 0 ? `; what would go: ${listed(lost)}` : ""}`,
    remedy:
      "declare another name in aws.federationPolicyName (or roleDelivery.provisioning.policyName), so that the persona gets a policy of its own",
  };
}

/**
 * A SAML provider. `others`: roles that trust it, the persona's own left out. `observed` undefined: its metadata cannot be read.
 * `own`: thumbprints (SHA-1) of the application's certificates, which no other application signs with. Times in milliseconds.
 */
export function providerTakeOver(
  provider: {
    name: string;
    desired: Trust;
    observed: Trust | undefined;
    own: readonly string[];
    now: number;
  } & Dependants,
): Refusal | undefined {
  const { name, desired, observed, own, now } = provider;
  const lost = observed ? lostTrust(desired, observed) : ["its metadata, which cannot be read"];
  if (lost.length === 0) return undefined;
  // Another application may sign in through the very role of this persona.
  const elsewhere = observed && {
    ...observed,
    signingCertificates: observed.signingCertificates.filter(
      ({ thumbprintSha1, notAfter }) => !own.includes(thumbprintSha1) && notAfter.getTime() > now,
    ),
  };
  const who =
    dependsOn(provider) ??
    (elsewhere && lostTrust(desired, elsewhere).length > 0
      ? "another application may sign in with it, because it is not of this one"
      : undefined);
  if (!who) return undefined;
  return {
    message: `SAML provider ${name} would lose ${listed(lost)}, and ${who}`,
    remedy:
      "declare another name in aws.samlProviderName, so that the persona gets a provider of its own; or take out of the provider what is no longer used",
  };
}

/** What the observed document trusts and the desired one does not. */
function lostTrust(desired: Trust, observed: Trust): string[] {
  const kept = new Set(desired.signingCertificates.map(({ fingerprintSha256 }) => fingerprintSha256));
  return [
    ...(observed.entityId === desired.entityId ? [] : [`the identity provider ${observed.entityId}`]),
    ...observed.signingCertificates
      .filter(({ fingerprintSha256 }) => !kept.has(fingerprintSha256))
      .map(({ thumbprintSha1 }) => `certificate ${thumbprintSha1}`),
  ];
}

export interface RoleToTake {
  name: string;
  /** Trust policies. */
  desired: unknown;
  observed: unknown;
  /** ARNs that the persona attaches. */
  policies: readonly string[];
  attached: readonly string[];
  /** Names; undefined when they could not be read. */
  inline: readonly string[] | undefined;
  /** Personas that declare the same role and do not share it: "team/agents". */
  otherPersonas: readonly string[];
}

/** A role: no one loses access to it, and no one gains rights that it carries beyond the persona's. */
export function roleTakeOver(role: RoleToTake): Refusal | undefined {
  const another = "declare another name in aws.roleName, so that the persona gets a role of its own";
  if (role.otherPersonas.length > 0)
    return {
      message: `role ${role.name} is declared by persona ${listed(role.otherPersonas)} as well, and each would set its own trust`,
      remedy: `${another}, or set aws.roleSharing: Instance on all of them`,
    };
  const lost = lostPrincipals(role.desired, role.observed);
  if (lost.length > 0)
    return { message: `role ${role.name} lets others in who would be locked out: ${listed(lost)}`, remedy: another };
  const less = lostAccess(role.desired, role.observed);
  if (less.length > 0)
    return {
      message: `the trust of role ${role.name} allows more than the persona's, and sign-ins that use it would fail: ${listed(less)}`,
      remedy: `take it out of the trust if nothing uses it, or ${another}`,
    };
  if (role.inline === undefined)
    return {
      message: `the inline policies of role ${role.name} could not be read`,
      remedy: "allow iam:ListRolePolicies",
    };
  const more = [
    ...role.attached.filter((arn) => !role.policies.includes(arn)),
    ...role.inline.map((name) => `the inline policy ${name}`),
  ];
  if (more.length === 0) return undefined;
  return {
    message: `role ${role.name} carries more rights than the persona gives: ${listed(more)}; everybody who is assigned it would get them`,
    remedy: `take them off the role first, or ${another}`,
  };
}

export interface UserToTake {
  name: string;
  path: string;
  declaredPath: string;
  listingPolicyArn: string;
  attached: readonly string[];
  /** Names; undefined when they could not be read. */
  inline: readonly string[] | undefined;
  groups: readonly string[] | undefined;
  /** Ids of its active access keys, without the one that Entra holds as far as can be seen. */
  keys: readonly string[];
}

/** The provisioning user: a user for this purpose alone, with nothing but the listing policy. */
export function userTakeOver(user: UserToTake): Refusal | undefined {
  const remedy =
    "declare another name in roleDelivery.provisioning.iamUserName, so that the persona gets a user of its own";
  if (user.path !== user.declaredPath)
    return { message: `IAM user ${user.name} is on path ${user.path}, not on ${user.declaredPath}`, remedy };
  if (user.inline === undefined || user.groups === undefined)
    return {
      message: `inline policies and groups of IAM user ${user.name} could not be read`,
      remedy: "allow iam:ListUserPolicies and iam:ListGroupsForUser",
    };
  const more = [
    ...user.attached.filter((arn) => arn !== user.listingPolicyArn),
    ...user.inline.map((name) => `the inline policy ${name}`),
    ...user.groups.map((name) => `the group ${name}`),
  ];
  if (more.length > 0)
    return { message: `IAM user ${user.name} is used for something else: it has ${listed(more)}`, remedy };
  if (user.keys.length === 0) return undefined;
  return {
    message: `IAM user ${user.name} has access keys that somebody may use: ${listed(user.keys)}`,
    remedy: `deactivate them if nothing uses them, or ${remedy}`,
  };
}

/** An application. Persons who sign in through a URL or an identifier that the persona does not have would fail. */
export function applicationTakeOver(application: {
  name: string;
  replyUrls: { desired: readonly string[]; observed: readonly string[] };
  identifiers: { desired: readonly string[]; observed: readonly string[] };
}): Refusal | undefined {
  const gone = ({ desired, observed }: { desired: readonly string[]; observed: readonly string[] }) =>
    observed.filter((one) => !desired.includes(one));
  const lost = [
    ...gone(application.replyUrls).map((url) => `the reply URL ${url}`),
    ...gone(application.identifiers).map((uri) => `the identifier ${uri}`),
  ];
  if (lost.length === 0) return undefined;
  return {
    message: `application ${application.name} would lose ${listed(lost)}, and sign-ins may use it`,
    remedy:
      "remove it from the application if nothing uses it, or declare application.signInEndpoints or application.identifier to match",
  };
}

/** A claims mapping policy that somebody else put on the application. */
export function claimsTakeOver(policy: {
  name: string;
  definition: readonly string[];
  declared: RoleSessionName;
}): Refusal | undefined {
  const found = compareClaims(policy.definition, policy.declared);
  if (found.verdict === "same") return undefined;
  if (found.verdict === "not expressible")
    return {
      message: `claims policy ${policy.name} is left as it is: ${found.why}`,
      remedy: "change the policy in Entra, or take it off the application, before a persona decides the claims",
    };
  const { from, transform } = found.sends;
  return {
    message: `claims policy ${policy.name} sends ${from}${transform === "None" ? "" : ` (${transform})`} as RoleSessionName, not ${policy.declared.from}${policy.declared.transform === "None" ? "" : ` (${policy.declared.transform})`}: every Connect user would need another name`,
    remedy: `set application.roleSessionName: {from: ${from}, transform: ${transform}}, or take the policy off the application`,
  };
}

/**
 * A boundary is never taken off or replaced: `keep` the one that is there, and say so. Another boundary is a change of rights that only
 * its owner may make. Undefined where there is nothing to keep.
 */
export function boundaryToKeep(
  observed: string | undefined,
  declared: string | undefined,
): { keep: string; message: string } | undefined {
  if (observed === undefined || observed === declared) return undefined;
  const against = declared === undefined ? ", which is not declared" : `, not the declared ${declared}`;
  return { keep: observed, message: `it carries the permissions boundary ${observed}${against}; it is kept` };
}
