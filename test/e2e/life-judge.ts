/** What the clouds must hold while a whole life goes on, read by the administrator past every proxy. */
import { X509Certificate } from "node:crypto";
import {
  ConnectClient,
  DescribeUserCommand,
  ListUserProficienciesCommand,
  ListUsersCommand,
} from "@aws-sdk/client-connect";
import {
  GetSAMLProviderCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
  ListRolesCommand,
  ListSAMLProvidersCommand,
} from "@aws-sdk/client-iam";
import { ADMIN, type Sandbox } from "../../src/sandbox/server.ts";
import { INSTANCE } from "./support.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers of four APIs, read field by field
export type Json = Record<string, any>;

interface Expected {
  name: string;
  role?: string;
  provider?: string;
  iamUser?: string;
  /** A claims policy of ours. */
  claims: boolean;
  groups: string[];
  /** The one ConnectUser of the persona. */
  user: string;
  /** How many managed policies the role has. */
  policies: number;
}

export class Judge {
  readonly connect: ConnectClient;
  readonly iam: IAMClient;
  readonly #expected: Record<string, Expected>;
  readonly #sandbox: Sandbox;

  constructor(sandbox: Sandbox, expected: Record<string, Expected>) {
    this.#expected = expected;
    this.#sandbox = sandbox;
    const client = (service: string) => ({
      region: "us-east-1",
      credentials: ADMIN,
      endpoint: `${sandbox.url}/${service}`,
    });
    this.connect = new ConnectClient(client("connect"));
    this.iam = new IAMClient(client("iam"));
  }

  /** With every permission, past the faults that the program meets. */
  async graph(method: string, path: string, body?: unknown): Promise<Json> {
    const { behaviour } = this.#sandbox.world;
    const { graphPermissions } = behaviour;
    behaviour.graphPermissions = undefined;
    const headers = { host: "graph", authorization: "Bearer administrator", "content-type": "application/json" };
    const url = `/graph/v1.0${encodeURI(path)}`;
    const request = { method, url, headers, body: body === undefined ? "" : JSON.stringify(body) };
    const answer = this.#sandbox.exchange(request, { undisturbed: true });
    // Permissions are checked before the exchange waits for anything: set back at once, since the program goes on meanwhile.
    behaviour.graphPermissions = graphPermissions;
    const { response } = await answer;
    const json = response?.body ? (JSON.parse(String(response.body)) as Json) : {};
    if (response!.status >= 300) throw new Error(`${method} ${path}: ${response!.status} ${json.error?.message}`);
    return json;
  }

  async objects(persona: string) {
    const { value } = await this.graph(
      "GET",
      `/applications?$filter=tags/any(t:t eq 'connectsso.dev/owner:test/team/${persona}')`,
    );
    if (value.length !== 1) throw new Error(`${persona}: ${value.length} applications`);
    const [application] = value;
    const { value: principals } = await this.graph("GET", `/servicePrincipals?$filter=appId eq '${application.appId}'`);
    if (principals.length !== 1) throw new Error(`${persona}: ${principals.length} service principals`);
    const principal = await this.graph("GET", `/servicePrincipals/${principals[0].id}?$select=${PRINCIPAL}`);
    const { value: assigned } = await this.graph("GET", `/servicePrincipals/${principal.id}/appRoleAssignedTo`);
    return { application: application as Json, principal, assigned: assigned as Json[] };
  }

  async applications(): Promise<Record<string, string>> {
    const all = Object.keys(this.#expected).map(async (name) => [name, (await this.objects(name)).application.id]);
    return Object.fromEntries(await Promise.all(all));
  }

  async connectUser(name: string): Promise<Json> {
    const { UserSummaryList } = await this.connect.send(
      new ListUsersCommand({ InstanceId: INSTANCE, MaxResults: 1000 }),
    );
    const found = UserSummaryList!.find(({ Username }) => Username === `${name}@example.com`);
    if (!found) throw new Error(`there is no Connect user ${name}`);
    const { User } = await this.connect.send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId: found.Id }));
    return User as Json;
  }

  /** By persona and kind: thumbprints of certificates, ids of access keys. */
  async credentials(): Promise<Record<string, string[]>> {
    const found: Record<string, string[]> = {};
    for (const one of Object.values(this.#expected)) {
      const { principal } = await this.objects(one.name);
      found[`certificate of ${one.name}`] = thumbprints(principal);
      const UserName = (await this.iamUsers())[one.name];
      if (!UserName) continue;
      const { AccessKeyMetadata } = await this.iam.send(new ListAccessKeysCommand({ UserName }));
      found[`key of ${one.name}`] = AccessKeyMetadata!.map(({ AccessKeyId }) => AccessKeyId!);
    }
    return found;
  }

  /** By persona. The models of the services do not list ListUsers, which the program does not call. */
  async iamUsers(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const { name, iamUser = `connect-sso-team-${name}` } of Object.values(this.#expected)) {
      const user = await this.iam.send(new GetUserCommand({ UserName: iamUser })).catch((error: Error) => {
        if (error.name !== "NoSuchEntityException") throw error;
      });
      if (user) found[name] = iamUser;
    }
    return found;
  }

  async complaints(): Promise<string[]> {
    const all = Object.values(this.#expected).map(async (one) => {
      try {
        return [...(await this.#persona(one)), ...(await this.#user(one.user))];
      } catch (error) {
        return [(error as Error).message];
      }
    });
    return (await Promise.all(all)).flat();
  }

  async #persona(expected: Expected): Promise<string[]> {
    const { name, role = `connect-sso-team-${name}`, provider = role, claims, groups, user, policies } = expected;
    const { principal, assigned, application } = await this.objects(name);
    const complaints: string[] = [];
    const equal = (what: string, found: unknown, wanted: unknown) => {
      const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
      if (a !== b) complaints.push(`${name}: ${what} is ${a}, not ${b}`);
    };
    equal("mode", principal.preferredSingleSignOnMode, "saml");
    equal("number of identifiers", application.identifierUris.length, 1);
    equal("relay state", principal.samlSingleSignOnSettings?.relayState?.split("?")[1], "destination=%2Fconnect%2Fccp");
    const providerArn = `arn:aws:iam::111122223333:saml-provider/${provider}`;
    const delivered = (principal.appRoles as Json[]).filter(
      ({ value, isEnabled }) =>
        isEnabled && value?.endsWith(`role/${expected.role ? role : `connect-sso/${role}`},${providerArn}`),
    );
    equal("number of enabled app roles", delivered.length, 1);
    const withRole = assigned.filter(({ appRoleId }) => appRoleId === delivered[0]?.id);
    const people = withRole.map(({ principalDisplayName }) => principalDisplayName).sort();
    equal("people", people, [...groups, `${user} Doe`].sort());
    const attached = (await this.graph("GET", `/servicePrincipals/${principal.id}/claimsMappingPolicies`)).value;
    equal(
      "claims policies",
      attached.map((one: Json) => one.displayName),
      claims ? [`connect-sso test/team/${name}`] : [],
    );
    const { SAMLMetadataDocument } = await this.iam.send(new GetSAMLProviderCommand({ SAMLProviderArn: providerArn }));
    const trusted = [...SAMLMetadataDocument!.matchAll(/<(?:\w+:)?KeyDescriptor.*?X509Certificate>([^<]+)</gs)].map(
      ([, der]) => sha1(der!),
    );
    equal("trusted certificates", [...new Set(trusted)], thumbprints(principal));
    equal("signing certificate", [principal.preferredTokenSigningKeyThumbprint?.toUpperCase()], thumbprints(principal));
    const { AttachedPolicies } = await this.iam.send(new ListAttachedRolePoliciesCommand({ RoleName: role }));
    equal("number of policies", AttachedPolicies!.length, policies);
    return complaints;
  }

  async #user(name: string): Promise<string[]> {
    const found = await this.connectUser(name);
    const complaints: string[] = [];
    const { UserProficiencyList } = await this.connect.send(
      new ListUserProficienciesCommand({ InstanceId: INSTANCE, UserId: found.Id }),
    );
    const work = (channel: string) =>
      found.AfterContactWorkConfigs?.find(({ Channel }: Json) => Channel === channel)?.AfterContactWorkConfig
        ?.AfterContactWorkTimeLimit;
    const seen = [
      found.SecurityProfileIds.length,
      found.Tags.team,
      UserProficiencyList?.[0]?.Level,
      found.HierarchyGroupId !== undefined,
    ];
    const wanted = name === "jane" ? [1, "blue", 3, true] : [1, undefined, undefined, false];
    if (JSON.stringify(seen) !== JSON.stringify(wanted)) complaints.push(`${name} is ${JSON.stringify(seen)}`);
    const handling = [work("VOICE"), work("CHAT")];
    if (name === "jane" && (handling[0] !== 30 || handling[1] !== 10))
      complaints.push(`${name} has ${handling} seconds of after-contact work`);
    return complaints;
  }
}

/** What is ours and outlived its deletion. */
export async function leftovers(judge: Judge): Promise<string[]> {
  const { iam, connect } = judge;
  const { UserSummaryList } = await connect.send(new ListUsersCommand({ InstanceId: INSTANCE, MaxResults: 1000 }));
  const [roles, providers, users, policies, applications, claims] = await Promise.all([
    iam.send(new ListRolesCommand({})),
    iam.send(new ListSAMLProvidersCommand({})),
    judge.iamUsers(),
    iam.send(new ListPoliciesCommand({ Scope: "Local" })),
    judge.graph("GET", "/applications"),
    judge.graph("GET", "/policies/claimsMappingPolicies"),
  ]);
  return [
    ...UserSummaryList!.map(({ Username }) => `Connect user ${Username}`).filter((one) => /jane|omar|alice/.test(one)),
    ...roles.Roles!.map(({ RoleName }) => `role ${RoleName}`),
    ...providers.SAMLProviderList!.map(({ Arn }) => `provider ${Arn}`),
    ...Object.values(users).map((name) => `IAM user ${name}`),
    ...policies.Policies!.map(({ PolicyName }) => `policy ${PolicyName}`),
    ...applications.value.map((one: Json) => `application ${one.displayName}`),
    ...claims.value
      .map((one: Json) => `claims policy ${one.displayName}`)
      .filter((one: string) => !one.includes("Somebody's")),
  ];
}

const PRINCIPAL =
  "id,appId,keyCredentials,appRoles,preferredSingleSignOnMode,preferredTokenSigningKeyThumbprint,samlSingleSignOnSettings";

const sha1 = (der: string) => new X509Certificate(Buffer.from(der, "base64")).fingerprint.replaceAll(":", "");
const thumbprints = ({ keyCredentials }: Json): string[] =>
  (keyCredentials as Json[]).filter(({ usage }) => usage === "Verify").map(({ key }) => sha1(key));
