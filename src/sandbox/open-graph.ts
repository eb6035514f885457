/** Open facts of Microsoft Graph and Entra. */
import type { OpenFact } from "./open.ts";

export const GRAPH_FACTS = {
  ownersShow: {
    values: ["atOnce", "afterOneMinute"],
    fact: "Owners of what instantiate made: listed at once, or after a minute of simulated time",
    source: "no page names a time; microsoft-graph-docs#16545 and terraform-provider-azuread#834 report empty lists",
  },
  provisioningKnowsPrincipal: {
    values: ["atOnce", "afterOneMinute"],
    fact: "Calls below /synchronization in the first simulated minute of a service principal: answered, or refused with 403 and 409 in turn",
    source: "terraform-provider-azuread retries both on every call (internal/services/synchronization)",
  },
  readSynchronizationSecrets: {
    values: ["allowed", "forbidden"],
    fact: "GET synchronization/secrets with Application.ReadWrite.OwnedBy: answered, or 403",
    source: "the permissions reference lists the permission for PUT secrets and for jobs, and is silent about this GET",
  },
  keptCredentialWithoutKey: {
    values: ["kept", "refused"],
    fact: "A kept credential that a PATCH sends back without key or secretText: kept, or refused because an explicit null is required",
    source:
      "reports quote 'must be sent back with null value' (AzureStack-Tools GraphAPI); none says what an absent member does",
  },
  roleImportOfChangedRole: {
    values: ["removes", "disables"],
    fact: "Role import meets a role that no longer qualifies: removes its app role and adds it again later, or disables it permanently",
    source: "MicrosoftDocs/azure-docs#17151, #51322, #23162, #23165 (2018 to 2020)",
  },
  secondClaimsPolicy: {
    values: ["refused", "accepted"],
    fact: "A second claims mapping policy on one service principal: refused as a conflict, or added",
    source: "serviceprincipal-post-claimsmappingpolicies does not say",
  },
  listClaimsPolicies: {
    values: ["either", "both"],
    fact: "List of claims mapping policies: Policy.Read.All or Policy.ReadWrite.ApplicationConfiguration is enough, or both are needed",
    source: "claimsmappingpolicy-list names a known permissions issue that may require consent to both",
  },
  inactiveCertificatesInMetadata: {
    values: ["hidden", "listed"],
    fact: "Federation metadata of an application with an inactive certificate: lists the active one alone, or both",
    source: "one vendor's renewal guide says that both are listed; Microsoft does not document it",
  },
  certificateNeverPreferred: {
    values: ["tenantKey", "newest"],
    fact: "Which key signs while preferredTokenSigningKeyThumbprint was never set: the tenant's own, or the newest certificate of the application",
    source:
      "serviceprincipal-addtokensigningcertificate says that a certificate must be activated, not what signs before",
  },
  identifiersOfDeleted: {
    values: ["free", "reserved"],
    fact: "Identifiers of an application in deletedItems: free for another application, or taken until it is purged",
    source: "directory-deleteditems pages do not say",
  },
  identifierConflict: {
    values: ["details", "message"],
    fact: "The 400 for an identifier that is taken: names the property in error.details, or in the message alone",
    source: "Azure/go-autorest#308 shows details; MicrosoftDocs/azure-docs#46428 the message",
  },
  deleteInSamlMode: {
    values: ["refused", "allowed"],
    fact: "DELETE of an application in SAML mode with an identifier outside the verified domains: DeletingSamlSpNotAllowed, or deleted",
    source: "terraform-provider-azuread#1388, one report",
  },
  absentReference: {
    values: ["notFound", "badRequest"],
    fact: "DELETE of a $ref that is not there: 404, or 400 'One or more removed object references do not exist'",
    source: "go-azure-sdk odata/errors.go knows the 400; the pages name no status",
  },
  managementPolicyOfSigningCertificates: {
    values: ["exempt", "bound"],
    fact: "The tenant's application management policy and addTokenSigningCertificate: exempt, or bound by its key and password rules",
    source: "the appManagementPolicy pages list the rules and not this action",
  },
  repeatedSynchronizationJob: {
    values: ["same", "another"],
    fact: "A second POST of a synchronization job of the same template: answers with the first job, or makes another one",
    source: "synchronization-synchronization-post-jobs does not say",
  },
  assignmentsOfRestored: {
    values: ["kept", "lost"],
    fact: "App role assignments of a restored service principal: as before its deletion, or gone",
    source: "delete-recover-faq mentions only policies and provisioning",
  },
  duplicateAssignment: {
    values: ["permission", "entitlement"],
    fact: "Text of the 400 for an app role assignment that exists: 'Permission being assigned already exists on the object', or 'EntitlementGrant entry already exists'",
    source: "public scripts match the first, microsoftgraph/msgraph-bicep-types#161 shows the second",
  },
} as const satisfies Record<string, OpenFact>;
