/** What each component sees in a pass. One member a component: leaving one out, here or among the components, does not compile. */
import type {
  AccessKeyUse,
  IamAccessKey,
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

export interface SeenApplication {
  application?: Application;
  /** The persona's application among Entra's soft-deleted ones, looked for when there is no other. */
  deleted?: Application;
  servicePrincipal?: ServicePrincipal;
  /** Identifier to be used, and who else uses it. */
  identifier?: string;
  identifierTakenBy?: string;
  ownerless: ("application" | "servicePrincipal")[];
  /** Ids of applications that all look like this persona's. */
  rivals: string[];
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
  /** Read anew: it carries the certificates. */
  principal?: ServicePrincipal;
  usable: Certificate[];
  provider?: IamSamlProvider;
  metadata?: string;
}
export interface SeenProvisioningUser {
  user?: IamUser;
  /** Of a user that is being taken over: the key that Entra holds, as far as can be told. */
  adoptedKeyId?: string;
}
export interface SeenProvisioning {
  /** Read anew: its tags tell how far a rotation of the key has come. */
  user?: IamUser;
  job?: SyncJob;
  templateId?: string;
  keys: IamAccessKey[];
  use: Record<string, AccessKeyUse>;
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
  wanted: { id: string; displayName: string }[];
  existing: Assignment[];
  /** Who is assigned here and declared under another persona of the instance. */
  strangers: string[];
}
export interface SeenRoleDelivery {
  appRoleId?: string;
  /** Read anew: it carries the app roles. */
  application?: Application;
}
export interface Seen {
  "federation-policy": { policy?: IamPolicy };
  "listing-policy": { policy?: IamPolicy };
  application: SeenApplication;
  certificate: SeenCertificate;
  claims: SeenClaims;
  "saml-provider": { provider?: IamSamlProvider; desired?: string };
  role: { role?: IamRole };
  "provisioning-user": SeenProvisioningUser;
  provisioning: SeenProvisioning;
  "role-delivery": SeenRoleDelivery;
  assignments: SeenAssignments;
}
export type ComponentName = keyof Seen;
