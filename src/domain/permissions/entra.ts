/** Application permissions of Microsoft Graph that the controller needs, each with the feature that needs it. */
import type { ConnectSsoPersona } from "../../api/resources.ts";
import { needsClaimsPolicy } from "../claims/policy.ts";

/** Microsoft Graph itself: the resource whose app roles are granted. */
export const GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000";

interface GraphPermission {
  name: string;
  /** Id of the app role in the global cloud. Sovereign clouds have others: look them up by name. */
  appRoleId: string;
  why: string;
  /** What somebody who holds the controller's identity could do with it beyond the controller's work. */
  warning?: string;
}

export interface EntraNeeds {
  /** Any persona with `application.groups`, and any ConnectUserSet. */
  groups: boolean;
  /** Any persona with another `roleSessionName` than the user principal name as it is, or with a `sessionDuration`. */
  claims: boolean;
}

export function entraNeeds(personas: ConnectSsoPersona[], sets: readonly unknown[] = []): EntraNeeds {
  return {
    groups: sets.length > 0 || personas.some(({ spec }) => (spec.application.groups ?? []).length > 0),
    claims: personas.some(({ spec }) => needsClaimsPolicy(spec.application)),
  };
}

const ALWAYS: GraphPermission[] = [
  {
    name: "Application.ReadWrite.OwnedBy",
    appRoleId: "18a4783c-866b-4cc7-a460-3d5e5662c884",
    why: "make the gallery application and change it: SAML settings, signing certificate, app roles, provisioning; only applications that the controller owns",
  },
  {
    name: "Application.Read.All",
    appRoleId: "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    why: "see which identifiers others use, and what Graph asks for beside AppRoleAssignment.ReadWrite.All",
  },
  {
    name: "AppRoleAssignment.ReadWrite.All",
    appRoleId: "06b708a9-e830-4db3-a914-8e69da51d44f",
    why: "assign users and groups to the application with the persona's role; Graph has no smaller permission for it",
    warning:
      "tier 0: its holder can grant any application permission, also to itself, up to RoleManagement.ReadWrite.Directory. Guard the controller's identity like a Global Administrator: no client secret, a federated credential for one service account, alerts on new app role assignments",
  },
  {
    name: "User.Read.All",
    appRoleId: "df021288-bdef-4463-88db-98f22de89214",
    why: "look people up, with accountEnabled and through delta queries, which User.ReadBasic.All leaves out",
    warning: "reads every profile of the tenant",
  },
];

const GROUPS: GraphPermission = {
  name: "GroupMember.Read.All",
  appRoleId: "98830695-27a2-44f7-8c18-0c3ebc9698f6",
  why: "application.groups and ConnectUserSets: find the groups and read who is in them",
};

const CLAIMS_READ: GraphPermission = {
  name: "Policy.Read.All",
  appRoleId: "246dd0d5-5bd0-4def-940b-0421030a5b68",
  why: "see whether a claims mapping policy was put on the application",
};
const CLAIMS_WRITE: GraphPermission = {
  name: "Policy.ReadWrite.ApplicationConfiguration",
  appRoleId: "be74164b-cff1-491c-8741-e671cb536e13",
  why: "application.roleSessionName and sessionDuration: create the claims mapping policy and put it on the application",
  warning: "writes claims, token lifetime and home realm policies of the whole tenant",
};

export function graphPermissions({ groups, claims }: EntraNeeds): GraphPermission[] {
  // The page of claimsMappingPolicy names a known issue: listing policies may need both.
  return [...ALWAYS, ...(groups ? [GROUPS] : []), CLAIMS_READ, ...(claims ? [CLAIMS_WRITE] : [])];
}

interface FederatedCredential {
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
  description: string;
}

/** For `az ad app federated-credential create`: tokens of this service account are the application's, so it needs no secret. */
export function federatedCredential(issuer: string, namespace: string, serviceAccount: string): FederatedCredential {
  return {
    name: `connect-sso-${namespace}-${serviceAccount}`.slice(0, 120),
    issuer,
    subject: `system:serviceaccount:${namespace}:${serviceAccount}`,
    audiences: ["api://AzureADTokenExchange"],
    description: "connect-sso, by the service account of its pod",
  };
}
