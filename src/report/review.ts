/** An access review: who has what at a date, by which manifest or rule, what differs, and what is not declared. Pure. */
import type { ConnectSsoPersona, ConnectUser } from "../api/resources.ts";
import {
  accessOf,
  type Difference,
  differencesOf,
  endingsOf,
  personOf,
  roleAssignedOf,
  rulesOf,
  type State,
  sentenceOf,
  setOf,
  stateOf,
} from "../page/facts.ts";
import type { FoundAssignment, FoundUser, Objects } from "../page/source.ts";

export interface ReviewedPerson {
  namespace: string;
  name: string;
  username: string;
  entraUser: string;
  entraObjectId: string;
  fullName: string;
  persona: string;
  /** "set everybody", with the rules that decided, or "manifest". */
  declaredBy: string;
  declaredSince: string;
  state: State;
  sentence: string;
  /** Whether Entra has given the role of the persona, and since when, as the controller saw it. */
  roleAssigned: "yes" | "no" | "not known";
  roleAssignedSince: string;
  /** Declared. */
  securityProfiles: string[];
  /** Found in Connect; undefined when Connect was not asked, empty when the user is not there. */
  foundSecurityProfiles?: string[];
  routingProfile: string;
  hierarchyGroup: string;
  connectUserId: string;
  differences: Difference[];
}

export interface ReviewedPersona {
  namespace: string;
  name: string;
  application: string;
  instanceArn: string;
  state: State;
  sentence: string;
  people: number;
  endings: { what: string; at: string }[];
  differences: Difference[];
}

/** The contract of `connect-sso report --json`. */
export interface Review {
  version: 1;
  date: string;
  place: string;
  personas: ReviewedPersona[];
  people: ReviewedPerson[];
  /** In Connect, and not declared; undefined when Connect was not asked. */
  undeclared?: FoundUser[];
  /** Why Connect was not asked. */
  notAsked?: string;
  /** Have a persona's role in Entra, and are not declared; undefined when Entra was not asked. */
  undeclaredAssignments?: FoundAssignment[];
  /** Why Entra was not asked. */
  entraNotAsked?: string;
}

/** What a cloud answered, or why it was not asked. */
export type Found<T> = readonly T[] | { notAsked: string };

export function reviewOf(
  objects: Objects,
  place: string,
  now: Date,
  found: Found<FoundUser>,
  assigned: Found<FoundAssignment>,
): Review {
  const persona = new Map(objects.personas.map((one) => [keyOf(one.metadata), one]));
  const there = "notAsked" in found ? undefined : new Map(found.map((one) => [foundKey(one), one]));
  const people = objects.users
    .map((user) => reviewPerson(user, persona.get(keyOf({ ...user.metadata, name: user.spec.personaRef.name })), there))
    .sort((a, b) => compare(`${a.namespace}/${a.username}`, `${b.namespace}/${b.username}`));
  const counts = Map.groupBy(people, ({ namespace, persona: name }) => `${namespace}/${name}`);
  return {
    version: 1,
    date: now.toISOString(),
    place,
    personas: objects.personas.map((one) => reviewPersona(one, counts.get(keyOf(one.metadata))?.length ?? 0)),
    people,
    ...("notAsked" in found ? { notAsked: found.notAsked } : { undeclared: undeclaredOf(objects, persona, found) }),
    ...("notAsked" in assigned
      ? { entraNotAsked: assigned.notAsked }
      : { undeclaredAssignments: undeclaredAssignments(objects, assigned) }),
  };
}

const keyOf = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;
const foundKey = ({ instanceArn, username }: FoundUser) => `${instanceArn} ${username}`;
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function reviewPersona(one: ConnectSsoPersona, people: number): ReviewedPersona {
  const { namespace, name } = one.metadata;
  return {
    namespace,
    name,
    application: one.spec.application.displayName,
    instanceArn: one.spec.instanceArn,
    state: stateOf(one),
    sentence: sentenceOf(one),
    people,
    endings: endingsOf(one).map(({ what, at }) => ({ what, at })),
    differences: [...differencesOf(one)],
  };
}

function reviewPerson(
  user: ConnectUser,
  persona: ConnectSsoPersona | undefined,
  found: ReadonlyMap<string, FoundUser> | undefined,
): ReviewedPerson {
  const { namespace, name, creationTimestamp } = user.metadata;
  const person = personOf(user);
  const access = accessOf(user, persona);
  const [set, rules] = [setOf(user), rulesOf(user)];
  const role = roleAssignedOf(user);
  const there = found && (found.get(`${persona?.spec.instanceArn} ${person.name}`)?.securityProfiles ?? []);
  return {
    namespace,
    name,
    username: person.name,
    entraUser: person.upn,
    entraObjectId: access.entraObjectId ?? "",
    fullName: person.fullName,
    persona: person.persona,
    declaredBy: set ? `set ${set}${rules ? ` (${rules})` : ""}` : "manifest",
    declaredSince: creationTimestamp ?? "",
    state: person.state,
    sentence: sentenceOf(user),
    roleAssigned: role ? (role.status === "True" ? "yes" : role.status === "False" ? "no" : "not known") : "not known",
    roleAssignedSince: role?.status === "True" ? role.lastTransitionTime : "",
    securityProfiles: [...access.securityProfiles],
    ...(there ? { foundSecurityProfiles: [...there] } : {}),
    routingProfile: access.routingProfile,
    hierarchyGroup: access.hierarchyGroup,
    connectUserId: access.connectUserId ?? "",
    differences: [...differencesOf(user)],
  };
}

function undeclaredOf(
  { users }: Objects,
  personas: ReadonlyMap<string, ConnectSsoPersona>,
  found: readonly FoundUser[],
): FoundUser[] {
  const declared = new Set(
    users.map((user) => {
      const persona = personas.get(keyOf({ ...user.metadata, name: user.spec.personaRef.name }));
      return `${persona?.spec.instanceArn} ${personOf(user).name}`;
    }),
  );
  return found.filter((one) => !declared.has(foundKey(one))).toSorted((a, b) => compare(a.username, b.username));
}

function undeclaredAssignments({ personas, users }: Objects, assigned: readonly FoundAssignment[]): FoundAssignment[] {
  const key = (namespace: string, persona: string, principal: string) =>
    `${namespace}/${persona} ${principal.toLowerCase()}`;
  const declared = new Set([
    ...users.map(({ metadata, spec, status }) =>
      key(metadata.namespace, spec.personaRef.name, spec.entraUser.objectId ?? status?.entraObjectId ?? ""),
    ),
    ...personas.flatMap(({ metadata: { namespace, name }, spec, status }) =>
      (spec.application.groups ?? []).map(({ id, displayName }) =>
        key(namespace, name, id ?? status?.groups?.find((one) => one.displayName === displayName)?.id ?? ""),
      ),
    ),
  ]);
  return assigned
    .filter(({ namespace, persona, principalId }) => !declared.has(key(namespace, persona, principalId)))
    .toSorted((a, b) => compare(a.principal, b.principal));
}
