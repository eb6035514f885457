/** What somebody who took over the controller's AWS identity cannot do with it: every way up that the policy leaves closed. */
import {
  ConnectClient,
  CreateUserCommand as CreateConnectUserCommand,
  ListRoutingProfilesCommand,
  SearchUsersCommand,
  UpdateUserSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  CreateUserCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  GetRoleCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
  PutRolePermissionsBoundaryCommand,
  SetDefaultPolicyVersionCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { boundaryPolicy, controllerPolicies } from "../../src/domain/permissions/aws.ts";
import { type AwsScope, scopeOfPath } from "../../src/domain/permissions/scope.ts";
import { evaluate } from "../../src/sandbox/iam/evaluate.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { INSTANCE, world } from "../e2e/support.ts";
import { metadataDocument } from "../sandbox/iam-support.ts";
import { ACCOUNT, adminIam, BOUNDARY, controllerCredentials, profileIds, scopeOfTest } from "./support.ts";

let sandbox: Sandbox;
let iam: IAMClient;
let connect: ConnectClient;
let profiles: Record<string, string>;
let routingProfileId: string;

const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
});
const ANYTHING = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});
const inPath = `arn:aws:iam::${ACCOUNT}:policy/connect-sso/ours`;
const administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
const role = (RoleName: string, more: object = {}) =>
  new CreateRoleCommand({ RoleName, Path: "/connect-sso/", AssumeRolePolicyDocument: TRUST, ...more });

beforeAll(async () => {
  sandbox = await startSandbox({ world: world() });
  delete process.env.AWS_SESSION_TOKEN;
  Object.assign(process.env, sandbox.env);
  const key = await controllerCredentials(await scopeOfTest(true));
  const credentials = { accessKeyId: key.AWS_ACCESS_KEY_ID!, secretAccessKey: key.AWS_SECRET_ACCESS_KEY! };
  iam = new IAMClient({ region: "us-east-1", credentials });
  connect = new ConnectClient({ region: "us-east-1", credentials });
  profiles = await profileIds();
  const found = await connect.send(new ListRoutingProfilesCommand({ InstanceId: INSTANCE }));
  routingProfileId = found.RoutingProfileSummaryList![0]!.Id!;
  const admin = adminIam();
  const bounded = { PermissionsBoundary: BOUNDARY };
  await admin.send(role("ours", bounded));
  await admin.send(role("unbounded"));
  await admin.send(role("foreign", { Path: "/" }));
  await admin.send(new CreateUserCommand({ UserName: "ours", Path: "/connect-sso/", ...bounded }));
  await admin.send(new CreateUserCommand({ UserName: "human" }));
  await admin.send(new CreatePolicyCommand({ PolicyName: "ours", Path: "/connect-sso/", PolicyDocument: ANYTHING }));
  await admin.send(new CreatePolicyCommand({ PolicyName: "foreign", PolicyDocument: ANYTHING }));
  const SAMLMetadataDocument = metadataDocument("https://sts.windows.net/x/");
  await admin.send(new CreateSAMLProviderCommand({ Name: "corporate", SAMLMetadataDocument }));
});
afterAll(() => sandbox.close());

const foreignPolicy = `arn:aws:iam::${ACCOUNT}:policy/foreign`;
const provider = `arn:aws:iam::${ACCOUNT}:saml-provider/corporate`;
const wider = { PermissionsBoundary: foreignPolicy };

describe("refused in IAM", () => {
  test.each<[string, () => unknown]>([
    ["a role without boundary", () => role("new")],
    ["a role with another boundary", () => role("new", wider)],
    ["a role outside the path", () => role("new", { Path: "/", PermissionsBoundary: BOUNDARY })],
    ["a user without boundary", () => new CreateUserCommand({ UserName: "new", Path: "/connect-sso/" })],
    ["a user outside the path", () => new CreateUserCommand({ UserName: "new", PermissionsBoundary: BOUNDARY })],
    [
      "AdministratorAccess on our role",
      () => new AttachRolePolicyCommand({ RoleName: "ours", PolicyArn: administrator }),
    ],
    [
      "AdministratorAccess on our user",
      () => new AttachUserPolicyCommand({ UserName: "ours", PolicyArn: administrator }),
    ],
    [
      "a policy outside the path on our role",
      () => new AttachRolePolicyCommand({ RoleName: "ours", PolicyArn: foreignPolicy }),
    ],
    [
      "our policy on a role that has no boundary",
      () => new AttachRolePolicyCommand({ RoleName: "unbounded", PolicyArn: inPath }),
    ],
    [
      "our policy on a role outside the path",
      () => new AttachRolePolicyCommand({ RoleName: "foreign", PolicyArn: inPath }),
    ],
    ["our policy on somebody's user", () => new AttachUserPolicyCommand({ UserName: "human", PolicyArn: inPath })],
    ["the boundary off our role", () => new DeleteRolePermissionsBoundaryCommand({ RoleName: "ours" })],
    ["the boundary off our user", () => new DeleteUserPermissionsBoundaryCommand({ UserName: "ours" })],
    ["a wider boundary on our role", () => new PutRolePermissionsBoundaryCommand({ RoleName: "ours", ...wider })],
    [
      "another document for the boundary",
      () => new CreatePolicyVersionCommand({ PolicyArn: BOUNDARY, PolicyDocument: ANYTHING, SetAsDefault: true }),
    ],
    [
      "another version of the boundary",
      () => new SetDefaultPolicyVersionCommand({ PolicyArn: BOUNDARY, VersionId: "v1" }),
    ],
    ["the boundary deleted", () => new DeletePolicyCommand({ PolicyArn: BOUNDARY })],
    [
      "its own policy rewritten",
      () =>
        new CreatePolicyVersionCommand({
          PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/ConnectSsoController-1`,
          PolicyDocument: ANYTHING,
          SetAsDefault: true,
        }),
    ],
    ["a policy for itself", () => new AttachUserPolicyCommand({ UserName: "ConnectSsoController", PolicyArn: inPath })],
    ["a key for somebody's user", () => new CreateAccessKeyCommand({ UserName: "human" })],
    ["a second key for itself", () => new CreateAccessKeyCommand({})],
    ["somebody's keys listed", () => new ListAccessKeysCommand({ UserName: "human" })],
    [
      "somebody's key switched off",
      () => new UpdateAccessKeyCommand({ UserName: "human", AccessKeyId: "AKIA0000000000000000", Status: "Inactive" }),
    ],
    [
      "the trust of a role outside the path",
      () => new UpdateAssumeRolePolicyCommand({ RoleName: "foreign", PolicyDocument: TRUST }),
    ],
    [
      "the trust of a role that has no boundary",
      () => new UpdateAssumeRolePolicyCommand({ RoleName: "unbounded", PolicyDocument: TRUST }),
    ],
    ["a role outside the path deleted", () => new DeleteRoleCommand({ RoleName: "foreign" })],
    ["somebody's user deleted", () => new DeleteUserCommand({ UserName: "human" })],
    ["a role outside the path read", () => new GetRoleCommand({ RoleName: "foreign" })],
    ["all users listed", () => new ListUsersCommand({})],
    [
      "the metadata of the company's own SAML provider",
      () =>
        new UpdateSAMLProviderCommand({
          SAMLProviderArn: provider,
          SAMLMetadataDocument: metadataDocument("https://evil.example/"),
        }),
    ],
    [
      "a SAML provider outside the prefix",
      () =>
        new CreateSAMLProviderCommand({
          Name: "backdoor",
          SAMLMetadataDocument: metadataDocument("https://evil.example/"),
        }),
    ],
    ["a policy outside the path", () => new CreatePolicyCommand({ PolicyName: "new", PolicyDocument: ANYTHING })],
  ])("%s", async (_, command) => {
    const error = await iam.send(command() as never).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.name).toBe("AccessDenied");
  });
});

describe("refused in Connect", () => {
  const user = (SecurityProfileIds: string[], Username = "mallory") =>
    new CreateConnectUserCommand({
      InstanceId: INSTANCE,
      Username,
      SecurityProfileIds,
      RoutingProfileId: routingProfileId,
      IdentityInfo: { FirstName: "M", LastName: "X" },
    });

  test("a user with a profile that is not on the list", async () => {
    await expect(connect.send(user([profiles.Admin!]))).rejects.toMatchObject({ name: "AccessDeniedException" });
    await expect(connect.send(user([profiles.Agent!, profiles.Admin!]))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
  });

  test("such a profile for a user that is there; the listed one is granted", async () => {
    const { UserId } = await connect.send(user([profiles.Agent!], "agent"));
    const change = (SecurityProfileIds: string[]) =>
      connect.send(new UpdateUserSecurityProfilesCommand({ InstanceId: INSTANCE, UserId, SecurityProfileIds }));
    await expect(change([profiles.Admin!])).rejects.toMatchObject({ name: "AccessDeniedException" });
    await change([profiles.Agent!]);
  });

  test("another instance", async () => {
    const scope = scopeOfPath(
      [{ partition: "aws", region: "us-east-1", account: ACCOUNT, id: "00000000-0000-4000-8000-000000000000" }],
      {},
    );
    const documents = controllerPolicies(scope).map((one) => JSON.stringify(one));
    const resource = `arn:aws:connect:us-east-1:${ACCOUNT}:instance/${INSTANCE}`;
    expect(evaluate(documents, { action: "connect:SearchUsers", resource, context: {} })).toBe("implicitDeny");
    await expect(connect.send(new SearchUsersCommand({ InstanceId: INSTANCE }))).resolves.toBeDefined();
  });
});

describe("never granted, whatever personas there are", () => {
  const documents = (scope: AwsScope) => controllerPolicies(scope).map((one) => JSON.stringify(one));
  const instance = { partition: "aws", region: "us-east-1", account: ACCOUNT, id: INSTANCE };
  const scope = scopeOfPath([instance], { provisioning: true });

  test.each([
    ["iam:PassRole", "role/connect-sso/ours"],
    ["iam:PutRolePolicy", "role/connect-sso/ours"],
    ["iam:PutUserPolicy", "user/connect-sso/ours"],
    ["iam:AddUserToGroup", "group/admins"],
    ["iam:CreateLoginProfile", "user/connect-sso/ours"],
    ["iam:UpdateLoginProfile", "user/human"],
    ["iam:CreateServiceLinkedRole", "role/aws-service-role/x/y"],
    ["iam:CreateOpenIDConnectProvider", "oidc-provider/x"],
    ["iam:AddRoleToInstanceProfile", "instance-profile/x"],
    ["sts:AssumeRole", "role/foreign"],
  ])("%s on %s", (action, resource) => {
    const question = {
      action,
      resource: `arn:aws:iam::${ACCOUNT}:${resource}`,
      context: { "iam:PermissionsBoundary": [BOUNDARY] },
    };
    expect(evaluate(documents(scope), question)).toBe("implicitDeny");
  });

  test("signing in as a Connect user is for people: the controller has no GetFederationToken", () => {
    const resource = `arn:aws:connect:us-east-1:${ACCOUNT}:instance/${INSTANCE}/user/AROAX:jane`;
    const question = { action: "connect:GetFederationToken", resource, context: {} };
    expect(evaluate(documents(scope), question)).toBe("implicitDeny");
  });

  test("within the boundary a role can sign in as itself and no more, even with AdministratorAccess attached", () => {
    const boundary = [JSON.stringify(boundaryPolicy(scopeOfPath([instance], {})))];
    const ask = (action: string, resource: string) =>
      evaluate(boundary, { action, resource, context: { "aws:userid": ["AROAX:jane"] } });
    const of = (who: string) => `arn:aws:connect:us-east-1:${ACCOUNT}:instance/${INSTANCE}/user/${who}`;
    expect(ask("connect:GetFederationToken", of("AROAX:jane"))).toBe("allowed");
    expect(ask("connect:GetFederationToken", of("AROAX:alice"))).toBe("implicitDeny");
    expect(ask("iam:ListRoles", "*")).toBe("implicitDeny");
    expect(ask("s3:GetObject", "arn:aws:s3:::x/y")).toBe("implicitDeny");
  });
});
