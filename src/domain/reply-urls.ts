/**
 * Reply URLs of the application, in order: a login that begins at Entra goes to the first. AWS recommends the endpoint of the
 * instance's region, which keeps working when the global one does not. Source: Connect's guide configure-saml; AWS Security Blog, "How
 * to use regional SAML endpoints for failover".
 */
import type { InstanceArn } from "./names.ts";

export type SignInEndpoints = "RegionalFirst" | "GlobalFirst" | "Regional" | "Global";

const HOST: Record<string, string> = {
  aws: "signin.aws.amazon.com",
  "aws-us-gov": "signin.amazonaws-us-gov.com",
  "aws-cn": "signin.amazonaws.cn",
};

/** At least one; the first is the default reply URL. The role's trust (`SAML:aud`) lists the same. */
export function replyUrls({ partition, region }: InstanceArn, which: SignInEndpoints = "RegionalFirst"): string[] {
  const global = `https://${HOST[partition]!}/saml`;
  // In us-east-1 the global endpoint is the regional one.
  if (which === "Global" || (partition === "aws" && region === "us-east-1")) return [global];
  const regional = `https://${region}.${HOST[partition]!}/saml`;
  if (which === "Regional") return [regional];
  return which === "RegionalFirst" ? [regional, global] : [global, regional];
}

/**
 * What a persona would declare for these reply URLs of an application. `defaultUrl` is the one that logins use, where the application
 * names one. Undefined when they are not those of the instance.
 */
export function endpointsOf(
  instance: InstanceArn,
  urls: readonly string[],
  defaultUrl?: string | null,
): SignInEndpoints | undefined {
  const first = defaultUrl ?? urls[0];
  const ways: SignInEndpoints[] = ["RegionalFirst", "GlobalFirst", "Regional", "Global"];
  return ways.find((which) => {
    const wanted = replyUrls(instance, which);
    return wanted[0] === first && wanted.length === urls.length && wanted.every((url) => urls.includes(url));
  });
}
