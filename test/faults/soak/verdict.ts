/** What the clouds hold at the end, asked of them directly, against what is declared: nothing twice, nothing lost, nothing left over. */
import { ConnectClient, ListUsersCommand } from "@aws-sdk/client-connect";
import { IAMClient, ListPoliciesCommand, ListRolesCommand, ListSAMLProvidersCommand } from "@aws-sdk/client-iam";
import type { Scene } from "../scene.ts";
import type { Declared } from "./declared.ts";
import type { Follower } from "./follower.ts";
import { FOLDER_INSTANCE, INSTANCE, person } from "./world.ts";

/** Written out: from the guide, not from the controller. */
const DESTINATION: Record<string, string> = {
  AdminConsole: "%2Fconnect%2F",
  ContactControlPanel: "%2Fconnect%2Fccp",
  AgentWorkspace: "%2Fagent-app-v2",
  MetricsAndQuality: "%2Fconnect%2Freal-time-metrics",
};

interface Application {
  id: string;
  appId: string;
  displayName: string;
}
interface Principal {
  id: string;
  appId: string;
  samlSingleSignOnSettings?: { relayState?: string } | null;
  keyCredentials: { usage: string }[];
}

/** One line for each thing that is not as declared. */
export async function verdict(scene: Scene, declared: Declared, follower: Follower): Promise<string[]> {
  const complaints: string[] = [];
  const equal = (what: string, found: unknown, wanted: unknown) => {
    const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
    if (a !== b) complaints.push(`${what}: there is ${a}, declared is ${b}`);
  };
  const personas = new Map<string, { page: string; people: number[] }>();
  for (const [name, spec] of declared.personas) {
    const people = [...declared.users.values()].filter((one) => one.persona === name).map((one) => one.person);
    const { landingPage = "ContactControlPanel" } = spec as { landingPage?: string };
    personas.set(name, { page: landingPage, people });
  }
  const ofCluster = [...personas.values()].flatMap(({ people }) => people);
  personas.set("kiosks", { page: follower.page, people: follower.people });

  const entra = await lookAtEntra(scene);
  const titles = [...personas.keys()].map((name) => `Connect ${name}`);
  equal("applications", entra.applications.map(({ displayName }) => displayName).sort(), titles.sort());
  for (const [name, { page, people }] of personas) {
    const application = entra.applications.find(({ displayName }) => displayName === `Connect ${name}`);
    const principal = entra.principals.find(({ appId }) => appId === application?.appId);
    if (!principal) continue;
    const relayState = principal.samlSingleSignOnSettings?.relayState ?? "";
    if (!relayState.endsWith(`destination=${DESTINATION[page]}`))
      complaints.push(`${name}: the landing page is ${relayState}, declared is ${page}`);
    const certificates = principal.keyCredentials.filter(({ usage }) => usage === "Verify").length;
    equal(`${name}: signing certificates`, certificates, 1);
    equal(`${name}: assigned`, (await assigned(scene, principal.id)).sort(), people.map(person).sort());
  }
  const iam = await lookAtIam(scene);
  const names = [...personas.keys()].map((name) => `connect-sso-team-${name}`).sort();
  equal("roles", iam.roles, names);
  equal("SAML providers", iam.providers, names);
  const policies = [INSTANCE, FOLDER_INSTANCE].map((id) => `connect-sso-federation-${id.slice(0, 8)}`);
  equal("policies", iam.policies, policies.sort());
  equal("Connect users", await connectUsers(scene, INSTANCE), ofCluster.map(person).sort());
  equal("Connect users of the folder", await connectUsers(scene, FOLDER_INSTANCE), follower.people.map(person).sort());
  return complaints;
}

async function get<T>(scene: Scene, path: string): Promise<T[]> {
  const headers = { authorization: `Bearer ${scene.sandbox.env.CONNECT_SSO_GRAPH_TOKEN}` };
  const response = await fetch(`${scene.sandbox.url}/graph/v1.0${path}`, { headers });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { value: T[] }).value;
}

async function lookAtEntra(scene: Scene): Promise<{ applications: Application[]; principals: Principal[] }> {
  const select = "$select=id,appId,samlSingleSignOnSettings,keyCredentials";
  return {
    applications: await get(scene, "/applications?$top=100"),
    principals: await get(scene, `/servicePrincipals?$top=100&${select}`),
  };
}

async function assigned(scene: Scene, principalId: string): Promise<string[]> {
  const path = `/servicePrincipals/${principalId}/appRoleAssignedTo?$top=999`;
  const people = await get<{ id: string; userPrincipalName: string }>(scene, "/users?$top=100");
  const of = new Map(people.map(({ id, userPrincipalName }) => [id, userPrincipalName]));
  return (await get<{ principalId: string }>(scene, path)).map((one) => of.get(one.principalId) ?? one.principalId);
}

const client = ({ sandbox: { env } }: Scene, endpoint: string) => ({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID!, secretAccessKey: env.AWS_SECRET_ACCESS_KEY! },
});

async function lookAtIam(scene: Scene) {
  const iam = new IAMClient(client(scene, scene.sandbox.env.AWS_ENDPOINT_URL_IAM!));
  try {
    const { Roles = [] } = await iam.send(new ListRolesCommand({}));
    const { SAMLProviderList = [] } = await iam.send(new ListSAMLProvidersCommand({}));
    const { Policies = [] } = await iam.send(new ListPoliciesCommand({ Scope: "Local" }));
    return {
      roles: Roles.map(({ RoleName }) => RoleName).sort(),
      providers: SAMLProviderList.map(({ Arn }) => Arn!.split("/").at(-1)).sort(),
      policies: Policies.map(({ PolicyName }) => PolicyName).sort(),
    };
  } finally {
    iam.destroy();
  }
}

async function connectUsers(scene: Scene, instance: string): Promise<string[]> {
  const connect = new ConnectClient(client(scene, scene.sandbox.env.AWS_ENDPOINT_URL_CONNECT!));
  try {
    const { UserSummaryList = [] } = await connect.send(
      new ListUsersCommand({ InstanceId: instance, MaxResults: 1000 }),
    );
    return UserSummaryList.map(({ Username }) => Username!).sort();
  } finally {
    connect.destroy();
  }
}
