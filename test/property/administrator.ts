/** Somebody with all rights in both clouds: arranges the world before the controller comes, edits behind its back, reads what came of it. */

import {
  ConnectClient,
  DescribeUserCommand,
  ListUsersCommand as ListConnectUsersCommand,
  ListUserProficienciesCommand,
} from "@aws-sdk/client-connect";
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetSAMLProviderCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListPoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  ListSAMLProvidersCommand,
  ListUsersCommand,
} from "@aws-sdk/client-iam";
import { ADMINISTRATOR, send } from "./net.ts";
import type { Simulation } from "./time.ts";
import { ABROAD, ACCOUNT, HOME, INSTANCES, type Instance, OWNER_TAG } from "./world.ts";

/** Answers of the clouds: read here only, where a wrong guess fails the test. */
// biome-ignore lint/suspicious/noExplicitAny: typing every answer of four APIs would repeat their contracts
export type Json = Record<string, any>;

/** What the clouds hold, as their own APIs tell it. */
export interface Clouds {
  roles: Json[];
  policies: Json[];
  users: Json[];
  providers: Json[];
  applications: Json[];
  servicePrincipals: Json[];
  claimsPolicies: Json[];
  people: Json[];
  groups: Json[];
  connectUsers: Json[];
}

export class Administrator {
  readonly iam = new IAMClient({});
  readonly #connect = new Map([HOME, ABROAD].map((one) => [one, new ConnectClient({ region: one.region })]));
  readonly #simulation: Simulation;
  readonly graphUrl: string;

  constructor(simulation: Simulation, graphUrl: string) {
    this.#simulation = simulation;
    this.graphUrl = graphUrl;
  }

  /** Runs as the administrator; no simulated time passes. */
  do<T>(work: () => Promise<T>): Promise<T> {
    return ADMINISTRATOR.run(() => this.#simulation.busy(work()));
  }

  async graph(method: string, path: string, body?: unknown): Promise<Json> {
    const { host, pathname, search } = new URL(`${this.graphUrl}/v1.0${path}`);
    const { response } = await send({
      method,
      url: pathname + search,
      headers: {
        host,
        authorization: "Bearer administrator",
        "content-type": "application/json",
      },
      body: body === undefined ? "" : JSON.stringify(body),
    });
    const json = response?.body ? (JSON.parse(String(response.body)) as Json) : {};
    if (!response || response.status >= 300)
      throw Object.assign(new Error(`${method} ${path}: ${json.error?.message}`), { status: response?.status });
    return json;
  }

  connect(instance: Instance): ConnectClient {
    return this.#connect.get(instance)!;
  }

  async list(path: string): Promise<Json[]> {
    return (await this.graph("GET", path)).value as Json[];
  }

  /** Objects that were there before, and belong to another cluster's controller or to people. */
  async settle(): Promise<void> {
    const trust = (federated: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { AWS: federated }, Action: "sts:AssumeRole" }],
      });
    const document = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
    });
    const { iam } = this;
    const { Policy } = await iam.send(
      new CreatePolicyCommand({ PolicyName: "somebodys-policy", PolicyDocument: document }),
    );
    await iam.send(
      new CreateRoleCommand({
        RoleName: "somebodys-role",
        AssumeRolePolicyDocument: trust(`arn:aws:iam::${ACCOUNT}:root`),
      }),
    );
    await iam.send(new AttachRolePolicyCommand({ RoleName: "somebodys-role", PolicyArn: Policy!.Arn! }));
    await iam.send(
      new CreateRoleCommand({
        RoleName: "connect-sso-team-managers-of-another-cluster",
        Path: "/connect-sso/",
        AssumeRolePolicyDocument: trust(`arn:aws:iam::${ACCOUNT}:root`),
        Tags: [{ Key: OWNER_TAG, Value: "other/team/managers" }],
      }),
    );
    await iam.send(
      new CreateUserCommand({ UserName: "somebody", Tags: [{ Key: OWNER_TAG, Value: "other/team/agents" }] }),
    );
    await this.graph("POST", "/applications", {
      displayName: "Connect agents",
      tags: [`${OWNER_TAG}:other/team/agents`],
      identifierUris: [],
    });
    await this.graph("POST", "/policies/claimsMappingPolicies", {
      displayName: "somebody's claims",
      definition: ['{"ClaimsMappingPolicy":{"Version":1,"IncludeBasicClaimSet":"true","ClaimsSchema":[]}}'],
      isOrganizationDefault: false,
    });
  }

  /** Everything, by the clouds' own reads. */
  async look(): Promise<Clouds> {
    const [iam, graph, connectUsers] = [
      await this.#lookAtIam(),
      await this.#lookAtEntra(),
      await this.#lookAtConnect(),
    ];
    return { ...iam, ...graph, connectUsers };
  }

  async #lookAtIam() {
    const { iam } = this;
    const roles: Json[] = [];
    for (const { RoleName } of (await iam.send(new ListRolesCommand({}))).Roles ?? []) {
      const role = (await iam.send(new GetRoleCommand({ RoleName }))).Role!;
      const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
      const { Tags } = await iam.send(new ListRoleTagsCommand({ RoleName }));
      roles.push({
        ...role,
        trust: JSON.parse(decodeURIComponent(role.AssumeRolePolicyDocument!)),
        attached: (AttachedPolicies ?? []).map(({ PolicyArn }) => PolicyArn!).sort(),
        tags: tagsOf(Tags),
      });
    }
    const policies: Json[] = [];
    for (const { Arn } of (await iam.send(new ListPoliciesCommand({ Scope: "Local" }))).Policies ?? []) {
      const policy = (await iam.send(new GetPolicyCommand({ PolicyArn: Arn }))).Policy!;
      const version = await iam.send(
        new GetPolicyVersionCommand({ PolicyArn: Arn, VersionId: policy.DefaultVersionId }),
      );
      const document = JSON.parse(decodeURIComponent(version.PolicyVersion!.Document!));
      policies.push({ ...policy, document, tags: tagsOf(policy.Tags) });
    }
    const users: Json[] = [];
    for (const { UserName } of (await iam.send(new ListUsersCommand({}))).Users ?? []) {
      const user = (await iam.send(new GetUserCommand({ UserName }))).User!;
      const { AttachedPolicies } = await iam.send(new ListAttachedUserPoliciesCommand({ UserName }));
      const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({ UserName }));
      users.push({
        ...user,
        attached: (AttachedPolicies ?? []).map(({ PolicyArn }) => PolicyArn!).sort(),
        keys: AccessKeyMetadata,
        tags: tagsOf(user.Tags),
      });
    }
    const providers: Json[] = [];
    for (const { Arn } of (await iam.send(new ListSAMLProvidersCommand({}))).SAMLProviderList ?? []) {
      const provider = await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn: Arn }));
      providers.push({ Arn, metadata: provider.SAMLMetadataDocument, tags: tagsOf(provider.Tags) });
    }
    return { roles, policies, users, providers };
  }

  async #lookAtEntra() {
    const servicePrincipals = await this.list("/servicePrincipals?$top=100");
    for (const principal of servicePrincipals) {
      const path = `/servicePrincipals/${principal.id}`;
      Object.assign(principal, await this.graph("GET", `${path}?$select=id,keyCredentials`));
      principal.assignments = await this.list(`${path}/appRoleAssignedTo?$top=999`);
      principal.claimsPolicies = await this.list(`${path}/claimsMappingPolicies`);
      // Provisioning may not know a new service principal yet.
      principal.jobs = await this.list(`${path}/synchronization/jobs`).catch(({ status }) => {
        if (status !== 403 && status !== 409) throw new Error(`jobs of ${principal.displayName}: ${status}`);
        return [];
      });
    }
    return {
      servicePrincipals,
      applications: await this.list("/applications?$top=100"),
      claimsPolicies: await this.list("/policies/claimsMappingPolicies"),
      people: await this.list("/users?$top=100"),
      groups: await this.list("/groups?$top=100"),
    };
  }

  async #lookAtConnect(): Promise<Json[]> {
    const found: Json[] = [];
    for (const instance of INSTANCES) {
      const InstanceId = instance.id;
      const connect = this.connect(instance);
      const { UserSummaryList } = await connect.send(new ListConnectUsersCommand({ InstanceId }));
      for (const { Id } of UserSummaryList ?? []) {
        const { User } = await connect.send(new DescribeUserCommand({ InstanceId, UserId: Id! }));
        const { UserProficiencyList } = await connect.send(
          new ListUserProficienciesCommand({ InstanceId, UserId: Id! }),
        );
        found.push({ ...User, instance: InstanceId, proficiencies: UserProficiencyList ?? [] });
      }
    }
    return found;
  }
}

function tagsOf(tags: { Key?: string | undefined; Value?: string | undefined }[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key!, Value!]));
}
