/**
 * A set-up made by hand that differs from what is declared in every component, taken over under `driftPolicy: Report`: nothing that exists
 * is written but owner tags, in the first pass and in later ones.
 */
import {
  CreatePolicyVersionCommand,
  GetRoleCommand,
  IAMClient,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { type Harness, INSTANCE, persona, start, status, world } from "../e2e/support.ts";
import { AGENTS, graphByHand, type Made, personaByHand, sharedPoliciesByHand, whereOf } from "../support/by-hand.ts";

let h: Harness;
afterEach(() => h?.stop());
const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;

/** What a person changed since the guide: an endpoint, the landing page, the app role's name, the job, who is assigned, the policy's rights. */
async function drifted(): Promise<Made> {
  let made: Made | undefined;
  h = await start(world({ behaviour: { timeScale: 3600 } }), {
    pollIntervalMs: 300,
    async prepare(sandbox) {
      Object.assign(process.env, sandbox.env);
      const where = whereOf(sandbox, INSTANCE);
      await sharedPoliciesByHand(where);
      made = await personaByHand(sandbox, where, { ...AGENTS, groups: ["Agents"] });
      const graph = graphByHand(sandbox);
      const principal = `/servicePrincipals/${made.servicePrincipalId}`;
      await graph("PATCH", principal, {
        samlSingleSignOnSettings: { relayState: "https://us-east-1.console.aws.amazon.com/connect/federate/x" },
        notificationEmailAddresses: ["somebody@example.com"],
      });
      const [job] = (await graph("GET", `${principal}/synchronization/jobs`)).value;
      await graph("POST", `${principal}/synchronization/jobs/${job.id}/pause`);
      const iam = new IAMClient({ region: "us-east-1" });
      const { Role } = await iam.send(new GetRoleCommand({ RoleName: AGENTS.role }));
      const trust = JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!));
      trust.Statement[0].Condition = { StringLike: { "SAML:aud": "https://*signin.aws.amazon.com/saml" } };
      await iam.send(
        new UpdateAssumeRolePolicyCommand({ RoleName: AGENTS.role, PolicyDocument: JSON.stringify(trust) }),
      );
      const Statement = [{ Effect: "Allow", Action: "connect:GetFederationToken", Resource: "*" }];
      await iam.send(
        new CreatePolicyVersionCommand({
          PolicyArn: "arn:aws:iam::111122223333:policy/azure_federation_policy",
          PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }),
          SetAsDefault: true,
        }),
      );
      return {};
    },
  });
  return made!;
}

const declared = (more: object = {}) =>
  persona("agents", {
    application: {
      displayName: AGENTS.displayName,
      roleSessionName: { from: "mail", transform: "None" },
      notificationEmails: ["us@example.com"],
      ...more,
    },
    aws: {
      path: "/",
      federationPolicyName: "azure_federation_policy",
      samlProviderName: AGENTS.provider,
      roleName: AGENTS.role,
    },
    roleDelivery: {
      mode: "Provisioning",
      provisioning: { iamUserName: AGENTS.iamUser, policyName: "azure_cli_policy" },
    },
    adoptionPolicy: "IfUnowned",
    driftPolicy: "Report",
  });

const TAGS = /^(iam:Tag(Role|User|Policy|SAMLProvider)|graph:PATCH \/applications\/\{id\})$/;
/** Writes of the controller that are no owner tag. */
function watch(): string[] {
  const found: string[] = [];
  h.sandbox.onExchange(({ service, operation, request, response }) => {
    const isRead =
      service === "graph" ? operation.startsWith("GET") : /^(Get|List|Describe|Search|Simulate)/.test(operation);
    if (isRead || response.status >= 400 || !["iam", "graph", "connect"].includes(service)) return;
    const onlyTags =
      TAGS.test(`${service}:${operation}`) &&
      (service === "iam" || /^\{"tags":\[[^\]]*\]\}$/.test(String(request.body)));
    if (!onlyTags && !/\$batch/.test(operation))
      found.push(`${service}:${operation} ${String(request.body).slice(0, 200)}`);
  });
  return found;
}
test("K5: in the first pass and in those after it, nothing but owner tags is written", async () => {
  await drifted();
  const writes = watch();
  h.apply(declared());
  await h.ready();
  expect(status(agents(), "Ready")).toMatchObject({ reason: "DriftFound" });
  const before = agents().status!.drift!.map(({ component, path }) => `${component} ${path}`);
  expect(before).toEqual(
    expect.arrayContaining([
      "application relayState",
      "application notificationEmails",
      expect.stringMatching(/^federation-policy /),
      expect.stringMatching(/^role trust/),
      expect.stringMatching(/^claims /),
      "provisioning schedule",
      "assignments groups",
    ]),
  );
  await h.restart("kept");
  h.sandbox.clock.advance(3_600_000);
  await h.reason("ConnectSsoPersona", "agents", "Ready", "DriftFound");
  expect(writes).toEqual([]);
});

test("K5: nor where the application can be taken over only later than the rest", async () => {
  const made = await drifted();
  const graph = graphByHand(h.sandbox);
  h.sandbox.faults.add({ match: "graph:PATCH /applications/{id}", kind: "denied", count: 1 });
  const writes = watch();
  h.apply(declared());
  await h.reason("ConnectSsoPersona", "agents", "Stalled", "GraphForbidden");
  await h.ready();
  expect(writes).toEqual([]);
  const { value } = await graph("GET", `/servicePrincipals/${made.servicePrincipalId}/claimsMappingPolicies`);
  expect(value).toEqual([]);
});
