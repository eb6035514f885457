/** A world with one instance and some people, for the soak. */
import type { WorldInput } from "../../src/sandbox/world.ts";

export function world(people: number): WorldInput {
  return {
    account: "111122223333",
    users: Array.from({ length: people }, (_, index) => ({
      userPrincipalName: `user${index}@example.com`,
      mail: `user${index}@example.com`,
      displayName: `User ${index}`,
      givenName: "User",
      surname: String(index),
    })),
    instances: [
      {
        id: "0a1b2c3d-1111-4222-8333-444455556666",
        region: "us-east-1",
        alias: "example",
        securityProfiles: ["Admin", "Agent"],
        routingProfiles: ["Basic Routing Profile"],
      },
    ],
    behaviour: { quotas: "unlimited", consistencyDelay: "200ms" },
  };
}
