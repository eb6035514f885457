/** What the tests of roles that personas share look at: the role, its trust, who is assigned to it, and sign-ins through it. */
import { ConnectClient, GetFederationTokenCommand } from "@aws-sdk/client-connect";
import {
  GetRoleCommand,
  GetSAMLProviderCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import {
  AssumeRoleWithSAMLCommand,
  type AssumeRoleWithSAMLCommandInput,
  type AssumeRoleWithSAMLCommandOutput,
  STSClient,
} from "@aws-sdk/client-sts";
import { afterEach, expect } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { base64, createIdentity, type Identity, metadataOf, respond } from "../saml/idp.ts";
import { type Harness, INSTANCE, PATIENCE_MS, persona, start, status } from "./support.ts";

export const ACCOUNT = "arn:aws:iam::111122223333";
export const SHARED = "connect-sso-team_0a1b2c3d";
export const region = { region: "us-east-1" };
export const providerOf = (name: string) => `${ACCOUNT}:saml-provider/connect-sso-team-${name}`;

export const sharing = (name: string, spec: { aws?: object; [field: string]: unknown } = {}) =>
  persona(name, { ...spec, aws: { roleSharing: "Instance", ...spec.aws } });
/** The run of the present test. */
export let h: Harness;
let identity: Identity;
export async function begin(...options: Parameters<typeof start>): Promise<void> {
  identity ??= await createIdentity();
  h = await start(...options);
}
afterEach(() => h?.stop());
export const personaOf = (name: string) =>
  h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", name)!;
export const userOf = (name: string) => h.controller.store.get<ConnectUser>("ConnectUser", "team", name)!;
export const iam = () => new IAMClient(region);
export const roleOf = async (RoleName: string) => {
  const { Role } = await iam()
    .send(new GetRoleCommand({ RoleName }))
    .catch((error: Error) => {
      if (error.name !== "NoSuchEntityException") throw error;
      return { Role: undefined };
    });
  return (
    Role && {
      id: Role.RoleId!,
      trust: JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument!)) as {
        Statement: { Principal: { Federated?: string | string[] } }[];
      },
      tags: Object.fromEntries((Role.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      hours: Role.MaxSessionDuration! / 3600,
      policies: (await iam().send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies!.map(
        ({ PolicyArn }) => PolicyArn!,
      ),
    }
  );
};
export const trusted = async (role = SHARED) =>
  (await roleOf(role))?.trust.Statement.flatMap(({ Principal }) => Principal.Federated ?? [])
    .map((arn) => arn.split("-").at(-1))
    .sort();
export async function settled(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await test())) {
    if (Date.now() > deadline)
      throw new Error(`${what}: ${JSON.stringify(h.controller.resources().map((one) => one.status?.conditions))}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
/** Nothing is written for a while: everyone has looked at what the others did. */
export async function quiet(): Promise<void> {
  let before = -1;
  while (before !== h.writes().length) {
    before = h.writes().length;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
  }
  await h.ready();
}
export const looked = (name: string) =>
  settled(
    `${name} is Ready`,
    () =>
      userOf(name).status?.observedGeneration === userOf(name).metadata.generation &&
      status(userOf(name), "Ready")?.status === "True",
  );

/**
 * Signs in as the person's browser does: a response for the app role that is assigned, AssumeRoleWithSAML, GetFederationToken. The response
 * is signed with a key of ours, which the provider trusts for that moment. Returns the id of the Connect user, or the name of the error.
 */
export async function login(name: string, through: string): Promise<string> {
  const [assigned] = await assignedTo(name);
  const pair = assigned!.value;
  const [RoleArn, PrincipalArn] = pair.split(",") as [string, string];
  expect(PrincipalArn).toBe(providerOf(through));
  const response = await respond(identity, { role: pair, roleSessionName: `${name}@example.com` });
  const { Credentials } = await assume({ RoleArn, PrincipalArn, SAMLAssertion: base64(response) });
  const credentials = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
  const client = new ConnectClient({ ...region, credentials, maxAttempts: 1 });
  return client.send(new GetFederationTokenCommand({ InstanceId: INSTANCE })).then(
    ({ UserId }) => UserId!,
    (error: Error) => error.name,
  );
}

/** The controller may set the provider back before the response is used: then once more. */
async function assume(input: AssumeRoleWithSAMLCommandInput): Promise<AssumeRoleWithSAMLCommandOutput> {
  const provider = { SAMLProviderArn: input.PrincipalArn! };
  const { SAMLMetadataDocument } = await iam().send(new GetSAMLProviderCommand(provider));
  const set = (SAMLMetadataDocument: string) =>
    iam().send(new UpdateSAMLProviderCommand({ ...provider, SAMLMetadataDocument }));
  await set(metadataOf(identity));
  try {
    return await new STSClient(region).send(new AssumeRoleWithSAMLCommand(input));
  } catch (error) {
    if ((error as Error).name !== "InvalidIdentityToken") throw error;
  } finally {
    await set(SAMLMetadataDocument!);
  }
  return assume(input);
}

/** App role values that the person is assigned, with the application. */
export async function assignedTo(name: string): Promise<{ application: string; value: string }[]> {
  const graph = async (path: string) =>
    (
      await fetch(`${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, { headers: { authorization: "Bearer test" } })
    ).json() as Promise<{ value: Record<string, string>[]; appRoles: Record<string, string>[] }>;
  const { value } = await graph(`/users/${userOf(name).status!.entraObjectId}/appRoleAssignments`);
  return Promise.all(
    value.map(async ({ resourceDisplayName, resourceId, appRoleId }) => ({
      application: resourceDisplayName!,
      value: (await graph(`/servicePrincipals/${resourceId}`)).appRoles.find(({ id }) => id === appRoleId)!.value!,
    })),
  );
}
export const where = async (name: string) =>
  (await assignedTo(name)).map(({ application, value }) => `${application} ${value.split(",")[0]!.split("/").at(-1)}`);
export const recreate = (name: string) =>
  h.controller.store.annotate({ kind: "ConnectUser", namespace: "team", name }, { "connectsso.dev/recreate": "1" });
export const deletePersona = (name: string) =>
  h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name });
export const warnings = () => h.lines.filter((line) => /drift/i.test(line) && /IAM role/.test(line));
