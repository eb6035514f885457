/** Every kind of drift, made behind the controller's back through the public APIs of the clouds. */
import {
  ConnectClient,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
  UpdateUserRoutingProfileCommand,
  UpdateUserSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import {
  AttachRolePolicyCommand,
  CreatePolicyVersionCommand,
  DetachUserPolicyCommand,
  GetRoleCommand,
  GetSAMLProviderCommand,
  IAMClient,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import type { ConnectSsoPersonaStatus, ConnectUserStatus } from "../../src/api/resources.ts";

export type Graph = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ value: Record<string, string>[] } & Record<string, string>>;

/** Microsoft Graph as an administrator. */
export function graphOf(url: string): Graph {
  return async (method, path, body) => {
    const headers = { authorization: "Bearer administrator", "content-type": "application/json" };
    const answer = await fetch(`${url}/v1.0${path}`, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (answer.status === 204 ? {} : await answer.json()) as never;
  };
}

const EVERYTHING = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});
const nameOf = (arn: string | undefined) => arn!.split("/").at(-1)!;

/** A statement more in the trust: somebody of another account. */
export async function widenTrust(roleArn: string): Promise<void> {
  const iam = new IAMClient({});
  const RoleName = nameOf(roleArn);
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const trust = JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!));
  trust.Statement.push({
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::111122223333:root" },
    Action: "sts:AssumeRole",
  });
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(trust) }));
}

/** All that a persona in mode Provisioning with a claims policy and groups can lose. */
export async function driftPersona(status: ConnectSsoPersonaStatus, graph: Graph): Promise<void> {
  const iam = new IAMClient({});
  const principal = `/servicePrincipals/${status.servicePrincipalId}`;
  const RoleName = nameOf(status.roleArn);
  for (const PolicyArn of [status.federationPolicyArn!, status.listingPolicyArn!])
    await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: EVERYTHING, SetAsDefault: true }));
  await graph("PATCH", principal, { samlSingleSignOnSettings: { relayState: "https://console.aws.amazon.com/" } });
  const end = new Date(Date.now() + 400 * 86_400_000).toISOString();
  const added = await graph("POST", `${principal}/addTokenSigningCertificate`, {
    displayName: "CN=Other",
    endDateTime: end,
  });
  await graph("PATCH", principal, { preferredTokenSigningKeyThumbprint: added.thumbprint });
  const { value } = await graph("GET", `${principal}/claimsMappingPolicies`);
  await graph("DELETE", `${principal}/claimsMappingPolicies/${value[0]!.id}/$ref`);
  const SAMLProviderArn = status.samlProviderArn!;
  const provider = await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn }));
  const swapped = provider.SAMLMetadataDocument!.replace(/(<(?:\w+:)?X509Certificate>)[^<]*/, `$1${added.key}`);
  await iam.send(new UpdateSAMLProviderCommand({ SAMLProviderArn, SAMLMetadataDocument: swapped }));
  await widenTrust(status.roleArn!);
  await iam.send(new UpdateRoleCommand({ RoleName, Description: "mine now", MaxSessionDuration: 3600 }));
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }));
  await iam.send(
    new DetachUserPolicyCommand({ UserName: nameOf(status.iamUserArn), PolicyArn: status.listingPolicyArn! }),
  );
}

/** What only a persona in mode Direct has: the role in the application, written by the controller. */
export async function driftDirectPersona(status: ConnectSsoPersonaStatus, graph: Graph): Promise<void> {
  const application = await graph("GET", `/applications/${status.applicationId}`);
  const roles = application.appRoles as unknown as { id: string; isEnabled: boolean }[];
  const disabled = roles.map((role) => (role.id === status.appRoleId ? { ...role, isEnabled: false } : role));
  await graph("PATCH", `/applications/${status.applicationId}`, { appRoles: disabled });
}

/** What stands on other components, and is compared once they are right. */
export async function pauseJob({ servicePrincipalId }: ConnectSsoPersonaStatus, graph: Graph): Promise<void> {
  const path = `/servicePrincipals/${servicePrincipalId}/synchronization/jobs`;
  const { value } = await graph("GET", path);
  await graph("POST", `${path}/${value[0]!.id}/pause`);
}
export async function revokeGroup({ servicePrincipalId }: ConnectSsoPersonaStatus, graph: Graph): Promise<void> {
  const path = `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`;
  const { value } = await graph("GET", path);
  await graph("DELETE", `${path}/${value.find(({ principalType }) => principalType === "Group")!.id}`);
}

export async function revokeAssignment(persona: ConnectSsoPersonaStatus, user: ConnectUserStatus, graph: Graph) {
  await graph(
    "DELETE",
    `/servicePrincipals/${persona.servicePrincipalId}/appRoleAssignedTo/${user.appRoleAssignmentId}`,
  );
}

/** Another security profile and another routing profile. */
export async function driftConnectUser(user: ConnectUserStatus, profile: string, routing?: string): Promise<void> {
  const connect = new ConnectClient({});
  const InstanceId = user.connectUserArn!.split("/")[1]!;
  const UserId = user.connectUserId!;
  const profiles = (await connect.send(new ListSecurityProfilesCommand({ InstanceId }))).SecurityProfileSummaryList!;
  const SecurityProfileIds = [profiles.find(({ Name }) => Name === profile)!.Id!];
  await connect.send(new UpdateUserSecurityProfilesCommand({ InstanceId, UserId, SecurityProfileIds }));
  if (!routing) return;
  const routings = (await connect.send(new ListRoutingProfilesCommand({ InstanceId }))).RoutingProfileSummaryList!;
  const RoutingProfileId = routings.find(({ Name }) => Name === routing)!.Id!;
  await connect.send(new UpdateUserRoutingProfileCommand({ InstanceId, UserId, RoutingProfileId }));
}
