/** The kinds as objects, and the names that stand in manifests, conditions and annotations. */
import type { Resource } from "../runtime/client.ts";
import type { KubeObject } from "../runtime/port.ts";
import type {
  ConnectSsoPersonaSpec,
  ConnectSsoPersonaStatus,
  ConnectUserSetSpec,
  ConnectUserSetStatus,
  ConnectUserSpec,
  ConnectUserStatus,
} from "./generated/types.ts";

export type {
  ConnectSsoPersonaSpec,
  ConnectSsoPersonaStatus,
  ConnectUserSetSpec,
  ConnectUserSetStatus,
  ConnectUserSpec,
  ConnectUserStatus,
};

export const GROUP = "connectsso.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}`;
export const PERSONA = "ConnectSsoPersona";
export const USER = "ConnectUser";
export const SET = "ConnectUserSet";
/** Label of a ConnectUser that a set made: the set's name. */
export const SET_LABEL = "connectsso.dev/set";
/** Annotations of a generated ConnectUser. */
export const MEMBER_ANNOTATIONS = {
  /** Which rule decided which field, as `persona=managers, tags[team]=managers`. */
  because: "connectsso.dev/decided-by",
  /** Hash of what was applied and why: a field that no rule sets any more shows as another hash. */
  hash: "connectsso.dev/member-hash",
  /** Since when the person is out of the source, in ISO 8601. */
  leavingSince: "connectsso.dev/leaving-since",
  /** The set that made the user and was deleted: a set of this name takes the user back. */
  orphanOf: "connectsso.dev/orphan-of",
} as const;
/** How the API server serves the kinds; what others stand on comes first. */
export const RESOURCES = {
  [PERSONA]: { group: GROUP, version: VERSION, plural: "connectssopersonas", kind: PERSONA },
  [SET]: { group: GROUP, version: VERSION, plural: "connectusersets", kind: SET },
  [USER]: { group: GROUP, version: VERSION, plural: "connectusers", kind: USER },
} as const satisfies Record<string, Resource>;
export const FINALIZER = "connectsso.dev/finalizer";

export type Metadata = KubeObject["metadata"];
export interface ConnectSsoPersona {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  spec: ConnectSsoPersonaSpec;
  status?: ConnectSsoPersonaStatus;
}
export interface ConnectUser {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  spec: ConnectUserSpec;
  status?: ConnectUserStatus;
}

export interface ConnectUserSet {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  spec: ConnectUserSetSpec;
  status?: ConnectUserSetStatus;
}

/** Annotations by which a person asks for one thing; done once per new value, the value kept in `status.handledRequests`. */
export const ANNOTATIONS = {
  /** Look again now. */
  reconcile: "connectsso.dev/reconcile",
  /** ConnectUser: delete and recreate the Connect user. */
  recreate: "connectsso.dev/recreate",
  /** Persona: rotate the access key. */
  rotateKey: "connectsso.dev/rotate-key",
  /** Persona: rotate the signing certificate. */
  rotateCertificate: "connectsso.dev/rotate-certificate",
  /** Persona: allow what the mass-deletion guard has halted. */
  allowMassDeletion: "connectsso.dev/allow-mass-deletion",
  /** ConnectUserSet: let the list of this hash go. */
  approve: "connectsso.dev/approve",
} as const;

/** Key of `status.handledRequests`: the annotation without its prefix. */
export const requestName = (annotation: string): string => annotation.slice(annotation.indexOf("/") + 1);

/** Indexes of the object store. */
export const INDEX = {
  /** ConnectUser by persona name (within the namespace): value `<namespace>/<persona>`. */
  userByPersona: "userByPersona",
  /** ConnectUser by Entra user, without case: value is the UPN or the object id in lower case. */
  userByEntraUser: "userByEntraUser",
  /** ConnectUser by the set that made it: value `<namespace>/<set>`. */
  userBySet: "userBySet",
  /** Persona by instance ARN. */
  personaByInstance: "personaByInstance",
} as const;

export const CONDITION = {
  Ready: "Ready",
  Reconciling: "Reconciling",
  Stalled: "Stalled",
  Drifted: "Drifted",
  Conflict: "Conflict",
  PoliciesReady: "PoliciesReady",
  ApplicationReady: "ApplicationReady",
  CertificateReady: "CertificateReady",
  ClaimsReady: "ClaimsReady",
  SamlProviderReady: "SamlProviderReady",
  RoleReady: "RoleReady",
  ProvisioningReady: "ProvisioningReady",
  RoleDelivered: "RoleDelivered",
  AssignmentsReady: "AssignmentsReady",
  RoleAssigned: "RoleAssigned",
  ConnectUserReady: "ConnectUserReady",
  /** Set: the directory was read to its end. */
  SourceReady: "SourceReady",
  /** Set: changes wait for a person's word. */
  ChangesHeld: "ChangesHeld",
  /** Set: its ConnectUsers are as the rules say. */
  MembersReady: "MembersReady",
  /** Persona: the mass-deletion guard holds removals back. */
  RemovalsHalted: "RemovalsHalted",
} as const;
