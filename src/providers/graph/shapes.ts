/** From Graph's JSON to the port's types. */
import type { Application, AppRole, Assignment, EntraUser, KeyCredential, ServicePrincipal, SyncJob } from "./types.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers of a server, whose fields are checked where they are read
type Json = Record<string, any>;

/** Upper-case hex, from base64 of the SHA-1 bytes (addTokenSigningCertificate) or hex (uploaded certificates, recorded G-11). */
export function thumbprintOf(customKeyIdentifier: string | null | undefined): string {
  if (!customKeyIdentifier) return "";
  return /^[0-9A-Fa-f]{40}$/.test(customKeyIdentifier)
    ? customKeyIdentifier.toUpperCase()
    : Buffer.from(customKeyIdentifier, "base64").toString("hex").toUpperCase();
}

function toRole(role: Json): AppRole {
  return {
    id: role.id,
    value: role.value ?? null,
    displayName: role.displayName ?? "",
    description: role.description ?? "",
    isEnabled: role.isEnabled ?? true,
    allowedMemberTypes: role.allowedMemberTypes ?? ["User"],
  };
}

export function toApplication(json: Json): Application {
  return {
    id: json.id,
    appId: json.appId,
    displayName: json.displayName ?? "",
    applicationTemplateId: json.applicationTemplateId ?? null,
    identifierUris: json.identifierUris ?? [],
    redirectUris: json.web?.redirectUris ?? [],
    defaultRedirectUri: json.defaultRedirectUri ?? null,
    appRoles: (json.appRoles ?? []).map(toRole),
    tags: json.tags ?? [],
    notes: json.notes ?? null,
    ...(json.deletedDateTime ? { deletedDateTime: json.deletedDateTime } : {}),
  };
}

export function toServicePrincipal(json: Json): ServicePrincipal {
  return {
    id: json.id,
    appId: json.appId,
    displayName: json.displayName ?? "",
    accountEnabled: json.accountEnabled ?? true,
    appRoleAssignmentRequired: json.appRoleAssignmentRequired ?? false,
    preferredSingleSignOnMode: json.preferredSingleSignOnMode ?? null,
    relayState: json.samlSingleSignOnSettings?.relayState ?? null,
    loginUrl: json.loginUrl ?? null,
    notificationEmailAddresses: json.notificationEmailAddresses ?? [],
    preferredTokenSigningKeyThumbprint: json.preferredTokenSigningKeyThumbprint?.toUpperCase() ?? null,
    appRoles: (json.appRoles ?? []).map(toRole),
    tags: json.tags ?? [],
    keyCredentials: (json.keyCredentials ?? []).map(
      (key: Json): KeyCredential => ({
        keyId: key.keyId,
        thumbprint: thumbprintOf(key.customKeyIdentifier),
        usage: key.usage,
        type: key.type,
        startDateTime: key.startDateTime,
        endDateTime: key.endDateTime,
        displayName: key.displayName ?? null,
        key: key.key ?? null,
      }),
    ),
    passwordCredentials: (json.passwordCredentials ?? []).map((one: Json) => ({
      keyId: one.keyId,
      thumbprint: thumbprintOf(one.customKeyIdentifier) || null,
      endDateTime: one.endDateTime,
    })),
  };
}

export function toAssignment(json: Json): Assignment {
  return {
    id: json.id,
    principalId: json.principalId,
    principalType: json.principalType,
    principalDisplayName: json.principalDisplayName ?? null,
    appRoleId: json.appRoleId,
    resourceId: json.resourceId,
  };
}

export function toUser(json: Json): EntraUser {
  return {
    id: json.id,
    userPrincipalName: json.userPrincipalName,
    // Mostly the same: one copy.
    mail: json.mail === json.userPrincipalName ? json.userPrincipalName : (json.mail ?? null),
    displayName: json.displayName ?? null,
    givenName: json.givenName ?? null,
    surname: json.surname ?? null,
    accountEnabled: json.accountEnabled ?? true,
    userType: json.userType ?? null,
  };
}

export function toJob(json: Json): SyncJob {
  const { status = {}, schedule = {} } = json;
  const quarantine = status.quarantine;
  return {
    id: json.id,
    templateId: json.templateId,
    status: status.code ?? "NotConfigured",
    scheduleState: schedule.state ?? "Disabled",
    quarantine: quarantine
      ? { reason: quarantine.reason, message: quarantine.error?.message ?? "", since: quarantine.currentBegan }
      : undefined,
    lastExecution: status.lastExecution
      ? {
          state: status.lastExecution.state,
          beganAt: status.lastExecution.timeBegan,
          endedAt: status.lastExecution.timeEnded,
        }
      : undefined,
    lastSuccessfulExecutionBeganAt: status.lastSuccessfulExecution?.timeBegan,
    lastSuccessfulExecutionAt: status.lastSuccessfulExecution?.timeEnded,
  };
}
