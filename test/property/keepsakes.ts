/** Objects that must not go, or not even change: what is nobody's of ours, and what a policy Retain left. */
import type { Clouds, Json } from "./administrator.ts";
import { names } from "./oracle.ts";
import { instanceOfUser, OWNER_TAG, type PersonaName, USERS, type UserName } from "./world.ts";

/** Every object of the clouds, written out, by kind and id. */
export function everything(clouds: Clouds): Map<string, string> {
  const all = new Map<string, string>();
  const add = (kind: string, objects: Json[], id: string) => {
    for (const one of objects) all.set(`${kind} ${one[id]}`, JSON.stringify(one, null, 1));
  };
  add("role", clouds.roles, "RoleId");
  add(
    "policy",
    // Others may use it, and cease to.
    clouds.policies.map(({ AttachmentCount: _, PermissionsBoundaryUsageCount: __, ...one }) => one),
    "PolicyId",
  );
  add("IAM user", clouds.users, "UserId");
  add("SAML provider", clouds.providers, "Arn");
  add("application", clouds.applications, "id");
  add("service principal", clouds.servicePrincipals, "id");
  for (const { assignments } of clouds.servicePrincipals) add("assignment", assignments, "id");
  add("claims policy", clouds.claimsPolicies, "id");
  add("person", clouds.people, "id");
  add("group", clouds.groups, "id");
  add("Connect user", clouds.connectUsers, "Id");
  return all;
}

export interface Kept {
  /** As `everything` calls it. */
  what: string;
  persona?: PersonaName;
  user?: UserName;
}

/** What a persona has at the moment of its deletion. Keys and user of mode Provisioning may be on their way out. */
export function ofPersona(clouds: Clouds, persona: PersonaName): Kept[] {
  const { owner, entraTag } = names(persona);
  const owned = ({ tags }: Json) => tags[OWNER_TAG] === owner;
  return [
    ...clouds.roles.filter(owned).map(({ RoleId }) => `role ${RoleId}`),
    ...clouds.providers.filter(owned).map(({ Arn }) => `SAML provider ${Arn}`),
    ...clouds.applications.filter(({ tags }) => tags.includes(entraTag)).map(({ id }) => `application ${id}`),
  ].map((what) => ({ what, persona }));
}

/** What a user has at the moment of its deletion: the Connect user, and the role of the persona. */
export function ofUser(clouds: Clouds, user: UserName, persona: PersonaName): Kept[] {
  const tagged = clouds.connectUsers.filter(
    ({ Tags, instance }) => Tags?.[OWNER_TAG] === `test/team/${user}` && instance === instanceOfUser(user).id,
  );
  const person = clouds.people.find(({ userPrincipalName }) => userPrincipalName === `${USERS[user]}@example.com`)!;
  const application = clouds.applications.find(({ tags }) => tags.includes(names(persona).entraTag));
  const principal = clouds.servicePrincipals.find(({ appId }) => appId === application?.appId);
  const assigned = ((principal?.assignments as Json[]) ?? []).filter(({ principalId }) => principalId === person.id);
  return [
    ...tagged.map(({ Id }) => ({ what: `Connect user ${Id}`, user })),
    ...assigned.map(({ id }) => ({ what: `assignment ${id}`, user, persona })),
  ];
}

/** The first line in which two texts differ, with what stands around it. */
export function firstDifference(before: string, after: string): string {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const at = a.findIndex((line, index) => line !== b[index]);
  return `  was ${a[at]?.trim()}\n  is  ${b[at]?.trim()}\n${b.slice(Math.max(0, at - 6), at + 3).join("\n")}`;
}
