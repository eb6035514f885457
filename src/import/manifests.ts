/** From what was found to manifests that take it over as it is. Pure. */
import { API_VERSION, type ConnectUser, USER } from "../api/resources.ts";
import { inexpressible, readClaims } from "../domain/claims/policy.ts";
import { type RoleSessionName, sessionNameOf } from "../domain/claims/session-name.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { counted, listed } from "../domain/text.ts";
import { checkUsername } from "../domain/usernames.ts";
import type { Written } from "../manifests/write.ts";
import type { ConnectUserView } from "../providers/aws/types.ts";
import type { EntraUser } from "../providers/graph/types.ts";
import type { Found, FoundPersona } from "./discover.ts";
import { type Defaults, personaManifest } from "./persona-manifest.ts";

interface Imported {
  personas: Written[];
  users: Written[];
  notes: string[];
}

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
  notes.push(
    `Connect users that are assigned to none of these applications are left out (${names.length}): ${listed(names, SHOWN)}`,
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
