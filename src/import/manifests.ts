/** From what was found to manifests that take it over as it is. Pure. */
import { API_VERSION, type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../api/resources.ts";
import { inexpressible, readClaims } from "../domain/claims/policy.ts";
import { type RoleSessionName, sessionNameOf } from "../domain/claims/session-name.ts";
import { keyAgeMs } from "../domain/key-age.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import {
  comparePolicies,
  federationPolicy,
  federationPolicyOfGuide,
  listingPolicy,
  sharedTrustPolicy,
} from "../domain/policies.ts";
import { identifierBase, type Landing, parseRelayState } from "../domain/relay-state.ts";
import { endpointsOf, type SignInEndpoints } from "../domain/reply-urls.ts";
import { counted } from "../domain/text.ts";
import { checkUsername } from "../domain/usernames.ts";
import type { Written } from "../manifests/write.ts";
import type { ConnectUserView } from "../providers/aws/types.ts";
import type { EntraUser } from "../providers/graph/types.ts";
import type { Found, FoundPersona } from "./discover.ts";

interface Imported {
  personas: Written[];
  users: Written[];
  notes: string[];
}

const HOUR_MS = 3_600_000;
const DEFAULT_AGE_MS = keyAgeMs({ roleDelivery: {} });

export function importManifests(found: Found, namespace: string): Imported {
  const notes = [...found.notes];
  const names = uniqueNames(found.personas.map(({ application }) => personaName(application.displayName)));
  const byName = new Map(found.users.map((user) => [user.username, user]));
  const elsewhere = severalPersonas(found, notes);
  /** Every name that an assigned person may have in Connect. */
  const people = new Set<string>();
  const personas: Written[] = [];
  const users: Written[] = [];
  for (const [index, persona] of found.personas.entries()) {
    const name = names[index]!;
    const source = nameSource(persona, byName);
    for (const { person } of persona.people)
      for (const one of [person.userPrincipalName, person.mail, sentBy(person, source.sends)]) people.add(one ?? "");
    const assigned = persona.people
      .filter(({ person }) => !elsewhere.has(person.id))
      .map((one) => ({ ...one, sent: sentBy(one.person, source.sends) }));
    const members = assigned.flatMap(({ person, sent }) => {
      const user = byName.get(sent);
      if (!user) notes.push(missingUser(person, sent, name, found.users));
      else if (user.tags[OWNER_TAG])
        notes.push(`Connect user ${sent} belongs to ${user.tags[OWNER_TAG]} already and is left out`);
      return user && !user.tags[OWNER_TAG] ? [{ person, user }] : [];
    });
    const defaults = defaultsOf(
      members.map(({ user }) => user),
      found,
    );
    personas.push(personaManifest(found, persona, { name, namespace, sends: source.sends, defaults }, source.comments));
    users.push(
      ...members.map(({ person, user }) => userManifest(person, user, { persona: name, namespace, defaults }, found)),
    );
  }
  renameUsers(users);
  noteStrays(found.users, people, notes);
  return { personas, users, notes };
}

const SHOWN = 20;

function noteStrays(users: ConnectUserView[], people: ReadonlySet<string>, notes: string[]): void {
  const strays = users.filter(({ username }) => !people.has(username));
  const managed = strays.flatMap(({ tags }) => tags[OWNER_TAG] ?? []);
  const names = strays.flatMap(({ username, tags }) => (tags[OWNER_TAG] ? [] : [username])).sort();
  const clusters = [...new Set(managed.map((owner) => owner.split("/")[0]))].sort();
  if (managed.length > 0)
    notes.push(
      `${counted(managed.length, "Connect user")} ${managed.length === 1 ? "is" : "are"} managed already (cluster name ${clusters.join(", ")}) and left out`,
    );
  if (names.length === 0) return;
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
  notes.push(
    `Connect users that are assigned to none of these applications are left out (${names.length}): ${names.slice(0, SHOWN).join(", ")}${more}`,
  );
}

/** "Amazon Connect Agents" is better called agents. */
function personaName(displayName: string): string {
  const plain = displayName.replace(/\b(amazon|aws|connect|sso|saml)\b/gi, " ");
  const slug = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 50);
  return slug(plain) || slug(displayName) || "persona";
}

function uniqueNames(names: string[]): string[] {
  const used = new Set<string>();
  return names.map((wanted) => {
    let name = wanted;
    for (let number = 2; used.has(name); number++) name = `${wanted}-${number}`;
    used.add(name);
    return name;
  });
}

/** Connect binds a person to one role: people in two applications are named and left to manual action. */
function severalPersonas({ personas }: Found, notes: string[]): Set<string> {
  const seen = new Map<string, string[]>();
  for (const { application, people } of personas)
    for (const { person } of people) seen.set(person.id, [...(seen.get(person.id) ?? []), application.displayName]);
  const several = [...seen].filter(([, applications]) => applications.length > 1);
  for (const [id, applications] of several) {
    const person = personas.flatMap(({ people }) => people).find((one) => one.person.id === id)!.person;
    notes.push(
      `${person.userPrincipalName} is assigned to ${applications.map((one) => `"${one}"`).join(" and ")} and is left out: take one assignment away, then import again`,
    );
  }
  return new Set(several.map(([id]) => id));
}

/** From the attached claims policy; without one from which of the two names the Connect users have. */
function nameSource(
  { claims, people }: FoundPersona,
  byName: Map<string, ConnectUserView>,
): { sends: RoleSessionName; comments: string[] } {
  const comments: string[] = [];
  for (const { displayName, definition } of claims) {
    const read = readClaims(definition);
    const problem = read ? inexpressible(read) : "its definition cannot be read";
    if (!problem && read?.roleSessionName.state === "expressible")
      return { sends: read.roleSessionName.value, comments };
    comments.push(
      `Claims policy ${displayName} is left as it is, and apply refuses to take the application over: ${problem}.`,
    );
  }
  const gallery: RoleSessionName = { from: "userPrincipalName", transform: "None" };
  if (claims.length > 0) return { sends: gallery, comments };
  const count = (name: (person: EntraUser) => string | null) =>
    people.filter(({ person }) => byName.has(name(person) ?? "")).length;
  if (count((person) => person.mail) <= count((person) => person.userPrincipalName))
    return { sends: gallery, comments };
  comments.push(
    "The Connect users are named by mail, so the portal's own claims must say user.mail. Those cannot be read: a plan shows the claims policy that takes their place.",
  );
  return { sends: { from: "mail", transform: "None" }, comments };
}

/** The RoleSessionName, also of a disabled account and of a name that AWS refuses. */
function sentBy(person: EntraUser, sends: RoleSessionName): string {
  const result = sessionNameOf({ ...person, accountEnabled: true }, sends);
  if ("name" in result) return result.name;
  return sends.from === "userPrincipalName" ? person.userPrincipalName : "";
}

function missingUser(person: EntraUser, sent: string, persona: string, users: ConnectUserView[]): string {
  const near = users.find(({ username }) => username.toLowerCase() === sent.toLowerCase());
  const who = `${person.userPrincipalName} of persona ${persona}`;
  if (sent === "") return `${who} has no mail, which is the RoleSessionName, and is left out`;
  const wrong = checkUsername(sent);
  if (wrong) return `${who} is left out: ${wrong.message}`;
  if (near)
    return `${who} is left out: Entra sends ${sent}, the Connect user is called ${near.username}; Connect compares case`;
  return `${who} has no Connect user ${sent} and is left out; declare a ConnectUser to have one made`;
}

interface Defaults {
  securityProfiles: string[];
  routingProfile: string;
}

/** All profiles that its users have (what they may have), and the routing profile that most have. */
function defaultsOf(users: ConnectUserView[], found: Found): Defaults | undefined {
  if (users.length === 0) return undefined;
  const count = new Map<string, number>();
  for (const { routingProfileId } of users) {
    const name = found.routingProfileName(routingProfileId ?? "");
    count.set(name, (count.get(name) ?? 0) + 1);
  }
  const [routingProfile] = [...count].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]!;
  const profiles = users.flatMap(({ securityProfileIds }) =>
    securityProfileIds.map((id) => found.securityProfileName(id)),
  );
  return { securityProfiles: [...new Set(profiles)].sort(), routingProfile };
}

function personaManifest(
  found: Found,
  persona: FoundPersona,
  {
    name,
    namespace,
    sends,
    defaults,
  }: { name: string; namespace: string; sends: RoleSessionName; defaults: Defaults | undefined },
  comments: string[],
): Written {
  const { application, role, provider, federation, listing, iamUser, job } = persona;
  const isShared = sharersOf(found, persona).length > 1;
  const provisioning = job && iamUser && listing && !isShared ? { iamUser, listing } : undefined;
  const all = [...comments];
  if (job && isShared)
    all.push(
      "Entra's provisioning imports no role that trusts several SAML providers, so its job is of no use; the mode is Direct.",
    );
  const landing = landingOf(found, persona, all);
  const identifier = application.identifierUris.find((uri) => uri.split("#")[0] === identifierBase(found.instance));
  checkPaths(persona, all);
  const endpoints =
    endpointsOf(found.instance, application.redirectUris, application.defaultRedirectUri) ?? "RegionalFirst";
  checkDocuments(found, persona, endpoints, all);
  if (provisioning?.iamUser.guessed)
    all.push(
      `That Entra holds the key of ${provisioning.iamUser.name} is a guess by its name: Entra does not show which key it has.`,
    );
  if (!defaults) all.push("No Connect user was found for it: name the profiles that its users get.");
  const spec: Partial<ConnectSsoPersona["spec"]> & object = {
    instanceArn: found.instanceArn,
    ...landing,
    application: {
      displayName: application.displayName,
      tenantId: found.tenantId,
      ...(identifier ? { identifier } : {}),
      ...roleSessionName(sends),
      ...(endpoints === "RegionalFirst" ? {} : { signInEndpoints: endpoints }),
      ...sessionDuration(persona),
      ...(persona.groups.length > 0 ? { groups: persona.groups.map(({ principalId }) => ({ id: principalId })) } : {}),
    } as ConnectSsoPersona["spec"]["application"],
    aws: {
      path: role.path,
      federationPolicyName: federation.name,
      samlProviderName: provider.arn.split("/").at(-1)!,
      roleName: role.name,
      ...(isShared ? { roleSharing: "Instance" } : {}),
      ...(role.permissionsBoundaryArn ? { permissionsBoundaryArn: role.permissionsBoundaryArn } : {}),
      maxSessionDuration: duration(role.maxSessionDurationSeconds),
    },
    ...(provisioning
      ? {
          roleDelivery: {
            mode: "Provisioning",
            provisioning: {
              iamUserName: provisioning.iamUser.name,
              policyName: provisioning.listing.name,
              ...keyAge(provisioning.iamUser.keyAgeMs, all),
            },
          },
        }
      : {}),
    connectUsers: {
      ...(defaults ?? { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile" }),
      allowAdoption: true,
    },
    adoptionPolicy: "IfUnowned",
  } as never;
  for (const { principalId, principalDisplayName } of persona.groups)
    all.push(`Group ${principalId} is "${principalDisplayName ?? "(no name)"}".`);
  return {
    object: { apiVersion: API_VERSION, kind: PERSONA, metadata: { name, namespace }, spec } as Written["object"],
    comments: all,
  };
}

/** Applications that carry the same role, each with a SAML provider of its own. */
function sharersOf({ personas }: Found, { role }: FoundPersona): FoundPersona[] {
  return personas.filter((one) => one.role.arn === role.arn);
}

function roleSessionName({ from, transform }: RoleSessionName): { roleSessionName?: RoleSessionName } {
  if (from === "userPrincipalName" && transform === "None") return {};
  return { roleSessionName: { from, ...(transform === "None" ? {} : { transform }) } as RoleSessionName };
}

function landingOf(found: Found, { servicePrincipal }: FoundPersona, comments: string[]): Landing {
  const text = servicePrincipal.relayState ?? "";
  const parsed = parseRelayState(text, found.instance);
  if ("problem" in parsed) {
    comments.push(
      `The relay state ${text || "(none)"} cannot be declared: ${parsed.problem}. A plan shows the difference.`,
    );
    return { landingPage: "AdminConsole" };
  }
  return parsed.landing;
}

/** One path for all: what is on another cannot be named. */
function checkPaths({ role, federation, listing, iamUser }: FoundPersona, comments: string[]): void {
  const elsewhere = [
    { what: `policy ${federation.name}`, path: federation.path },
    ...(listing ? [{ what: `policy ${listing.name}`, path: listing.path }] : []),
    ...(iamUser ? [{ what: `user ${iamUser.name}`, path: iamUser.path }] : []),
  ].filter(({ path }) => path !== role.path);
  for (const { what, path } of elsewhere)
    comments.push(`The ${what} is on path ${path}, the role on ${role.path}; a plan shows a new one beside it.`);
}

function checkDocuments(found: Found, persona: FoundPersona, endpoints: SignInEndpoints, comments: string[]): void {
  const { federation, listing, job, role } = persona;
  const forms = [federationPolicy(found.instance), federationPolicyOfGuide(found.instance)];
  if (!forms.some((form) => comparePolicies(form, federation.document).length === 0))
    comments.push(`Policy ${federation.name} allows something else than this instance's sign-in; a plan shows what.`);
  if (job && listing && comparePolicies(listingPolicy(), listing.document).length > 0)
    comments.push(`Policy ${listing.name} allows something else than listing roles; a plan shows what.`);
  const providers = new Set(sharersOf(found, persona).map(({ provider }) => provider.arn));
  const trust = sharedTrustPolicy(
    found.instance,
    [...providers].map((arn) => ({ arn, endpoints })),
  );
  if (comparePolicies(trust, role.trust).length > 0)
    comments.push(`The trust of role ${role.name} is another one; a plan shows what.`);
}

function sessionDuration({ claims }: FoundPersona): { sessionDuration?: string } {
  for (const { definition } of claims) {
    const session = readClaims(definition)?.sessionDuration;
    if (session?.state === "expressible") return { sessionDuration: duration(session.value) };
  }
  return {};
}

/** A key older than the default maximum would be rotated at once: not without being asked. */
function keyAge(ageMs: number | undefined, comments: string[]): { accessKeyMaxAge?: string } {
  if (ageMs === undefined || ageMs < DEFAULT_AGE_MS) return {};
  const hours = Math.min(99_999, Math.ceil((ageMs + DEFAULT_AGE_MS) / HOUR_MS));
  comments.push(
    `The access key is ${Math.floor(ageMs / HOUR_MS / 24)} days old: take accessKeyMaxAge away to have it rotated.`,
  );
  return { accessKeyMaxAge: `${hours}h` };
}

function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "m"],
    [seconds % 60, "s"],
  ] as const;
  return parts.map(([value, unit]) => (value > 0 ? `${value}${unit}` : "")).join("") || "0s";
}

function userManifest(
  person: EntraUser,
  user: ConnectUserView,
  { persona, namespace, defaults }: { persona: string; namespace: string; defaults: Defaults | undefined },
  found: Found,
): Written {
  const profiles = user.securityProfileIds.map((id) => found.securityProfileName(id)).sort();
  const routing = found.routingProfileName(user.routingProfileId ?? "");
  const spec = {
    personaRef: { name: persona },
    entraUser: { userPrincipalName: person.userPrincipalName },
    ...(user.firstName && user.firstName !== person.givenName?.normalize("NFC") ? { firstName: user.firstName } : {}),
    ...(user.lastName && user.lastName !== person.surname?.normalize("NFC") ? { lastName: user.lastName } : {}),
    ...(profiles.join() === defaults?.securityProfiles.join() ? {} : { securityProfiles: profiles }),
    ...(routing === defaults?.routingProfile ? {} : { routingProfile: routing }),
    adoptionPolicy: "IfUnowned",
  } as unknown as ConnectUser["spec"];
  const name = user.username.split("@")[0]!;
  return { object: { apiVersion: API_VERSION, kind: USER, metadata: { name, namespace }, spec } as Written["object"] };
}

/** The part before the "@", made unique: with the whole name where two share it. */
function renameUsers(users: Written[]): void {
  const slug = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9.-]+/g, "-")
      .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "") || "user";
  const upn = ({ object }: Written) => (object as unknown as ConnectUser).spec.entraUser.userPrincipalName!;
  const count = new Map<string, number>();
  for (const one of users)
    count.set(slug(one.object.metadata.name), (count.get(slug(one.object.metadata.name)) ?? 0) + 1);
  const wanted = users.map((one) =>
    count.get(slug(one.object.metadata.name)) === 1 ? slug(one.object.metadata.name) : slug(upn(one)),
  );
  for (const [index, name] of uniqueNames(wanted).entries()) users[index]!.object.metadata.name = name;
}
