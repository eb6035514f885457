/** What IAM refuses in the resources of a policy, in its own words where they are recorded. */

const PARTITION = /^(\*|aws(-[\w-]+)?)$/;
/** Services whose ARNs have no region and no account, and resource types of theirs that do. */
const WITHOUT_PLACE: Record<
  string,
  { region: (arn: string) => string; account?: (arn: string) => string; but?: RegExp }
> = {
  iam: { region: (arn) => `IAM resource ${arn} cannot contain region information.` },
  s3: {
    region: (arn) => `Resource ${arn} can not contain region information.`,
    // The reference gives bucket ARNs no account; the text is modelled on the one for regions.
    account: (arn) => `Resource ${arn} can not contain account information.`,
    but: /^(accesspoint|job|storage-lens|storage-lens-group|access-grants|async-request)\//,
  },
};
const IAM_TYPES = [
  ...["user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/"],
  ...["sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"],
];

/** Why IAM does not take this for a resource; undefined when it does. Read as an ARN from the second part on, whatever the first is. */
export function resourceProblem(resource: string): string | undefined {
  if (resource === "*") return undefined;
  const parts = resource.split(":");
  const [, partition = "", service, region = "*", account = "*"] = parts;
  if (parts.length < 2) return `Resource ${resource} must be in ARN format or "*".`;
  if (!PARTITION.test(partition))
    return `Partition "${partition}" is not valid for resource "${["arn", ...completed(parts).slice(1)].join(":")}".`;
  if (service === undefined || /[*?]/.test(service))
    return "Resource vendor must be fully qualified and cannot contain regexes.";
  const path = parts.length > 5 ? parts.slice(5).join(":") : "*";
  const placeless = WITHOUT_PLACE[service];
  if (placeless && !placeless.but?.test(path)) {
    if (region !== "") return placeless.region(resource);
    if (account !== "" && placeless.account && parts.length > 5) return placeless.account(resource);
  }
  if (service === "iam" && path !== "*" && !IAM_TYPES.some((type) => path.startsWith(type)))
    return `IAM resource path must either be "*" or start with ${IAM_TYPES.join(", ")}.`;
  return undefined;
}

/** What the older parser refuses in what otherwise passes: too few colons, or no service. IAM does not say which. */
export function failsLegacyParsing(resource: string): boolean {
  if (resource === "*") return false;
  const parts = resource.split(":");
  return parts[2] === "" || (parts.length < 6 && resource.includes("::"));
}

/** The six parts of an ARN; missing ones count as `*`. */
function completed(parts: string[]): string[] {
  const shown = [...parts.slice(0, 5), parts.slice(5).join(":")].slice(0, Math.min(parts.length, 6));
  while (shown.length < 6) shown.push("*");
  return shown;
}
