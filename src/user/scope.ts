/** From a ConnectUser to a person, a persona and ids: references first, then the person, then names. Reads only. */
import { createHash } from "node:crypto";
import { REASON } from "../api/reasons.ts";
import {
  ANNOTATIONS,
  type ConnectSsoPersona,
  type ConnectUser,
  type ConnectUserStatus,
  PERSONA,
  USER,
} from "../api/resources.ts";
import { sessionNameOf } from "../domain/claims/session-name.ts";
import { KNOWN_LATER } from "../domain/difference.ts";
import { personaNames } from "../domain/names.ts";
import { OWNER_TAG, ownerOf } from "../domain/ownership.ts";
import type { Reactions } from "../domain/reactions.ts";
import { checkDeclared } from "../domain/usernames.ts";
import type { Scope } from "../engine/component.ts";
import type { OpenContext } from "../engine/kind.ts";
import { requireId, requireSaml } from "../persona/instance.ts";
import type { ConnectInstance, ConnectUserInput, ConnectUserView, Proficiency } from "../providers/aws/types.ts";
import type { AccountRules, Clouds } from "../providers/clouds.ts";
import type { CallOptions } from "../providers/errors.ts";
import type { EntraUser, Graph } from "../providers/graph/types.ts";
import { conflictError, terminalError, waitingError } from "../providers/verdicts.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { handlingOf } from "./components/handling.ts";
import { declaredConflictOf } from "./conflicts.ts";
import { declaredName, identify, usersOfPerson, type Withdrawal } from "./identity.ts";
import type { Seen } from "./seen.ts";
import { ROLE_TAG } from "./tags.ts";

export interface UserDeps {
  store: ObjectStore;
  clouds: Clouds;
  /** First part of every owner tag. */
  cluster: string;
  pollIntervalMs: number;
  /** Whether every ConnectUser of a namespace is in the store; false: what is not there may exist all the same. */
  sees(namespace: string): boolean;
  /** Measures how soon access follows the directory; plans measure nothing. */
  reactions?: Reactions;
}

export type UserCall = CallOptions & { maxAgeMs?: number };

/** Everything resolved: names are ids, the person is known, nothing is left to look up. */
export interface UserScope extends Scope<Seen> {
  readonly object: ConnectUser;
  readonly persona: ConnectSsoPersona;
  readonly graph: Graph;
  readonly connect: ConnectInstance;
  /** Entra's object id is `assignment.principalId`. Undefined: the account is deleted, or its name belongs to somebody else. */
  readonly person: EntraUser | undefined;
  /** Why the person must not sign in; undefined: they may. */
  readonly withdrawn: Withdrawal | undefined;
  /** Connect users of this person that this namespace made, under whatever name. */
  readonly users: readonly ConnectUserView[];
  /** Another ConnectUser declares the same person, and this one keeps the Connect user that it has. */
  readonly conflict: string | undefined;
  /** Status fields that are known whatever else happens. */
  readonly found: Partial<ConnectUserStatus>;
  /** False: the owner of this tag is a ConnectUser of this cluster that exists no more. */
  isAlive(owner: string): boolean;
  readonly store: ObjectStore;
  readonly clouds: Clouds;
  readonly call: UserCall;
  readonly owner: string;
  /** Why the settings file does not let this namespace take over a Connect user of this name. */
  readonly adoptionRefusal: AccountRules["adoptionRefusal"];
  /** What the Connect user is to be; tags without ours. */
  readonly input: ConnectUserInput;
  readonly proficiencies: Proficiency[] | undefined;
  readonly assignment: { servicePrincipalId: string; principalId: string; appRoleId: string };
  /** IAM role with which the person signs in: the persona's, or the former one to which the Connect user is bound. */
  readonly roleName: string;
  /** Value of a recreate request that is not handled yet, as a hash that fits a tag. */
  readonly recreate: string | undefined;
  /** Declared profiles that the persona does not allow: they are taken away, and then it is refused. */
  readonly forbidden: string[];
}

/** The persona of the same namespace, in a state in which users can be worked on. */
function resolvePersona(object: ConnectUser, store: Pick<ObjectStore, "get">): ConnectSsoPersona {
  const { name } = object.spec.personaRef;
  const persona = store.get<ConnectSsoPersona>(PERSONA, object.metadata.namespace, name);
  if (!persona)
    throw terminalError(
      REASON.PersonaNotFound,
      `There is no ConnectSsoPersona ${name} in namespace ${object.metadata.namespace}`,
    );
  if (persona.metadata.deletionTimestamp)
    throw terminalError(
      REASON.PersonaDeleting,
      `Persona ${name} is being deleted; move this user to another persona or delete it`,
    );
  return persona;
}

export async function openScope(
  object: ConnectUser,
  deps: UserDeps,
  context: OpenContext<ConnectUser, object>,
): Promise<UserScope> {
  const { spec, metadata } = object;
  const { signal, priority, found } = context;
  const call: UserCall = {
    ...(signal ? { signal } : {}),
    priority,
    tenant: metadata.namespace,
    ...(context.planning ? {} : { maxAgeMs: deps.pollIntervalMs * 0.9 }),
  };
  const persona = resolvePersona(object, deps.store);
  const { account, rules } = await deps.clouds.aws(persona.spec.instanceArn, metadata.namespace);
  const graph = await deps.clouds.graph(persona.spec.application.tenantId, metadata.namespace);
  const connect = account.instance(persona.spec.instanceArn);
  await requireSaml(connect, call);
  const owner = ownerOf(deps.cluster, metadata.namespace, metadata.name);
  const recreate = recreateOf(object);
  const { id, person, withdrawn } = await identify(object, graph, {
    owned: await connect.tagged(OWNER_TAG, owner, call),
    isReplaced: recreate !== undefined,
    call,
    among: () => namesOf(deps.store, persona),
  });
  found.entraObjectId = id;
  const users = await usersOfPerson(connect, { id, owner, call });
  const username = usernameOf(object, persona, person, users, withdrawn);
  found.username = username;
  const view = users.find((one) => one.username === username);
  const isOwner = view?.tags[OWNER_TAG] === owner;
  const role = roleOf(persona, recreate === undefined ? view : undefined);
  const conflict =
    withdrawn || !person ? undefined : await declaredConflictOf(object, persona, person, username, deps, call);
  if (conflict && !isOwner) throw conflictError(REASON.TwoPersonas, conflict);
  const names = personNames(spec, person, view, withdrawn !== undefined);
  const { forbidden, ...ids } = await resolveNames(object, persona, connect, call).catch((error: unknown) => {
    // What is to be taken away must not wait for a name that is wrong.
    if (withdrawn && view) return asFound(view);
    throw error;
  });
  return {
    object,
    persona,
    graph,
    connect,
    person,
    withdrawn,
    users,
    conflict,
    found,
    isAlive: (tag) => isAlive(tag, deps),
    store: deps.store,
    clouds: deps.clouds,
    call,
    driftPolicy: spec.driftPolicy ?? "Correct",
    signal,
    seen: {},
    owner,
    adoptionRefusal: rules.adoptionRefusal,
    input: {
      username,
      ...names,
      ...(spec.secondaryEmail ? { secondaryEmail: spec.secondaryEmail } : {}),
      ...(spec.mobile ? { mobile: spec.mobile } : {}),
      ...ids,
      ...(spec.phone ? { phone: phoneOf(spec.phone) } : {}),
      ...(spec.contactHandling ? { handling: handlingOf(spec.contactHandling) } : {}),
      tags: { ...spec.tags },
    },
    proficiencies: spec.proficiencies,
    assignment: { ...assignable(persona, context.planning, role.appRoleId), principalId: id },
    roleName: role.name,
    recreate,
    forbidden,
  };
}

/** The RoleSessionName that Entra sends, and so the name in Connect; while no one may sign in, the name of the user that is there. */
function usernameOf(
  { spec, status }: ConnectUser,
  persona: ConnectSsoPersona,
  person: EntraUser | undefined,
  users: readonly ConnectUserView[],
  withdrawn: Withdrawal | undefined,
): string {
  const there = users[0]?.username ?? status?.username ?? spec.username;
  if (!person) return there ?? declaredName(spec);
  // A disabled account has the name that it will have again.
  const sent = sessionNameOf({ ...person, accountEnabled: true }, persona.spec.application.roleSessionName);
  const problem = "reason" in sent ? sent : checkDeclared(spec.username, sent.name);
  if (problem && !withdrawn) throw terminalError(problem.reason, problem.message);
  return "name" in sent ? sent.name : (there ?? person.userPrincipalName);
}

function asFound({ securityProfileIds, routingProfileId, hierarchyGroupId }: ConnectUserView) {
  return { securityProfileIds, routingProfileId: routingProfileId ?? "", hierarchyGroupId, forbidden: [] as string[] };
}

/** An owner of another cluster, or in a namespace that is not watched, may exist. */
function isAlive(tag: string, { store, cluster, sees }: Pick<UserDeps, "store" | "cluster" | "sees">): boolean {
  const [of, namespace, name, ...more] = tag.split("/");
  if (of !== cluster || !namespace || !name || more.length > 0 || !sees(namespace)) return true;
  return store.get<ConnectUser>(USER, namespace, name) !== undefined;
}

function personNames(
  spec: ConnectUser["spec"],
  person: EntraUser | undefined,
  view: ConnectUserView | undefined,
  isWithdrawn: boolean,
): { firstName: string; lastName: string } {
  const known = isWithdrawn ? view : undefined;
  const firstName = (spec.firstName ?? person?.givenName ?? known?.firstName ?? "").normalize("NFC");
  const lastName = (spec.lastName ?? person?.surname ?? known?.lastName ?? "").normalize("NFC");
  if (!isWithdrawn && (!firstName || !lastName))
    throw terminalError(
      REASON.NamesMissing,
      `${person?.userPrincipalName} has no ${firstName ? "last" : "first"} name in Entra, and Connect requires one; set it there or in spec`,
    );
  return { firstName, lastName };
}

/** A new Connect user gets the persona's role; one that is there stays with the role to which it is bound, as long as the persona carries it. */
function roleOf(persona: ConnectSsoPersona, view: ConnectUserView | undefined): { name: string; appRoleId?: string } {
  const bound = view?.tags[ROLE_TAG];
  const former = persona.status?.formerRoles?.find(({ name }) => name === bound);
  return former ?? { name: roleNameOf(persona) };
}

/** App roles of which a user of the persona may have one: the present one, and former ones that still have users. */
export function appRolesOf({ appRoleId, formerRoles = [] }: NonNullable<ConnectSsoPersona["status"]> = {}) {
  return new Set([appRoleId, ...formerRoles.map((one) => one.appRoleId)]);
}

/** Name of the role that goes with the app role in the persona's status; of one that was not reconciled yet, the declared one. */
export function roleNameOf(persona: ConnectSsoPersona): string {
  return persona.status?.roleArn?.split("/").at(-1) ?? personaNames(persona).role;
}

/** Where the role is assigned. Waits while the persona has no role yet. */
function assignable({ metadata, status }: ConnectSsoPersona, planning: boolean, former: string | undefined) {
  const unknown = planning ? KNOWN_LATER : undefined;
  const { servicePrincipalId = unknown } = status ?? {};
  const appRoleId = former ?? status?.appRoleId ?? unknown;
  if (!servicePrincipalId || !appRoleId)
    throw waitingError(
      REASON.PersonaNotReady,
      // Not the persona's own message: it changes, and with it the status of every user.
      `Waiting for persona ${metadata.name} (see its conditions)`,
      15_000,
    );
  return { servicePrincipalId, appRoleId };
}

/** All people of the namespace and the persona's tenant: they will be asked for sooner or later. Those of others are not paid for here. */
export function* namesOf(
  store: Pick<ObjectStore, "get" | "list">,
  { metadata: { namespace }, spec: { application } }: ConnectSsoPersona,
): Generator<string> {
  for (const { spec, metadata } of store.list<ConnectUser>(USER, { namespace })) {
    const persona = store.get<ConnectSsoPersona>(PERSONA, metadata.namespace, spec.personaRef.name);
    if (persona?.spec.application.tenantId !== application.tenantId) continue;
    const name = nameOf(spec);
    if (name) yield name;
  }
}

/** By which the person is looked up in Entra. */
function nameOf({ entraUser }: ConnectUser["spec"]): string | undefined {
  return entraUser.objectId ?? entraUser.userPrincipalName;
}

function phoneOf(phone: NonNullable<ConnectUser["spec"]["phone"]>): NonNullable<ConnectUserInput["phone"]> {
  return {
    ...(phone.type ? { type: phone.type === "DeskPhone" ? ("DESK_PHONE" as const) : ("SOFT_PHONE" as const) } : {}),
    ...(phone.deskPhoneNumber === undefined ? {} : { deskPhoneNumber: phone.deskPhoneNumber }),
  };
}

function recreateOf({ metadata, status }: ConnectUser): string | undefined {
  const value = metadata.annotations?.[ANNOTATIONS.recreate];
  if (!value || status?.handledRequests?.recreate === value) return undefined;
  return createHash("sha256").update(value).digest("hex").slice(0, 16);
}

async function resolveNames(
  object: ConnectUser,
  persona: ConnectSsoPersona,
  connect: ConnectInstance,
  call: CallOptions,
) {
  const allowed = persona.spec.connectUsers.securityProfiles;
  const declared = object.spec.securityProfiles ?? allowed;
  const forbidden = declared.filter((name) => !allowed.includes(name));
  const rest = declared.filter((name) => allowed.includes(name));
  // Connect wants at least one: without any that is allowed, the persona's own.
  const profiles = rest.length > 0 ? rest : allowed;
  const routing = object.spec.routingProfile ?? persona.spec.connectUsers.routingProfile;
  const group = object.spec.hierarchyGroup;
  const securityProfileIds: string[] = [];
  for (const name of profiles) {
    const profile = await connect.securityProfile(name, call);
    securityProfileIds.push(requireId(profile, REASON.UnknownSecurityProfile, "security profile", name));
  }
  const routingProfile = await connect.routingProfile(routing, call);
  const routingProfileId = requireId(routingProfile, REASON.UnknownRoutingProfile, "routing profile", routing);
  if (!group) return { securityProfileIds, routingProfileId, forbidden };
  const found = await connect.hierarchyGroup(group, call);
  const hierarchyGroupId = requireId(found, REASON.UnknownHierarchyGroup, "hierarchy group", group.join(" / "));
  return { securityProfileIds, routingProfileId, hierarchyGroupId, forbidden };
}
