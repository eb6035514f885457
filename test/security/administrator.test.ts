/** X9: who may create ConnectUsers cannot take an instance its only administrator. */
import {
  ConnectClient,
  CreateUserCommand,
  DescribeUserCommand,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
  ListUsersCommand,
} from "@aws-sdk/client-connect";
import { afterEach, expect, test } from "@jest/globals";
import { type Harness, INSTANCE, persona, start, status, user, world } from "../e2e/support.ts";
import { find, reason } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const POLL_MS = 5_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("X9: the last administrator of an instance is neither demoted nor deleted by a ConnectUser", async () => {
  const connect = () => new ConnectClient({ region: "us-east-1" });
  const profileIds = async () => {
    const { SecurityProfileSummaryList: all } = await connect().send(
      new ListSecurityProfilesCommand({ InstanceId: INSTANCE }),
    );
    return new Map(all!.map((one) => [one.Name!, one.Id!]));
  };
  h = await start(world(), {
    pollIntervalMs: POLL_MS,
    async prepare({ env }) {
      Object.assign(process.env, env);
      const { RoutingProfileSummaryList: routing } = await connect().send(
        new ListRoutingProfilesCommand({ InstanceId: INSTANCE }),
      );
      await connect().send(
        new CreateUserCommand({
          InstanceId: INSTANCE,
          Username: "alice@example.com",
          IdentityInfo: { FirstName: "Root", LastName: "Admin" },
          PhoneConfig: { PhoneType: "SOFT_PHONE" },
          SecurityProfileIds: [(await profileIds()).get("Admin")!],
          RoutingProfileId: routing![0]!.Id!,
        }),
      );
      return {};
    },
  });
  const administrator = async () => {
    const { UserSummaryList } = await connect().send(new ListUsersCommand({ InstanceId: INSTANCE }));
    const UserId = UserSummaryList!.find((one) => one.Username === "alice@example.com")?.Id;
    if (!UserId) return undefined;
    const { User } = await connect().send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId }));
    return [User!.SecurityProfileIds, User!.IdentityInfo!.FirstName];
  };
  const before = await administrator();
  h.apply(persona("agents"));
  await h.ready();
  h.apply(user("alice", "agents", { adoptionPolicy: "IfUnowned", deletionPolicy: "Delete", firstName: "Hacked" }));
  await pause(6 * POLL_MS);
  expect((await administrator())?.[0]).toEqual(before![0]);
  expect(
    (await reason(h, "ConnectUser", "alice", "Stalled", status(find(h, "ConnectUser", "alice"), "Stalled")!.reason))
      .status,
  ).toBe("True");
  h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name: "alice" });
  await pause(6 * POLL_MS);
  expect((await administrator())?.[0]).toEqual(before![0]);
});
