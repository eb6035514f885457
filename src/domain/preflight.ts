/**
 * Fields of a persona that must agree with each other, or would do harm by themselves. What a CEL rule of the CRD can say, it says as
 * well; this table holds for objects that were stored before the rule, and for what CEL cannot say.
 */
import { NAME_ATTRIBUTES, type RoleSessionName } from "./claims/session-name.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import {
  type IamNames,
  iamNames,
  parseInstanceArn,
  type SharedPolicy,
  sharedPolicyName,
  tooLongForEntra,
} from "./names.ts";
import { destinationProblem, type Landing, parametersProblem } from "./relay-state.ts";

/** The part of a persona that is judged; defaults are filled in. */
export interface PreflightSpec extends Landing {
  instanceArn: string;
  application: {
    roleSessionName?: RoleSessionName;
    sessionDuration?: string;
    signingCertificate?: { lifetime: string; rotateBefore: string };
  };
  aws: {
    path: string;
    federationPolicyName?: string;
    samlProviderName?: string;
    roleName?: string;
    permissionsBoundaryArn?: string;
    maxSessionDuration: string;
  };
  roleDelivery: {
    mode: string;
    provisioning?: { iamUserName?: string; policyName?: string; accessKeyMaxAge?: string };
  };
}
interface PreflightProblem {
  /** Path below `spec`. */
  field: string;
  /** One sentence that begins with the field and says what to do. */
  message: string;
}

interface Judged {
  spec: PreflightSpec;
  partition: string;
  account: string;
  names: IamNames;
  shared: Record<SharedPolicy, string>;
}
interface Rule {
  field: string;
  problem(judged: Judged): string | undefined;
}

const MINUTE = 60;
const HOUR = 3600;
/** Entra refuses longer certificates. */
const LONGEST_CERTIFICATE = 26_280 * HOUR;
/** A key that is younger is not worth a rotation, and Entra's import needs up to a day to use it. */
const YOUNGEST_KEY = 24 * HOUR;

/** A duration within limits, or what is wrong with it. */
function limited(text: string | undefined, least: number, most: number): string | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDuration(text);
  if (seconds === undefined) return `"${text}" is not a duration such as 8h or 1h30m`;
  return seconds < least || seconds > most
    ? `is ${text}; it must be ${formatDuration(least)} to ${formatDuration(most)}`
    : undefined;
}
const seconds = (text: string | undefined): number =>
  text === undefined ? Number.NaN : (parseDuration(text) ?? Number.NaN);
const isProvisioning = ({ spec }: Judged) => spec.roleDelivery.mode === "Provisioning";

const RULES: Rule[] = [
  { field: "destination", problem: ({ spec }) => spec.destination && destinationProblem(spec.destination) },
  { field: "relayStateParameters", problem: ({ spec }) => parametersProblem(spec.relayStateParameters) },
  {
    field: "application.sessionDuration",
    problem: ({ spec }) => limited(spec.application.sessionDuration, 15 * MINUTE, 12 * HOUR),
  },
  { field: "aws.maxSessionDuration", problem: ({ spec }) => limited(spec.aws.maxSessionDuration, HOUR, 12 * HOUR) },
  {
    field: "application.sessionDuration",
    problem: ({ spec: { application, aws } }) =>
      seconds(application.sessionDuration) > seconds(aws.maxSessionDuration)
        ? `is ${application.sessionDuration}, longer than aws.maxSessionDuration (${aws.maxSessionDuration}), so AWS would refuse every login; lower it or raise aws.maxSessionDuration`
        : undefined,
  },
  {
    field: "application.signingCertificate.lifetime",
    problem: ({ spec }) => limited(spec.application.signingCertificate?.lifetime, 24 * HOUR, LONGEST_CERTIFICATE),
  },
  {
    field: "application.signingCertificate.rotateBefore",
    problem: ({ spec: { application } }) => {
      const { lifetime, rotateBefore } = application.signingCertificate ?? {};
      return (
        limited(rotateBefore, HOUR, LONGEST_CERTIFICATE) ??
        (seconds(rotateBefore) >= seconds(lifetime)
          ? `is ${rotateBefore}, not shorter than lifetime (${lifetime}), so every new certificate would be replaced at once; lower it or raise lifetime`
          : undefined)
      );
    },
  },
  {
    field: "roleDelivery.provisioning.accessKeyMaxAge",
    problem: ({ spec }) => limited(spec.roleDelivery.provisioning?.accessKeyMaxAge, YOUNGEST_KEY, LONGEST_CERTIFICATE),
  },
  {
    field: "roleDelivery.mode",
    problem: (judged) =>
      isProvisioning(judged) && judged.partition !== "aws"
        ? `Provisioning does not work here: Entra's connector does not reach AWS ${judged.partition === "aws-cn" ? "China" : "GovCloud"}; use Direct`
        : undefined,
  },
  {
    field: "application.roleSessionName.transform",
    problem: ({ spec: { application } }) => {
      const { from, transform } = application.roleSessionName ?? {};
      const address = from === undefined || /^(userPrincipalName|mail|extensionAttribute\d+)$/.test(from);
      return transform === "MailPrefix" && !address
        ? `MailPrefix needs an address, and ${from} is none; use None`
        : undefined;
    },
  },
  {
    field: "application.roleSessionName.from",
    problem: ({ spec: { application } }) => {
      const from = application.roleSessionName?.from;
      return from === undefined || NAME_ATTRIBUTES.includes(from)
        ? undefined
        : `"${from}" is not one of ${NAME_ATTRIBUTES.join(", ")}`;
    },
  },
  {
    field: "aws.federationPolicyName",
    problem: ({ names, shared }) => clash(names.federationPolicy, names.listingPolicy, shared["list-roles"]),
  },
  {
    field: "roleDelivery.provisioning.policyName",
    problem: ({ names, shared }) => clash(names.listingPolicy, names.federationPolicy, shared.federation),
  },
  {
    field: "aws.path",
    problem: ({ spec }) =>
      /^\/([\w.,+@=-]+\/)*$/.test(spec.aws.path) && spec.aws.path.length <= 512
        ? undefined
        : "must begin and end with /, with letters, digits and _.,+@=- between",
  },
  {
    field: "aws.permissionsBoundaryArn",
    problem: ({ spec: { aws }, partition, account }) =>
      aws.permissionsBoundaryArn === undefined ||
      aws.permissionsBoundaryArn.startsWith(`arn:${partition}:iam::${account}:policy/`) ||
      aws.permissionsBoundaryArn.startsWith(`arn:${partition}:iam::aws:policy/`)
        ? undefined
        : `must be a policy of account ${account}, where the instance is`,
  },
  {
    field: "aws.roleName",
    problem: (judged) => {
      const length = tooLongForEntra(judged.names);
      return isProvisioning(judged) && length !== undefined
        ? `the ARNs of role and SAML provider have ${length} characters together; Entra imports fewer than 240, so shorten aws.path, aws.roleName or aws.samlProviderName`
        : undefined;
    },
  },
];

/** IAM compares names of policies without case. */
function clash(name: string, other: string, ofOtherKind: string): string | undefined {
  const same = (one: string) => one.toLowerCase() === name.toLowerCase();
  return same(other) || same(ofOtherKind)
    ? `"${name}" is the name of the other shared policy (federation and listing must differ); choose another name`
    : undefined;
}

/** Everything that is wrong, in the order of the table; empty when nothing is. Throws RangeError for an ARN that the CRD refuses. */
export function preflight(
  { namespace, name }: { namespace: string; name: string },
  spec: PreflightSpec,
): PreflightProblem[] {
  const instance = parseInstanceArn(spec.instanceArn);
  const names = iamNames({ instance, namespace, name, aws: spec.aws, provisioning: spec.roleDelivery.provisioning });
  const judged: Judged = {
    spec,
    partition: instance.partition,
    account: instance.account,
    names,
    shared: {
      federation: sharedPolicyName("federation", instance, names.path),
      "list-roles": sharedPolicyName("list-roles", instance, names.path),
    },
  };
  return RULES.flatMap(({ field, problem }) => {
    const message = problem(judged);
    return message ? [{ field, message: message.startsWith(field) ? message : `${field} ${message}` }] : [];
  });
}
