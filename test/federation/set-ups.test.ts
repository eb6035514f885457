/**
 * The set-up as Terraform's resources make it, and as AWS's present guide has it in a region with an endpoint of its own: both are imported to
 * a plan that adopts and changes nothing.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { run } from "../cli/support.ts";
import { INSTANCE, world } from "../e2e/support.ts";
import { AWS_TEMPLATE, graphByHand, until } from "../support/by-hand.ts";

const APP_ROLE = "11111111-2222-4333-8444-555555555555";
let sandbox: Sandbox | undefined;
let folder: string | undefined;
afterEach(async () => {
  await sandbox?.close();
  if (folder) rmSync(folder, { recursive: true });
  sandbox = folder = undefined;
});

interface SetUp {
  region: string;
  relayState: string;
  replyUrl: string;
  identifier: string;
  federation: object;
  /** Tags of every IAM object. */
  tags: Record<string, string>;
  /** Tags of the application in Entra. */
  applicationTags: string[];
  /** Definition of a claims policy, as text. */
  claims?: string;
  maxSessionDuration: number;
  path: string;
}

async function make(set: SetUp): Promise<void> {
  const base = world();
  sandbox = await startSandbox({
    world: {
      ...base,
      users: base.users!.map((one) => ({ ...one, mailNickname: one.userPrincipalName.split("@")[0] })) as never,
      instances: [
        {
          ...base.instances![0]!,
          region: set.region,
          users: [
            {
              username: set.claims ? "jane" : "jane@example.com",
              firstName: "jane",
              lastName: "Doe",
              securityProfiles: ["Agent"],
            },
          ],
        },
      ],
      behaviour: { ...base.behaviour, consistencyDelay: "0ms", timeScale: 3600 },
    },
  });
  Object.assign(process.env, sandbox.env);
  const graph = graphByHand(sandbox);
  const made = await graph("POST", `/applicationTemplates/${AWS_TEMPLATE}/instantiate`, {
    displayName: "connect-agents",
  });
  const { application, servicePrincipal } = made;
  const principal = `/servicePrincipals/${servicePrincipal.id}`;
  await until("the service principal", () =>
    graph("PATCH", principal, {
      preferredSingleSignOnMode: "saml",
      samlSingleSignOnSettings: { relayState: set.relayState },
    }),
  );
  const certificate = await graph("POST", `${principal}/addTokenSigningCertificate`, { displayName: "CN=terraform" });
  await graph("PATCH", principal, { preferredTokenSigningKeyThumbprint: certificate.thumbprint });
  const tenant = sandbox.env.AZURE_TENANT_ID;
  const url = `${sandbox.env.CONNECT_SSO_LOGIN_URL}/${tenant}/federationmetadata/2007-06/federationmetadata.xml?appid=${application.appId}`;
  const iam = new IAMClient({ region: "us-east-1" });
  const Tags = Object.entries(set.tags).map(([Key, Value]) => ({ Key, Value }));
  const { SAMLProviderArn } = await iam.send(
    new CreateSAMLProviderCommand({
      Name: "entra-connect",
      SAMLMetadataDocument: await (await fetch(url)).text(),
      Tags,
    }),
  );
  const trust = {
    Version: "2012-10-17",
    Statement: [
      {
        Action: "sts:AssumeRoleWithSAML",
        Condition: { StringEquals: { "SAML:aud": set.replyUrl } },
        Effect: "Allow",
        Principal: { Federated: SAMLProviderArn },
        Sid: "",
      },
    ],
  };
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: "connect-agents",
      Path: set.path,
      AssumeRolePolicyDocument: JSON.stringify(trust),
      MaxSessionDuration: set.maxSessionDuration,
      Tags,
    }),
  );
  const { Policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: "connect-federation",
      Path: set.path,
      PolicyDocument: JSON.stringify(set.federation),
      Tags,
    }),
  );
  await iam.send(new AttachRolePolicyCommand({ RoleName: "connect-agents", PolicyArn: Policy!.Arn! }));
  const { appRoles } = await graph("GET", `/applications/${application.id}`);
  await graph("PATCH", `/applications/${application.id}`, {
    identifierUris: [set.identifier],
    web: { redirectUris: [set.replyUrl] },
    tags: set.applicationTags,
    appRoles: [
      ...appRoles.map(({ origin: _, ...one }: { origin?: string }) => one),
      {
        id: APP_ROLE,
        value: `${Role!.Arn},${SAMLProviderArn}`,
        displayName: "Agents",
        description: "Agents",
        isEnabled: true,
        allowedMemberTypes: ["User"],
      },
    ],
  });
  const jane = await graph("GET", "/users/jane@example.com");
  await until("the app role", () =>
    graph("POST", `${principal}/appRoleAssignedTo`, {
      principalId: jane.id,
      resourceId: servicePrincipal.id,
      appRoleId: APP_ROLE,
    }),
  );
  if (!set.claims) return;
  const policy = await graph("POST", "/policies/claimsMappingPolicies", {
    displayName: "connect-agents-claims",
    definition: [set.claims],
  });
  await graph("POST", `${principal}/claimsMappingPolicies/$ref`, {
    "@odata.id": `https://graph.microsoft.com/v1.0/policies/claimsMappingPolicies/${policy.id}`,
  });
}

const NS = "https://aws.amazon.com/SAML/Attributes";
/** As people write it: indented, with `Id`, and with claims of their own. */
const CLAIMS = JSON.stringify(
  {
    ClaimsMappingPolicy: {
      Version: 1,
      IncludeBasicClaimSet: "true",
      ClaimsSchema: [
        { Source: "user", Id: "assignedroles", SamlClaimType: `${NS}/Role` },
        { Source: "user", Id: "mailnickname", SamlClaimType: `${NS}/RoleSessionName` },
        { Source: "user", Id: "department", SamlClaimType: "urn:department" },
        { Value: "3600", SamlClaimType: `${NS}/SessionDuration` },
      ],
    },
  },
  null,
  2,
);
const byCondition = {
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "Statement2",
      Effect: "Allow",
      Action: "connect:GetFederationToken",
      Resource: "*",
      Condition: { StringEquals: { "connect:InstanceId": INSTANCE } },
    },
  ],
};
const byResource = (region: string) => ({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: ["connect:GetFederationToken"],
      Resource: [`arn:aws:connect:${region}:111122223333:instance/${INSTANCE}/user/\${aws:userid}`],
    },
  ],
});
const federate = (region: string) => `https://${region}.console.aws.amazon.com/connect/federate/${INSTANCE}`;

test.each<[string, SetUp, RegExp]>([
  [
    "Terraform: tags, a path, an indented claims policy of its own",
    {
      region: "us-east-1",
      relayState: `${federate("us-east-1")}?destination=/agent-app-v2`,
      replyUrl: "https://signin.aws.amazon.com/saml",
      identifier: "https://signin.aws.amazon.com/saml#4",
      federation: byResource("us-east-1"),
      tags: { ManagedBy: "terraform", Environment: "prod", "aws-apn-id": "pc:1" },
      applicationTags: ["WindowsAzureActiveDirectoryIntegratedApp", "terraform"],
      claims: CLAIMS,
      maxSessionDuration: 28_800,
      path: "/sso/",
    },
    /roleSessionName: \{from: mailNickname\}[\s\S]*path: \/sso\//,
  ],
  [
    "AWS's present guide: the regional endpoint alone, a condition on the instance, new_domain",
    {
      region: "eu-central-1",
      relayState: `${federate("eu-central-1")}?new_domain=true&destination=%2Fccp-v2%2Fchat`,
      replyUrl: "https://eu-central-1.signin.aws.amazon.com/saml",
      identifier: "https://signin.aws.amazon.com/saml",
      federation: byCondition,
      tags: {},
      applicationTags: [],
      maxSessionDuration: 3_600,
      path: "/",
    },
    /destination: \/ccp-v2\/chat[\s\S]*relayStateParameters[\s\S]*signInEndpoints: Regional\n/,
  ],
])("%s", async (_, set, says) => {
  await make(set);
  folder = mkdtempSync(join(tmpdir(), "set-ups-"));
  const cli = (...args: string[]) => run(args, { env: sandbox!.env });
  const arn = `arn:aws:connect:${set.region}:111122223333:instance/${INSTANCE}`;
  const imported = await cli("import", "--instance", arn, "-n", "team", "--out", folder);
  expect(imported.stderr).not.toMatch(/note:/);
  expect((await cli("import", "--instance", arn, "-n", "team")).stdout).toMatch(says);
  const plan = await cli("plan", "-f", folder, "-o", "json");
  expect([plan.code, JSON.parse(plan.stdout).summary]).toMatchObject([
    0,
    { create: 0, update: 0, delete: 0, problems: 0 },
  ]);
  expect((await cli("apply", "-f", folder, "--timeout", "120s")).code).toBe(0);
  expect((await cli("plan", "-f", folder, "-o", "json")).code).toBe(0);
  expect((await cli("why", "jane", "-f", folder, "-n", "team")).stdout).toMatch(/Every link holds/);
});
