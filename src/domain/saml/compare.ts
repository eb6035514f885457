/** An assertion next to the persona and the user that it is for: which they are, and where it differs. */

import type { ConnectSsoPersona, ConnectUser } from "../../api/resources.ts";
import { durationSeconds } from "../duration.ts";
import { issuersOf } from "../entra-clouds.ts";
import { parseInstanceArn, personaNames } from "../names.ts";
import { relayState } from "../relay-state.ts";
import { replyUrls } from "../reply-urls.ts";
import type { Finding } from "./checks.ts";
import type { Decoded } from "./decode.ts";
import { type AssertionFields, awsAttribute, rolePairs } from "./document.ts";

export interface Comparison {
  persona?: ConnectSsoPersona;
  user?: ConnectUser;
  findings: Finding[];
}

const label = ({ metadata }: ConnectSsoPersona | ConnectUser) => `${metadata.namespace}/${metadata.name}`;

function expected(persona: ConnectSsoPersona) {
  const instance = parseInstanceArn(persona.spec.instanceArn);
  const names = personaNames(persona);
  return {
    roleArn: names.roleArn,
    providerArn: names.samlProviderArn,
    endpoints: replyUrls(instance, persona.spec.application.signInEndpoints),
    relayState: relayState(instance, persona.spec),
    tenantId: persona.status?.tenantId ?? persona.spec.application.tenantId,
  };
}

/** By the pair of role and provider; else by one of the two; else by where the login was to land. */
export function findPersona(decoded: Decoded, personas: ConnectSsoPersona[]): ConnectSsoPersona | undefined {
  const { assertion, capture } = decoded;
  if (!assertion) return undefined;
  const pairs = rolePairs(assertion);
  const tests: ((persona: ConnectSsoPersona) => boolean)[] = [
    (one) =>
      pairs.some(
        ({ roleArn, providerArn }) => roleArn === expected(one).roleArn && providerArn === expected(one).providerArn,
      ),
    (one) =>
      pairs.some(
        ({ roleArn, providerArn }) => roleArn === expected(one).roleArn || providerArn === expected(one).providerArn,
      ),
    (one) => capture.relayState !== undefined && capture.relayState === expected(one).relayState,
  ];
  for (const test of tests) {
    const found = personas.filter(test);
    if (found.length === 1) return found[0];
  }
  return undefined;
}

export function compare(decoded: Decoded, personas: ConnectSsoPersona[], users: ConnectUser[]): Comparison {
  const { assertion } = decoded;
  if (!assertion || personas.length === 0) return { findings: [] };
  const persona = findPersona(decoded, personas);
  if (!persona)
    return {
      findings: [
        {
          level: "warning",
          what: `no persona has this role and provider (looked at ${personas.map(label).join(", ")})`,
          seen: "Specified provider doesn't exist., or a login to another application",
        },
      ],
    };
  const { user, findings } = compareUser(assertion, persona, users);
  return {
    persona,
    ...(user ? { user } : {}),
    findings: [...comparePersona(decoded, assertion, persona), ...findings],
  };
}

function comparePersona(
  { capture, signature }: Decoded,
  assertion: AssertionFields,
  persona: ConnectSsoPersona,
): Finding[] {
  const want = expected(persona);
  const findings: Finding[] = [];
  const differs = (what: string, found: string | undefined, wanted: string, more: Partial<Finding> = {}) => {
    if (found !== wanted)
      findings.push({
        level: "error",
        what: `${what} is ${found ?? "missing"}, persona ${label(persona)} has ${wanted}`,
        ...more,
      });
  };
  const issuers = want.tenantId ? issuersOf(want.tenantId) : [];
  if (issuers.length > 0 && !issuers.includes(assertion.issuer ?? ""))
    differs("the issuer", assertion.issuer, issuers[0]!, {
      seen: "Issuer not present in specified provider",
    });
  const pair = rolePairs(assertion).find(
    ({ roleArn, providerArn }) => roleArn === want.roleArn || providerArn === want.providerArn,
  );
  if (pair) {
    const former = persona.status?.formerRoles?.some(({ name }) => pair.roleArn?.endsWith(`/${name}`));
    differs("the role", former ? want.roleArn : pair.roleArn, want.roleArn, {
      seen: "Not authorized to perform sts:AssumeRoleWithSAML",
    });
    differs("the SAML provider", pair.providerArn, want.providerArn, { seen: "Specified provider doesn't exist." });
  }
  const recipient = assertion.confirmations[0]?.recipient;
  if (recipient && !want.endpoints.includes(recipient))
    findings.push({
      level: "error",
      what: `the recipient is ${recipient}, which the role's trust (SAML:aud) does not list: ${want.endpoints.join(", ")}`,
      seen: "Not authorized to perform sts:AssumeRoleWithSAML",
    });
  const [seconds] = awsAttribute(assertion, "SessionDuration");
  const most = durationSeconds(persona.spec.aws.maxSessionDuration);
  if (seconds && Number(seconds) > most)
    findings.push({
      level: "error",
      what: `SessionDuration is ${seconds} s, the role allows ${most} s`,
      seen: "Requested DurationSeconds exceeds MaxSessionDuration set for this role.",
      fix: "raise aws.maxSessionDuration or lower application.sessionDuration",
    });
  if (capture.relayState)
    differs("the relay state", capture.relayState, want.relayState, {
      level: "warning",
      seen: "another page than the persona's",
    });
  const pinned = persona.status?.certificate?.fingerprint;
  if (pinned && signature.embedded && signature.embedded.fingerprintSha256 !== pinned)
    findings.push({
      level: "error",
      what: `it carries the certificate ${signature.embedded.thumbprintSha1}, the persona's active one is ${persona.status!.certificate!.thumbprint}`,
      seen: "Response signature invalid",
    });
  return findings;
}

/** Connect compares names with case; two spellings are two users to it. */
function compareUser(
  assertion: AssertionFields,
  persona: ConnectSsoPersona,
  users: ConnectUser[],
): { user?: ConnectUser; findings: Finding[] } {
  const [sent] = awsAttribute(assertion, "RoleSessionName");
  if (!sent || users.length === 0) return { findings: [] };
  const nameOf = ({ spec, status }: ConnectUser) =>
    status?.username ?? spec.username ?? spec.entraUser.userPrincipalName;
  const near = users.filter((user) => nameOf(user)?.toLowerCase() === sent.toLowerCase());
  const seen = "Access Denied. Your account has been authenticated, but has not been onboarded to this application.";
  const mine = near.filter(
    ({ metadata, spec }) =>
      metadata.namespace === persona.metadata.namespace && spec.personaRef.name === persona.metadata.name,
  );
  const user = mine[0] ?? near[0];
  if (!user)
    return {
      findings: [
        {
          level: "error",
          what: `no ConnectUser has the RoleSessionName ${sent}`,
          seen,
          fix: `declare one for ${sent} under persona ${label(persona)}`,
        },
      ],
    };
  const findings: Finding[] = [];
  if (nameOf(user) !== sent)
    findings.push({
      level: "error",
      what: `RoleSessionName ${sent} differs in case from ConnectUser ${label(user)} (${nameOf(user)})`,
      seen,
    });
  if (mine.length === 0)
    findings.push({
      level: "error",
      what: `ConnectUser ${label(user)} belongs to persona ${user.spec.personaRef.name}, the login came through ${label(persona)}`,
      seen: "Bad Request. The request was not valid and could not be processed.",
      fix: "assign the person to one application only; after a move, recreate the Connect user (`connect-sso recreate`)",
    });
  const others = near.filter((one) => one !== user);
  if (others.length > 0)
    findings.push({ level: "error", what: `ConnectUser ${others.map(label).join(", ")} means the same person`, seen });
  return { user, findings };
}
