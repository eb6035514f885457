/** The clouds of the soak: one instance for the cluster, one for a folder that is followed beside it, and people for both. */
import type { WorldInput } from "../../../src/sandbox/world.ts";

export const ACCOUNT = "111122223333";
/** Of the cluster's personas, as scene.ts declares them. */
export const INSTANCE = "0a1b2c3d-1111-4222-8333-444455556666";
/** Of the folder's persona: another controller, which shares the tenant and the account. */
export const FOLDER_INSTANCE = "9f8e7d6c-1111-4222-8333-444455556666";

export const person = (index: number) => `user${index}@example.com`;

export function world(people: number): WorldInput {
  const instance = (id: string, alias: string) => ({
    id,
    region: "us-east-1",
    alias,
    securityProfiles: ["Admin", "Agent"],
    routingProfiles: ["Basic Routing Profile"],
  });
  return {
    account: ACCOUNT,
    users: Array.from({ length: people }, (_, index) => ({
      userPrincipalName: person(index),
      mail: person(index),
      displayName: `User ${index}`,
      givenName: "User",
      surname: String(index),
    })),
    instances: [instance(INSTANCE, "example"), instance(FOLDER_INSTANCE, "folder")],
    behaviour: { quotas: "unlimited", consistencyDelay: "200ms" },
  };
}
