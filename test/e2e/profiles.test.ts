/** What is not ours and is watched: the contents of security profiles that a persona grants, and quick connects that ring no one. */
import {
  ConnectClient,
  CreateQuickConnectCommand,
  DeleteQuickConnectCommand,
  DeleteUserCommand,
  ListSecurityProfilesCommand,
  UpdateSecurityProfileCommand,
} from "@aws-sdk/client-connect";
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { ADMINISTRATOR } from "./contracts.ts";
import { type Harness, INSTANCE, PATIENCE_MS, persona, start, status, user, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());
const connect = () => new ConnectClient({ region: "us-east-1", customUserAgent: ADMINISTRATOR });
const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
const events = (reason: string) =>
  h.controller.store.events.filter(({ event }) => event.reason === reason).map(({ event }) => event);
const until = (holds: () => boolean, what: string) => h.controller.until(holds, PATIENCE_MS, what);
async function setPermissions(name: string, ...Permissions: string[]): Promise<void> {
  const { SecurityProfileSummaryList } = await connect().send(
    new ListSecurityProfilesCommand({ InstanceId: INSTANCE }),
  );
  const { Id } = SecurityProfileSummaryList!.find((one) => one.Name === name)!;
  await connect().send(new UpdateSecurityProfileCommand({ InstanceId: INSTANCE, SecurityProfileId: Id!, Permissions }));
}

test("a profile that gains a permission is a Warning, once; what it loses is said; the persona stays Ready", async () => {
  h = await start(
    world({
      instances: [
        {
          ...world().instances![0]!,
          securityProfiles: ["Admin", { name: "Agent", permissions: ["BasicAgentAccess"] }],
        },
      ],
    }),
  );
  h.apply(persona("agents"));
  await h.ready();
  await until(() => agents().status?.securityProfiles !== undefined, "they were read");
  expect(agents().status!.securityProfiles).toMatchObject([{ name: "Agent", permissions: ["BasicAgentAccess"] }]);
  expect(agents().status!.securityProfiles![0]).not.toHaveProperty("gained");
  await setPermissions("Agent", "BasicAgentAccess", "Users.Create", "Users.Edit");
  await until(() => events("SecurityProfileGained").length > 0, "it is told");
  await setPermissions("Agent", "Users.Create", "Users.Edit");
  await until(() => events("SecurityProfileLost").length > 0, "that as well");
  await setPermissions("Admin", "Users.Delete");
  const looks = () => h.calls.filter(({ operation }) => operation === "ListSecurityProfilePermissions").length;
  const before = looks();
  await until(() => looks() > before + 2, "further looks");
  expect(events("SecurityProfileGained")).toMatchObject([
    { type: "Warning", note: "Security profile Agent gained Users.Create, Users.Edit" },
  ]);
  expect(events("SecurityProfileLost")).toMatchObject([
    { type: "Normal", note: "Security profile Agent lost BasicAgentAccess" },
  ]);
  expect(agents().status!.securityProfiles).toMatchObject([
    { name: "Agent", gained: ["Users.Create", "Users.Edit"], lost: ["BasicAgentAccess"] },
  ]);
  expect(status(agents(), "Ready")?.status).toBe("True");
  expect(h.writes().filter(({ operation }) => operation === "UpdateSecurityProfile")).toEqual([]);
});

test("quick connects that ring no one are named by the persona until they are gone", async () => {
  h = await start();
  h.apply(persona("agents"), user("jane", "agents", { driftPolicy: "Report" }));
  await h.ready();
  const { connectUserId } = h.controller.store.get<ConnectUser>("ConnectUser", "team", "jane")!.status!;
  const made = await connect().send(
    new CreateQuickConnectCommand({
      InstanceId: INSTANCE,
      Name: "Jane",
      QuickConnectConfig: {
        QuickConnectType: "USER",
        UserConfig: { UserId: connectUserId!, ContactFlowId: "00000000-0000-4000-8000-000000000001" },
      },
    }),
  );
  await connect().send(new DeleteUserCommand({ InstanceId: INSTANCE, UserId: connectUserId! }));
  await until(() => status(agents(), "Ready")!.message.includes("rings no one"), "it is named");
  expect(status(agents(), "Ready")).toMatchObject({ status: "True", message: expect.stringContaining("gone: Jane;") });
  await connect().send(new DeleteQuickConnectCommand({ InstanceId: INSTANCE, QuickConnectId: made.QuickConnectId! }));
  await until(() => !status(agents(), "Ready")!.message.includes("rings no one"), "it is gone");
});
