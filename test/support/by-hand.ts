/**
 * The AWS blog's set-up made by hand: the public APIs in the order of the blog's pages, with the blog's names, and nothing of ours.
 * What `import`, `why` and `doctor` find in the wild looks like this.
 */
import {
  ConnectClient,
  CreateUserCommand,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand as CreateIamUserCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import type { Sandbox } from "../../src/sandbox/server.ts";

export const AWS_TEMPLATE = "8b1025e4-1dd2-430b-a150-2ef79cd700f5";
const ENDPOINT = "https://signin.aws.amazon.com/saml";

export interface ByHand {
  account: string;
  instanceId: string;
  region: string;
  tenantId: string;
}
/** The account and tenant that every sandbox has. */
export const whereOf = ({ env }: Sandbox, instanceId: string): ByHand => ({
  account: "111122223333",
  instanceId,
  region: "us-east-1",
  tenantId: env.AZURE_TENANT_ID!,
});
export interface HandMadePersona {
  displayName: string;
  identifier: string;
  /** Path of the landing page, for example "/connect/ccp". */
  destination: string;
  provider: string;
  role: string;
  iamUser: string;
  securityProfile: string;
  /** User principal names: Connect users, and assigned to the application unless `assigned` says who is. */
  users: string[];
  assigned?: string[];
  /** Display names of groups. */
  groups?: string[];
  /** End of the signing certificate; three years from now unless given. */
  certificateEnds?: Date;
}
export interface Made {
  applicationId: string;
  appId: string;
  servicePrincipalId: string;
  appRoleId: string;
  roleId: string;
  roleArn: string;
  providerArn: string;
  accessKeyId: string;
  connectUserIds: Record<string, string>;
}

/** The blog's two personas. */
export const ADMINISTRATORS: HandMadePersona = {
  displayName: "Amazon Connect Admin",
  identifier: ENDPOINT,
  destination: "/connect/",
  provider: "AzureAD_Connect_Admin",
  role: "AzureAD_Role",
  iamUser: "azure_cli_user",
  securityProfile: "Admin",
  users: ["alice@example.com"],
};
export const AGENTS: HandMadePersona = {
  displayName: "Amazon Connect Agent",
  identifier: `${ENDPOINT}#2`,
  destination: "/connect/ccp",
  provider: "AzureAD_Connect_Agent",
  role: "AzureAD_Agent_Role",
  iamUser: "azure_cli_agent_user",
  securityProfile: "Agent",
  users: ["jane@example.com", "omar@example.com"],
};

// biome-ignore lint/suspicious/noExplicitAny: answers of Graph, read field by field
type Json = Record<string, any>;

/** An administrator at the Graph explorer. */
export function graphByHand(sandbox: Sandbox) {
  return async (method: string, path: string, body?: unknown): Promise<Json> => {
    const response = await fetch(`${sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, {
      method,
      headers: { authorization: "Bearer administrator", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${text}`);
    return text ? (JSON.parse(text) as Json) : {};
  };
}

const LOOKING_MS = 120_000;
/** Looks until there is something; what people do with the refresh button. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let end = Date.now() + LOOKING_MS, pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, 1_000)) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${LOOKING_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** IAM policies that both personas share: the blog's first page. */
export async function sharedPoliciesByHand({ account, instanceId, region }: ByHand): Promise<void> {
  const iam = new IAMClient({ region: "us-east-1" });
  const policy = (name: string, statement: object) =>
    iam.send(
      new CreatePolicyCommand({
        PolicyName: name,
        PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }, null, 4),
      }),
    );
  await policy("azure_federation_policy", {
    Sid: "Statement1",
    Effect: "Allow",
    Action: "connect:GetFederationToken",
    Resource: [`arn:aws:connect:${region}:${account}:instance/${instanceId}/user/\${aws:userid}`],
  });
  await policy("azure_cli_policy", {
    Effect: "Allow",
    Action: ["iam:ListRoles", "iam:ListAccountAliases"],
    Resource: "*",
  });
}

export async function personaByHand(sandbox: Sandbox, where: ByHand, wanted: HandMadePersona): Promise<Made> {
  const iam = new IAMClient({ region: "us-east-1" });
  const graph = graphByHand(sandbox);
  const policyArn = (name: string) => `arn:aws:iam::${where.account}:policy/${name}`;
  await iam.send(new CreateIamUserCommand({ UserName: wanted.iamUser }));
  await iam.send(new AttachUserPolicyCommand({ UserName: wanted.iamUser, PolicyArn: policyArn("azure_cli_policy") }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: wanted.iamUser }));

  const { application, servicePrincipal, certificate } = await applicationByHand(graph, where, wanted);
  const metadata = await until("metadata with the application's certificate", async () => {
    const url = `${sandbox.env.CONNECT_SSO_LOGIN_URL}/${where.tenantId}/federationmetadata/2007-06/federationmetadata.xml?appid=${application.appId}`;
    const text = await (await fetch(url)).text();
    return text.includes(certificate.key) ? text : undefined;
  });
  const provider = await iam.send(
    new CreateSAMLProviderCommand({ Name: wanted.provider, SAMLMetadataDocument: metadata }),
  );
  const providerArn = provider.SAMLProviderArn!;
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: wanted.role,
      Description: "Made with the console for Connect",
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action: "sts:AssumeRoleWithSAML",
            Principal: { Federated: providerArn },
            Condition: { StringEquals: { "SAML:aud": [ENDPOINT] } },
          },
        ],
      }),
    }),
  );
  for (const name of ["azure_federation_policy", "azure_cli_policy"])
    await iam.send(new AttachRolePolicyCommand({ RoleName: wanted.role, PolicyArn: policyArn(name) }));

  await provisionByHand(graph, servicePrincipal.id, AccessKey!.AccessKeyId!, AccessKey!.SecretAccessKey!);
  const appRole = await until("the role in the application", async () => {
    const { appRoles } = await graph("GET", `/servicePrincipals/${servicePrincipal.id}`);
    return (appRoles as Json[]).find(({ value }) => value === `${Role!.Arn},${providerArn}`);
  });
  for (const principalId of await principals(graph, wanted))
    await graph("POST", `/servicePrincipals/${servicePrincipal.id}/appRoleAssignedTo`, {
      principalId,
      resourceId: servicePrincipal.id,
      appRoleId: appRole.id,
    });
  return {
    applicationId: application.id,
    appId: application.appId,
    servicePrincipalId: servicePrincipal.id,
    appRoleId: appRole.id,
    roleId: Role!.RoleId!,
    roleArn: Role!.Arn!,
    providerArn,
    accessKeyId: AccessKey!.AccessKeyId!,
    connectUserIds: await connectUsersByHand(graph, where, wanted),
  };
}

async function applicationByHand(graph: ReturnType<typeof graphByHand>, where: ByHand, wanted: HandMadePersona) {
  const made = await graph("POST", `/applicationTemplates/${AWS_TEMPLATE}/instantiate`, {
    displayName: wanted.displayName,
  });
  const application = made.application as Json;
  const servicePrincipal = made.servicePrincipal as Json;
  const principal = `/servicePrincipals/${servicePrincipal.id}`;
  await until("both objects", () =>
    Promise.all([graph("GET", `/applications/${application.id}`), graph("GET", principal)]),
  );
  const destination = encodeURIComponent(wanted.destination);
  await graph("PATCH", principal, {
    preferredSingleSignOnMode: "saml",
    samlSingleSignOnSettings: {
      relayState: `https://${where.region}.console.aws.amazon.com/connect/federate/${where.instanceId}?destination=${destination}`,
    },
  });
  await until("the identifier", async () => {
    await graph("PATCH", `/applications/${application.id}`, {
      identifierUris: [wanted.identifier],
      web: { redirectUris: [ENDPOINT] },
    });
    return true;
  });
  const certificate = await graph("POST", `${principal}/addTokenSigningCertificate`, {
    displayName: "CN=Microsoft Azure Federated SSO Certificate",
    ...(wanted.certificateEnds ? { endDateTime: wanted.certificateEnds.toISOString() } : {}),
  });
  await until("the active certificate", async () => {
    await graph("PATCH", principal, { preferredTokenSigningKeyThumbprint: certificate.thumbprint });
    return true;
  });
  return { application, servicePrincipal, certificate };
}

async function provisionByHand(
  graph: ReturnType<typeof graphByHand>,
  principalId: string,
  accessKeyId: string,
  secret: string,
): Promise<void> {
  const base = `/servicePrincipals/${principalId}/synchronization`;
  const job = await until("the provisioning job", () => graph("POST", `${base}/jobs`, { templateId: "aws" }));
  const credentials = [
    { key: "ClientSecret", value: accessKeyId },
    { key: "SecretToken", value: secret },
  ];
  await until("Test Connection", async () => {
    await graph("POST", `${base}/jobs/${job.id}/validateCredentials`, { credentials });
    return true;
  });
  await graph("PUT", `${base}/secrets`, { value: credentials });
  await graph("POST", `${base}/jobs/${job.id}/start`);
}

async function principals(graph: ReturnType<typeof graphByHand>, { users, assigned, groups }: HandMadePersona) {
  const people = await Promise.all((assigned ?? users).map((upn) => graph("GET", `/users/${upn}?$select=id`)));
  const found = await Promise.all(
    (groups ?? []).map((name) =>
      graph(
        "GET",
        `/groups?$filter=${encodeURIComponent(`displayName eq '${name.replaceAll("'", "''")}'`)}&$select=id`,
      ),
    ),
  );
  return [...people, ...found.map(({ value }) => value[0])].map(({ id }) => id as string);
}

async function connectUsersByHand(
  graph: ReturnType<typeof graphByHand>,
  { instanceId: InstanceId, region }: ByHand,
  { users, securityProfile }: HandMadePersona,
): Promise<Record<string, string>> {
  const connect = new ConnectClient({ region });
  const profiles = await connect.send(new ListSecurityProfilesCommand({ InstanceId }));
  const routing = await connect.send(new ListRoutingProfilesCommand({ InstanceId }));
  const ids: Record<string, string> = {};
  for (const upn of users) {
    const person = await graph("GET", `/users/${upn}?$select=givenName,surname`);
    const { UserId } = await connect.send(
      new CreateUserCommand({
        InstanceId,
        Username: upn,
        IdentityInfo: { FirstName: person.givenName, LastName: person.surname },
        PhoneConfig: { PhoneType: "SOFT_PHONE", AutoAccept: true, AfterContactWorkTimeLimit: 30 },
        SecurityProfileIds: [profiles.SecurityProfileSummaryList!.find(({ Name }) => Name === securityProfile)!.Id!],
        RoutingProfileId: routing.RoutingProfileSummaryList![0]!.Id!,
      }),
    );
    ids[upn] = UserId!;
  }
  return ids;
}
