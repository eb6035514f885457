/** The controller as a principal that has exactly the generated policy, in a sandbox that holds it to it. */
import { ConnectClient, ListSecurityProfilesCommand } from "@aws-sdk/client-connect";
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { boundaryPolicy, controllerPolicies } from "../../src/domain/permissions/aws.ts";
import type { AwsScope } from "../../src/domain/permissions/scope.ts";
import { scopeOfPath } from "../../src/domain/permissions/scope.ts";
import { ADMIN, type Sandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { type Harness, INSTANCE, type StartOptions, start } from "../e2e/support.ts";

export const ACCOUNT = "111122223333";
export const BOUNDARY = `arn:aws:iam::${ACCOUNT}:policy/ConnectSsoBoundary`;
const admin = { region: "us-east-1", credentials: ADMIN };
export const adminIam = () => new IAMClient(admin);
export const adminConnect = () => new ConnectClient(admin);

/** Ids of the instance's security profiles by name. */
export async function profileIds(): Promise<Record<string, string>> {
  const { SecurityProfileSummaryList } = await adminConnect().send(
    new ListSecurityProfilesCommand({ InstanceId: INSTANCE }),
  );
  return Object.fromEntries(SecurityProfileSummaryList!.map(({ Name, Id }) => [Name!, Id!]));
}

/** A key of an IAM user with the policies of `scope`. Not a role's session: simulated time would end it within seconds. */
export async function controllerCredentials(scope: AwsScope): Promise<Record<string, string>> {
  const iam = adminIam();
  const create = async (name: string, document: unknown) =>
    (await iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument: JSON.stringify(document) }))).Policy!
      .Arn!;
  await create("ConnectSsoBoundary", boundaryPolicy(scope));
  const UserName = "ConnectSsoController";
  await iam.send(new CreateUserCommand({ UserName }));
  for (const [index, document] of controllerPolicies(scope).entries()) {
    const PolicyArn = await create(`ConnectSsoController-${index + 1}`, document);
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { AWS_ACCESS_KEY_ID: AccessKey!.AccessKeyId!, AWS_SECRET_ACCESS_KEY: AccessKey!.SecretAccessKey! };
}

/** The scope of the test's instance where the profile Agent alone may be granted. */
export async function scopeOfTest(provisioning: boolean): Promise<AwsScope> {
  const instance = { partition: "aws", region: "us-east-1", account: ACCOUNT, id: INSTANCE };
  const { Agent } = await profileIds();
  return scopeOfPath([{ ...instance, securityProfileIds: [Agent!] }], { provisioning });
}

export interface Enforced {
  harness: Harness;
  /** AWS calls of the controller that were refused for want of a right, as "iam:GetRole". */
  denied: string[];
  /** AWS actions that the controller used with success. */
  used: Set<string>;
}

/** `options.prepare` runs as the administrator, before the controller has its own credentials. */
export async function startEnforced(
  input: WorldInput,
  provisioning: boolean,
  options: StartOptions = {},
): Promise<Enforced> {
  const denied: string[] = [];
  const used = new Set<string>();
  const watch = (sandbox: Sandbox, key: string) =>
    sandbox.onExchange(({ service, operation, request, response }) => {
      if ((service !== "iam" && service !== "connect") || !request.headers.authorization?.includes(key)) return;
      if (response.status === 403) denied.push(`${service}:${operation}: ${response.body}`);
      else if (response.status < 400) used.add(`${service}:${operation}`);
      // Asked together with it, by the Service Authorization Reference.
      if (operation === "DescribeInstance") used.add("ds:DescribeDirectories");
      if (operation === "SearchUserHierarchyGroups") used.add("connect:DescribeUserHierarchyGroup");
      if (operation === "CreatePolicy") used.add("iam:TagPolicy");
    });
  const harness = await start(input, {
    ...options,
    async prepare(sandbox) {
      await options.prepare?.(sandbox);
      const credentials = await controllerCredentials(await scopeOfTest(provisioning));
      watch(sandbox, credentials.AWS_ACCESS_KEY_ID!);
      return credentials;
    },
  });
  return { harness, denied, used };
}
