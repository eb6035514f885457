/** The clouds before the controller comes, and the names that everything in a simulation is called by. */
import type { WorldInput } from "../../src/sandbox/world.ts";

export const ACCOUNT = "111122223333";
export const INSTANCE = "0a1b2c3d-1111-4222-8333-444455556666";
export const INSTANCE_ARN = `arn:aws:connect:us-east-1:${ACCOUNT}:instance/${INSTANCE}`;
export const TENANT = "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071";
export const OWNER_TAG = "connectsso.dev/owner";

export const PERSONAS = ["administrators", "agents"] as const;
/** ConnectUsers by the person they mean; two mean the same one, which is a conflict while both exist. */
export const USERS = { alice: "alice", jane: "jane", omar: "omar", "jane-again": "jane" } as const;
export type PersonaName = (typeof PERSONAS)[number];
export type UserName = keyof typeof USERS;

export const GROUPS = [
  { displayName: "Contact centre", member: "jane" },
  { displayName: "Night shift", member: "omar" },
];

/** A member of no persona. Somebody assigns applications to her all the same. */
export const STRANGER = "stranger@example.com";

const person = (name: string) => ({
  userPrincipalName: `${name}@example.com`,
  mail: `${name}@example.com`,
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
    instances: [
      {
        id: INSTANCE,
        region: "us-east-1",
        alias: "example",
        securityProfiles: ["Admin", "Agent", "Supervisor"],
        routingProfiles: ["Basic Routing Profile", "Sales"],
        hierarchy: {
          levels: ["Site", "Team"],
          groups: [{ name: "Dublin", groups: [{ name: "Blue" }, { name: "Red" }] }],
        },
        predefinedAttributes: ["connect:Language"],
        users: [{ username: "by.hand", firstName: "By", lastName: "Hand", securityProfiles: ["Agent"] }],
      },
    ],
    applications: [{ displayName: "Somebody's", identifierUris: ["https://signin.aws.amazon.com/saml"] }],
    behaviour: { roleImportInterval: "40m", ...behaviour },
  };
}
