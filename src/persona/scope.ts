/** Everything one pass over a persona knows: the spec worked out into names, the clouds, and what was seen. */
import { createHash } from "node:crypto";
import { REASON } from "../api/reasons.ts";
import type { ConnectSsoPersona, ConnectSsoPersonaStatus } from "../api/resources.ts";
import type { Difference } from "../domain/difference.ts";
import {
  type IamNames,
  type InstanceArn,
  parseInstanceArn,
  personaNames,
  type SharedPolicy,
  sharedPolicyOwner,
  sharedRoleOwner,
} from "../domain/names.ts";
import { OWNER_TAG, ownerOf, ownershipOf } from "../domain/ownership.ts";
import { relayState } from "../domain/relay-state.ts";
import type { Scope } from "../engine/component.ts";
import { type Comparison, isComplete } from "../engine/ledger.ts";
import type { Absence } from "../engine/once.ts";
import { AskOnce } from "../engine/once.ts";
import type { AwsAccount, ConnectInstance, Iam, Tags } from "../providers/aws/types.ts";
import type { AccountRules, Clouds } from "../providers/clouds.ts";
import { type CallOptions, CloudError } from "../providers/errors.ts";
import type { Graph, ServicePrincipal } from "../providers/graph/types.ts";
import { conflictError, terminalError } from "../providers/verdicts.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { isAdmitted } from "./admission.ts";
import type { PendingKey } from "./pending-key.ts";
import type { Profiles } from "./profiles.ts";
import type { Seen } from "./seen.ts";

/** What this process remembers of a persona between passes. Losing it costs a longer look, never an object. */
export interface Memory {
  /** Looks that found nothing of what was asked for once, by key. */
  absences: Record<string, Absence>;
  /** Entra's clock: since when no claims mapping policy of our name was seen. */
  withoutClaimsPolicySince?: number;
  applicationId?: string;
  /** Calls whose outcome is not seen yet; what status says, and what it may have lost. */
  inFlight?: InFlight;
  pendingKey?: PendingKey;
  /** Tags of the IAM user that were written and may not be readable yet. */
  keyTags?: Tags;
  /** Entra's clock: since when the application was seen without owners, or without its service principal. */
  ownerlessSince?: number;
  withoutPrincipalSince?: number;
  /** Names of roles and users that the deletion of the persona keeps: what they need is kept with them. */
  kept?: Set<string>;
  /** Ids of the quick connects that rang no one at the last look. */
  strayQuickConnects?: string;
  /** Identifiers that Entra refused although no application shows them: deleted ones may keep theirs. */
  takenIdentifiers?: string[];
}

/** Times (ISO 8601, the cloud's clock) at which something was asked for that a second call would make twice. */
export type InFlight = NonNullable<ConnectSsoPersonaStatus["inFlight"]>;

export interface PersonaScope extends Scope<Seen> {
  readonly object: ConnectSsoPersona;
  readonly spec: ConnectSsoPersona["spec"];
  readonly instance: InstanceArn;
  readonly names: IamNames;
  /** Owner of this persona's own objects, and of those shared by all personas of the instance. */
  readonly owner: string;
  readonly sharedOwner: Record<SharedPolicy | "role", string>;
  readonly relayState: string;
  readonly iam: Iam;
  readonly graph: Graph;
  readonly connect: ConnectInstance;
  readonly boundaryArn: string | undefined;
  /** What the settings file asks of every persona of the account. */
  readonly accountBoundaryArn: string | undefined;
  /** Why the settings file does not let this namespace take over an object of this name. */
  readonly adoptionRefusal: AccountRules["adoptionRefusal"];
  readonly call: CallOptions;
  readonly memory: Memory;
  /** Creates that must not be repeated: the application, its signing certificate, its claims policy. */
  readonly once: AskOnce;
  /** Of what is not ours, once the components are done: what the security profiles permit, and what else Ready is to name. */
  profiles?: Profiles;
  remark?: string;
  /** Other personas and users; what is shared with them is theirs as well. */
  readonly store: Pick<ObjectStore, "get" | "list">;
  /** Milliseconds since the epoch, the controller's clock; ages of cloud objects are measured by the clouds' clocks. */
  now(): number;
  /** The ConnectUser of another persona of this instance that is this Entra user, as a person would name it. */
  claimedElsewhere(entraObjectId: string): string | undefined;
  /** Whether the settings file lets another persona act in its account and tenant: else what it declares does not count. */
  admits(persona: ConnectSsoPersona): Promise<boolean>;
}

interface ScopeDeps {
  clouds: Clouds;
  store: Pick<ObjectStore, "get" | "list">;
  cluster: string;
  now(): number;
  persist(fields: { inFlight: InFlight }): Promise<void>;
  claimedElsewhere: PersonaScope["claimedElsewhere"];
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
  return scopeOf(object, deps, { account, graph, boundaryArn, rules }, memory, call);
}

/** The scope itself, nothing refused: for looks that explain instead of acting. */
export function scopeOf(
  object: ConnectSsoPersona,
  deps: ScopeDeps,
  found: { account: AwsAccount; graph: Graph; boundaryArn: string | undefined; rules: AccountRules },
  memory: Memory,
  call: CallOptions,
): PersonaScope {
  const { spec } = object;
  const { namespace, name } = object.metadata;
  const instance = parseArn(spec.instanceArn);
  const names = personaNames(object);
  const inFlight: InFlight = { ...object.status?.inFlight, ...memory.inFlight };
  memory.inFlight = inFlight;
  const { graph } = found;
  const once = new AskOnce({
    notes: inFlight,
    absences: memory.absences,
    persist: () => deps.persist({ inFlight: { ...inFlight } }),
    now: deps.now,
    serviceNow: () => graph.now().getTime(),
  });
  return {
    object,
    spec,
    driftPolicy: spec.driftPolicy ?? "Correct",
    signal: call.signal,
    instance,
    names,
    owner: ownerOf(deps.cluster, namespace, name),
    sharedOwner: {
      federation: sharedPolicyOwner(deps.cluster, instance, "federation"),
      "list-roles": sharedPolicyOwner(deps.cluster, instance, "list-roles"),
      role: sharedRoleOwner(deps.cluster, namespace, instance),
    },
    relayState: relayState(instance, spec),
    iam: found.account.iam,
    graph,
    connect: found.account.instance(spec.instanceArn),
    boundaryArn: found.boundaryArn,
    accountBoundaryArn: found.rules.permissionsBoundaryArn,
    adoptionRefusal: found.rules.adoptionRefusal,
    call,
    memory,
    seen: {},
    once,
    store: deps.store,
    now: deps.now,
    claimedElsewhere: deps.claimedElsewhere,
    admits: (persona) => isAdmitted(persona, deps.clouds, call),
  };
}

function parseArn(arn: string): InstanceArn {
  try {
    return parseInstanceArn(arn);
  } catch (error) {
    throw terminalError(REASON.InvalidSpec, (error as Error).message);
  }
}

/** What comes before the name of an object, as messages have it. */
const KINDS = /^(IAM (role|policy|user)|SAML provider|application|claims mapping policy) /;

/**
 * Whether an object may be touched: "ours", or "adopt" when it has no owner and the persona may adopt it.
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
  if (scope.spec.adoptionPolicy === "IfUnowned") {
    const refusal = scope.adoptionRefusal(object.replace(KINDS, ""));
    if (refusal) throw conflictError(REASON.NotOwned, `${object} exists and carries no owner tag, and ${refusal}`);
    return "adopt";
  }
  throw conflictError(
    REASON.NotOwned,
    `${object} exists and carries no owner tag; set adoptionPolicy: IfUnowned to take it over, or choose another name`,
  );
}

/**
 * As `claim`, of an object that this persona is known to have had (`wasOurs`): it is still read when its owner tag is gone or
 * another's, so that no one can hide a change by removing the tag first. The error then prevents every change to it.
 */
export function claimKnown(
  scope: PersonaScope,
  object: string,
  ownerTag: string | undefined,
  wasOurs: boolean,
  owner: string = scope.owner,
): { owned: "ours" | "adopt"; barred?: CloudError } {
  try {
    return { owned: claim(scope, object, ownerTag, owner) };
  } catch (error) {
    if (!wasOurs || !(error instanceof CloudError)) throw error;
    const lost = ownershipOf(ownerTag, owner) === "unowned" ? "lost its owner tag" : `was given to ${ownerTag}`;
    const barred = conflictError(
      error.reason,
      `${object} was this persona's and ${lost}, so changes to it are not corrected: find out who did that, then tag it ${OWNER_TAG}=${owner} again, or set adoptionPolicy: IfUnowned once it carries no such tag`,
    );
    return { owned: "ours", barred };
  }
}

/** The component was complete once: what was applied is the proof, and outlives the owner tag. */
export function wasOurs({ object }: PersonaScope, component: keyof Seen): boolean {
  return isComplete(object.status?.lastApplied?.[component]);
}

/** The service principal as it was read last in this pass. */
export function principalOf({ seen }: PersonaScope): ServicePrincipal | undefined {
  return seen.certificate?.principal ?? seen.application?.servicePrincipal;
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

interface TagChanges {
  rows: Difference[];
  /** Tags that are missing or differ. */
  set: Tags;
  /** Keys that we set and that are declared no more; other people's tags stay. */
  remove: string[];
}

/** IAM folds the case of tag keys on roles, so it is folded here. `at`: prefix of the paths. */
export function tagChanges(compare: Comparison, desired: Tags, observed: Tags, at = ""): TagChanges {
  const found = new Map(Object.entries(observed).map(([key, value]) => [key.toLowerCase(), value]));
  const declared = new Set(Object.keys(desired).map((key) => key.toLowerCase()));
  const rows = Object.entries(desired).flatMap(([key, value]) =>
    compare.differ(`${at}tags.${key}`, value, found.get(key.toLowerCase())),
  );
  const remove: string[] = [];
  for (const path of compare.applied(`${at}tags.`)) {
    const key = path.slice(`${at}tags.`.length);
    if (declared.has(key.toLowerCase())) continue;
    const gone = compare.undeclared(path, found.get(key.toLowerCase()));
    if (gone.length > 0) remove.push(key);
    rows.push(...gone);
  }
  return { rows, set: missingTags(desired, observed), remove };
}

/** A request annotation as a short value that fits an IAM tag; undefined without a request. */
export function requestMark(scope: PersonaScope, annotation: string): string | undefined {
  const value = scope.object.metadata.annotations?.[annotation];
  return value ? createHash("sha256").update(value).digest("hex").slice(0, 16) : undefined;
}
