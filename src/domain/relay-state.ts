/** Relay state: where a login lands. Source: Connect's guide configure-saml; the console hosts differ by partition. */
import type { InstanceArn } from "./names.ts";

export type LandingPage = "AdminConsole" | "ContactControlPanel" | "AgentWorkspace" | "MetricsAndQuality";

/** AdminConsole and ContactControlPanel are the blog's; AgentWorkspace is the guide's; MetricsAndQuality is the real-time metrics page. */
export const DESTINATIONS: Record<LandingPage, string> = {
  AdminConsole: "/connect/",
  ContactControlPanel: "/connect/ccp",
  AgentWorkspace: "/agent-app-v2",
  MetricsAndQuality: "/connect/real-time-metrics",
};

const CONSOLE: Record<string, (region: string) => string> = {
  aws: (region) => `https://${region}.console.aws.amazon.com`,
  "aws-us-gov": () => "https://console.amazonaws-us-gov.com",
  "aws-cn": (region) => `https://${region}.console.amazonaws.cn`,
};

/** `https://<console>/connect/federate/<instance id>?destination=<percent-encoded path>`. */
export function relayState(instance: InstanceArn, spec: { landingPage?: LandingPage; destination?: string }): string {
  const destination = spec.destination ?? DESTINATIONS[spec.landingPage!];
  return `${CONSOLE[instance.partition]!(instance.region)}/connect/federate/${instance.id}?destination=${encodeURIComponent(destination)}`;
}

export type SignInEndpoints = "GlobalAndRegional" | "Global";

/** Sign-in endpoints of AWS: the global one, and the region's own, which keeps working when the global one does not. */
export function samlEndpoints(instance: InstanceArn, which: SignInEndpoints = "GlobalAndRegional"): string[] {
  const host = {
    aws: "signin.aws.amazon.com",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
    "aws-cn": "signin.amazonaws.cn",
  }[instance.partition]!;
  const global = `https://${host}/saml`;
  return which === "Global" || (instance.partition === "aws" && instance.region === "us-east-1")
    ? [global]
    : [global, `https://${instance.region}.${host}/saml`];
}

/** Identifier (Entity ID) without its `#N`. */
export function identifierBase(instance: InstanceArn): string {
  return instance.partition === "aws-us-gov" ? "urn:amazon:webservices:govcloud" : samlEndpoints(instance)[0]!;
}
