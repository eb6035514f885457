/** One application that was found as the persona that takes it over as it is. Pure. */
import { API_VERSION, type ConnectSsoPersona, PERSONA } from "../api/resources.ts";
import { readClaims } from "../domain/claims/policy.ts";
import type { RoleSessionName } from "../domain/claims/session-name.ts";
import { formatDuration } from "../domain/duration.ts";
import { keyAgeMs } from "../domain/key-age.ts";
import {
  comparePolicies,
  federationPolicy,
  federationPolicyOfGuide,
  listingPolicy,
  sharedTrustPolicy,
} from "../domain/policies.ts";
import { identifierBase, type Landing, parseRelayState } from "../domain/relay-state.ts";
import { endpointsOf, type SignInEndpoints } from "../domain/reply-urls.ts";
import type { Written } from "../manifests/write.ts";
import type { Found, FoundPersona } from "./discover.ts";

const HOUR_MS = 3_600_000;
const DEFAULT_AGE_MS = keyAgeMs({ roleDelivery: {} });

/** What the users of a persona get that say nothing else. */
export interface Defaults {
  securityProfiles: string[];
  routingProfile: string;
}

export function personaManifest(
  found: Found,
  persona: FoundPersona,
  {
    name,
    namespace,
    sends,
    defaults,
  }: { name: string; namespace: string; sends: RoleSessionName; defaults: Defaults | undefined },
  comments: string[],
): Written {
  const { application, role, provider, federation, listing, iamUser, job } = persona;
  const isShared = sharersOf(found, persona).length > 1;
  const provisioning = job && iamUser && listing && !isShared ? { iamUser, listing } : undefined;
  const all = [...comments];
  if (job && isShared)
    all.push(
      "Entra's provisioning imports no role that trusts several SAML providers, so its job is of no use; the mode is Direct.",
    );
  const landing = landingOf(found, persona, all);
  const identifier = application.identifierUris.find((uri) => uri.split("#")[0] === identifierBase(found.instance));
  checkPaths(persona, all);
  const endpoints =
    endpointsOf(found.instance, application.redirectUris, application.defaultRedirectUri) ?? "RegionalFirst";
  checkDocuments(found, persona, endpoints, all);
  if (provisioning?.iamUser.guessed)
    all.push(
      `That Entra holds the key of ${provisioning.iamUser.name} is a guess by its name: Entra does not show which key it has.`,
    );
  if (!defaults) all.push("No Connect user was found for it: name the profiles that its users get.");
  const spec: Partial<ConnectSsoPersona["spec"]> & object = {
    instanceArn: found.instanceArn,
    ...landing,
    application: {
      displayName: application.displayName,
      tenantId: found.tenantId,
      ...(identifier ? { identifier } : {}),
      ...roleSessionName(sends),
      ...(endpoints === "RegionalFirst" ? {} : { signInEndpoints: endpoints }),
      ...sessionDuration(persona),
      ...(persona.groups.length > 0 ? { groups: persona.groups.map(({ principalId }) => ({ id: principalId })) } : {}),
    } as ConnectSsoPersona["spec"]["application"],
    aws: {
      path: role.path,
      federationPolicyName: federation.name,
      samlProviderName: provider.arn.split("/").at(-1)!,
      roleName: role.name,
      ...(isShared ? { roleSharing: "Instance" } : {}),
      ...(role.permissionsBoundaryArn ? { permissionsBoundaryArn: role.permissionsBoundaryArn } : {}),
      maxSessionDuration: formatDuration(role.maxSessionDurationSeconds),
    },
    ...(provisioning
      ? {
          roleDelivery: {
            mode: "Provisioning",
            provisioning: {
              iamUserName: provisioning.iamUser.name,
              policyName: provisioning.listing.name,
              ...keyAge(provisioning.iamUser.keyAgeMs, all),
            },
          },
        }
      : {}),
    connectUsers: {
      ...(defaults ?? { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile" }),
      allowAdoption: true,
    },
    adoptionPolicy: "IfUnowned",
  } as never;
  for (const { principalId, principalDisplayName } of persona.groups)
    all.push(`Group ${principalId} is "${principalDisplayName ?? "(no name)"}".`);
  return {
    object: { apiVersion: API_VERSION, kind: PERSONA, metadata: { name, namespace }, spec } as Written["object"],
    comments: all,
  };
}

/** Applications that carry the same role, each with a SAML provider of its own. */
function sharersOf({ personas }: Found, { role }: FoundPersona): FoundPersona[] {
  return personas.filter((one) => one.role.arn === role.arn);
}

function roleSessionName({ from, transform }: RoleSessionName): { roleSessionName?: RoleSessionName } {
  if (from === "userPrincipalName" && transform === "None") return {};
  return { roleSessionName: { from, ...(transform === "None" ? {} : { transform }) } as RoleSessionName };
}

function landingOf(found: Found, { servicePrincipal }: FoundPersona, comments: string[]): Landing {
  const text = servicePrincipal.relayState ?? "";
  const parsed = parseRelayState(text, found.instance);
  if ("problem" in parsed) {
    comments.push(
      `The relay state ${text || "(none)"} cannot be declared: ${parsed.problem}. A plan shows the difference.`,
    );
    return { landingPage: "AdminConsole" };
  }
  return parsed.landing;
}

/** One path for all: what is on another cannot be named. */
function checkPaths({ role, federation, listing, iamUser }: FoundPersona, comments: string[]): void {
  const elsewhere = [
    { what: `policy ${federation.name}`, path: federation.path },
    ...(listing ? [{ what: `policy ${listing.name}`, path: listing.path }] : []),
    ...(iamUser ? [{ what: `user ${iamUser.name}`, path: iamUser.path }] : []),
  ].filter(({ path }) => path !== role.path);
  for (const { what, path } of elsewhere)
    comments.push(`The ${what} is on path ${path}, the role on ${role.path}; a plan shows a new one beside it.`);
}

function checkDocuments(found: Found, persona: FoundPersona, endpoints: SignInEndpoints, comments: string[]): void {
  const { federation, listing, job, role } = persona;
  const forms = [federationPolicy(found.instance), federationPolicyOfGuide(found.instance)];
  if (!forms.some((form) => comparePolicies(form, federation.document).length === 0))
    comments.push(`Policy ${federation.name} allows something else than this instance's sign-in; a plan shows what.`);
  if (job && listing && comparePolicies(listingPolicy(), listing.document).length > 0)
    comments.push(`Policy ${listing.name} allows something else than listing roles; a plan shows what.`);
  const providers = new Set(sharersOf(found, persona).map(({ provider }) => provider.arn));
  const trust = sharedTrustPolicy(
    found.instance,
    [...providers].map((arn) => ({ arn, endpoints })),
  );
  if (comparePolicies(trust, role.trust).length > 0)
    comments.push(`The trust of role ${role.name} is another one; a plan shows what.`);
}

function sessionDuration({ claims }: FoundPersona): { sessionDuration?: string } {
  for (const { definition } of claims) {
    const session = readClaims(definition)?.sessionDuration;
    if (session?.state === "expressible") return { sessionDuration: formatDuration(session.value) };
  }
  return {};
}

/** A key older than the default maximum would be rotated at once: not without being asked. */
function keyAge(ageMs: number | undefined, comments: string[]): { accessKeyMaxAge?: string } {
  if (ageMs === undefined || ageMs < DEFAULT_AGE_MS) return {};
  const hours = Math.min(99_999, Math.ceil((ageMs + DEFAULT_AGE_MS) / HOUR_MS));
  comments.push(
    `The access key is ${Math.floor(ageMs / HOUR_MS / 24)} days old: take accessKeyMaxAge away to have it rotated.`,
  );
  return { accessKeyMaxAge: `${hours}h` };
}
