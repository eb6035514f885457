/** What each component sees in a pass. One member a component: leaving one out, here or among the components, does not compile. */
import type { Dependants } from "../domain/adoption.ts";
import type {
  IamAccessKey,
  IamGroup,
  IamInlinePolicy,
  IamPolicy,
  IamRole,
  IamSamlProvider,
  IamUser,
} from "../providers/aws/types.ts";
import type {
  Application,
  Assignment,
  ClaimsMappingPolicy,
  ServicePrincipal,
  SyncJob,
} from "../providers/graph/types.ts";
import type { Rotation } from "./certificates.ts";
import type { SharedTrust } from "./role-sharing.ts";

/** Who may change the application and its service principal, where only owners may. */
export type Ownership =
  | { state: "ours" }
  /** Entra lists no owner of these, since so many milliseconds. */
  | { state: "ownerless"; of: string[]; sinceMs: number }
  | { state: "others"; of: string[] };

export interface SeenApplication {
  application?: Application;
  /** The persona's application among Entra's soft-deleted ones, looked for when there is no other. */
  deleted?: Application;
  servicePrincipal?: ServicePrincipal;
  /** Identifier to be used, and who else uses it. */
  identifier?: string;
  identifierTakenBy?: string;
  ownership: Ownership;
  /** Claims policies of an application that is about to be taken over; undefined where they may not be read. */
  claims?: ClaimsMappingPolicy[];
  /** Entra's clock, milliseconds: since when it has been without a service principal. */
  withoutPrincipalMs?: number;
  /** Ids of applications that all look like this persona's. */
  rivals: string[];
  /** Where there is none: id of one that bears our tag, and nothing else says that it is ours. */
  unproven?: string;
}
export interface Certificate {
  thumbprint: string;
  /** Base64 DER. */
  key: string;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  displayName: string | null;
}
export interface SeenCertificate extends Rotation {
  /** Read again: it carries the certificates. */
  principal?: ServicePrincipal;
  usable: Certificate[];
  provider?: IamSamlProvider;
  metadata?: string;
  /** Seconds that the tenant's policy lets a new certificate live; read where one is to be made. */
  longestLife?: number;
}
/** `dependants`: of one that is about to be taken over. */
export interface SeenPolicy {
  policy?: IamPolicy;
  dependants?: Dependants;
}
export interface SeenRole {
  role?: IamRole;
  /** Of a role that is ours or may be taken over. */
  inline?: IamInlinePolicy[];
  /** Of a role that is shared. */
  sharing?: SharedTrust;
  /** Other roles that the application carries with our provider. */
  former?: FormerRole[];
}
/** The role from before `aws.roleSharing` changed: users who signed in with it are bound to it. */
export interface FormerRole {
  name: string;
  appRoleId: string;
  /** False: it does not exist any more, or belongs to somebody else. */
  isOurs: boolean;
  /** A ConnectUser of the persona is bound to it, or may be. */
  isUsed: boolean;
  /** It stays: it is used, or the persona's deletionPolicy is Retain. */
  isKept: boolean;
  role?: IamRole;
  inline?: IamInlinePolicy[];
  /** Of one that was shared. */
  sharing?: SharedTrust;
}
export interface SeenProvisioningUser {
  user?: IamUser;
  inline?: IamInlinePolicy[];
  groups?: IamGroup[];
  /** Of a user that is about to be taken over: ids of the active keys that Entra does not hold, as far as is known. */
  keys?: string[];
  /** Of mode Provisioning, left over in mode Direct. */
  jobs?: SyncJob[];
  /** Users of ours that the application names and the spec does not. */
  former?: IamUser[];
  /** Of a user that is being taken over: the key that Entra holds, as far as is known. */
  adoptedKeyId?: string;
}
export interface SeenProvisioning {
  /** Read again: its tags show the state of a key rotation. */
  user?: IamUser;
  job?: SyncJob;
  templateId?: string;
  keys: IamAccessKey[];
  /** Of the key that Entra holds. */
  lastUsedAt?: Date;
  /** Undefined where Graph does not let them be read. */
  secretKeys?: string[];
}
export interface SeenClaims {
  attached: ClaimsMappingPolicy[];
  /** The one of our name that counts, the attached one first. */
  own?: ClaimsMappingPolicy;
  /** Others of our name. */
  surplus: ClaimsMappingPolicy[];
}
export interface SeenAssignments {
  /** `declared`: the name in the spec, where the group is declared by name. */
  wanted: { id: string; displayName: string; declared?: string }[];
  existing: Assignment[];
  /** Who is assigned here and declared under another persona of the instance. */
  strangers: string[];
  /** Members of the wanted groups, and how many of them have no ConnectUser of this persona. */
  members?: { total: number; unknown: number };
}
export interface SeenRoleDelivery {
  appRoleId?: string;
  /** The service principal carries the role, and it is disabled. */
  isDisabled?: boolean;
  /** Read again: it carries the app roles. */
  application?: Application;
}
export interface Seen {
  "federation-policy": SeenPolicy;
  "listing-policy": SeenPolicy;
  application: SeenApplication;
  certificate: SeenCertificate;
  claims: SeenClaims;
  "saml-provider": { provider?: IamSamlProvider; desired?: string; dependants?: Dependants };
  role: SeenRole;
  "provisioning-user": SeenProvisioningUser;
  provisioning: SeenProvisioning;
  "role-delivery": SeenRoleDelivery;
  assignments: SeenAssignments;
}
export type ComponentName = keyof Seen;
