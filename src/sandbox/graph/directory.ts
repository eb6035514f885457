/** The tenant: users, groups, applications with their service principals, assignments, policies. */
import { createHash, randomUUID } from "node:crypto";
import type { EventualMap, SandboxHost } from "../host.ts";

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
  customKeyIdentifier: string;
  displayName: string | null;
  endDateTime: string;
  key: string | null;
  keyId: string;
  startDateTime: string;
  type: string;
  usage: "Sign" | "Verify";
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
  applicationTemplateId: string | null;
  createdDateTime: string;
  displayName: string;
  notes: string | null;
  tags: string[];
  identifierUris: string[];
  defaultRedirectUri: string | null;
  appRoles: AppRole[];
  web: { redirectUris: string[]; [name: string]: unknown };
}
export interface ServicePrincipal {
  [name: string]: unknown;
  id: string;
  appId: string;
  displayName: string;
  accountEnabled: boolean;
  appRoleAssignmentRequired: boolean;
  preferredSingleSignOnMode: string | null;
  preferredTokenSigningKeyThumbprint: string | null;
  samlSingleSignOnSettings: { relayState: string | null } | null;
  loginUrl: string | null;
  notificationEmailAddresses: string[];
  tags: string[];
  /** As copied from the application, late. */
  appRoles: AppRole[];
  keyCredentials: KeyCredential[];
  passwordCredentials: PasswordCredential[];
}
export interface Assignment {
  [name: string]: unknown;
  id: string;
  appRoleId: string;
  principalId: string;
  principalType: "User" | "Group" | "ServicePrincipal";
  principalDisplayName: string;
  resourceId: string;
  resourceDisplayName: string;
  createdDateTime: string;
}
export interface User {
  [name: string]: unknown;
  id: string;
  userPrincipalName: string;
}
export interface Group {
  [name: string]: unknown;
  id: string;
  displayName: string;
  memberIds: string[];
}
export interface ClaimsPolicy {
  [name: string]: unknown;
  id: string;
  displayName: string;
  definition: string[];
}

export interface Directory {
  users: EventualMap<string, User>;
  userByName: Map<string, string>;
  groups: EventualMap<string, Group>;
  applications: EventualMap<string, Application>;
  servicePrincipals: EventualMap<string, ServicePrincipal>;
  spByAppId: Map<string, string>;
  deleted: Map<string, { application: Application; servicePrincipal?: ServicePrincipal; at: string }>;
  owners: Map<string, string[]>;
  /** By service principal. */
  assignments: Map<string, EventualMap<string, Assignment>>;
  claimsPolicies: EventualMap<string, ClaimsPolicy>;
  /** Policy ids by service principal. */
  policyLinks: EventualMap<string, string[]>;
}

/** The caller of every request: the sandbox accepts any token. */
export const CALLER = "c0117e00-0000-4000-8000-000000000001";

export function stableId(...parts: string[]): string {
  const hex = createHash("sha256").update(parts.join("/")).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const DEFAULT_ROLES: AppRole[] = [
  {
    allowedMemberTypes: ["User"],
    description: "User",
    displayName: "User",
    id: "18d14569-c3bd-439b-9a66-3a2aee01d14f",
    isEnabled: true,
    origin: "Application",
    value: null,
  },
  {
    allowedMemberTypes: ["User"],
    description: "msiam_access",
    displayName: "msiam_access",
    id: "b9632174-c057-4f7e-951b-be3adc52bfe6",
    isEnabled: true,
    origin: "Application",
    value: null,
  },
];

export function createDirectory(host: SandboxHost): Directory {
  const directory: Directory = {
    users: host.eventual("users"),
    userByName: new Map(),
    groups: host.eventual("groups"),
    applications: host.eventual("applications"),
    servicePrincipals: host.eventual("servicePrincipals"),
    spByAppId: new Map(),
    deleted: new Map(),
    owners: new Map(),
    assignments: new Map(),
    claimsPolicies: host.eventual("claimsPolicies"),
    policyLinks: host.eventual("policyLinks"),
  };
  for (const one of host.world.users) {
    const id = one.id ?? stableId("user", one.userPrincipalName);
    const [first, last] = (one.displayName ?? "").split(" ");
    directory.userByName.set(one.userPrincipalName.toLowerCase(), id);
    directory.users.seed(id, {
      id,
      businessPhones: [],
      displayName: one.displayName ?? one.userPrincipalName,
      givenName: one.givenName ?? first ?? null,
      jobTitle: null,
      mail: one.mail === undefined ? one.userPrincipalName : one.mail,
      mobilePhone: null,
      officeLocation: null,
      preferredLanguage: null,
      surname: one.surname ?? last ?? null,
      userPrincipalName: one.userPrincipalName,
      accountEnabled: one.accountEnabled ?? true,
      userType: one.userType ?? "Member",
    });
  }
  for (const group of host.world.groups) {
    const id = group.id ?? stableId("group", group.displayName);
    const memberIds = (group.members ?? [])
      .map((name) => directory.userByName.get(name.toLowerCase()))
      .filter((one) => one !== undefined);
    directory.groups.seed(id, {
      id,
      displayName: group.displayName,
      description: null,
      mailEnabled: false,
      mailNickname: id,
      securityEnabled: true,
      memberIds,
    });
  }
  for (const one of host.world.applications) {
    const { application, servicePrincipal } = newApplication(one.displayName, null, host.clock.now());
    directory.applications.seed(application.id, { ...application, identifierUris: one.identifierUris ?? [] });
    directory.servicePrincipals.seed(servicePrincipal.id, { ...servicePrincipal, preferredSingleSignOnMode: "saml" });
    directory.spByAppId.set(application.appId, servicePrincipal.id);
  }
  return directory;
}

export function newApplication(
  displayName: string,
  applicationTemplateId: string | null,
  now: Date,
): { application: Application; servicePrincipal: ServicePrincipal } {
  const appId = randomUUID();
  const createdDateTime = now.toISOString().replace(/\.\d{3}Z$/, "Z");
  const gallery = applicationTemplateId !== null;
  return {
    application: {
      id: randomUUID(),
      appId,
      applicationTemplateId,
      createdDateTime,
      displayName,
      description: null,
      notes: null,
      tags: [],
      identifierUris: [],
      defaultRedirectUri: null,
      signInAudience: "AzureADMyOrg",
      uniqueName: null,
      serviceManagementReference: null,
      isFallbackPublicClient: false,
      keyCredentials: [],
      passwordCredentials: [],
      appRoles: DEFAULT_ROLES.map((role) => ({ ...role })),
      web: {
        homePageUrl: gallery ? "https://signin.aws.amazon.com/saml?metadata=aws|ISV9.1|primary|z" : null,
        logoutUrl: null,
        redirectUris: gallery ? ["https://signin.aws.amazon.com/saml"] : [],
      },
    },
    servicePrincipal: {
      id: randomUUID(),
      appId,
      applicationTemplateId,
      displayName,
      appDisplayName: displayName,
      accountEnabled: true,
      appRoleAssignmentRequired: true,
      deletedDateTime: null,
      description: null,
      homepage: gallery ? "https://signin.aws.amazon.com/saml?metadata=aws|ISV9.1|primary|z" : null,
      loginUrl: null,
      logoutUrl: null,
      notes: null,
      notificationEmailAddresses: [],
      preferredSingleSignOnMode: null,
      preferredTokenSigningKeyThumbprint: null,
      samlSingleSignOnSettings: null,
      servicePrincipalType: "Application",
      signInAudience: "AzureADMyOrg",
      replyUrls: gallery ? ["https://signin.aws.amazon.com/saml"] : [],
      servicePrincipalNames: [appId],
      tags: ["WindowsAzureActiveDirectoryIntegratedApp"],
      appRoles: DEFAULT_ROLES.map((role) => ({ ...role })),
      keyCredentials: [],
      passwordCredentials: [],
    },
  };
}
