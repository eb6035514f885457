/** Links of the chain in IAM and Amazon Connect: provider, trust, session, rights, landing, instance, user. */
import type { ConnectSsoPersona, ConnectUser } from "../api/resources.ts";
import { readClaims } from "../domain/claims/policy.ts";
import { durationSeconds, formatDuration } from "../domain/duration.ts";
import { readTrust } from "../domain/metadata.ts";
import { personaNames } from "../domain/names.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { trustedProviders } from "../domain/policies.ts";
import { federationContext, samlContext } from "../domain/policy/context.ts";
import { evaluate, evaluateTrust } from "../domain/policy/evaluate.ts";
import { instanceOfRelayState, sameRelayState } from "../domain/relay-state.ts";
import { replyUrls } from "../domain/reply-urls.ts";
import { rolePolicies } from "../persona/role-policies.ts";
import type { ConnectUserView, IamRole } from "../providers/aws/types.ts";
import { CloudError } from "../providers/errors.ts";
import { MOVED_TAG, PERSONA_TAG, ROLE_TAG } from "../user/tags.ts";
import { broken, holds, type LinkSpec, type Login, SEEN, seenBy, unknown, type Verdict, warning } from "./login.ts";

export const provider: LinkSpec = {
  name: "SAML provider",
  async look({ scope, repair }) {
    const found = await scope.iam.getSamlProvider(scope.names.samlProviderArn);
    if (!found)
      return broken(`there is no SAML provider ${scope.names.samlProviderArn}`, { seen: SEEN.provider, fix: repair });
    let trust: ReturnType<typeof readTrust>;
    try {
      trust = readTrust(found.metadata);
    } catch (error) {
      return broken(
        `the metadata of ${scope.names.samlProvider} cannot be read: ${(error as Error).message.split("\n")[0]}`,
        {
          seen: SEEN.metadata,
          fix: repair,
        },
      );
    }
    const { issuer } = scope.graph;
    if (trust.entityId.toLowerCase() !== issuer.toLowerCase())
      return broken(`${scope.names.samlProvider} trusts the issuer ${trust.entityId}, Entra sends ${issuer}`, {
        seen: SEEN.issuer,
        fix: repair,
      });
    const thumbprint = scope.seen.application?.servicePrincipal?.preferredTokenSigningKeyThumbprint?.toUpperCase();
    const trusted = trust.signingCertificates.map(({ thumbprintSha1 }) => thumbprintSha1);
    if (thumbprint && !trusted.includes(thumbprint))
      return broken(
        `${scope.names.samlProvider} trusts the certificate ${trusted.join(", ") || "(none)"}, Entra signs with ${thumbprint}`,
        {
          seen: SEEN.signature,
          fix: repair,
        },
      );
    if (found.assertionEncryption === "Required")
      return broken(`${scope.names.samlProvider} takes encrypted assertions only, and Entra sends plain ones`, {
        seen: SEEN.invalidResponse,
        fix: `aws iam update-saml-provider --saml-provider-arn ${scope.names.samlProviderArn} --assertion-encryption-mode Allowed`,
      });
    return holds(`${scope.names.samlProvider} trusts the active certificate`);
  },
};

export const roleTrust: LinkSpec = {
  name: "role and its trust",
  async look(login) {
    const { scope, repair } = login;
    const { names } = scope;
    const role = seenBy(login, "role")?.role;
    if (!role) return broken(`there is no role ${names.role}`, { seen: SEEN.notAuthorized, fix: repair });
    // IAM finds a role without regard to case, the assertion must name it exactly.
    if (role.arn !== names.roleArn)
      return broken(`the role is ${role.arn}, the assertion names ${names.roleArn}`, {
        seen: SEEN.notAuthorized,
        fix: repair,
      });
    const reply = replyUrl(scope) ?? replyUrls(scope.instance, scope.spec.application.signInEndpoints)[0]!;
    const providerArn = names.samlProviderArn;
    const context = samlContext({
      recipient: reply,
      providerArn,
      issuer: scope.graph.issuer,
      ...(login.sent ? { roleSessionName: login.sent } : {}),
    });
    const ask = (action: string) =>
      evaluateTrust(role.trust, { action, principal: { type: "Federated", name: providerArn }, context });
    const signIn = ask("sts:AssumeRoleWithSAML");
    if (signIn.verdict === "not known")
      return unknown(`whether ${names.role} lets ${names.samlProvider} in cannot be worked out: ${signIn.why}`);
    if (signIn.verdict === "denied")
      return broken(
        trustedProviders(role.trust).includes(providerArn)
          ? `the trust of ${names.role} refuses a sign-in that Entra posts to ${reply}: ${signIn.why}`
          : `role ${names.role} trusts ${trustedProviders(role.trust).join(", ") || "no SAML provider"}; expected ${names.samlProvider}`,
        { seen: SEEN.notAuthorized, fix: repair },
      );
    const missing = furtherActions(scope).find((action) => ask(action).verdict === "denied");
    if (missing)
      return broken(`the claims need ${missing}, which the trust of ${names.role} does not allow`, {
        seen: SEEN.notAuthorized,
        fix: "take PrincipalTag, TransitiveTagKeys and SourceIdentity out of the application's claims",
      });
    return holds(`${names.role} trusts ${names.samlProvider} at ${reply}`);
  },
};

function replyUrl({ seen }: Login["scope"]): string | undefined {
  const application = seen.application?.application;
  return application?.defaultRedirectUri ?? application?.redirectUris[0];
}

function furtherActions({ seen }: Login["scope"]): string[] {
  const text = (seen.claims?.attached ?? []).flatMap(({ definition }) => definition).join(" ");
  const names = [...text.matchAll(/\/Attributes\/([\w:.-]+)/g)].map(([, name]) => name!);
  return [
    ...(names.some((name) => /^(PrincipalTag:|TransitiveTagKeys$)/.test(name)) ? ["sts:TagSession"] : []),
    ...(names.includes("SourceIdentity") ? ["sts:SetSourceIdentity"] : []),
  ];
}

export const sessionDuration: LinkSpec = {
  name: "session duration",
  async look(login) {
    const { scope, repair } = login;
    const role = seenBy(login, "role")?.role;
    if (!role) return undefined;
    const policy = seenBy(login, "claims")?.attached[0];
    const session = policy && readClaims(policy.definition)?.sessionDuration;
    const most = role.maxSessionDurationSeconds;
    if (session?.state === "not expressible")
      return broken(`SessionDuration is ${session.what}; AWS takes 900 to 43200 seconds`, {
        seen: SEEN.invalidResponse,
        fix: repair,
      });
    const claimed = session?.state === "expressible" ? session.value : undefined;
    if (claimed === undefined)
      return holds(`as Entra's gallery application sets it; the role allows ${formatDuration(most)}`);
    if (claimed < 900 || claimed > 43_200)
      return broken(`SessionDuration is ${claimed}; AWS takes 900 to 43200 seconds`, {
        seen: SEEN.invalidResponse,
        fix: repair,
      });
    if (claimed > most)
      return broken(`SessionDuration is ${formatDuration(claimed)}, role ${role.name} allows ${formatDuration(most)}`, {
        seen: SEEN.duration,
        fix:
          durationSeconds(scope.spec.aws.maxSessionDuration) < claimed
            ? "raise aws.maxSessionDuration or lower application.sessionDuration on the persona"
            : repair,
      });
    return holds(`${formatDuration(claimed)}; the role allows ${formatDuration(most)}`);
  },
};

export const relay: LinkSpec = {
  name: "relay state",
  async look(login) {
    const { scope, persona, repair } = login;
    const principal = seenBy(login, "application")?.servicePrincipal;
    if (!principal) return undefined;
    if (sameRelayState(principal.relayState, scope.relayState, scope.instance)) return holds(scope.relayState);
    const text = principal.relayState
      ? `the relay state is ${principal.relayState}; expected ${scope.relayState}`
      : `${persona.spec.application.displayName} has no relay state; expected ${scope.relayState}`;
    const there = instanceOfRelayState(principal.relayState ?? "") === scope.instance.id;
    return there
      ? warning(text, { seen: "another page of Connect", fix: repair })
      : broken(text, { seen: SEEN.console, fix: repair });
  },
};

export const federation: LinkSpec = {
  name: "right to federate",
  async look(login) {
    const { scope, sent } = login;
    const role = seenBy(login, "role")?.role;
    if (!role) return undefined;
    const userid = `${role.id}:${sent ?? "somebody@example.com"}`;
    const resource = `${scope.spec.instanceArn}/user/${userid}`;
    try {
      const [result] = await scope.iam.simulate(role.arn, {
        actions: ["connect:GetFederationToken"],
        resources: [resource],
        context: { "aws:userid": userid, "connect:InstanceId": scope.instance.id },
      });
      if (result?.decision === "allowed") return holds("IAM's own simulation allows connect:GetFederationToken");
      if (result)
        return denied(login, role, `IAM does not allow ${role.name} connect:GetFederationToken on ${resource}`);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
    }
    // Without the right to simulate: by reading what the role carries.
    const read = await rolePolicies(scope.iam, role);
    const found = evaluate(read, {
      action: "connect:GetFederationToken",
      resource,
      context: federationContext({
        roleId: role.id,
        roleSessionName: sent ?? "somebody@example.com",
        instanceId: scope.instance.id,
      }),
    });
    if (found.verdict === "not known")
      return unknown(`whether ${role.name} may federate cannot be worked out: ${found.why}`);
    if (found.verdict === "denied") return denied(login, role, `${role.name} may not federate: ${found.why}`);
    return holds(found.why);
  },
};

function denied({ scope, repair }: Login, role: IamRole, text: string): Verdict {
  const attached = role.attachedPolicyArns.includes(scope.names.federationPolicyArn);
  const boundary = role.permissionsBoundaryArn
    ? `, or its permissions boundary ${role.permissionsBoundaryArn} cuts it off`
    : "";
  return broken(
    attached ? `${text}${boundary}` : `policy ${scope.names.federationPolicy} is not attached to ${role.name}`,
    {
      seen: SEEN.accountAdministrator,
      fix: repair,
    },
  );
}

export const instance: LinkSpec = {
  name: "Connect instance",
  async look({ scope: { connect } }) {
    const facts = await connect.facts();
    if (facts.identityManagement !== "SAML")
      return broken(`instance ${facts.id} manages identities as ${facts.identityManagement}`, {
        fix: "identity management cannot be changed: make another instance with SAML 2.0",
      });
    if (facts.globalSignInEndpoint)
      return broken(
        `instance ${facts.id} belongs to Global Resiliency, whose sign-in address is ${facts.globalSignInEndpoint}`,
        {
          seen: "UserNotOnboardedException or ResourceNotFoundException",
          fix: "set its sign-in up by the Global Resiliency guide",
        },
      );
    if (facts.status !== "ACTIVE") return broken(`instance ${facts.id} is ${facts.status}`);
    return holds(`${facts.id} is active and signs in by SAML`);
  },
};

export const connectUser: LinkSpec = {
  name: "Connect user",
  async look({ connect, sent, user, persona, repairUser, scope }) {
    if (!sent) return undefined;
    const found = await connect.user(sent, { maxAgeMs: 0 });
    if (!found) {
      const near = (await connect.similar(sent)).find(({ username }) => username !== sent);
      return near
        ? broken(`the Connect user is called ${near.username}, Entra sends ${sent}; Connect compares case`, {
            seen: SEEN.notOnboarded,
            fix: `change the user principal name in Entra to ${near.username}, or delete the Connect user and let it be created again (its history stays with the old one)`,
          })
        : broken(`there is no Connect user ${sent}`, { seen: SEEN.notOnboarded, fix: repairUser });
    }
    const twin = (await connect.similar(sent)).find(({ username }) => username !== sent);
    if (twin)
      return warning(`there is a Connect user ${twin.username} beside ${sent}`, {
        fix: `delete ${twin.username} if it is the same person`,
      });
    return (
      profiles({ connect, user, persona, repairUser }, found.securityProfileIds, found.username) ??
      bound(user, persona.metadata.name, found.tags, scope.names.role) ??
      (await ringing(connect, user, found, keeps(user, persona, scope.names.role)))
    );
  },
};

/** Quick connects that ring the user, and those that ring a former one of hers. */
async function ringing(
  connect: Login["connect"],
  { status }: ConnectUser,
  { id, username }: ConnectUserView,
  note: string,
): Promise<Verdict> {
  const all = await connect.quickConnects().catch(() => []);
  const of = (userId: string | undefined) => all.flatMap((one) => (one.userId === userId ? [one.name] : [])).join(", ");
  const former = status?.connectUserId;
  if (former !== undefined && former !== id && of(former))
    return warning(`quick connects still ring the former Connect user of ${username}: ${of(former)}`, {
      fix: `point them at ${username} in Amazon Connect, under Routing, Quick connects`,
    });
  return holds(`${username} exists${note}${of(id) ? `; quick connects that ring it: ${of(id)}` : ""}`);
}

/** Without the persona's profile the login ends on a page that the user may not see. */
function profiles(
  { connect, user, persona, repairUser }: Pick<Login, "connect" | "user" | "persona" | "repairUser">,
  ids: string[],
  username: string,
): Verdict | undefined {
  const wanted = user.spec.securityProfiles ?? persona.spec.connectUsers.securityProfiles;
  const names = ids.map((id) => connect.nameOf("securityProfile", id) ?? id);
  const missing = wanted.filter((name) => !names.includes(name));
  return missing.length > 0
    ? warning(`${username} has the security profiles ${names.join(", ")}, not ${missing.join(", ")}`, {
        seen: "a page that the user may not open",
        fix: repairUser,
      })
    : undefined;
}

/** Of a user from before the persona's `aws.roleSharing` changed. */
function keeps({ metadata }: ConnectUser, persona: ConnectSsoPersona, role: string): string {
  return role !== personaNames(persona).role
    ? `, bound to role ${role} of its first login; connect-sso recreate ${metadata.name} -n ${metadata.namespace} gives it the persona's present role, without its history`
    : "";
}

/** Which role a user first signed in through cannot be read; that it came from another persona can. */
function bound(
  { metadata }: ConnectUser,
  persona: string,
  tags: Record<string, string>,
  role: string,
): Verdict | undefined {
  const former = tags[MOVED_TAG] ?? (tags[ROLE_TAG] === role ? undefined : tags[PERSONA_TAG]);
  const owner = tags[OWNER_TAG];
  if (former && former !== persona)
    return warning(`it was created for persona ${former}: Connect may still bind it to the role of a login from then`, {
      seen: SEEN.badRequest,
      fix: `connect-sso recreate ${metadata.name} -n ${metadata.namespace} (a new Connect user; metrics stay with the old one)`,
    });
  if (owner && !owner.endsWith(`/${metadata.namespace}/${metadata.name}`)) return warning(`it belongs to ${owner}`);
  return undefined;
}
