/** From a ConnectUser to a person, a persona and ids: references first, then the person, then names. Reads only. */
import { createHash } from "node:crypto";
import { REASON, type Reason } from "../api/reasons.ts";
import { ANNOTATIONS, type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../api/resources.ts";
import { sessionNameOf } from "../domain/claims/session-name.ts";
import { KNOWN_LATER } from "../domain/difference.ts";
import { ownerOf } from "../domain/ownership.ts";
import { checkDeclared } from "../domain/usernames.ts";
import type { Scope } from "../engine/component.ts";
import type { OpenContext } from "../engine/kind.ts";
import type { ConnectInstance, ConnectUserInput, Proficiency, Resolved } from "../providers/aws/types.ts";
import type { AccountRules, Clouds } from "../providers/clouds.ts";
import type { CallOptions } from "../providers/errors.ts";
import type { EntraUser, Graph } from "../providers/graph/types.ts";
import { terminalError, waitingError } from "../providers/verdicts.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { handlingOf } from "./components/handling.ts";
import { refuseDeclaredConflict } from "./conflicts.ts";
import type { Seen } from "./seen.ts";

export interface UserDeps {
  store: ObjectStore;
  clouds: Clouds;
  /** First part of every owner tag. */
  cluster: string;
  pollIntervalMs: number;
}

export type UserCall = CallOptions & { maxAgeMs?: number };

/** Everything resolved: names are ids, the person is known, nothing is left to look up. */
export interface UserScope extends Scope<Seen> {
  readonly object: ConnectUser;
  readonly persona: ConnectSsoPersona;
  readonly graph: Graph;
  readonly connect: ConnectInstance;
  readonly person: EntraUser;
  readonly store: ObjectStore;
  readonly call: UserCall;
  readonly owner: string;
  /** Why the settings file does not let this namespace take over a Connect user of this name. */
  readonly adoptionRefusal: AccountRules["adoptionRefusal"];
  /** What the Connect user is to be; tags without ours. */
  readonly input: ConnectUserInput;
  readonly proficiencies: Proficiency[] | undefined;
  readonly assignment: { servicePrincipalId: string; principalId: string; appRoleId: string };
  /** Value of a recreate request that is not handled yet, as a hash that fits a tag. */
  readonly recreate: string | undefined;
  /** Declared profiles that the persona does not allow: they are taken away, and then it is refused. */
  readonly forbidden: string[];
}

/** The persona of the same namespace, in a state in which users can be worked on. */
export function resolvePersona(object: ConnectUser, store: Pick<ObjectStore, "get">): ConnectSsoPersona {
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
  const person = await findPerson(object, persona, graph, deps.store, call);
  found.entraObjectId = person.id;
  const sent = sessionNameOf(person, persona.spec.application.roleSessionName);
  if ("reason" in sent) throw terminalError(sent.reason, sent.message);
  found.username = sent.name;
  const mismatch = checkDeclared(spec.username, sent.name);
  if (mismatch) throw terminalError(mismatch.reason, mismatch.message);
  const names = personNames(spec, person);
  refuseDeclaredConflict(object, persona, person, sent.name, deps.store);
  const { forbidden, ...ids } = await resolveNames(object, persona, connect, call);
  return {
    object,
    persona,
    graph,
    connect,
    person,
    store: deps.store,
    call,
    driftPolicy: spec.driftPolicy ?? "Correct",
    signal,
    seen: {},
    owner: ownerOf(deps.cluster, metadata.namespace, metadata.name),
    adoptionRefusal: rules.adoptionRefusal,
    input: {
      username: sent.name,
      ...names,
      ...(spec.secondaryEmail ? { secondaryEmail: spec.secondaryEmail } : {}),
      ...(spec.mobile ? { mobile: spec.mobile } : {}),
      ...ids,
      ...(spec.phone ? { phone: phoneOf(spec.phone) } : {}),
      ...(spec.contactHandling ? { handling: handlingOf(spec.contactHandling) } : {}),
      tags: { ...spec.tags },
    },
    proficiencies: spec.proficiencies,
    assignment: { ...assignable(persona, context.planning), principalId: person.id },
    recreate: recreateOf(object),
    forbidden,
  };
}

export async function requireSaml(connect: ConnectInstance, call: CallOptions): Promise<void> {
  const { id, identityManagement, globalSignInEndpoint } = await connect.facts(call);
  if (identityManagement !== "SAML")
    throw terminalError(
      REASON.InstanceNotSaml,
      `Instance ${id} manages identities as ${identityManagement}; signing in through Entra needs SAML, which is chosen when an instance is created`,
    );
  if (globalSignInEndpoint)
    throw terminalError(
      REASON.InstanceGlobalResiliency,
      `Instance ${id} belongs to Global Resiliency, whose sign-in differs; set it up by hand`,
    );
}

async function findPerson(
  { spec: { entraUser } }: ConnectUser,
  persona: ConnectSsoPersona,
  graph: Graph,
  store: ObjectStore,
  call: UserCall,
): Promise<EntraUser> {
  const key = entraUser.objectId
    ? { objectId: entraUser.objectId }
    : { userPrincipalName: entraUser.userPrincipalName! };
  const person = await graph.user(key, call, () => namesOf(store, persona));
  if (!person)
    throw terminalError(
      REASON.EntraUserNotFound,
      `There is no user ${entraUser.userPrincipalName ?? entraUser.objectId} in tenant ${graph.tenantId}`,
    );
  return person;
}

function personNames(spec: ConnectUser["spec"], person: EntraUser): { firstName: string; lastName: string } {
  const firstName = (spec.firstName ?? person.givenName ?? "").normalize("NFC");
  const lastName = (spec.lastName ?? person.surname ?? "").normalize("NFC");
  if (!firstName || !lastName)
    throw terminalError(
      REASON.NamesMissing,
      `${person.userPrincipalName} has no ${firstName ? "last" : "first"} name in Entra, and Connect requires one; set it there or in spec`,
    );
  return { firstName, lastName };
}

/** Where the role is assigned. Waits while the persona has no role yet. */
function assignable({ metadata, status }: ConnectSsoPersona, planning: boolean) {
  const unknown = planning ? KNOWN_LATER : undefined;
  const { servicePrincipalId = unknown, appRoleId = unknown } = status ?? {};
  if (!servicePrincipalId || !appRoleId)
    throw waitingError(
      REASON.PersonaNotReady,
      // Not the persona's own message: it changes, and with it the status of every user.
      `Waiting for persona ${metadata.name} (see its conditions)`,
      15_000,
    );
  return { servicePrincipalId, appRoleId };
}

/** All people of the persona's tenant: they will be asked for sooner or later. */
export function* namesOf(
  store: Pick<ObjectStore, "get" | "list">,
  { spec: { application } }: ConnectSsoPersona,
): Generator<string> {
  for (const { spec, metadata } of store.list<ConnectUser>(USER)) {
    const persona = store.get<ConnectSsoPersona>(PERSONA, metadata.namespace, spec.personaRef.name);
    if (persona?.spec.application.tenantId !== application.tenantId) continue;
    const name = nameOf(spec);
    if (name) yield name;
  }
}

/** By which the person is looked up in Entra. */
export function nameOf({ entraUser }: ConnectUser["spec"]): string | undefined {
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
    securityProfileIds.push(need(profile, REASON.UnknownSecurityProfile, "security profile", name));
  }
  const routingProfile = await connect.routingProfile(routing, call);
  const routingProfileId = need(routingProfile, REASON.UnknownRoutingProfile, "routing profile", routing);
  if (!group) return { securityProfileIds, routingProfileId, forbidden };
  const found = await connect.hierarchyGroup(group, call);
  const hierarchyGroupId = need(found, REASON.UnknownHierarchyGroup, "hierarchy group", group.join(" / "));
  return { securityProfileIds, routingProfileId, hierarchyGroupId, forbidden };
}

/** The one id that was found, or an error with what a person should look at instead. */
export function need(found: Resolved, reason: Reason, what: string, name: string): string {
  if ("id" in found) return found.id;
  const near = found.candidates.length > 0 ? `; did you mean ${found.candidates.slice(0, 5).join(", ")}?` : "";
  throw terminalError(
    reason,
    found.ambiguous
      ? `Several ${what}s of the instance match ${name}${near}`
      : `The instance has no ${what} ${name}${near}`,
  );
}
