/** Everything one pass over a persona knows: the spec worked out into names, the clouds, and what was seen. */
import { createHash } from "node:crypto";
import { REASON } from "../api/reasons.ts";
import type { ConnectSsoPersona, ConnectSsoPersonaStatus } from "../api/resources.ts";
import { type IamNames, type InstanceArn, iamNames, parseInstanceArn } from "../domain/names.ts";
import { OWNER_TAG, ownerOf, ownershipOf } from "../domain/ownership.ts";
import { relayState } from "../domain/relay-state.ts";
import type { AwsAccount, ConnectInstance, Iam, Tags } from "../providers/aws/types.ts";
import type { Clouds } from "../providers/clouds.ts";
import { type CallOptions, CloudError } from "../providers/errors.ts";
import type { Graph } from "../providers/graph/types.ts";
import { conflictError, terminalError } from "../providers/verdicts.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { PendingKey } from "./pending-key.ts";
import type { Seen } from "./seen.ts";

/** What this process remembers of a persona between passes. Losing it costs a longer look, never an object. */
export interface Memory {
  /** First look of an unbroken row that found no application (our clock, Entra's clock), and how many there were. */
  absent?: { since: number; sinceEntra: number; looks: number };
  /** Entra's clock: since when no usable signing certificate was seen. */
  withoutCertificateSince?: number;
  /** Entra's clock: since when no claims mapping policy of our name was seen, and when one was asked for that does not show yet. */
  withoutClaimsPolicySince?: number;
  claimsPolicyAskedAt?: number;
  applicationId?: string;
  /** Calls whose outcome is not seen yet; what status says, and what it may have lost. */
  inFlight?: InFlight;
  pendingKey?: PendingKey;
  /** Tags of the IAM user that were written and may not be readable yet. */
  keyTags?: Tags;
  /** Entra's clock: when provisioning first refused an application that has no job yet. */
  provisioningRefusedSince?: number;
  /** Passes in a row that ended because a write was not readable yet. */
  unread?: number;
}

/** Times (ISO 8601, the cloud's clock) at which something was asked for that a second call would make twice. */
export type InFlight = NonNullable<ConnectSsoPersonaStatus["inFlight"]>;

export interface PersonaScope {
  readonly object: ConnectSsoPersona;
  readonly spec: ConnectSsoPersona["spec"];
  readonly instance: InstanceArn;
  readonly names: IamNames;
  /** Owner of this persona's own objects, and of those shared by all personas of the instance. */
  readonly owner: string;
  readonly sharedOwner: string;
  readonly relayState: string;
  readonly iam: Iam;
  readonly graph: Graph;
  readonly connect: ConnectInstance;
  readonly boundaryArn: string | undefined;
  readonly call: CallOptions;
  readonly memory: Memory;
  readonly seen: Seen;
  readonly inFlight: InFlight;
  /** Writes `inFlight` into the status; a call that must not be repeated is sent only after it is there. */
  persist(): Promise<void>;
  /** Milliseconds since the epoch, the controller's clock; ages of cloud objects are told by the clouds' clocks. */
  now(): number;
  /** The ConnectUser of another persona of this instance that is this Entra user, as a person would name it. */
  peer(entraObjectId: string): string | undefined;
}

export interface ScopeDeps {
  clouds: Clouds;
  cluster: string;
  now(): number;
  persist(inFlight: InFlight): Promise<void>;
  peer: PersonaScope["peer"];
}

/** Names and clouds. Refuses what the configuration does not allow; preflight.ts looks at the rest. */
export async function openScope(
  object: ConnectSsoPersona,
  deps: ScopeDeps,
  memory: Memory,
  call: CallOptions,
): Promise<PersonaScope> {
  const { spec } = object;
  const { namespace } = object.metadata;
  parseArn(spec.instanceArn);
  const [{ account, rules }, graph] = await Promise.all([
    deps.clouds.aws(spec.instanceArn, namespace),
    deps.clouds.graph(spec.application.tenantId, namespace),
  ]);
  const boundaryArn = rules.permissionsBoundaryArn ?? spec.aws.permissionsBoundaryArn;
  return scopeOf(object, deps, { account, graph, boundaryArn }, memory, call);
}

/** The scope itself, nothing refused: for looks that explain instead of acting. */
export function scopeOf(
  object: ConnectSsoPersona,
  deps: ScopeDeps,
  found: { account: AwsAccount; graph: Graph; boundaryArn: string | undefined },
  memory: Memory,
  call: CallOptions,
): PersonaScope {
  const { spec } = object;
  const { namespace, name } = object.metadata;
  const instance = parseArn(spec.instanceArn);
  const names = iamNames({ instance, namespace, name, aws: spec.aws, provisioning: spec.roleDelivery.provisioning });
  const inFlight: InFlight = { ...object.status?.inFlight, ...memory.inFlight };
  memory.inFlight = inFlight;
  return {
    object,
    spec,
    instance,
    names,
    owner: ownerOf(deps.cluster, namespace, name),
    sharedOwner: `${deps.cluster}/${instance.id}`,
    relayState: relayState(instance, spec),
    iam: found.account.iam,
    graph: found.graph,
    connect: found.account.instance(spec.instanceArn),
    boundaryArn: found.boundaryArn,
    call,
    memory,
    seen: {},
    inFlight,
    persist: () => deps.persist({ ...inFlight }),
    now: deps.now,
    peer: deps.peer,
  };
}

/** Notes in the status what is asked for next. Throws when it cannot be written: then it is not asked for. */
export async function intend(
  scope: PersonaScope,
  what: Exclude<keyof InFlight, "unknownSince">,
  since: string,
): Promise<void> {
  const { inFlight } = scope;
  const { unknownSince } = inFlight;
  inFlight[what] = since;
  // It was waited for long enough.
  delete inFlight.unknownSince;
  try {
    await scope.persist();
  } catch (error) {
    delete inFlight[what];
    if (unknownSince) inFlight.unknownSince = unknownSince;
    throw error;
  }
}

/** Worked on before, with nothing left that tells how far that came: something may be under way. */
export function hasLostItsHistory({ inFlight }: PersonaScope): boolean {
  return inFlight.unknownSince !== undefined;
}

function parseArn(arn: string): InstanceArn {
  try {
    return parseInstanceArn(arn);
  } catch (error) {
    throw terminalError(REASON.InvalidSpec, (error as Error).message);
  }
}

/**
 * Whether an object may be touched: "ours", or "adopt" when nobody owns it and the persona may take it over.
 * Throws conflict ForeignOwner or NotOwned otherwise.
 */
export function claim(
  scope: PersonaScope,
  object: string,
  ownerTag: string | undefined,
  owner: string = scope.owner,
): "ours" | "adopt" {
  const ownership = ownershipOf(ownerTag, owner);
  if (ownership === "ours") return "ours";
  if (ownership === "foreign")
    throw conflictError(
      REASON.ForeignOwner,
      `${object} belongs to ${ownerTag}; choose another name or delete it there first`,
    );
  if (scope.spec.adoptionPolicy === "IfUnowned") return "adopt";
  throw conflictError(
    REASON.NotOwned,
    `${object} exists and carries no owner tag; set adoptionPolicy: IfUnowned to take it over, or choose another name`,
  );
}

/**
 * As `claim`, of an object that this persona is known to have had (`wasOurs`): it is still looked at when its owner tag is gone or
 * another's, so that nobody can hide a change by taking the tag away first. The error then bars every change to it.
 */
export function claimKnown(
  scope: PersonaScope,
  object: string,
  ownerTag: string | undefined,
  wasOurs: boolean,
): { owned: "ours" | "adopt"; barred?: CloudError } {
  try {
    return { owned: claim(scope, object, ownerTag) };
  } catch (error) {
    if (!wasOurs || !(error instanceof CloudError)) throw error;
    const lost = ownershipOf(ownerTag, scope.owner) === "unowned" ? "lost its owner tag" : `was given to ${ownerTag}`;
    const barred = conflictError(
      error.reason,
      `${object} was this persona's and ${lost}, so nothing of it is set back: find out who did that, then tag it ${OWNER_TAG}=${scope.owner} again, or set adoptionPolicy: IfUnowned once it carries no such tag`,
    );
    return { owned: "ours", barred };
  }
}

/** The component was True for this persona, or its drift is on show since: the proof outlives the owner tag. */
export function wasOurs({ object }: PersonaScope, component: string, type: string): boolean {
  const condition = findCondition(object.status?.conditions, type);
  return (
    condition?.status === "True" ||
    (condition?.status === "Unknown" && condition.reason !== REASON.Pending) ||
    (object.status?.drift ?? []).some((row) => row.component === component)
  );
}

/** Tags of this persona's own IAM objects. */
export function ownTags(scope: PersonaScope): Tags {
  return { ...scope.spec.aws.tags, [OWNER_TAG]: scope.owner };
}

/** Wanted tags that are missing or differ. IAM folds the case of keys on roles, so it is folded here. */
export function missingTags(desired: Tags, observed: Tags): Tags {
  const found = new Map(Object.entries(observed).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.fromEntries(Object.entries(desired).filter(([key, value]) => found.get(key.toLowerCase()) !== value));
}

/** A request annotation as a short value that fits an IAM tag; undefined when nobody asked. */
export function requestMark(scope: PersonaScope, annotation: string): string | undefined {
  const value = scope.object.metadata.annotations?.[annotation];
  return value ? createHash("sha256").update(value).digest("hex").slice(0, 16) : undefined;
}
