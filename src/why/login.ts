/**
 * What one login needs, as a chain of links in the order in which the browser meets them. A link looks at the clouds (reads only) and
 * says whether it holds, what the person sees when it does not, and how to fix it.
 */
import type { ConnectSsoPersona, ConnectUser } from "../api/resources.ts";
import type { PersonaScope } from "../persona/scope.ts";
import type { ComponentName, Seen } from "../persona/seen.ts";
import type { AwsAccount, ConnectInstance } from "../providers/aws/types.ts";
import { CloudError } from "../providers/errors.ts";
import type { EntraUser } from "../providers/graph/types.ts";

export type LinkState = "holds" | "broken" | "warning" | "unknown" | "skipped";

export interface Link {
  name: string;
  state: LinkState;
  text: string;
  /** What the person at the browser gets to see. */
  seen?: string;
  /** The command or the click that fixes it. */
  fix?: string;
}
export type Verdict = Omit<Link, "name">;

export interface Login {
  user: ConnectUser;
  persona: ConnectSsoPersona;
  personas: ConnectSsoPersona[];
  users: ConnectUser[];
  account: AwsAccount;
  connect: ConnectInstance;
  /** With what the components saw. */
  scope: PersonaScope;
  /** Components that could not look, with the reason: their links are unknown, not broken. */
  failed: Map<ComponentName, unknown>;
  /** How to have the controller, or an apply, correct what the persona owns, and what the user does. */
  repair: string;
  repairUser: string;
  /** Filled by the links, in their order. */
  person?: EntraUser;
  /** The RoleSessionName that Entra sends. */
  sent?: string;
}

export interface LinkSpec {
  name: string;
  /** Undefined when an earlier step is missing that this one depends on. */
  look(login: Login): Promise<Verdict | undefined>;
}

/** What a component saw; throws what kept it from looking. */
export function seenBy<N extends ComponentName>({ scope, failed }: Login, name: N): Seen[N] | undefined {
  if (failed.has(name)) throw failed.get(name);
  return scope.seen[name];
}

export const holds = (text: string): Verdict => ({ state: "holds", text });
export const broken = (text: string, more: { seen?: string; fix?: string } = {}): Verdict => ({
  state: "broken",
  text,
  ...more,
});
/** What no API shows, or what cannot be worked out: never taken for a link that holds. */
export const unknown = (text: string, more: { seen?: string; fix?: string } = {}): Verdict => ({
  state: "unknown",
  text,
  ...more,
});
export const warning = (text: string, more: { seen?: string; fix?: string } = {}): Verdict => ({
  state: "warning",
  text,
  ...more,
});

/** Messages that AWS and Connect show. Sources: IAM user guide "Troubleshooting SAML federation", Connect "Troubleshoot SAML". */
export const SEEN = {
  notOnboarded: "Access Denied. Your account has been authenticated, but has not been onboarded to this application.",
  accountAdministrator: "Access denied, Please contact your AWS account administrator for assistance.",
  badRequest: "Bad Request. The request was not valid and could not be processed.",
  invalidResponse: "Your request included an invalid SAML response. To logout, click here.",
  noSessionName: "RoleSessionName is required in AuthnResponse",
  sessionNamePattern: "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
  notAuthorized: "Not authorized to perform sts:AssumeRoleWithSAML",
  signature: "Response signature invalid",
  issuer: "Issuer not present in specified provider",
  metadata: "Could not parse metadata.",
  provider: "Specified provider doesn't exist.",
  duration: "Requested DurationSeconds exceeds MaxSessionDuration set for this role.",
  audience: "Response does not contain the required audience.",
  chooser: "a page that asks which role to use",
  console: "the AWS console instead of Connect",
  notAssigned: "AADSTS50105: the signed in user is not assigned to a role for the application",
  disabledUser: "AADSTS50057: the user account is disabled",
  disabledApplication: "AADSTS7000112: application is disabled",
} as const;

/**
 * The link to fix first: one that no apply can fix comes before those that an apply would, which may be its consequences; what the persona
 * owns before what the user owns, which waits for it. `repairs`: of the persona, then of the user.
 */
export function causeOf(links: readonly Link[], repairs: readonly string[]): Link | undefined {
  const bad = links.filter(({ state }) => state === "broken");
  return bad.find(({ fix }) => !repairs.includes(fix ?? "")) ?? bad.find(({ fix }) => fix === repairs[0]) ?? bad[0];
}

/** Runs the chain; a look that fails is unknown, and says why. */
export async function walk(login: Login, chain: LinkSpec[]): Promise<Link[]> {
  const links: Link[] = [];
  for (const { name, look } of chain) {
    try {
      const verdict = await look(login);
      links.push({
        name,
        ...(verdict ?? { state: "skipped", text: "cannot be checked until the steps above are fixed" }),
      });
    } catch (error) {
      links.push({ name, ...unreadable(error) });
    }
  }
  return links;
}

export function unreadable(error: unknown): Verdict {
  const { message } = error as Error;
  const denied = error instanceof CloudError && (error.status === 403 || /AccessDenied|Denied/.test(error.code));
  return {
    state: "unknown",
    text: `cannot be read: ${message}`,
    ...(denied ? { fix: "connect-sso doctor shows which right is missing" } : {}),
  };
}
