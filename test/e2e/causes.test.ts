/**
 * Who changed it: a declared change is applied and is no drift, whatever it was declared in; a change by somebody else is drift, with before
 * and after, whatever else goes wrong in the same pass.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ConnectClient,
  DescribeUserCommand,
  ListSecurityProfilesCommand,
  UpdateUserSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import { CreatePolicyCommand, GetRoleCommand, IAMClient, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { type Harness, INSTANCE, PATIENCE_MS, persona, start, status, user, world } from "./support.ts";

let h: Harness;
/** Of somebody else: an administrator in a console. */
const clients: { destroy(): void }[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await h?.stop();
});
function client<T extends { destroy(): void }>(made: T): T {
  clients.push(made);
  return made;
}

const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
const get = (name: string) => h.controller.store.get<ConnectUser>("ConnectUser", "team", name)!;
const until = (test: () => boolean, what: string) => h.controller.until(test, PATIENCE_MS, what);
const events = () => h.controller.store.events.map(({ event }) => `${event.type} ${event.reason}: ${event.note}`);
const drift = () => events().filter((text) => /Drift/.test(text));
const connect = () => client(new ConnectClient({ region: "us-east-1" }));
const iam = () => client(new IAMClient({}));

const three = () => {
  const input = world();
  input.instances![0]!.securityProfiles = ["Admin", "Agent", "Supervisor"];
  return input;
};

async function profileIds(): Promise<Record<string, string>> {
  const found = await connect().send(new ListSecurityProfilesCommand({ InstanceId: INSTANCE }));
  return Object.fromEntries(found.SecurityProfileSummaryList!.map(({ Name, Id }) => [Name, Id]));
}
async function profilesOf(name: string): Promise<string[]> {
  const UserId = get(name).status!.connectUserId!;
  const { User } = await connect().send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId }));
  const names = Object.entries(await profileIds());
  return User!.SecurityProfileIds!.map((id) => names.find(([, one]) => one === id)![0]).sort();
}
async function setProfiles(name: string, ...profiles: string[]): Promise<void> {
  const ids = await profileIds();
  const UserId = get(name).status!.connectUserId!;
  await connect().send(
    new UpdateUserSecurityProfilesCommand({
      InstanceId: INSTANCE,
      UserId,
      SecurityProfileIds: profiles.map((one) => ids[one]!),
    }),
  );
}

test("a persona gets a further profile: its users get it, also those that only report, and nobody hears of drift", async () => {
  h = await start(three());
  h.apply(persona("agents"), user("jane", "agents"), user("omar", "agents", { driftPolicy: "Report" }));
  await h.ready();
  const connectUsers = { securityProfiles: ["Agent", "Supervisor"], routingProfile: "Basic Routing Profile" };
  h.apply(persona("agents", { connectUsers }));
  const told = (name: string) =>
    events().filter((text) => text.includes(`${name}@example.com`) && text.includes("securityProfiles"));
  await until(() => told("jane").length > 0 && told("omar").length > 0, "both are told");
  expect(await profilesOf("jane")).toEqual(["Agent", "Supervisor"]);
  expect(await profilesOf("omar")).toEqual(["Agent", "Supervisor"]);
  expect(told("omar")).toEqual([
    "Normal Updated: Updated Connect user omar@example.com: securityProfiles Agent → Agent, Supervisor",
  ]);
  expect(drift()).toEqual([]);
  for (const name of ["jane", "omar"]) expect(status(get(name), "Drifted")?.status).toBe("False");
});

test("the settings file asks for another boundary: it is put on, and is no drift", async () => {
  const settingsFile = join(mkdtempSync(join(tmpdir(), "connect-sso-causes-")), "settings.yaml");
  const boundary = (name: string) => `arn:aws:iam::111122223333:policy/${name}`;
  const settings = (name: string) =>
    writeFileSync(settingsFile, `accounts:\n  - id: "111122223333"\n    permissionsBoundaryArn: ${boundary(name)}\n`);
  settings("First");
  h = await start(three(), {
    settingsFile,
    async prepare() {
      const Statement = [{ Effect: "Allow", Action: "connect:GetFederationToken", Resource: "*" }];
      const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
      for (const PolicyName of ["First", "Second"])
        await iam().send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
      return {};
    },
  });
  h.apply(persona("agents", { driftPolicy: "Report" }));
  await h.ready();
  settings("Second");
  const wanted = `permissionsBoundary ${boundary("First")} → ${boundary("Second")}`;
  await until(
    () => events().some((text) => text.startsWith("Normal Updated: ") && text.includes(wanted)),
    "the new boundary",
  );
  expect(drift()).toEqual([]);
});

test("an escalation is set back and told, although another step of the same pass is refused", async () => {
  h = await start(three());
  h.apply(persona("agents"), user("jane", "agents"));
  await h.ready();
  h.sandbox.faults.add({ match: "connect:UpdateUserRoutingProfile", kind: "denied" });
  h.sandbox.faults.add({ match: "connect:UpdateUserIdentityInfo", kind: "denied" });
  await setProfiles("jane", "Admin");
  h.apply(user("jane", "agents", { lastName: "Other" }));
  await until(() => drift().some((text) => text.includes("securityProfiles")), "an event about the profiles");
  expect(drift().find((text) => text.includes("securityProfiles"))).toMatch(
    /^Warning SecurityDrift(Found|Corrected): Connect user jane@example\.com differs: securityProfiles is Admin, declared Agent/,
  );
  expect(status(get("jane"), "Stalled")).toMatchObject({ status: "True", reason: "AccessDenied" });
  expect(h.lines.some((line) => line.includes("securityProfiles is Admin, declared Agent"))).toBe(true);
  expect(get("jane").status!.drift!.map(({ path }) => path)).toContain("securityProfiles");
});

test("a swapped trust that is only reported: persona and user say so in Ready", async () => {
  h = await start(three());
  h.apply(persona("agents", { driftPolicy: "Report" }), user("jane", "agents"));
  await h.ready();
  const RoleName = agents().status!.roleArn!.split("/").at(-1)!;
  const { Role } = await iam().send(new GetRoleCommand({ RoleName }));
  const trust = JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!));
  trust.Statement[0].Principal = { AWS: "arn:aws:iam::111122223333:root" };
  trust.Statement[0].Action = "sts:AssumeRole";
  delete trust.Statement[0].Condition;
  await iam().send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(trust) }));
  await until(() => status(agents(), "Ready")?.reason === "DriftFound", "the persona says so");
  expect(status(agents(), "Ready")!.message).toMatch(
    /differences found, not corrected \(driftPolicy: Report\): role trust/,
  );
  await until(() => /may not be able to sign in/.test(status(get("jane"), "Ready")!.message), "the user says so");
  expect(drift().filter((text) => text.startsWith("Warning SecurityDriftFound: IAM role"))).toHaveLength(1);
});
