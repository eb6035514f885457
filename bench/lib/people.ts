/** Who is in the world of a benchmark: people of the tenant, their Connect users as the controller would make them, and ConnectUsers. */
import type { WorldInput } from "../../src/sandbox/world.ts";

export const NAMESPACE = "contact-centre";
export const INSTANCE_ID = "0a1b2c3d-1111-4222-8333-444455556666";
export const INSTANCE = `arn:aws:connect:us-east-1:111122223333:instance/${INSTANCE_ID}`;
export const CLUSTER = "bench";

export const nameOf = (index: number) => `user${String(index).padStart(5, "0")}`;
export const upnOf = (index: number) => `${nameOf(index)}@example.com`;
export const objectIdOf = (index: number) => `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
/** Object id of the group Staff. */
export const GROUP_ID = "00000000-0000-4000-9000-000000000001";
/** Every tenth person is a manager, the others are agents. */
export const personaOf = (index: number) => (index % 10 === 0 ? "managers" : "agents");
const profileOf = { agents: "Agent", managers: "CallCenterManager" };
/** Every twentieth sits in a team, so that names of all kinds are resolved. */
export const teamOf = (index: number) => (index % 20 === 0 ? ["Dublin", `Team ${(index / 20) % 20}`] : undefined);

/**
 * `people` are in the tenant; those up to `connectUsers` are in Connect already, with the controller's marks; those up to `inGroup` are in
 * the group Staff.
 */
export function worldOf(people: number, connectUsers: number, inGroup = connectUsers): WorldInput {
  const indexes = Array.from({ length: people }, (_, offset) => offset + 1);
  const groups = [{ name: "Dublin", groups: Array.from({ length: 20 }, (_, index) => ({ name: `Team ${index}` })) }];
  return {
    users: indexes.map((index) => ({
      id: objectIdOf(index),
      userPrincipalName: upnOf(index),
      mail: upnOf(index),
      displayName: `User ${index}`,
      givenName: "User",
      surname: String(index),
    })),
    groups: [{ id: GROUP_ID, displayName: "Staff", members: indexes.slice(connectUsers, inGroup).map(upnOf) }],
    instances: [
      {
        id: INSTANCE_ID,
        region: "us-east-1",
        alias: "bench",
        userQuota: people + 1,
        hierarchy: { levels: ["Site", "Team"], groups },
        users: indexes.slice(0, connectUsers).map((index) => ({
          username: upnOf(index),
          firstName: "User",
          lastName: String(index),
          securityProfiles: [profileOf[personaOf(index)]],
          tags: {
            "connectsso.dev/owner": `${CLUSTER}/${NAMESPACE}/${nameOf(index)}`,
            "connectsso.dev/persona": personaOf(index),
          },
        })),
      },
    ],
    behaviour: { quotas: "unlimited" },
  };
}

export function personaManifest(name: "agents" | "managers") {
  return {
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectSsoPersona",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      instanceArn: INSTANCE,
      landingPage: name === "agents" ? "ContactControlPanel" : "MetricsAndQuality",
      application: { displayName: `Amazon Connect ${name}` },
      connectUsers: { securityProfiles: [profileOf[name]], routingProfile: "Basic Routing Profile" },
    },
  };
}

/** With the controller's finalizer already when it is made for a measurement of something else: a third of the API server's work less. */
export function userManifest(index: number, finalizers: string[] = []) {
  const team = teamOf(index);
  return {
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUser",
    metadata: { name: nameOf(index), namespace: NAMESPACE, finalizers },
    spec: {
      personaRef: { name: personaOf(index) },
      entraUser: { userPrincipalName: upnOf(index) },
      ...(team ? { hierarchyGroup: team } : {}),
    },
  };
}
