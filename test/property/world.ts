/** The clouds before the controller comes, and the names that everything in a simulation is called by. */
import type { WorldInput } from "../../src/sandbox/world.ts";

export const ACCOUNT = "111122223333";
/** Two instances of Connect, each in a region of its own. */
export const HOME = { id: "0a1b2c3d-1111-4222-8333-444455556666", region: "us-east-1", alias: "example" };
export const ABROAD = { id: "9f8e7d6c-2222-4222-8333-444455556666", region: "eu-west-2", alias: "abroad" };
export type Instance = typeof HOME;
export const INSTANCES: readonly Instance[] = [HOME, ABROAD];
export const arnOf = ({ id, region }: Instance) => `arn:aws:connect:${region}:${ACCOUNT}:instance/${id}`;
export const TENANT = "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071";
export const OWNER_TAG = "connectsso.dev/owner";

export const PERSONAS = ["administrators", "agents", "overseas"] as const;
/**
 * ConnectUsers by the person they mean. Two mean Jane, which is a conflict while both exist; two mean Alice, in an instance each, which
 * is none.
 */
export const USERS = {
  alice: "alice",
  jane: "jane",
  omar: "omar",
  "jane-again": "jane",
  "alice-abroad": "alice",
} as const;
export type PersonaName = (typeof PERSONAS)[number];
export type UserName = keyof typeof USERS;

export const instanceOf = (persona: PersonaName): Instance => (persona === "overseas" ? ABROAD : HOME);
/** The role of all personas of an instance that share one. */
export const sharedRole = ({ id, region }: Instance) => ({
  role: `connect-sso-team_${id.slice(0, 8)}`,
  owner: `test/team/${region}:${id}:role`,
});
/** Nobody moves from one instance to the other. */
export const instanceOfUser = (user: UserName): Instance => (user === "alice-abroad" ? ABROAD : HOME);

export const upnOf = (user: UserName): string => `${USERS[user]}@example.com`;
/** Omar's address is not his user principal name. */
export const mailOf = (user: UserName): string => (user === "omar" ? "o.hassan@example.com" : upnOf(user));

export const GROUPS = [
  { displayName: "Contact centre", member: "jane" },
  { displayName: "Night shift", member: "omar" },
];

/** A member of no persona. Somebody assigns applications to her all the same. */
export const STRANGER = "stranger@example.com";

const person = (name: string) => ({
  userPrincipalName: `${name}@example.com`,
  mail: name === "omar" ? mailOf(name) : `${name}@example.com`,
  displayName: `${name} Doe`,
  givenName: name,
  surname: "Doe",
});

export function world(behaviour: WorldInput["behaviour"]): WorldInput {
  return {
    account: ACCOUNT,
    tenant: { id: TENANT, verifiedDomains: ["example.com"] },
    users: [...new Set(Object.values(USERS)), "stranger"].map(person),
    groups: GROUPS.map(({ displayName, member }) => ({ displayName, members: [`${member}@example.com`] })),
    instances: INSTANCES.map((instance) => ({
      ...instance,
      securityProfiles: ["Admin", "Agent", "Supervisor"],
      routingProfiles: ["Basic Routing Profile", "Sales"],
      hierarchy: {
        levels: ["Site", "Team"],
        groups: [{ name: "Dublin", groups: [{ name: "Blue" }, { name: "Red" }] }],
      },
      predefinedAttributes: ["connect:Language"],
      users: [{ username: "by.hand", firstName: "By", lastName: "Hand", securityProfiles: ["Agent"] }],
    })),
    applications: [{ displayName: "Somebody's", identifierUris: ["https://signin.aws.amazon.com/saml"] }],
    behaviour: { roleImportInterval: "40m", ...behaviour },
  };
}
