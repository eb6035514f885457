/** From a ConnectUser to a person, a persona and ids: references first, then the person, then names. Reads only. */
import { createHash } from "node:crypto";
import { REASON } from "../api/reasons.ts";
import { ANNOTATIONS, type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../api/resources.ts";
import { OWNER_TAG, ownerOf, ownershipOf } from "../domain/ownership.ts";
import { KNOWN_LATER } from "../domain/plan.ts";
import { checkDeclared, roleSessionName } from "../domain/usernames.ts";
import type { ConnectInstance, ConnectUserView, PhoneSettings, Resolved } from "../providers/aws/types.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { CallOptions } from "../providers/errors.ts";
import type { Assignment, EntraUser, Graph } from "../providers/graph/types.ts";
import { conflictError, terminalError, waitingError } from "../providers/verdicts.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { formerAssignments, refuseDeclaredConflict } from "./conflicts.ts";
import { type Desired, detailOf, type Observed, RECREATED_TAG } from "./plan.ts";

/** Who the person is, as far as it got: told also when the user is then refused, so that the other side of a conflict finds it. */
export interface Found {
  entraObjectId?: string;
  username?: string;
}
export interface UserScope {
  object: ConnectUser;
  persona: ConnectSsoPersona;
  graph: Graph;
  connect: ConnectInstance;
  person: EntraUser;
  desired: Desired;
  seen: Observed;
}

const unknown = ({ planning }: { planning?: boolean }) => (planning ? KNOWN_LATER : undefined);

/** The persona of the same namespace, in a state in which users can be worked on. */
export function resolvePersona(object: ConnectUser, store: ObjectStore): ConnectSsoPersona {
  const { name } = object.spec.personaRef;
  const persona = store.get<ConnectSsoPersona>(PERSONA, object.metadata.namespace, name);
  if (!persona)
    throw terminalError(
      REASON.PersonaNotFound,
      `there is no ConnectSsoPersona ${name} in namespace ${object.metadata.namespace}`,
    );
  if (persona.metadata.deletionTimestamp)
    throw terminalError(
      REASON.PersonaDeleting,
      `persona ${name} is being deleted; move this user to another persona or delete it`,
    );
  if (persona.spec.suspend)
    throw terminalError(REASON.PersonaSuspended, `persona ${name} is suspended; set its spec.suspend to false`);
  return persona;
}

export async function openUserScope(
  object: ConnectUser,
  deps: { store: ObjectStore; clouds: Clouds; cluster: string; planning?: boolean },
  call: CallOptions & { maxAgeMs?: number },
  found: Found = {},
): Promise<UserScope> {
  const { spec, metadata } = object;
  const persona = resolvePersona(object, deps.store);
  const { servicePrincipalId = unknown(deps), appRoleId = unknown(deps) } = persona.status ?? {};
  const { account } = await deps.clouds.aws(persona.spec.instanceArn, metadata.namespace);
  const graph = await deps.clouds.graph(persona.spec.application.tenantId, metadata.namespace);
  const connect = account.instance(persona.spec.instanceArn);
  const facts = await connect.facts(call);
  if (facts.identityManagement !== "SAML")
    throw terminalError(
      REASON.InstanceNotSaml,
      `the instance manages identities as ${facts.identityManagement}, not SAML`,
    );
  if (facts.globalSignInEndpoint)
    throw terminalError(
      REASON.InstanceGlobalResiliency,
      "the instance belongs to Global Resiliency, whose sign-in differs; set it up by hand",
    );

  const key = spec.entraUser.objectId
    ? { objectId: spec.entraUser.objectId }
    : { userPrincipalName: spec.entraUser.userPrincipalName! };
  const person = await graph.user(key, call, () => namesOf(deps.store, persona));
  if (!person)
    throw terminalError(
      REASON.EntraUserNotFound,
      `there is no user ${spec.entraUser.userPrincipalName ?? spec.entraUser.objectId} in tenant ${graph.tenantId}`,
    );
  found.entraObjectId = person.id;
  const sent = roleSessionName(person, persona.spec.application.roleSessionNameSource);
  if ("reason" in sent) throw terminalError(sent.reason, sent.message);
  found.username = sent.name;
  const mismatch = checkDeclared(spec.username, sent.name);
  if (mismatch) throw terminalError(mismatch.reason, mismatch.message);
  const firstName = (spec.firstName ?? person.givenName ?? "").normalize("NFC");
  const lastName = (spec.lastName ?? person.surname ?? "").normalize("NFC");
  if (!firstName || !lastName)
    throw terminalError(
      REASON.NamesMissing,
      `${person.userPrincipalName} has no ${firstName ? "last" : "first"} name in Entra, which Connect wants; set it there or in spec`,
    );

  refuseDeclaredConflict(object, persona, person, sent.name, deps.store);
  const ids = await resolveNames(object, persona, connect, call);
  if (!servicePrincipalId || !appRoleId)
    throw waitingError(
      REASON.PersonaNotReady,
      // Not the persona's own message: it changes, and with it the status of every user.
      `persona ${persona.metadata.name} has no role to assign yet; its conditions say what it waits for`,
      15_000,
    );

  const user = await connect.user(sent.name, call, detailOf(spec));
  const owner = ownerOf(deps.cluster, metadata.namespace, metadata.name);
  if (user) claimUser(object, user, owner);
  else await refuseOtherCase(connect, sent.name, call);
  const isThere = servicePrincipalId !== KNOWN_LATER;
  const groups = isThere ? await graph.groupAssignments(servicePrincipalId, call) : [];
  const byGroup = groups.length > 0 && (await assignedByGroup(graph, groups, appRoleId, person.id, call));
  const assignments = isThere ? await graph.assignmentsOf(servicePrincipalId, person.id, call) : [];
  const former = await formerAssignments({ object, persona, person, graph, user }, deps.store, call);
  const desired: Desired = {
    owner,
    persona: persona.metadata.name,
    input: {
      username: sent.name,
      firstName,
      lastName,
      ...(spec.secondaryEmail ? { secondaryEmail: spec.secondaryEmail } : {}),
      ...(spec.mobile ? { mobile: spec.mobile } : {}),
      ...ids,
      ...(spec.phone ? { phone: phoneOf(spec.phone) } : {}),
      tags: { ...spec.tags },
    },
    ...(spec.proficiencies ? { proficiencies: spec.proficiencies } : {}),
    assignment: { servicePrincipalId, principalId: person.id, appRoleId },
    ...recreateOf(object, user),
  };
  return { object, persona, graph, connect, person, desired, seen: { assignments, byGroup, user, former } };
}

/** Everybody of the persona's tenant, who will be asked for sooner or later. */
export function* namesOf(store: ObjectStore, { spec: { application } }: ConnectSsoPersona): Generator<string> {
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

/** Direct members only: Entra hands the role on to no nested group. Shared inventories, so that it costs no call per user. */
async function assignedByGroup(
  graph: Graph,
  groups: readonly Assignment[],
  roleId: string,
  personId: string,
  call: CallOptions & { maxAgeMs?: number },
): Promise<boolean> {
  const ofRole = groups.filter(({ appRoleId }) => appRoleId === roleId);
  const members = await Promise.all(ofRole.map(({ principalId }) => graph.groupMemberIds(principalId, call)));
  return members.some((ids) => ids.includes(personId));
}

function phoneOf(phone: NonNullable<ConnectUser["spec"]["phone"]>): PhoneSettings {
  return {
    ...(phone.type ? { type: phone.type === "DeskPhone" ? ("DESK_PHONE" as const) : ("SOFT_PHONE" as const) } : {}),
    ...(phone.autoAccept === undefined ? {} : { autoAccept: phone.autoAccept }),
    ...(phone.afterContactWorkTime === undefined ? {} : { afterContactWorkSeconds: phone.afterContactWorkTime }),
    ...(phone.deskPhoneNumber === undefined ? {} : { deskPhoneNumber: phone.deskPhoneNumber }),
    ...(phone.persistentConnection === undefined ? {} : { persistentConnection: phone.persistentConnection }),
  };
}

/** A request not handled yet, as a hash that fits a tag. An erased status is answered by the tag of the Connect user. */
function recreateOf({ metadata, status }: ConnectUser, user: ConnectUserView | undefined): { recreate?: string } {
  const value = metadata.annotations?.[ANNOTATIONS.recreate];
  if (!value || status?.handledRequests?.recreate === value) return {};
  const recreate = createHash("sha256").update(value).digest("hex").slice(0, 16);
  return user?.tags[RECREATED_TAG] === recreate ? {} : { recreate };
}

async function resolveNames(
  object: ConnectUser,
  persona: ConnectSsoPersona,
  connect: ConnectInstance,
  call: CallOptions,
) {
  const allowed = persona.spec.connectUsers.securityProfiles;
  const profiles = object.spec.securityProfiles ?? allowed;
  const forbidden = profiles.filter((name) => !allowed.includes(name));
  if (forbidden.length > 0)
    throw terminalError(
      REASON.SecurityProfileNotAllowed,
      `persona ${persona.metadata.name} does not allow ${forbidden.join(", ")}; it allows ${allowed.join(", ")}`,
    );
  const routing = object.spec.routingProfile ?? persona.spec.connectUsers.routingProfile;
  const group = object.spec.hierarchyGroup;
  const securityProfileIds: string[] = [];
  for (const name of profiles) {
    const profile = await connect.securityProfile(name, call);
    securityProfileIds.push(need(profile, REASON.UnknownSecurityProfile, "security profile", name));
  }
  const routingProfile = await connect.routingProfile(routing, call);
  const routingProfileId = need(routingProfile, REASON.UnknownRoutingProfile, "routing profile", routing);
  if (!group) return { securityProfileIds, routingProfileId };
  const found = await connect.hierarchyGroup(group, call);
  const hierarchyGroupId = need(found, REASON.UnknownHierarchyGroup, "hierarchy group", group.join(" / "));
  return { securityProfileIds, routingProfileId, hierarchyGroupId };
}

/** The one id that was found, or what a person should look at instead. */
function need(found: Resolved, reason: string, what: string, name: string): string {
  if ("id" in found) return found.id;
  const near = found.candidates.length > 0 ? `; candidates: ${found.candidates.slice(0, 5).join(", ")}` : "";
  throw terminalError(
    reason,
    `${found.ambiguous ? "several match the" : "there is no"} ${what} ${name} in the instance${near}`,
  );
}

/** The name compares with case: a user that differs in case alone would lock the person out, and a second one would confuse both. */
async function refuseOtherCase(
  connect: ConnectInstance,
  username: string,
  call: CallOptions & { maxAgeMs?: number },
): Promise<void> {
  const other = (await connect.similar(username, call)).find((one) => one.username !== username);
  if (other)
    throw terminalError(
      REASON.UsernameCaseMismatch,
      `Connect has a user ${other.username}, Entra sends ${username}; Connect compares case: delete that user or change the name in Entra`,
    );
}

function claimUser(object: ConnectUser, user: ConnectUserView, owner: string): void {
  const ownership = ownershipOf(user.tags[OWNER_TAG], owner);
  if (ownership === "ours") return;
  if (ownership === "foreign")
    throw conflictError(REASON.ForeignOwner, `Connect user ${user.username} belongs to ${user.tags[OWNER_TAG]}`);
  if (object.spec.adoptionPolicy !== "IfUnowned")
    throw conflictError(
      REASON.NotOwned,
      `Connect user ${user.username} exists and carries no owner tag; set adoptionPolicy: IfUnowned to take it over`,
    );
}
