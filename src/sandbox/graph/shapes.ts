/** The objects of a tenant with every property a read shows: values never set are present, as null or [] (recorded). */
import { randomUUID } from "node:crypto";

export interface AppRole {
  allowedMemberTypes: string[];
  description: string;
  displayName: string;
  id: string;
  isEnabled: boolean;
  origin: string;
  value: string | null;
}
export interface KeyCredential {
  customKeyIdentifier: string | null;
  displayName: string | null;
  endDateTime: string;
  /** The certificate, base64 of DER. Kept here, shown only where Graph shows it. */
  key: string | null;
  keyId: string;
  startDateTime: string;
  type: string;
  usage: string;
}
export interface PasswordCredential {
  customKeyIdentifier: string | null;
  displayName: string | null;
  endDateTime: string;
  hint: string | null;
  keyId: string;
  secretText: null;
  startDateTime: string;
}
export interface Application {
  [name: string]: unknown;
  id: string;
  appId: string;
  displayName: string;
  uniqueName: string | null;
  identifierUris: string[];
  defaultRedirectUri: string | null;
  appRoles: AppRole[];
  keyCredentials: KeyCredential[];
  passwordCredentials: PasswordCredential[];
  web: { redirectUris: string[]; [name: string]: unknown };
}
export interface ServicePrincipal {
  [name: string]: unknown;
  id: string;
  appId: string;
  displayName: string;
  preferredSingleSignOnMode: string | null;
  /** Upper-case hex SHA-1 of the active certificate. */
  preferredTokenSigningKeyThumbprint: string | null;
  /** Copies of the application's, and the imported ones with origin "ServicePrincipal". */
  appRoles: AppRole[];
  keyCredentials: KeyCredential[];
  passwordCredentials: PasswordCredential[];
}
export interface Assignment {
  [name: string]: unknown;
  id: string;
  appRoleId: string;
  principalId: string;
  resourceId: string;
}
export interface User {
  [name: string]: unknown;
  id: string;
  userPrincipalName: string;
  mail: string | null;
}
export interface Group {
  [name: string]: unknown;
  id: string;
  displayName: string;
  /** Direct members: users, groups, devices, service principals. Not a property: reads never show it. */
  memberIds: readonly string[];
}
export interface Device {
  [name: string]: unknown;
  id: string;
  displayName: string;
}
export interface ClaimsPolicy {
  [name: string]: unknown;
  id: string;
  displayName: string;
  definition: string[];
}

/** A gallery application, as far as instantiating it goes. */
export interface Template {
  id: string;
  displayName: string;
  publisher: string;
  homePageUrl: string;
  replyUrl: string | null;
  provisioning: boolean;
}

const INFO = {
  logoUrl: null,
  marketingUrl: null,
  privacyStatementUrl: null,
  supportUrl: null,
  termsOfServiceUrl: null,
};
const VERIFIED_PUBLISHER = { displayName: null, verifiedPublisherId: null, addedDateTime: null };

export const wholeSeconds = (date: Date) => `${date.toISOString().slice(0, 19)}Z`;

/** The two roles of every gallery application. */
const DEFAULT_ROLES: AppRole[] = ["User", "msiam_access"].map((name, index) => ({
  allowedMemberTypes: ["User"],
  description: name,
  displayName: name,
  id: ["18d14569-c3bd-439b-9a66-3a2aee01d14f", "b9632174-c057-4f7e-951b-be3adc52bfe6"][index]!,
  isEnabled: true,
  origin: "Application",
  value: null,
}));

export function newApplication(displayName: string, domain: string, now: Date): Application {
  return {
    id: randomUUID(),
    deletedDateTime: null,
    appId: randomUUID(),
    applicationTemplateId: null,
    disabledByMicrosoftStatus: null,
    createdDateTime: wholeSeconds(now),
    displayName,
    description: null,
    groupMembershipClaims: null,
    identifierUris: [],
    isDeviceOnlyAuthSupported: null,
    isFallbackPublicClient: null,
    notes: null,
    publisherDomain: domain,
    serviceManagementReference: null,
    signInAudience: "AzureADandPersonalMicrosoftAccount",
    tags: [],
    tokenEncryptionKeyId: null,
    uniqueName: null,
    defaultRedirectUri: null,
    certification: null,
    optionalClaims: null,
    addIns: [],
    api: {
      acceptMappedClaims: null,
      knownClientApplications: [],
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [],
      preAuthorizedApplications: [],
    },
    appRoles: [],
    info: INFO,
    keyCredentials: [],
    parentalControlSettings: { countriesBlockedForMinors: [], legalAgeGroupRule: "Allow" },
    passwordCredentials: [],
    publicClient: { redirectUris: [] },
    requiredResourceAccess: [],
    verifiedPublisher: VERIFIED_PUBLISHER,
    web: {
      homePageUrl: null,
      logoutUrl: null,
      redirectUris: [],
      implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
    },
    spa: { redirectUris: [] },
  };
}

/** The service principal of an application in its own tenant. What is copied here follows the application later, too. */
export function newServicePrincipal(application: Application, tenantId: string, now: Date): ServicePrincipal {
  return {
    id: randomUUID(),
    deletedDateTime: null,
    accountEnabled: true,
    alternativeNames: [],
    appDescription: null,
    appId: application.appId,
    applicationTemplateId: application.applicationTemplateId,
    appOwnerOrganizationId: tenantId,
    appRoleAssignmentRequired: false,
    createdDateTime: wholeSeconds(now),
    description: null,
    disabledByMicrosoftStatus: null,
    loginUrl: null,
    logoutUrl: null,
    notes: null,
    notificationEmailAddresses: [],
    preferredSingleSignOnMode: null,
    preferredTokenSigningKeyThumbprint: null,
    servicePrincipalType: "Application",
    tags: [],
    tokenEncryptionKeyId: null,
    samlSingleSignOnSettings: null,
    verifiedPublisher: VERIFIED_PUBLISHER,
    addIns: [],
    info: INFO,
    keyCredentials: [],
    oauth2PermissionScopes: [],
    passwordCredentials: [],
    resourceSpecificApplicationPermissions: [],
    appRoles: [...application.appRoles],
    ...copiedFrom(application),
  };
}

/** What a service principal shows of its application, besides the roles. */
export function copiedFrom(application: Application) {
  return {
    displayName: application.displayName,
    appDisplayName: application.displayName,
    homepage: application.web.homePageUrl ?? null,
    replyUrls: application.web.redirectUris,
    servicePrincipalNames: [application.appId, ...application.identifierUris],
    signInAudience: application.signInAudience,
  };
}

/** What POST /applicationTemplates/{id}/instantiate makes: an application and its service principal. */
export function instantiated(
  template: Template,
  displayName: string,
  tenant: { id: string; domain: string },
  now: Date,
) {
  const plain = newApplication(displayName, tenant.domain, now);
  const application: Application = {
    ...plain,
    applicationTemplateId: template.id,
    isFallbackPublicClient: false,
    signInAudience: "AzureADMyOrg",
    appRoles: DEFAULT_ROLES.map((role) => ({ ...role })),
    api: { ...(plain.api as object), requestedAccessTokenVersion: null },
    web: {
      ...plain.web,
      homePageUrl: template.homePageUrl,
      redirectUris: template.replyUrl === null ? [] : [template.replyUrl],
    },
  };
  const servicePrincipal: ServicePrincipal = {
    ...newServicePrincipal(application, tenant.id, now),
    appRoleAssignmentRequired: true,
    tags: ["WindowsAzureActiveDirectoryIntegratedApp"],
  };
  return { application, servicePrincipal };
}

/** extensionAttribute1 to 15, all empty. */
export const NO_EXTENSIONS: Record<string, string | null> = Object.fromEntries(
  Array.from({ length: 15 }, (_, index) => [`extensionAttribute${index + 1}`, null]),
);

export function newUser(input: Partial<User> & { userPrincipalName: string; id: string }): User {
  return {
    businessPhones: [],
    companyName: null,
    country: null,
    department: null,
    displayName: null,
    employeeId: null,
    employeeType: null,
    givenName: null,
    jobTitle: null,
    mailNickname: null,
    onPremisesExtensionAttributes: NO_EXTENSIONS,
    onPremisesSamAccountName: null,
    usageLocation: null,
    mail: null,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    surname: null,
    accountEnabled: true,
    userType: "Member",
    ...input,
  };
}

export function newGroup(input: Partial<Group> & { id: string; displayName: string }, now: Date): Group {
  return {
    deletedDateTime: null,
    classification: null,
    createdDateTime: wholeSeconds(now),
    creationOptions: [],
    description: null,
    expirationDateTime: null,
    groupTypes: [],
    isAssignableToRole: null,
    mail: null,
    mailEnabled: false,
    mailNickname: input.id,
    membershipRule: null,
    membershipRuleProcessingState: null,
    onPremisesDomainName: null,
    onPremisesLastSyncDateTime: null,
    onPremisesNetBiosName: null,
    onPremisesSamAccountName: null,
    onPremisesSecurityIdentifier: null,
    onPremisesSyncEnabled: null,
    preferredDataLocation: null,
    preferredLanguage: null,
    proxyAddresses: [],
    renewedDateTime: wholeSeconds(now),
    resourceBehaviorOptions: [],
    resourceProvisioningOptions: [],
    securityEnabled: true,
    securityIdentifier: `S-1-12-1-${Number.parseInt(input.id.slice(0, 8), 16)}`,
    theme: null,
    visibility: null,
    onPremisesProvisioningErrors: [],
    memberIds: [],
    ...input,
  };
}
