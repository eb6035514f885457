/** What the page reads of an object. Every name of a status field is here and nowhere else in the page and the report. */

import { isGood, isWaiting } from "../api/health.ts";
import {
  type ConnectSsoPersona,
  type ConnectUser,
  type ConnectUserSet,
  MEMBER_ANNOTATIONS,
  SET_LABEL,
} from "../api/resources.ts";
import { durationSeconds } from "../domain/duration.ts";
import { keyAgeMs } from "../domain/key-age.ts";
import { type Condition, conditionOf } from "../runtime/conditions.ts";

export type Resource = ConnectSsoPersona | ConnectUser | ConnectUserSet;

/** How an object is, as its own status says. */
export type State = "ready" | "attention" | "waiting" | "suspended" | "leaving" | "unseen";

/** In the order in which a reader wants them. */
export const STATES: Record<State, { label: string; meaning: string }> = {
  attention: { label: "Needs attention", meaning: "something has to be fixed" },
  waiting: { label: "Waiting", meaning: "no action is needed yet" },
  unseen: { label: "Not checked yet", meaning: "the controller has not checked it yet" },
  suspended: { label: "Suspended", meaning: "nothing is checked or changed" },
  leaving: { label: "Being removed", meaning: "its access is being taken away" },
  ready: { label: "Ready", meaning: "everything is as declared" },
};

export function stateOf(object: Resource): State {
  if (object.metadata.deletionTimestamp) return "leaving";
  const ready = conditionOf(object, "Ready");
  if (!ready) return object.spec.suspend ? "suspended" : "unseen";
  if (ready.reason === "Suspended") return "suspended";
  if (ready.status === "True") return "ready";
  return ready.status === "Unknown" || isWaiting(ready) ? "waiting" : "attention";
}

/** The sentence of the Ready condition. */
export function sentenceOf(object: Resource): string {
  return conditionOf(object, "Ready")?.message ?? "The controller has not looked at it yet.";
}

export const sinceOf = (object: Resource): string | undefined => conditionOf(object, "Ready")?.lastTransitionTime;

export const checkedOf = ({ status }: ConnectSsoPersona | ConnectUser): string | undefined => status?.lastCheckedTime;

/** State of one condition, in the words of `STATES`. */
export function conditionState(condition: Condition): State {
  if (condition.reason === "NotApplicable") return "suspended";
  if (isGood(condition)) return "ready";
  return condition.status === "Unknown" || isWaiting(condition) ? "waiting" : "attention";
}

interface Person {
  name: string;
  upn: string;
  fullName: string;
  persona: string;
  state: State;
}

const upnOf = ({ spec: { entraUser } }: ConnectUser): string => entraUser.userPrincipalName ?? entraUser.objectId ?? "";

/** Connect user name, or how Entra names the person. */
export const nameOf = (user: ConnectUser): string => user.status?.username ?? user.spec.username ?? upnOf(user);

export function personOf(user: ConnectUser): Person {
  const { firstName, lastName, personaRef } = user.spec;
  const fullName = [firstName, lastName].filter(Boolean).join(" ");
  return { name: nameOf(user), upn: upnOf(user), fullName, persona: personaRef.name, state: stateOf(user) };
}

/** Whether one of the names by which a person is searched has these letters, of a word in lower case. */
export const isNamed = (user: ConnectUser, word: string): boolean =>
  [
    nameOf(user),
    upnOf(user),
    user.spec.firstName,
    user.spec.lastName,
    user.metadata.name,
    user.status?.entraObjectId,
  ].some((name) => name?.toLowerCase().includes(word));

export interface Access {
  securityProfiles: readonly string[];
  routingProfile: string;
  hierarchyGroup: string;
  entraObjectId: string | undefined;
  connectUserId: string | undefined;
}

/** What a person is declared to have; what it does not say itself is the persona's. */
export function accessOf({ spec, status }: ConnectUser, persona: ConnectSsoPersona | undefined): Access {
  return {
    securityProfiles: spec.securityProfiles ?? persona?.spec.connectUsers.securityProfiles ?? [],
    routingProfile: spec.routingProfile ?? persona?.spec.connectUsers.routingProfile ?? "",
    hierarchyGroup: (spec.hierarchyGroup ?? []).join(" / "),
    entraObjectId: status?.entraObjectId,
    connectUserId: status?.connectUserId,
  };
}

/** Owner tag of the cloud objects, `cluster/namespace/name`. */
export const ownerOf = ({ status }: ConnectSsoPersona): string | undefined => status?.owner;
export const setOf = ({ metadata }: ConnectUser): string | undefined => metadata.labels?.[SET_LABEL];
/** Which rule of the set decided which field, as `persona=managers, tags[team]=managers`. */
export const rulesOf = ({ metadata }: ConnectUser): string | undefined =>
  metadata.annotations?.[MEMBER_ANNOTATIONS.because];
export const signInAt = ({ status }: ConnectSsoPersona | ConnectUser): string | undefined => status?.userAccessUrl;

export interface Difference {
  component: string;
  path: string;
  desired: string;
  observed: string;
  concern: "trust" | "permissions" | "settings";
  since: string;
}
export const differencesOf = ({ status }: Resource): readonly Difference[] => status?.drift ?? [];

interface Ending {
  what: string;
  at: string;
  /** When the controller replaces it by itself. */
  replacedAt: string | undefined;
}

/** What ends by the calendar: the signing certificate and the access key. */
export function endingsOf({ spec, status }: ConnectSsoPersona): Ending[] {
  const after = (time: string, ms: number) => new Date(Date.parse(time) + ms).toISOString();
  const certificate = status?.certificate?.expirationTime;
  const key = status?.accessKey?.creationTime;
  const { rotateBefore } = spec.application.signingCertificate;
  const end = key && after(key, keyAgeMs(spec));
  return [
    ...(certificate
      ? [
          {
            what: "Signing certificate",
            at: certificate,
            replacedAt: after(certificate, -durationSeconds(rotateBefore) * 1000),
          },
        ]
      : []),
    ...(end ? [{ what: `Access key …${status?.accessKey?.lastFour ?? ""}`, at: end, replacedAt: end }] : []),
  ];
}

interface Approval {
  /** What waits. */
  text: string;
  since: string | undefined;
  /** What approves it. */
  command: string;
}

/** Changes that a person has to allow. */
export function approvalOf(object: Resource): Approval | undefined {
  const { namespace, name } = object.metadata;
  const halted = conditionOf(object, "RemovalsHalted");
  if (halted?.status === "True")
    return {
      text: halted.message,
      since: halted.lastTransitionTime,
      command: `kubectl annotate connectssopersona ${name} -n ${namespace} connectsso.dev/allow-mass-deletion="$(date +%s)" --overwrite`,
    };
  const pending = pendingOf(object);
  const held = conditionOf(object, "ChangesHeld");
  if (held?.status === "True" && pending?.hash)
    return {
      text: held.message,
      since: pending.since ?? held.lastTransitionTime,
      command: `kubectl annotate connectuserset ${name} -n ${namespace} connectsso.dev/approve=${pending.hash} --overwrite`,
    };
  return undefined;
}

export const pendingOf = (object: Resource) => (object as ConnectUserSet).status?.pending;
export const readTimeOf = ({ status }: ConnectUserSet): string | undefined => status?.lastCheckedTime;
/** Whether Entra has given the person the role of the persona. */
export const roleAssignedOf = (object: ConnectUser): Condition | undefined => conditionOf(object, "RoleAssigned");
