/** Whole lives, as scenarios for either wiring. */
import {
  ConnectClient,
  DescribeUserCommand,
  ListSecurityProfilesCommand,
  ListUsersCommand,
  UpdateUserSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import { GetRoleCommand, IAMClient, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import { ANNOTATIONS, type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../../src/api/resources.ts";
import { INSTANCE, persona, status, user, world } from "../e2e/support.ts";
import type { Wiring, WiringOptions } from "./wirings.ts";

/** Longer than anything here is waited for: what happens did not wait for a poll. */
const NO_POLL_MS = 3_600_000;
const SOON_MS = 3_000;

const NAMES = Array.from({ length: 9 }, (_, index) => `agent${index}`);
const WORLD = world({
  users: ["jane", "omar", ...NAMES].map((name) => ({
    userPrincipalName: `${name}@example.com`,
    mail: `${name}@example.com`,
    displayName: `${name} Doe`,
    givenName: name,
    surname: "Doe",
  })),
  instances: [
    {
      id: INSTANCE,
      region: "us-east-1",
      alias: "example",
      securityProfiles: ["Admin", "Agent", "QualityAnalyst"],
      routingProfiles: ["Basic Routing Profile", "Sales"],
    },
  ],
  behaviour: { faults: [{ match: "connect:UpdateUserRoutingProfile", kind: "denied" }] },
});

export function lives(begin: (options: WiringOptions) => Promise<Wiring>): void {
  let w: Wiring;
  afterEach(() => w?.stop());
  const connect = () => new ConnectClient({ region: "us-east-1" });
  const isReady = async (kind: string, name: string) => {
    const object = await w.get(kind, name);
    const ready = status(object, "Ready");
    return ready?.status === "True" && object?.status?.observedGeneration === object?.metadata.generation;
  };
  const ready = (kind: string, name: string) => w.until(() => isReady(kind, name), `${kind} ${name} is Ready`);
  const isGone = (kind: string, name: string) =>
    w.until(async () => !(await w.get(kind, name)), `${kind} ${name} is gone`);
  const has = (kind: string, name: string, type: string, reason: string) =>
    w.until(async () => status(await w.get(kind, name), type)?.reason === reason, `${kind} ${name} ${type} ${reason}`);
  const usernames = async () =>
    (await connect().send(new ListUsersCommand({ InstanceId: INSTANCE }))).UserSummaryList!.map((one) => one.Username);
  const profileIds = async () => {
    const { SecurityProfileSummaryList } = await connect().send(
      new ListSecurityProfilesCommand({ InstanceId: INSTANCE }),
    );
    return new Map(SecurityProfileSummaryList!.map(({ Name, Id }) => [Name!, Id!]));
  };
  const profilesOf = async (name: string) => {
    const UserId = ((await w.get(USER, name)) as ConnectUser).status!.connectUserId!;
    const { User } = await connect().send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId }));
    const names = new Map([...(await profileIds())].map(([one, id]) => [id, one]));
    return User!.SecurityProfileIds!.map((id) => names.get(id)).sort();
  };
  const agents = (securityProfiles = ["Agent"], more: object = {}) =>
    persona("agents", { connectUsers: { securityProfiles, routingProfile: "Basic Routing Profile" }, ...more });

  test("set-up: a user declared before its persona signs in as soon as the persona is there", async () => {
    w = await begin({ world: WORLD, pollIntervalMs: NO_POLL_MS });
    await w.apply(user("jane", "agents"));
    await has(USER, "jane", "Ready", "PersonaNotFound");
    await w.apply(agents());
    await ready(PERSONA, "agents");
    await ready(USER, "jane");
    expect(await usernames()).toEqual(["jane@example.com"]);
    expect(await profilesOf("jane")).toEqual(["Agent"]);
    await w.until(async () => (await w.events(USER, "jane")).length > 0, "an event tells of the user's set-up");
  });

  test("a persona's further security profile reaches its users without a poll, also those that only report drift", async () => {
    w = await begin({ world: WORLD, pollIntervalMs: NO_POLL_MS });
    await w.apply(agents(), user("jane", "agents"), user("omar", "agents", { driftPolicy: "Report" }));
    await ready(USER, "jane");
    await ready(USER, "omar");
    await w.apply(agents(["Agent", "QualityAnalyst"]));
    for (const name of ["jane", "omar"])
      await w.until(async () => (await profilesOf(name)).includes("QualityAnalyst"), `${name} has the profile`);
    for (const name of ["jane", "omar"]) {
      expect(await profilesOf(name)).toEqual(["Agent", "QualityAnalyst"]);
      await w.until(async () => (await w.events(USER, name)).includes("Updated"), `an event of ${name}`);
      expect((await w.events(USER, name)).filter((reason) => reason.includes("Drift"))).toEqual([]);
    }
  });

  test("a security profile that somebody added in Connect is removed, although another field is refused", async () => {
    w = await begin({ world: WORLD, pollIntervalMs: SOON_MS });
    await w.apply(agents(), user("jane", "agents"));
    await ready(USER, "jane");
    await w.apply(user("jane", "agents", { routingProfile: "Sales" }));
    await has(USER, "jane", "Ready", "AccessDenied");
    const ids = await profileIds();
    const UserId = ((await w.get(USER, "jane")) as ConnectUser).status!.connectUserId!;
    await connect().send(
      new UpdateUserSecurityProfilesCommand({
        InstanceId: INSTANCE,
        UserId,
        SecurityProfileIds: [ids.get("Agent")!, ids.get("Admin")!],
      }),
    );
    expect(await profilesOf("jane")).toEqual(["Admin", "Agent"]);
    await w.until(async () => (await profilesOf("jane")).join() === "Agent", "the profile is removed");
    await w.until(async () => (await w.events(USER, "jane")).includes("SecurityDriftCorrected"), "an event tells it");
  });

  test("a swapped trust that is only reported: the persona and its user say so", async () => {
    w = await begin({ world: WORLD, pollIntervalMs: SOON_MS });
    await w.apply(agents(["Agent"], { driftPolicy: "Report" }), user("jane", "agents"));
    await ready(USER, "jane");
    const [, RoleName] = /\/([^/]+)$/.exec(((await w.get(PERSONA, "agents")) as ConnectSsoPersona).status!.roleArn!)!;
    const iam = new IAMClient({ region: "us-east-1" });
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    const trust = decodeURIComponent(Role!.AssumeRolePolicyDocument!);
    const PolicyDocument = trust.replaceAll(/saml-provider\/[^"]+/g, "saml-provider/other");
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
    await has(PERSONA, "agents", "Ready", "DriftFound");
    await w.until(
      async () => /may not be able to sign in/.test(status(await w.get(USER, "jane"), "Ready")!.message),
      "the user says so",
    );
  });

  test("an emptied folder in Git: nobody loses access until somebody allows it", async () => {
    w = await begin({ world: WORLD, pollIntervalMs: NO_POLL_MS });
    await w.apply(agents(), ...NAMES.map((name) => user(name, "agents")));
    for (const name of NAMES) await ready(USER, name);
    const revoked = () => w.sandbox.counts()["graph:DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignment}"];
    for (const name of NAMES) await w.remove(USER, name);
    await has(PERSONA, "agents", "RemovalsHalted", "MassDeletionHalted");
    // The ones that were deleted before they were a mass may be gone.
    const last = NAMES.at(-1)!;
    await has(USER, last, "Ready", "MassDeletionHalted");
    expect(revoked() ?? 0).toBeLessThan(NAMES.length);
    await w.annotate(PERSONA, "agents", { [ANNOTATIONS.allowMassDeletion]: "yes" });
    for (const name of NAMES) await isGone(USER, name);
    expect(revoked()).toBe(NAMES.length);
  });

  test("of two users for one person the second takes over as soon as the first is gone", async () => {
    w = await begin({ world: WORLD, pollIntervalMs: NO_POLL_MS });
    await w.apply(agents(), user("jane", "agents", { deletionPolicy: "Delete" }));
    await ready(USER, "jane");
    const second = user("second", "agents", { entraUser: { userPrincipalName: "jane@example.com" } });
    await w.apply(second);
    await w.until(async () => status(await w.get(USER, "second"), "Conflict")?.status === "True", "a conflict");
    await w.remove(USER, "jane");
    await isGone(USER, "jane");
    await ready(USER, "second");
    expect(await usernames()).toEqual(["jane@example.com"]);
  });

  test("deletion: the persona waits for its users, and leaves nothing behind", async () => {
    w = await begin({ world: WORLD, pollIntervalMs: NO_POLL_MS });
    await w.apply(
      agents(["Agent"], { deletionPolicy: "Delete" }),
      user("jane", "agents", { deletionPolicy: "Delete" }),
    );
    await ready(USER, "jane");
    await w.remove(PERSONA, "agents");
    await has(PERSONA, "agents", "Ready", "HasUsers");
    await w.remove(USER, "jane");
    await isGone(USER, "jane");
    await isGone(PERSONA, "agents");
    expect(await usernames()).toEqual([]);
    expect(w.sandbox.counts()["iam:DeleteRole"]).toBe(1);
  });
}
