/**
 * The role that personas of one instance share in one namespace (`aws.roleSharing: Instance`): who takes part, and whom it trusts. Every
 * persona that takes part works this out from the same list, so that no one takes away what another one added.
 */
import { REASON } from "../api/reasons.ts";
import { CONDITION, type ConnectSsoPersona, type ConnectUser, INDEX, USER } from "../api/resources.ts";
import { durationSeconds } from "../domain/duration.ts";
import { type IamNames, personaNames } from "../domain/names.ts";
import { OWNER_TAG, ownerOf } from "../domain/ownership.ts";
import { policyCharacters, sharedTrustPolicy, type TrustedProvider, trustedProviders } from "../domain/policies.ts";
import type { IamRole } from "../providers/aws/types.ts";
import { ifAllowed } from "../providers/errors.ts";
import { terminalError } from "../providers/verdicts.ts";
import { isTrue } from "../runtime/conditions.ts";
import { personasOf } from "./same-instance.ts";
import type { PersonaScope } from "./scope.ts";

export interface Participant {
  persona: ConnectSsoPersona;
  names: IamNames;
  owner: string;
  /** It shares no more, and some of its users may still be bound to the role. */
  isLeaving: boolean;
}

/** What a role that is shared is to trust, and why it trusts no more. */
export interface SharedTrust {
  participants: Participant[];
  trusted: TrustedProvider[];
  /** Personas for whose provider the trust has no room, and the room that it has, in characters. */
  leftOut: string[];
  room: number;
}

/** Characters of a trust policy in an account whose quota was not raised. Source: IAM quotas, "Role trust policy length". */
const TRUST_CHARACTERS = 2048;

export const sharesRole = ({ spec }: Pick<ConnectSsoPersona, "spec">): boolean => spec.aws.roleSharing === "Instance";

function neighbours({ store, object, owner, spec }: PersonaScope): Participant[] {
  const { namespace } = object.metadata;
  const cluster = owner.slice(0, owner.indexOf("/"));
  return personasOf(namespace, spec.instanceArn, store)
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .map((persona) => ({
      persona,
      names: personaNames(persona),
      owner: ownerOf(cluster, namespace, persona.metadata.name),
      isLeaving: !sharesRole(persona),
    }));
}

/**
 * Who takes part in a role: those that declare it, and those whose status says that users of theirs are bound to it. A status that was
 * lost says nothing, so that persona may be one of them.
 */
export function participantsOf(scope: PersonaScope, roleArn: string): Participant[] {
  const role = roleArn.split("/").at(-1)!;
  return neighbours(scope).filter(({ persona, names, isLeaving }) => {
    if (!isLeaving) return names.roleArn === roleArn;
    const { status } = persona;
    return (
      status?.observedGeneration === undefined ||
      (status.roleArn === roleArn && names.roleArn !== roleArn) ||
      (status.formerRoles ?? []).some(({ name }) => name === role)
    );
  });
}

const isSelf = ({ object }: PersonaScope, { metadata }: ConnectSsoPersona) => metadata.name === object.metadata.name;

export const othersOf = (scope: PersonaScope, roleArn: string): Participant[] =>
  participantsOf(scope, roleArn).filter(({ persona }) => !isSelf(scope, persona));

/** `participants`: of the role; without the persona itself when it is being deleted. */
export async function sharedTrust(
  scope: PersonaScope,
  role: IamRole | undefined,
  participants: Participant[],
): Promise<SharedTrust> {
  const already = new Set(trustedProviders(role?.trust));
  const admitted: Participant[] = [];
  for (const one of participants)
    if (isSelf(scope, one.persona) || (await scope.admits(one.persona))) admitted.push(one);
  const [first, last] = [admitted.filter(isTrusted), admitted.filter((one) => !isTrusted(one))];
  function isTrusted({ names }: Participant): boolean {
    return already.has(names.samlProviderArn);
  }
  const wanted = [...first, ...last].filter((one) => !one.isLeaving || isTrusted(one) || isSelf(scope, one.persona));
  const room = await roomOf(scope);
  const { fit, leftOut } = fitting(scope, wanted, room);
  const trusted: TrustedProvider[] = [];
  for (const one of fit) if (await hasProvider(scope, one, isTrusted(one))) trusted.push(providerOf(one));
  return { participants, trusted, leftOut: leftOut.map(({ persona }) => persona.metadata.name), room };
}

const providerOf = ({ names, persona: { spec } }: Participant): TrustedProvider => ({
  arn: names.samlProviderArn,
  endpoints: spec.application.signInEndpoints,
});

/** Those that are trusted already come first, then the oldest: who comes last has no room, and takes none away. */
function fitting({ instance }: PersonaScope, wanted: Participant[], room: number) {
  const fit: Participant[] = [];
  const leftOut: Participant[] = [];
  for (const one of wanted) {
    const length = policyCharacters(sharedTrustPolicy(instance, [...fit, one].map(providerOf)));
    (length <= room ? fit : leftOut).push(one);
  }
  return { fit, leftOut };
}

/** The account's own quota: it may have been raised. */
async function roomOf({ iam, call }: PersonaScope): Promise<number> {
  return (await ifAllowed(iam.trustPolicyCharacters(call))) ?? TRUST_CHARACTERS;
}

/**
 * Whether the provider that a persona declares is that persona's. What does not exist yet is not trusted yet. One that is trusted and
 * cannot be read may be new, and stays.
 */
async function hasProvider(scope: PersonaScope, one: Participant, isTrusted: boolean): Promise<boolean> {
  if (isSelf(scope, one.persona)) return true;
  const provider = await scope.iam.getSamlProvider(one.names.samlProviderArn, scope.call);
  if (!provider) return isTrusted;
  const tag = provider.tags[OWNER_TAG];
  return tag === one.owner || (tag === undefined && isTrusted && one.persona.spec.adoptionPolicy === "IfUnowned");
}

/** Longest session of those who take part, seconds. */
export const longestSession = (participants: readonly Participant[]): number =>
  Math.max(...participants.map(({ persona }) => durationSeconds(persona.spec.aws.maxSessionDuration)));

/** A user that is bound to the role, or of whom that is not known yet. */
export function mayUse({ store, object }: PersonaScope, role: string): boolean {
  const { namespace, name } = object.metadata;
  return store
    .list<ConnectUser>(USER, { index: INDEX.userByPersona, value: `${namespace}/${name}` })
    .filter(({ metadata, spec }) => metadata.namespace === namespace && spec.personaRef.name === name)
    .some(({ status }) => status?.roleName === undefined || status.roleName === role);
}

/**
 * What personas that share a role must say alike. The oldest decides: a persona that comes later is refused, and those that are there
 * are not. One that may not act, or was refused before it made anything, decides nothing.
 */
export async function refuseContradiction(scope: PersonaScope): Promise<void> {
  if (!sharesRole(scope.object)) return;
  for (const { persona, names, isLeaving } of neighbours(scope)) {
    if (isSelf(scope, persona)) return;
    if (isLeaving || isRefused(persona) || !(await scope.admits(persona))) continue;
    const { aws } = persona.spec;
    const pairs: [field: string, theirs: string | undefined, own: string | undefined][] = [
      ["path", names.path, scope.names.path],
      ["roleName", names.role, scope.names.role],
      ["permissionsBoundaryArn", scope.accountBoundaryArn ?? aws.permissionsBoundaryArn, scope.boundaryArn],
      ["maxSigninSessionDuration", aws.maxSigninSessionDuration, scope.spec.aws.maxSigninSessionDuration],
    ];
    const found = pairs.filter(([, theirs, own]) => theirs !== own);
    if (found.length === 0) continue;
    const list = found.map(
      ([field, theirs, own]) => `aws.${field} is ${theirs ?? "not set"} there and ${own ?? "not set"} here`,
    );
    throw terminalError(
      REASON.InvalidSpec,
      `Persona ${persona.metadata.name} shares its role with this one (aws.roleSharing: Instance), and they contradict each other: ${list.join("; ")}; declare the same on both`,
    );
  }
}

const isRefused = ({ status }: ConnectSsoPersona): boolean =>
  isTrue(status?.conditions, CONDITION.Stalled) && Object.keys(status?.lastApplied ?? {}).length === 0;
