/** Links of the chain in Entra: the person, the application, the role in it, what it writes into the assertion and signs it with. */
import type { ConnectSsoPersona } from "../api/resources.ts";
import { inexpressible, readClaims } from "../domain/claims/policy.ts";
import { type RoleSessionName, sessionNameOf } from "../domain/claims/session-name.ts";
import { durationSeconds } from "../domain/duration.ts";
import { carriesPair } from "../domain/names.ts";
import { OWNER_TAG, ownerOf } from "../domain/ownership.ts";
import { identifierBase } from "../domain/relay-state.ts";
import { replyUrls } from "../domain/reply-urls.ts";
import { checkDeclared } from "../domain/usernames.ts";
import { broken, holds, type LinkSpec, type Login, SEEN, seenBy, unknown, type Verdict, warning } from "./login.ts";

const DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000";

export const person: LinkSpec = {
  name: "Entra user",
  async look(login) {
    const { entraUser } = login.user.spec;
    const wanted = entraUser.objectId ?? entraUser.userPrincipalName!;
    const found = await login.scope.graph.user(
      entraUser.objectId ? { objectId: entraUser.objectId } : { userPrincipalName: wanted },
      { maxAgeMs: 0 },
    );
    if (!found)
      return broken(`there is no user ${wanted} in tenant ${login.scope.graph.tenantId}`, {
        fix: "correct spec.entraUser (it is immutable: delete the ConnectUser and create another), or create the user in Entra",
      });
    login.person = found;
    if (!found.accountEnabled)
      return broken(`${found.userPrincipalName} is disabled`, {
        seen: SEEN.disabledUser,
        fix: `Entra admin center > Users > ${found.userPrincipalName} > Enable account`,
      });
    return holds(`${found.userPrincipalName} exists and is enabled`);
  },
};

export const application: LinkSpec = {
  name: "application",
  async look(login) {
    const { scope, persona, repair } = login;
    const seen = seenBy(login, "application");
    const name = persona.spec.application.displayName;
    if (!seen?.application || !seen.servicePrincipal)
      return broken(`there is no application ${name} of this persona`, { fix: repair });
    if (seen.rivals.length > 1)
      return broken(`several applications carry this persona's mark: ${seen.rivals.join(", ")}`, {
        fix: "delete those without assignments",
      });
    const { application: found, servicePrincipal } = seen;
    if (!servicePrincipal.accountEnabled)
      return broken(`${name} is disabled for users to sign in`, {
        seen: SEEN.disabledApplication,
        fix: `Entra admin center > Enterprise applications > ${name} > Properties > Enabled for users to sign-in`,
      });
    if (servicePrincipal.preferredSingleSignOnMode !== "saml")
      return broken(
        `single sign-on of ${name} is ${servicePrincipal.preferredSingleSignOnMode ?? "not set"}, not SAML`,
        {
          fix: repair,
        },
      );
    const base = identifierBase(scope.instance);
    if (!found.identifierUris.some((uri) => uri === base || uri.startsWith(`${base}#`)))
      return broken(`the identifier of ${name} is ${found.identifierUris.join(", ") || "not set"}, not ${base}`, {
        seen: SEEN.audience,
        fix: repair,
      });
    const reply = found.defaultRedirectUri ?? found.redirectUris[0];
    if (!reply || !replyUrls(scope.instance, scope.spec.application.signInEndpoints).includes(reply))
      return broken(`the reply URL of ${name} is ${reply ?? "not set"}, no sign-in endpoint of AWS for this instance`, {
        seen: SEEN.notAuthorized,
        fix: repair,
      });
    return holds(`${name}, identifier ${found.identifierUris.join(", ")}`);
  },
};

export const assignment: LinkSpec = {
  name: "assignment",
  async look(login) {
    const { person: someone, persona, repairUser } = login;
    const principal = seenBy(login, "application")?.servicePrincipal;
    if (!principal || !someone) return undefined;
    const own = await assignmentsOf(login, principal.id);
    const name = persona.spec.application.displayName;
    const other = await otherPersona(login);
    if (other) return other;
    if (own.length === 0)
      return broken(`${someone.userPrincipalName} is not assigned to ${name}, neither directly nor by a group`, {
        seen: principal.appRoleAssignmentRequired ? SEEN.notAssigned : SEEN.invalidResponse,
        fix: repairUser,
      });
    const roleId = seenBy(login, "role-delivery")?.appRoleId;
    const carries = new Set(
      principal.appRoles.filter(({ value }) => carriesPair(value, login.scope.names)).map(({ id }) => id),
    );
    const right = own.filter(({ appRoleId }) => appRoleId === roleId || carries.has(appRoleId));
    const wrong = own.filter((one) => !right.includes(one));
    // The gallery application's own roles, User and msiam_access, have no value and so send none.
    const isDefault = (id: string) =>
      id === DEFAULT_ACCESS || principal.appRoles.find((one) => one.id === id)?.value === null;
    const how = ({ group }: { group: string | undefined }) => (group === undefined ? "directly" : `by group ${group}`);
    const spell = (one: (typeof own)[number]) =>
      `${principal.appRoles.find(({ id }) => id === one.appRoleId)?.displayName ?? "default access"} ${how(one)}`;
    if (right.length === 0)
      return broken(
        wrong.every(({ appRoleId }) => isDefault(appRoleId))
          ? `${someone.userPrincipalName} is assigned to ${name} with default access, which sends no Role`
          : `${someone.userPrincipalName} is assigned to ${name}, but with another role than the persona's`,
        { seen: SEEN.invalidResponse, fix: repairUser },
      );
    if (wrong.some(({ appRoleId }) => !isDefault(appRoleId)))
      return broken(
        `${someone.userPrincipalName} has several roles in ${name}, so AWS asks which one: ${own.map(spell).join(", ")}`,
        {
          seen: SEEN.chooser,
          fix: `Entra admin center > Enterprise applications > ${name} > Users and groups: leave one assignment`,
        },
      );
    return holds(`assigned to ${name} ${right.map(how).join(" and ")}`);
  },
};

/** Direct ones, and those of groups with the person as a direct member: Entra hands nothing on to nested groups. */
async function assignmentsOf({ scope: { graph }, person }: Login, servicePrincipalId: string) {
  const all = await graph.assignments(servicePrincipalId, { maxAgeMs: 0 });
  const found = await Promise.all(
    all.map(async ({ principalId, principalType, principalDisplayName, appRoleId }) => {
      if (principalId === person!.id) return { appRoleId, group: undefined };
      if (principalType !== "Group") return undefined;
      const members = await graph.groupMemberIds(principalId, { maxAgeMs: 0 });
      return members.includes(person!.id) ? { appRoleId, group: principalDisplayName ?? principalId } : undefined;
    }),
  );
  return found.filter((one) => one !== undefined);
}

/** Two profiles in single sign-on are one of the causes that AWS names for "not onboarded". */
async function otherPersona(login: Login): Promise<Verdict | undefined> {
  const { personas, persona, person: someone } = login;
  const others = personas.filter(
    ({ metadata, spec }) => metadata.uid !== persona.metadata.uid && spec.instanceArn === persona.spec.instanceArn,
  );
  for (const one of others) {
    const id = await principalOf(login, one);
    if (!id || (await assignmentsOf(login, id)).length === 0) continue;
    const other = `${one.metadata.namespace}/${one.metadata.name}`;
    return broken(`${someone!.userPrincipalName} is assigned to the application of persona ${other} as well`, {
      seen: SEEN.notOnboarded,
      fix: `Entra admin center > Enterprise applications > ${one.spec.application.displayName} > Users and groups: remove ${someone!.userPrincipalName}`,
    });
  }
  return undefined;
}

/** From status; without one by the owner tag of its application. */
async function principalOf({ scope }: Login, { metadata, status }: ConnectSsoPersona): Promise<string | undefined> {
  if (status?.servicePrincipalId) return status.servicePrincipalId;
  const owner = ownerOf(scope.owner.split("/")[0]!, metadata.namespace, metadata.name);
  const [application] = await scope.graph.findApplications({ tag: `${OWNER_TAG}:${owner}` });
  return application && (await scope.graph.findServicePrincipal(application.appId))?.id;
}

export const roleValue: LinkSpec = {
  name: "role in the application",
  async look(login) {
    const { scope, repair } = login;
    const principal = seenBy(login, "application")?.servicePrincipal;
    if (!principal) return undefined;
    const { appRoleValue } = scope.names;
    if (seenBy(login, "role-delivery")?.appRoleId) return holds(appRoleValue);
    const disabled = principal.appRoles.find(({ value, isEnabled }) => carriesPair(value, scope.names) && !isEnabled);
    // Entra still sends a disabled role for people who have it, and assigns it to no one else.
    if (disabled)
      return warning("the application's role is disabled: no one can be assigned to it", {
        seen: SEEN.notAssigned,
        fix: repair,
      });
    const near = principal.appRoles.find(
      ({ value }) => value?.includes(scope.names.role) || value?.includes(scope.names.samlProvider),
    );
    if (near)
      return broken(`the application's role carries ${near.value}; expected ${appRoleValue}`, {
        seen: /^arn:\S+,arn:\S+$/.test(near.value ?? "") ? SEEN.notAuthorized : SEEN.invalidResponse,
        fix: repair,
      });
    return scope.spec.roleDelivery.mode === "Provisioning"
      ? broken("Entra has not imported the role yet", {
          seen: SEEN.invalidResponse,
          fix: "the import takes some 40 minutes after the provisioning job's start; connect-sso status shows the job",
        })
      : broken(`the application carries no role ${appRoleValue}`, { seen: SEEN.invalidResponse, fix: repair });
  },
};

export const sessionName: LinkSpec = {
  name: "RoleSessionName",
  async look(login) {
    const { scope, person: someone, user, persona, repair } = login;
    if (!someone) return undefined;
    const declared = scope.spec.application.roleSessionName;
    const name = persona.spec.application.displayName;
    const policy = seenBy(login, "claims")?.attached[0];
    const claims = policy && readClaims(policy.definition);
    const shown = `claims policy ${policy?.displayName} of ${name}`;
    if (policy && !claims) return unknown(`${shown} cannot be read, so it is not known what it sends`);
    if (claims?.roleSessionName.state === "absent")
      return broken(`${shown} sends no RoleSessionName`, { seen: SEEN.noSessionName, fix: repair });
    if (claims?.role.state === "absent")
      return broken(`${shown} sends no Role`, { seen: SEEN.invalidResponse, fix: repair });
    const odd = claims && inexpressible(claims);
    if (odd) return unknown(`${shown}: ${odd}, which no persona can declare`);
    // What Entra will send, whatever is declared.
    const sends = claims?.roleSessionName.state === "expressible" ? claims.roleSessionName.value : GALLERY;
    const result = sessionNameOf({ ...someone, accountEnabled: true }, sends);
    if ("reason" in result)
      return broken(result.message, {
        seen: /Without/.test(result.reason) ? SEEN.noSessionName : SEEN.sessionNamePattern,
        fix: /Without/.test(result.reason)
          ? `Entra admin center > Users > ${someone.userPrincipalName} > Properties > ${sends.from === "mail" ? "Email" : sends.from}`
          : "set application.roleSessionName.from: mail on the persona, or give the person a user principal name of those characters",
      });
    login.sent = result.name;
    if (sends.from !== declared.from || sends.transform !== declared.transform)
      return broken(`Entra sends ${spelled(sends)} as RoleSessionName, persona declares ${spelled(declared)}`, {
        seen: SEEN.notOnboarded,
        fix: repair,
      });
    const mismatch = checkDeclared(user.spec.username, result.name);
    if (mismatch)
      return broken(mismatch.message, {
        seen: SEEN.notOnboarded,
        fix: "delete the ConnectUser and declare it without username",
      });
    return holds(`Entra sends ${result.name}`);
  },
};

/** What the gallery application's own claims send, which no API shows. */
const GALLERY: RoleSessionName = { from: "userPrincipalName", transform: "None" };

const spelled = ({ from, transform }: RoleSessionName): string =>
  transform === "None" ? from : `${from} (${transform})`;

export const certificate: LinkSpec = {
  name: "signing certificate",
  async look(login) {
    const { scope, repair } = login;
    const principal = seenBy(login, "application")?.servicePrincipal;
    if (!principal) return undefined;
    const thumbprint = principal.preferredTokenSigningKeyThumbprint?.toUpperCase();
    if (!thumbprint) return broken("no signing certificate is active", { seen: SEEN.signature, fix: repair });
    const key = principal.keyCredentials.find(
      (one) => one.thumbprint.toUpperCase() === thumbprint && one.usage === "Verify",
    );
    if (!key)
      return broken(`the active certificate ${thumbprint} does not exist in the application`, {
        seen: SEEN.signature,
        fix: repair,
      });
    const left = Date.parse(key.endDateTime) - scope.graph.now().getTime();
    const until = key.endDateTime.slice(0, 10);
    if (left <= 0)
      return broken(`the active certificate ${thumbprint} ended on ${until}`, {
        seen: SEEN.signature,
        fix: `connect-sso rotate certificate ${scope.object.metadata.name}`,
      });
    const rotateBefore = durationSeconds(scope.spec.application.signingCertificate.rotateBefore) * 1000;
    if (left < rotateBefore)
      return warning(`the active certificate ${thumbprint} ends on ${until}`, {
        fix: "its rotation is due and comes by itself",
      });
    return holds(`${thumbprint} until ${until}`);
  },
};
