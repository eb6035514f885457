/** Relay state: where a login lands. Source: Connect's guide configure-saml; the console hosts differ by partition. */
import type { ConnectSsoPersonaSpec } from "../api/resources.ts";
import type { InstanceArn } from "./names.ts";
import { replyUrls } from "./reply-urls.ts";

type LandingPage = NonNullable<ConnectSsoPersonaSpec["landingPage"]>;

/** AdminConsole and ContactControlPanel are the blog's; AgentWorkspace is the guide's; MetricsAndQuality is the real-time metrics page. */
const DESTINATIONS: Record<LandingPage, string> = {
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

/** Where a login lands: one of the two, and what is added to `destination` as query parameters of their own. */
export interface Landing {
  landingPage?: LandingPage;
  destination?: string;
  relayStateParameters?: Record<string, string>;
}

/** `https://<console>/connect/federate/<instance id>?destination=<percent-encoded path>[&<name>=<value>…]`. */
export function relayState(instance: InstanceArn, { landingPage, destination, relayStateParameters }: Landing): string {
  const path = destination ?? DESTINATIONS[landingPage!];
  const query = Object.entries({ destination: path, ...relayStateParameters }).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  return `${CONSOLE[instance.partition]!(instance.region)}/connect/federate/${instance.id}?${query.join("&")}`;
}

/** A path of the Connect site: one "/" at the start, so that no browser takes it for another host. */
export function destinationProblem(destination: string): string | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(destination) || destination.includes("\\"))
    return "destination must be a path: it begins with / and holds neither spaces nor backslashes";
  if (/^\/(\/|%2f|%5c)/i.test(destination)) return "destination must not begin with //, which names another host";
  return undefined;
}

export function parametersProblem(parameters: Record<string, string> = {}): string | undefined {
  for (const [name, value] of Object.entries(parameters)) {
    if (name.toLowerCase() === "destination")
      return "relayStateParameters must not hold destination; set spec.destination";
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name))
      return `relayStateParameters: "${name}" is not a name of 1 to 64 letters, digits, "_", "." and "-"`;
    if (!/^[\x20-\x7e]{0,256}$/.test(value))
      return `relayStateParameters.${name} must be at most 256 printable ASCII characters`;
  }
  return undefined;
}

type ParsedRelayState =
  | {
      instanceId: string;
      /** As a persona's spec has it. */
      landing: Landing;
      /** True when a persona with this landing writes the same relay state, character by character. */
      exact: boolean;
    }
  | { problem: string };

/** The instance that a relay state leads to, whatever else it says; undefined where it leads to none. */
export function instanceOfRelayState(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  return /^\/connect\/federate\/([0-9a-f-]{36})\/?$/i.exec(new URL(text).pathname)?.[1]?.toLowerCase();
}

/** An existing relay state as a persona of this instance would declare it. */
export function parseRelayState(text: string, instance: InstanceArn): ParsedRelayState {
  if (!URL.canParse(text)) return { problem: "it is not a URL" };
  const { origin, search } = new URL(text);
  const console_ = CONSOLE[instance.partition]!(instance.region);
  if (origin !== console_) return { problem: `it goes to ${origin}, not to ${console_}` };
  const instanceId = instanceOfRelayState(text);
  if (!instanceId) return { problem: "it does not name an instance: /connect/federate/<instance id>" };
  if (instanceId !== instance.id) return { problem: `it names the instance ${instanceId}, not ${instance.id}` };
  const query = new URLSearchParams(search);
  const destination = query.get("destination") ?? DESTINATIONS.AdminConsole;
  query.delete("destination");
  const relayStateParameters = Object.fromEntries(query);
  if ([...query].length !== Object.keys(relayStateParameters).length) return { problem: "it repeats a parameter" };
  const problem = destinationProblem(destination) ?? parametersProblem(relayStateParameters);
  if (problem) return { problem };
  const page = (Object.keys(DESTINATIONS) as LandingPage[]).find((name) => DESTINATIONS[name] === destination);
  const landing: Landing = {
    ...(page ? { landingPage: page } : { destination }),
    ...(Object.keys(relayStateParameters).length > 0 ? { relayStateParameters } : {}),
  };
  return { instanceId, landing, exact: relayState(instance, landing) === text };
}

/** Whether two relay states lead to the same place: the order of parameters and what is percent-encoded say nothing. */
export function sameRelayState(a: string | null, b: string, instance: InstanceArn): boolean {
  if (a === b) return true;
  const [left, right] = [a ?? "", b].map((text) => {
    const parsed = parseRelayState(text, instance);
    if ("problem" in parsed) return undefined;
    const { relayStateParameters = {}, ...page } = parsed.landing;
    return JSON.stringify([page, Object.entries(relayStateParameters).sort()]);
  });
  return left !== undefined && left === right;
}

/** Identifier (Entity ID) without its `#N`. */
export function identifierBase(instance: InstanceArn): string {
  return instance.partition === "aws-us-gov" ? "urn:amazon:webservices:govcloud" : replyUrls(instance, "Global")[0]!;
}
