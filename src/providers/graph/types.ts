/** Port of the Entra side. `undefined` from a read means 404. Errors are CloudError. POSTs that create are never retried by the transport. */
import type { CallOptions } from "../errors.ts";

export interface AppRole {
  id: string;
  value: string | null;
  displayName: string;
  description: string;
  isEnabled: boolean;
  allowedMemberTypes: string[];
}
export interface Application {
  id: string;
  appId: string;
  displayName: string;
  applicationTemplateId: string | null;
  identifierUris: string[];
  redirectUris: string[];
  defaultRedirectUri: string | null;
  appRoles: AppRole[];
  tags: string[];
  notes: string | null;
  /** Of a soft-deleted one. */
  deletedDateTime?: string;
}
export interface KeyCredential {
  keyId: string;
  /** Upper-case hex SHA-1 of the certificate, whatever form the service showed. */
  thumbprint: string;
  usage: "Sign" | "Verify";
  type: string;
  startDateTime: string;
  endDateTime: string;
  displayName: string | null;
  /** Base64 DER; only on single-object reads. */
  key: string | null;
}
export interface ServicePrincipal {
  id: string;
  appId: string;
  displayName: string;
  accountEnabled: boolean;
  appRoleAssignmentRequired: boolean;
  preferredSingleSignOnMode: string | null;
  relayState: string | null;
  loginUrl: string | null;
  notificationEmailAddresses: string[];
  preferredTokenSigningKeyThumbprint: string | null;
  appRoles: AppRole[];
  tags: string[];
  keyCredentials: KeyCredential[];
  passwordCredentials: { keyId: string; thumbprint: string | null; endDateTime: string }[];
}
export interface Assignment {
  id: string;
  principalId: string;
  principalType: "User" | "Group" | "ServicePrincipal";
  principalDisplayName: string | null;
  appRoleId: string;
  resourceId: string;
}
export interface EntraUser {
  id: string;
  userPrincipalName: string;
  mail: string | null;
  displayName: string | null;
  givenName: string | null;
  surname: string | null;
  accountEnabled: boolean;
  userType: string | null;
  /** What else may become a RoleSessionName; absent where there is no value. */
  mailNickname?: string | null;
  employeeId?: string | null;
  onPremisesSamAccountName?: string | null;
  onPremisesExtensionAttributes?: Record<string, string | null>;
}
/** A user with the attributes that rules of a set may ask for. */
export interface Person extends EntraUser {
  mailNickname: string | null;
  employeeId: string | null;
  employeeType: string | null;
  onPremisesSamAccountName: string | null;
  department: string | null;
  jobTitle: string | null;
  officeLocation: string | null;
  companyName: string | null;
  country: string | null;
  usageLocation: string | null;
  preferredLanguage: string | null;
  /** extensionAttribute1 to extensionAttribute15, each of them present. */
  onPremisesExtensionAttributes: Record<string, string | null>;
}

/** "changed": deleted, and can be restored for 30 days; "deleted": gone permanently. */
export type Removed = "changed" | "deleted";
export interface PersonChange {
  id: string;
  removed?: Removed;
  /** As it is now; absent when removed. */
  person?: Person;
}
export interface GroupChange {
  id: string;
  removed?: Removed;
  displayName?: string;
  /** Direct members that came or went, of any kind: "user", "group", "device", "servicePrincipal". */
  members: { id: string; type: string; removed: boolean }[];
}
/** What changed since a token. */
export interface Changes<T> {
  changes: T[];
  /** For the next call; good for seven days, also in another process. */
  token: string;
  /** True without a token, or when it had expired: nothing is known of before, so read everything once, after this call. */
  reset: boolean;
}

export interface EntraGroup {
  id: string;
  displayName: string;
}
export interface SyncJob {
  id: string;
  templateId: string;
  status: "NotConfigured" | "NotRun" | "Active" | "Paused" | "Quarantine" | string;
  scheduleState: string;
  quarantine?: { reason: string; message: string; since?: string };
  lastExecution?: { state: string; endedAt?: string; beganAt?: string };
  /** Begin and end of the last good run. */
  lastSuccessfulExecutionBeganAt?: string;
  lastSuccessfulExecutionAt?: string;
}
export interface ClaimsMappingPolicy {
  id: string;
  displayName: string;
  definition: string[];
}

/** A rule of the policy about keys or passwords, in force now. `maxLifetime` is an ISO 8601 duration. */
export interface CredentialRule {
  name: string;
  maxLifetime?: string;
}

/** `restricted`: identifiers that are refused; `exceptSaml`: not those of applications in SAML mode. */
export interface IdentifierPolicy {
  isEnabled: boolean;
  rules: { name: string; restricted: boolean; exceptSaml: boolean }[];
  /** Of what addTokenSigningCertificate adds, a key and a password: asymmetricKeyLifetime, passwordAddition and the like. */
  credentials?: CredentialRule[];
}

/** Microsoft Graph for one tenant. */
export interface Graph {
  readonly tenantId: string;
  now(): Date;
  /** Entity id of the tenant, in the metadata and in every assertion. */
  readonly issuer: string;
  /** Where a user starts the sign-in to an application. Undefined in China, whose address of My Apps is not documented. */
  userAccessUrl(appId: string): string | undefined;

  /** Gallery template of "AWS Single-Account Access". Throws CloudError outcomeUnknown on a 404, time-out or 5xx: then look by display name. */
  instantiate(
    templateId: string,
    displayName: string,
    o?: CallOptions,
  ): Promise<{ application: Application; servicePrincipal: ServicePrincipal }>;
  getApplication(id: string, o?: CallOptions): Promise<Application | undefined>;
  findApplications(
    f:
      | { displayName: string }
      | { appId: string }
      | { identifierUri: string }
      | { identifierUriPrefix: string }
      | { tag: string }
      | { templateId: string },
    o?: CallOptions,
  ): Promise<Application[]>;
  patchApplication(
    id: string,
    p: Partial<{
      displayName: string;
      identifierUris: string[];
      web: { redirectUris: string[] };
      defaultRedirectUri: string | null;
      appRoles: AppRole[];
      tags: string[];
      notes: string | null;
    }>,
    o?: CallOptions,
  ): Promise<void>;
  deleteApplication(id: string, o?: CallOptions): Promise<void>;
  /** Soft-deleted applications (30 days) that `wanted` accepts; Graph filters these by nothing useful. */
  findDeletedApplications(wanted: (one: Application) => boolean, o?: CallOptions): Promise<Application[]>;
  /**
   * Brings a soft-deleted application back, then its service principal (see ensureServicePrincipal); policies are not recovered. An error
   * of kind `waiting` may mean that the application is back and its service principal is not yet.
   */
  restoreApplication(id: string, o?: CallOptions): Promise<void>;
  owners(kind: "application" | "servicePrincipal", id: string, o?: CallOptions): Promise<string[]>;

  /** Single-object read with certificates (`key` included). */
  getServicePrincipal(id: string, o?: CallOptions): Promise<ServicePrincipal | undefined>;
  findServicePrincipal(appId: string, o?: CallOptions): Promise<ServicePrincipal | undefined>;
  /**
   * The service principal of an application that exists: found; else restored from the deleted ones; else made. Graph restores none with
   * its application. CloudError `waiting` while Entra does not show the application, or the service principal that it says exists.
   */
  ensureServicePrincipal(appId: string, o?: CallOptions): Promise<ServicePrincipal>;
  patchServicePrincipal(
    id: string,
    p: Partial<{
      preferredSingleSignOnMode: string | null;
      samlSingleSignOnSettings: { relayState: string | null };
      loginUrl: string | null;
      notificationEmailAddresses: string[];
      appRoleAssignmentRequired: boolean;
      accountEnabled: boolean;
      /** Null: Entra chooses. */
      preferredTokenSigningKeyThumbprint: string | null;
      tags: string[];
    }>,
    o?: CallOptions,
  ): Promise<void>;
  /** Made by Entra itself; in national clouds, where Graph has no such call, made here and uploaded, and the private key forgotten. */
  addTokenSigningCertificate(
    id: string,
    c: { displayName: string; endDateTime: string },
    o?: CallOptions,
  ): Promise<void>;
  /**
   * Removes the Sign, Verify and password credentials of these thumbprints, keeps all others. CloudError `waiting` while one of them is
   * the certificate that signs.
   */
  removeSigningCertificates(id: string, thumbprints: string[], o?: CallOptions): Promise<void>;

  /** All assignments of an application's service principal, in pages; cached for `maxAgeMs` and shared by all users of it. */
  assignments(servicePrincipalId: string, o?: CallOptions & { maxAgeMs?: number }): Promise<Assignment[]>;
  /** Same inventory by principal, O(1) per user. */
  assignmentsOf(
    servicePrincipalId: string,
    principalId: string,
    o?: CallOptions & { maxAgeMs?: number },
  ): Promise<readonly Assignment[]>;
  /** Those of groups, from the same inventory. */
  groupAssignments(servicePrincipalId: string, o?: CallOptions & { maxAgeMs?: number }): Promise<readonly Assignment[]>;
  /** A duplicate counts as success after a look. */
  assign(servicePrincipalId: string, principalId: string, appRoleId: string, o?: CallOptions): Promise<void>;
  unassign(servicePrincipalId: string, assignmentId: string, o?: CallOptions): Promise<void>;

  /**
   * By UPN or object id, from the shared cache (batch and delta). `among` gives all names that are going to be asked for, so that an
   * empty cache is filled in a few calls; it is called only when this one is not known yet.
   */
  user(
    key: { userPrincipalName: string } | { objectId: string },
    o?: CallOptions & { maxAgeMs?: number },
    among?: () => Iterable<string>,
  ): Promise<EntraUser | undefined>;
  /** By object id, with attributes, in batches; 404 is absent from the map. Not cached. */
  people(objectIds: readonly string[], o?: CallOptions): Promise<Map<string, Person>>;
  /**
   * Users in a group, of groups in it too unless `nested` is false; all pages or an error, never a shorter list. Members that are no
   * users are left out. Undefined: there is no such group.
   */
  members(groupId: string, o?: CallOptions & { nested?: boolean }): Promise<Person[] | undefined>;
  /** Groups that are direct members of a group; all pages or an error. Undefined: there is no such group. */
  memberGroups(groupId: string, o?: CallOptions): Promise<EntraGroup[] | undefined>;
  /** Changes of users of the tenant, one call while little happens. The cache of `user` learns from it. */
  userChanges(token: string | undefined, o?: CallOptions): Promise<Changes<PersonChange>>;
  /** The same, and changes of groups and of their direct members: together one call while little happens. */
  directoryChanges(
    tokens: { users?: string | undefined; groups?: string | undefined },
    o?: CallOptions,
  ): Promise<{ users: Changes<PersonChange>; groups: Changes<GroupChange> }>;
  findGroups(f: { displayName: string } | { id: string }, o?: CallOptions): Promise<EntraGroup[]>;
  /** Direct members only: a group assignment reaches no nested group. */
  groupMemberIds(groupId: string, o?: CallOptions & { maxAgeMs?: number }): Promise<string[]>;

  claimsPoliciesOf(servicePrincipalId: string, o?: CallOptions): Promise<ClaimsMappingPolicy[]>;
  findClaimsPolicies(displayName: string, o?: CallOptions): Promise<ClaimsMappingPolicy[]>;
  createClaimsPolicy(p: { displayName: string; definition: string[] }, o?: CallOptions): Promise<ClaimsMappingPolicy>;
  updateClaimsPolicy(id: string, p: { definition: string[] }, o?: CallOptions): Promise<void>;
  deleteClaimsPolicy(id: string, o?: CallOptions): Promise<void>;
  attachClaimsPolicy(servicePrincipalId: string, policyId: string, o?: CallOptions): Promise<void>;
  detachClaimsPolicy(servicePrincipalId: string, policyId: string, o?: CallOptions): Promise<void>;

  syncJobs(servicePrincipalId: string, o?: CallOptions): Promise<SyncJob[]>;
  syncTemplates(servicePrincipalId: string, o?: CallOptions): Promise<{ id: string }[]>;
  createSyncJob(servicePrincipalId: string, templateId: string, o?: CallOptions): Promise<SyncJob>;
  /** Never logged, never kept. False: the credentials were refused. */
  validateSyncCredentials(
    servicePrincipalId: string,
    jobId: string,
    c: { accessKeyId: string; secretAccessKey: string },
    o?: CallOptions,
  ): Promise<boolean>;
  putSyncSecrets(
    servicePrincipalId: string,
    c: { accessKeyId: string; secretAccessKey: string },
    o?: CallOptions,
  ): Promise<void>;
  /** Keys whose (masked) value is set; undefined where Graph does not let the controller read them (403). */
  syncSecretKeys(servicePrincipalId: string, o?: CallOptions): Promise<string[] | undefined>;
  /** A job that is gone counts as deleted. */
  deleteSyncJob(servicePrincipalId: string, jobId: string, o?: CallOptions): Promise<void>;
  startSyncJob(servicePrincipalId: string, jobId: string, o?: CallOptions): Promise<void>;
  restartSyncJob(servicePrincipalId: string, jobId: string, o?: CallOptions): Promise<void>;

  /** Application permissions in the controller's token; undefined when the token cannot be read (it is opaque by contract). */
  permissions(): Promise<string[] | undefined>;
  /** Object id of the controller's own service principal, from its token; undefined when the token cannot be read. */
  selfId(): Promise<string | undefined>;
  /** The tenant's default application management policy, as far as it may refuse identifiers and credentials. */
  identifierPolicy(o?: CallOptions): Promise<IdentifierPolicy | undefined>;

  /** Federation metadata XML of one application (of the tenant without one): fixed host, no redirect, at most 1 MiB, raw text. Checking it is the domain's. */
  federationMetadata(appId: string | undefined, o?: CallOptions): Promise<string>;
}
