/** From Graph's JSON to the port's types. */
import { createHash } from "node:crypto";
import type {
  Application,
  AppRole,
  Assignment,
  EntraUser,
  KeyCredential,
  Person,
  ServicePrincipal,
  SyncJob,
} from "./types.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers of a server, whose fields are checked where they are read
type Json = Record<string, any>;

/** Upper-case hex SHA-1 of a certificate, base64 of DER. */
function sha1Of(key: string): string {
  return createHash("sha1").update(Buffer.from(key, "base64")).digest("hex").toUpperCase();
}

/**
 * The thumbprint that customKeyIdentifier holds: base64 of its bytes (addTokenSigningCertificate), hex (recorded G-11), or base64 of the
 * hex. Empty when it holds something else: base64 of its SHA-256 in Microsoft's tutorial, for example.
 */
export function thumbprintOf(customKeyIdentifier: string | null | undefined): string {
  const text = customKeyIdentifier ?? "";
  const bytes = Buffer.from(text, "base64");
  for (const hex of [text, bytes.toString("latin1")]) if (/^[0-9A-Fa-f]{40}$/.test(hex)) return hex.toUpperCase();
  return bytes.length === 20 ? bytes.toString("hex").toUpperCase() : "";
}

/** Thumbprints by customKeyIdentifier, from the certificates themselves where they are shown. */
function thumbprints(keys: Json[]): (customKeyIdentifier: string | null | undefined) => string {
  const known = new Map<string, string>();
  for (const { key, usage, customKeyIdentifier } of keys)
    if (key && usage === "Verify") known.set(customKeyIdentifier ?? "", sha1Of(key));
  return (identifier) => known.get(identifier ?? "") ?? thumbprintOf(identifier);
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
  const thumbprintBy = thumbprints(json.keyCredentials ?? []);
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
        thumbprint: key.key && key.usage === "Verify" ? sha1Of(key.key) : thumbprintBy(key.customKeyIdentifier),
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
      thumbprint: thumbprintBy(one.customKeyIdentifier) || null,
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
    ...names(json),
  };
}

/** What else may become a RoleSessionName, where the person has it: most have little of it. */
function names(json: Json): Partial<EntraUser> {
  const all: Record<string, string | null> = json.onPremisesExtensionAttributes ?? {};
  const extensions = Object.entries(all).filter(([, value]) => value);
  return {
    ...(json.mailNickname ? { mailNickname: json.mailNickname } : {}),
    ...(json.employeeId ? { employeeId: json.employeeId } : {}),
    ...(json.onPremisesSamAccountName ? { onPremisesSamAccountName: json.onPremisesSamAccountName } : {}),
    ...(extensions.length > 0 ? { onPremisesExtensionAttributes: Object.fromEntries(extensions) } : {}),
  };
}

/** Of whom, besides what every user has, rules may speak. */
const ATTRIBUTES = [
  "mailNickname",
  "employeeId",
  "employeeType",
  "onPremisesSamAccountName",
  "department",
  "jobTitle",
  "officeLocation",
  "companyName",
  "country",
  "usageLocation",
  "preferredLanguage",
] as const;

/** For $select. */
const BASIC_FIELDS = "id,userPrincipalName,mail,displayName,givenName,surname,accountEnabled,userType";
export const USER_FIELDS = `${BASIC_FIELDS},mailNickname,employeeId,onPremisesSamAccountName,onPremisesExtensionAttributes`;
export const PERSON_FIELDS = `${BASIC_FIELDS},${ATTRIBUTES.join(",")},onPremisesExtensionAttributes`;

export function toPerson(json: Json): Person {
  const extensions = (json.onPremisesExtensionAttributes ?? {}) as Record<string, string | null>;
  const attributes = Object.fromEntries(ATTRIBUTES.map((name) => [name, json[name] ?? null]));
  return {
    ...toUser(json),
    ...(attributes as Record<(typeof ATTRIBUTES)[number], string | null>),
    onPremisesExtensionAttributes: Object.fromEntries(
      Array.from({ length: 15 }, (_, index) => {
        const name = `extensionAttribute${index + 1}`;
        return [name, extensions[name] ?? null];
      }),
    ),
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
