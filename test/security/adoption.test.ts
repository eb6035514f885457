/** The settings file is above every `adoptionPolicy`: a namespace takes over nothing, or what its patterns name. */
import {
  ConnectClient,
  CreateUserCommand,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import { CreatePolicyCommand, IAMClient, ListPoliciesCommand } from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import type { Sandbox } from "../../src/sandbox/server.ts";
import { type Harness, INSTANCE, persona, start, user, world } from "../e2e/support.ts";
import { find, reason, settings } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

async function connectUser(name: string, profile = "Agent"): Promise<void> {
  const connect = new ConnectClient({ region: "us-east-1" });
  const { SecurityProfileSummaryList: profiles } = await connect.send(
    new ListSecurityProfilesCommand({ InstanceId: INSTANCE }),
  );
  const { RoutingProfileSummaryList: routing } = await connect.send(
    new ListRoutingProfilesCommand({ InstanceId: INSTANCE }),
  );
  await connect.send(
    new CreateUserCommand({
      InstanceId: INSTANCE,
      Username: `${name}@example.com`,
      IdentityInfo: { FirstName: "By", LastName: "Hand" },
      PhoneConfig: { PhoneType: "SOFT_PHONE" },
      SecurityProfileIds: [profiles!.find((one) => one.Name === profile)!.Id!],
      RoutingProfileId: routing![0]!.Id!,
    }),
  );
}
const prepare = async ({ env }: Sandbox) => {
  Object.assign(process.env, env);
  for (const name of ["jane", "omar"]) await connectUser(name);
  const Statement = [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await new IAMClient({}).send(new CreatePolicyCommand({ PolicyName: "CompanyDeveloper", PolicyDocument }));
  return {};
};
test("a namespace that may take over names by a pattern gets these and no others", async () => {
  const settingsFile = settings('adoption:\n  - namespaces: ["team"]\n    policy: Patterns\n    names: ["jane@*"]\n');
  h = await start(world(), { settingsFile, prepare });
  const connectUsers = { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile", allowAdoption: true };
  h.apply(persona("agents", { connectUsers }));
  await h.ready();
  h.apply(
    user("jane", "agents", { adoptionPolicy: "IfUnowned" }),
    user("omar", "agents", { adoptionPolicy: "IfUnowned" }),
  );
  await reason(h, "ConnectUser", "jane", "Ready", "Converged");
  expect((await reason(h, "ConnectUser", "omar", "Ready", "NotOwned")).message).toBe(
    "Connect user omar@example.com exists and carries no owner tag, and --config lets namespace team take over jane@* only",
  );
});

test("a namespace that no entry names takes over nothing, neither in Connect nor in IAM", async () => {
  const settingsFile = settings('adoption:\n  - namespaces: ["other"]\n    policy: Patterns\n    names: ["*"]\n');
  h = await start(world(), { settingsFile, prepare });
  const connectUsers = { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile", allowAdoption: true };
  h.apply(persona("agents", { connectUsers }));
  await h.ready();
  h.apply(
    user("jane", "agents", { adoptionPolicy: "IfUnowned" }),
    persona("evil", { adoptionPolicy: "IfUnowned", aws: { path: "/", federationPolicyName: "CompanyDeveloper" } }),
  );
  await reason(h, "ConnectUser", "jane", "Ready", "NotOwned");
  await reason(h, "ConnectSsoPersona", "evil", "PoliciesReady", "NotOwned");
  const { Policies } = await new IAMClient({}).send(new ListPoliciesCommand({ Scope: "Local" }));
  expect(Policies!.find((one) => one.PolicyName === "CompanyDeveloper")!.DefaultVersionId).toBe("v1");
});

test("a Connect user with a profile that the persona does not allow is not taken over under Report: it would keep it, and sign in", async () => {
  const asAdmin = async ({ env }: Sandbox) => {
    Object.assign(process.env, env);
    for (const name of ["jane", "omar"]) await connectUser(name, "Admin");
    return {};
  };
  h = await start(world(), { prepare: asAdmin });
  const connectUsers = { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile", allowAdoption: true };
  h.apply(persona("agents", { connectUsers }));
  await h.ready();
  h.apply(user("jane", "agents", { adoptionPolicy: "IfUnowned", driftPolicy: "Report" }));
  const { message } = await reason(h, "ConnectUser", "jane", "Ready", "AdoptionNotAllowed");
  expect(message).toMatch(/^Connect user jane@example.com has Admin, which persona agents does not allow/);
  expect(find(h, "ConnectUser", "jane")!.status).not.toMatchObject({ appRoleAssignmentId: expect.anything() });
});
