/** Fail closed: what is no longer allowed is taken away first, and a name that another person has now hands nothing over: X8, X10. */
import {
  ConnectClient,
  DescribeUserCommand,
  ListSecurityProfilesCommand,
  TagResourceCommand,
} from "@aws-sdk/client-connect";
import { afterEach, expect, test } from "@jest/globals";
import { type Harness, INSTANCE, persona, start, status, user, world } from "../e2e/support.ts";
import { graphByHand } from "../support/by-hand.ts";
import { field, find, reason } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const POLL_MS = 5_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const connect = () => new ConnectClient({ region: "us-east-1" });
const allowing = (...securityProfiles: string[]) =>
  persona("agents", { connectUsers: { securityProfiles, routingProfile: "Basic Routing Profile" } });

async function profilesOf(name: string): Promise<string[]> {
  const UserId = field(h, "ConnectUser", name, "connectUserId");
  const { User } = await connect().send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId }));
  const { SecurityProfileSummaryList: all } = await connect().send(
    new ListSecurityProfilesCommand({ InstanceId: INSTANCE }),
  );
  return User!.SecurityProfileIds!.map((id) => all!.find((one) => one.Id === id)!.Name!).sort();
}

test.each(["Correct", "Report"])(
  "X8: a profile taken off the persona's list is taken away from a user who declares it, under driftPolicy %s",
  async (driftPolicy) => {
    h = await start(world(), { pollIntervalMs: POLL_MS });
    h.apply(allowing("Admin", "Agent"), user("jane", "agents", { securityProfiles: ["Admin"], driftPolicy }));
    await h.ready();
    expect(await profilesOf("jane")).toEqual(["Admin"]);
    h.apply(allowing("Agent"));
    await pause(6 * POLL_MS);
    expect(await profilesOf("jane")).toEqual(["Agent"]);
    expect(status(find(h, "ConnectUser", "jane"), "Ready")!.status).toBe("False");
  },
);

test("X8: nor does a user who declares none keep it, under driftPolicy Report", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  h.apply(allowing("Admin", "Agent"), user("jane", "agents", { driftPolicy: "Report" }));
  await h.ready();
  expect(await profilesOf("jane")).toEqual(["Admin", "Agent"]);
  h.apply(allowing("Agent"));
  await pause(6 * POLL_MS);
  expect(await profilesOf("jane")).toEqual(["Agent"]);
});

test("X10: a user principal name that another person has now hands nothing over", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  const graph = graphByHand(h.sandbox);
  h.apply(allowing("Admin"), user("jane", "agents"));
  await h.ready();
  const servicePrincipalId = field(h, "ConnectSsoPersona", "agents", "servicePrincipalId");
  const first = field(h, "ConnectUser", "jane", "entraObjectId");
  await graph("DELETE", `/users/${first}`);
  await pause(1_000);
  const second = await graph("POST", "/users", {
    accountEnabled: true,
    userPrincipalName: "jane@example.com",
    mailNickname: "jane",
    displayName: "Jane the second",
    givenName: "Jane",
    surname: "Second",
    passwordProfile: { password: "Xk2!aslkdj22" },
  });
  await pause(8 * POLL_MS);
  const { value } = await graph("GET", `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`);
  expect(value.map((one: { principalId: string }) => one.principalId)).not.toContain(second.id);
  expect(status(find(h, "ConnectUser", "jane"), "Ready")!.status).toBe("False");
});

test("a tag that names another person gives that person nothing, and nothing is told wrong", async () => {
  h = await start(world(), { pollIntervalMs: POLL_MS });
  const graph = graphByHand(h.sandbox);
  h.apply(allowing("Admin"), user("jane", "agents"));
  await h.ready();
  const principal = field(h, "ConnectSsoPersona", "agents", "servicePrincipalId");
  const [own, resourceArn] = ["entraObjectId", "connectUserArn"].map((name) => field(h, "ConnectUser", "jane", name));
  const before = h.writes().length;
  const omar = await graph("GET", "/users/omar@example.com");
  const tag = (id: string) =>
    connect().send(
      new TagResourceCommand({ resourceArn: resourceArn!, tags: { "connectsso.dev/entra-object-id": id } }),
    );
  await tag(omar.id);
  const { message } = await reason(h, "ConnectUser", "jane", "Ready", "EntraUserReplaced");
  expect(message).toMatch(
    /^the tag connectsso.dev\/entra-object-id of Connect user jane@example.com names another person/,
  );
  await pause(3 * POLL_MS);
  const { value } = await graph("GET", `/servicePrincipals/${principal}/appRoleAssignedTo`);
  expect(value.map((one: { principalId: string }) => one.principalId)).toEqual([own]);
  expect(h.writes()).toHaveLength(before);
  await tag(own!);
  await reason(h, "ConnectUser", "jane", "Ready", "Converged");
});
