/** The sandbox's IAM, asked as the controller asks it: with the AWS SDK over HTTP; the wire form by raw requests. */

import * as iam from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ADMIN, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { failure, metadataDocument, postSigned } from "./iam-support.ts";

let sandbox: Sandbox;
let client: iam.IAMClient;
let account: string;
const clients: { destroy(): void }[] = [];

function iamClient(credentials: {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}): iam.IAMClient {
  const made = new iam.IAMClient({ endpoint: `${sandbox.url}/iam`, region: "us-east-1", credentials, maxAttempts: 1 });
  clients.push(made);
  return made;
}
function stsClient(): STSClient {
  const made = new STSClient({
    endpoint: `${sandbox.url}/sts`,
    region: "us-east-1",
    credentials: ADMIN,
    maxAttempts: 1,
  });
  clients.push(made);
  return made;
}

beforeAll(async () => {
  sandbox = await startSandbox({ world: { behaviour: { quotas: "unlimited" } } });
  account = sandbox.world.account;
  client = iamClient(ADMIN);
});
afterAll(async () => {
  for (const one of clients) one.destroy();
  await sandbox.close();
});

const policyDocument = (action: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });
const trustPolicy = (provider: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Federated: provider }, Action: "sts:AssumeRoleWithSAML" }],
  });
const policyArn = (name: string) => `arn:aws:iam::${account}:policy/${name}`;
const createPolicy = (PolicyName: string, action = "connect:GetFederationToken") =>
  client.send(new iam.CreatePolicyCommand({ PolicyName, PolicyDocument: policyDocument(action) }));
const createRole = (RoleName: string, more: Partial<iam.CreateRoleCommandInput> = {}) =>
  client.send(
    new iam.CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: trustPolicy(`arn:aws:iam::${account}:saml-provider/Agents`),
      ...more,
    }),
  );

describe("policies", () => {
  test("a policy is created, read, found taken in another case, and deleted", async () => {
    const PolicyArn = (await createPolicy("Federation")).Policy?.Arn;
    expect(PolicyArn).toBe(policyArn("Federation"));
    const { Policy } = await client.send(new iam.GetPolicyCommand({ PolicyArn }));
    expect(Policy).toMatchObject({ DefaultVersionId: "v1", AttachmentCount: 0, Path: "/", Tags: [] });
    expect(await failure(createPolicy("fEDERATION"))).toEqual([
      "EntityAlreadyExistsException",
      409,
      "A policy called fEDERATION already exists. Duplicate names are not allowed.",
    ]);
    await client.send(new iam.DeletePolicyCommand({ PolicyArn }));
    expect(await failure(client.send(new iam.GetPolicyCommand({ PolicyArn })))).toEqual([
      "NoSuchEntityException",
      404,
      `Policy ${PolicyArn} does not exist or is not attachable.`,
    ]);
  });

  test("five versions at most, newest first, numbers never used again, the default and extra versions block deletion", async () => {
    const PolicyArn = (await createPolicy("Versions")).Policy?.Arn;
    const add = () =>
      client.send(
        new iam.CreatePolicyVersionCommand({
          PolicyArn,
          PolicyDocument: policyDocument("s3:Get*"),
          SetAsDefault: true,
        }),
      );
    for (let version = 2; version <= 5; version++) await add();
    expect((await failure(add())).slice(0, 2)).toEqual(["LimitExceededException", 409]);
    await client.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
    expect((await add()).PolicyVersion).toMatchObject({ VersionId: "v6", IsDefaultVersion: true });
    const { Versions = [] } = await client.send(new iam.ListPolicyVersionsCommand({ PolicyArn }));
    expect(Versions.map(({ VersionId }) => VersionId)).toEqual(["v6", "v5", "v4", "v3", "v1"]);
    expect(await failure(client.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: "v6" })))).toEqual([
      "DeleteConflictException",
      409,
      "Cannot delete the default version of a policy.",
    ]);
    expect((await failure(client.send(new iam.DeletePolicyCommand({ PolicyArn }))))[0]).toBe("DeleteConflictException");
    await client.send(new iam.SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
    const { Policy } = await client.send(new iam.GetPolicyCommand({ PolicyArn }));
    expect(Policy?.DefaultVersionId).toBe("v1");
    expect(await failure(client.send(new iam.GetPolicyVersionCommand({ PolicyArn, VersionId: "v9" })))).toEqual([
      "NoSuchEntityException",
      404,
      `Policy ${PolicyArn} version v9 does not exist or is not attachable.`,
    ]);
    const unknown = policyArn("Unknown");
    expect(
      (await failure(client.send(new iam.GetPolicyVersionCommand({ PolicyArn: unknown, VersionId: "v1" }))))[2],
    ).toBe(`Policy ${unknown} version v1 does not exist or is not attachable.`);
  });

  test("the document comes back with its white space, percent-encoded", async () => {
    const PolicyDocument = JSON.stringify(JSON.parse(policyDocument("connect:*")), null, 2).concat("\n");
    const { Policy } = await client.send(new iam.CreatePolicyCommand({ PolicyName: "Spaced", PolicyDocument }));
    const { PolicyVersion } = await client.send(
      new iam.GetPolicyVersionCommand({ PolicyArn: Policy?.Arn, VersionId: "v1" }),
    );
    expect(PolicyVersion?.Document).toContain("%0A%20%20");
    expect(PolicyVersion?.Document).toContain("connect%3A%2A");
    expect(decodeURIComponent(PolicyVersion?.Document ?? "")).toBe(PolicyDocument);
  });

  test("policies of AWS cannot be changed", async () => {
    const PolicyArn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    for (const command of [
      new iam.DeletePolicyCommand({ PolicyArn }),
      new iam.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: policyDocument("s3:*") }),
    ]) {
      expect((await failure(client.send(command as iam.DeletePolicyCommand))).slice(0, 2)).toEqual([
        "AccessDenied",
        403,
      ]);
    }
    expect((await failure(client.send(new iam.DeletePolicyCommand({ PolicyArn }))))[2]).toBe(
      "Cannot delete policies outside your own account.",
    );
  });

  test("tag keys of a policy know case; a duplicate is refused; tags are listed in pages", async () => {
    const PolicyArn = (await createPolicy("Tagged")).Policy?.Arn;
    const Tags = ["a", "A", "b"].map((Key) => ({ Key, Value: "1" }));
    await client.send(new iam.TagPolicyCommand({ PolicyArn, Tags }));
    const first = await client.send(new iam.ListPolicyTagsCommand({ PolicyArn, MaxItems: 2 }));
    expect([first.Tags?.length, first.IsTruncated]).toEqual([2, true]);
    const rest = await client.send(new iam.ListPolicyTagsCommand({ PolicyArn, MaxItems: 2, Marker: first.Marker }));
    expect([rest.Tags?.length, rest.IsTruncated]).toEqual([1, false]);
    expect([...(first.Tags ?? []), ...(rest.Tags ?? [])]).toEqual(expect.arrayContaining(Tags));
    const twice = [Tags[0]!, Tags[0]!];
    expect(await failure(client.send(new iam.TagPolicyCommand({ PolicyArn, Tags: twice })))).toEqual([
      "InvalidInputException",
      400,
      "Duplicate tag keys found.",
    ]);
    await client.send(new iam.UntagPolicyCommand({ PolicyArn, TagKeys: ["A"] }));
    const left = await client.send(new iam.ListPolicyTagsCommand({ PolicyArn }));
    expect(left.Tags?.map(({ Key }) => Key)).toEqual(["a", "b"]);
  });
});

describe("roles", () => {
  test("defaults, the fields each call shows, and the trust policy without its white space", async () => {
    const spaced = JSON.stringify(JSON.parse(trustPolicy(`arn:aws:iam::${account}:saml-provider/Agents`)), null, 2);
    const created = await createRole("Shown", { Description: "agents", AssumeRolePolicyDocument: spaced });
    expect(created.Role).toMatchObject({ RoleName: "Shown", Arn: `arn:aws:iam::${account}:role/Shown` });
    expect(created.Role).not.toHaveProperty("MaxSessionDuration");
    expect(created.Role).not.toHaveProperty("Description");
    const { Role } = await client.send(new iam.GetRoleCommand({ RoleName: "Shown" }));
    expect(Role).toMatchObject({ MaxSessionDuration: 3600, Description: "agents", RoleLastUsed: {} });
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "")).toBe(JSON.stringify(JSON.parse(spaced)));
    await client.send(new iam.UpdateRoleCommand({ RoleName: "Shown", MaxSessionDuration: 43_200 }));
    await client.send(new iam.UpdateRoleCommand({ RoleName: "Shown" }));
    const changed = await client.send(new iam.GetRoleCommand({ RoleName: "Shown" }));
    expect(changed.Role).toMatchObject({ MaxSessionDuration: 43_200, Description: "agents" });
    expect((await failure(createRole("sHOWN")))[0]).toBe("EntityAlreadyExistsException");
  });

  test("deletion goes from the outside in: detach, role, policy", async () => {
    const PolicyArn = (await createPolicy("Held")).Policy?.Arn;
    const RoleName = "Holder";
    await createRole(RoleName);
    await client.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await client.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
    const held = await client.send(new iam.ListAttachedRolePoliciesCommand({ RoleName }));
    expect(held.AttachedPolicies).toEqual([{ PolicyName: "Held", PolicyArn }]);
    const { PolicyRoles } = await client.send(new iam.ListEntitiesForPolicyCommand({ PolicyArn }));
    expect(PolicyRoles?.map((one) => one.RoleName)).toEqual([RoleName]);
    expect(await failure(client.send(new iam.DeleteRoleCommand({ RoleName })))).toEqual([
      "DeleteConflictException",
      409,
      "Cannot delete entity, must detach all policies first.",
    ]);
    expect((await failure(client.send(new iam.DeletePolicyCommand({ PolicyArn }))))[2]).toBe(
      "Cannot delete a policy attached to entities.",
    );
    await client.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn }));
    expect(await failure(client.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn })))).toEqual([
      "NoSuchEntityException",
      404,
      `Policy ${PolicyArn} was not found.`,
    ]);
    await client.send(new iam.DeleteRoleCommand({ RoleName }));
    await client.send(new iam.DeletePolicyCommand({ PolicyArn }));
    expect(await failure(client.send(new iam.GetRoleCommand({ RoleName })))).toEqual([
      "NoSuchEntityException",
      404,
      `The role with name ${RoleName} cannot be found.`,
    ]);
  });

  test("a boundary is checked, shown, counted, holds its policy, and is removed", async () => {
    const PolicyArn = (await createPolicy("Fence")).Policy!.Arn!;
    const missing = policyArn("NoFence");
    expect((await failure(createRole("Fenced", { PermissionsBoundary: missing })))[2]).toBe(
      `Scope ARN: ${missing} does not exist or is not attachable.`,
    );
    const invalid = `arn:aws:iam::${account}:not_a_policy/invalid`;
    expect((await failure(createRole("Fenced", { PermissionsBoundary: invalid }))).slice(0, 2)).toEqual([
      "InvalidInputException",
      400,
    ]);
    await createRole("Fenced", { PermissionsBoundary: PolicyArn });
    const { Role } = await client.send(new iam.GetRoleCommand({ RoleName: "Fenced" }));
    expect(Role?.PermissionsBoundary).toEqual({ PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: PolicyArn });
    const { Policy } = await client.send(new iam.GetPolicyCommand({ PolicyArn }));
    expect(Policy?.PermissionsBoundaryUsageCount).toBe(1);
    expect((await failure(client.send(new iam.DeletePolicyCommand({ PolicyArn }))))[0]).toBe("DeleteConflictException");
    await client.send(new iam.DeleteRolePermissionsBoundaryCommand({ RoleName: "Fenced" }));
    await client.send(new iam.DeletePolicyCommand({ PolicyArn }));
  });

  test("tag keys of a role know no case: a write in another case replaces the key and its case", async () => {
    const RoleName = "TaggedRole";
    await createRole(RoleName, { Tags: [{ Key: "Owner", Value: "1" }] });
    await client.send(new iam.TagRoleCommand({ RoleName, Tags: [{ Key: "OWNER", Value: "2" }] }));
    const { Tags } = await client.send(new iam.ListRoleTagsCommand({ RoleName }));
    expect(Tags).toEqual([{ Key: "OWNER", Value: "2" }]);
    const Key = "k".repeat(129);
    expect(await failure(client.send(new iam.TagRoleCommand({ RoleName, Tags: [{ Key, Value: "" }] })))).toEqual([
      "ValidationError",
      400,
      "1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128",
    ]);
    await client.send(new iam.UntagRoleCommand({ RoleName, TagKeys: ["owner"] }));
    expect((await client.send(new iam.GetRoleCommand({ RoleName }))).Role).not.toHaveProperty("Tags");
  });

  test("a role has at most ten policies; roles are listed in pages below a path", async () => {
    const RoleName = "Ten";
    await createRole(RoleName, { Path: "/paged/" });
    await createRole("Eleven", { Path: "/paged/" });
    await createRole("Twelve", { Path: "/paged/" });
    for (let index = 0; index < 10; index++)
      await client.send(
        new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: `arn:aws:iam::aws:policy/AmazonConnect${index}` }),
      );
    const eleventh = new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: "arn:aws:iam::aws:policy/OneTooMany" });
    expect((await failure(client.send(eleventh))).slice(0, 2)).toEqual(["LimitExceededException", 409]);
    const names: string[] = [];
    const pages = iam.paginateListRoles({ client, pageSize: 2 }, { PathPrefix: "/paged/" });
    for await (const page of pages) names.push(...(page.Roles ?? []).map((role) => role.RoleName!));
    expect(names.sort()).toEqual(["Eleven", "Ten", "Twelve"]);
    const pagesOfPolicies: number[] = [];
    for await (const page of iam.paginateListAttachedRolePolicies({ client, pageSize: 4 }, { RoleName }))
      pagesOfPolicies.push(page.AttachedPolicies?.length ?? 0);
    expect(pagesOfPolicies).toEqual([4, 4, 2]);
  });
});

describe("SAML providers", () => {
  const Name = "EntraConnect";
  const arn = () => `arn:aws:iam::${account}:saml-provider/${Name}`;

  test("life cycle: metadata comes back to the byte; not found has its own text", async () => {
    const SAMLMetadataDocument = metadataDocument("https://sts.windows.net/one/");
    const made = await client.send(new iam.CreateSAMLProviderCommand({ Name, SAMLMetadataDocument }));
    expect(made.SAMLProviderArn).toBe(arn());
    const read = await client.send(new iam.GetSAMLProviderCommand({ SAMLProviderArn: arn() }));
    expect(read).toMatchObject({
      SAMLMetadataDocument,
      AssertionEncryptionMode: "Allowed",
      Tags: [],
      PrivateKeyList: [],
    });
    expect(read.SAMLProviderUUID).toMatch(/^SAMLSP[A-Z0-9]{16}$/);
    const years = (read.ValidUntil!.getTime() - read.CreateDate!.getTime()) / (365.25 * 86_400_000);
    expect(years).toBeCloseTo(100, 1);
    const next = metadataDocument("https://sts.windows.net/two/");
    await client.send(new iam.UpdateSAMLProviderCommand({ SAMLProviderArn: arn(), SAMLMetadataDocument: next }));
    const changed = await client.send(new iam.GetSAMLProviderCommand({ SAMLProviderArn: arn() }));
    expect(changed.SAMLMetadataDocument).toBe(next);
    expect(changed.SAMLProviderUUID).toBe(read.SAMLProviderUUID);
    await client.send(new iam.DeleteSAMLProviderCommand({ SAMLProviderArn: arn() }));
    for (const command of [iam.GetSAMLProviderCommand, iam.DeleteSAMLProviderCommand]) {
      expect(await failure(client.send(new command({ SAMLProviderArn: arn() }) as iam.GetSAMLProviderCommand))).toEqual(
        ["NoSuchEntityException", 404, `Manifest not found for arn ${arn()}`],
      );
    }
  });

  test.each([
    ["a byte order mark", (good: string) => `\uFEFF${good}`],
    ["a document type", (good: string) => `<!DOCTYPE x>${good}`],
    ["XML that does not parse", (good: string) => good.replace("</EntityDescriptor>", "")],
    [
      "no certificate",
      (good: string) => good.replace(/<KeyDescriptor[\s\S]*<\/KeyDescriptor>/, `<!--${"x".repeat(1000)}-->`),
    ],
    [
      "a certificate that cannot be read",
      (good: string) => good.replace(/<X509Certificate>[^<]{8}/, "<X509Certificate>AAAAAAAA"),
    ],
    ["no entity id", (good: string) => good.replace(/ entityID="[^"]*"/, "")],
  ])("metadata with %s is refused", async (_, spoil) => {
    const SAMLMetadataDocument = spoil(metadataDocument("https://sts.windows.net/bad/"));
    expect(
      (await failure(client.send(new iam.CreateSAMLProviderCommand({ Name: "Bad", SAMLMetadataDocument })))).slice(
        0,
        2,
      ),
    ).toEqual(["InvalidInputException", 400]);
  });
});

describe("users and keys", () => {
  test("keys: two at most, the secret once; references go before the user", async () => {
    const UserName = "importer";
    await client.send(new iam.CreateUserCommand({ UserName }));
    const PolicyArn = (await createPolicy("Importer", "iam:ListRoles")).Policy?.Arn;
    await client.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
    const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
    const second = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
    expect(await failure(client.send(new iam.CreateAccessKeyCommand({ UserName })))).toEqual([
      "LimitExceededException",
      409,
      "Cannot exceed quota for AccessKeysPerUser: 2",
    ]);
    expect(AccessKey?.AccessKeyId).toMatch(/^AKIA[A-Z0-9]{16}$/);
    const { AccessKeyMetadata = [] } = await client.send(new iam.ListAccessKeysCommand({ UserName }));
    expect(AccessKeyMetadata.map((key) => Object.keys(key).sort())).toEqual([
      ["AccessKeyId", "CreateDate", "Status", "UserName"],
      ["AccessKeyId", "CreateDate", "Status", "UserName"],
    ]);
    const remove = () => client.send(new iam.DeleteUserCommand({ UserName }));
    expect((await failure(remove()))[2]).toBe("Cannot delete entity, must detach all policies first.");
    await client.send(new iam.DetachUserPolicyCommand({ UserName, PolicyArn }));
    expect((await failure(remove()))[2]).toBe("Cannot delete entity, must remove referenced objects first.");
    for (const key of [AccessKey, second.AccessKey])
      await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId: key?.AccessKeyId }));
    await remove();
    expect((await failure(client.send(new iam.GetUserCommand({ UserName }))))[2]).toBe(
      `The user with name ${UserName} cannot be found.`,
    );
  });

  test("a key signs as its user, is dated by its use, and stops when inactive or wrong", async () => {
    const UserName = "signer";
    const { User } = await client.send(new iam.CreateUserCommand({ UserName }));
    const PolicyArn = (await createPolicy("Signer", "iam:ListRoles")).Policy?.Arn;
    await client.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
    const key = (await client.send(new iam.CreateAccessKeyCommand({ UserName }))).AccessKey!;
    const AccessKeyId = key.AccessKeyId!;
    const lastUsed = async () =>
      (await client.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId }))).AccessKeyLastUsed;
    expect(await lastUsed()).toEqual({ ServiceName: "N/A", Region: "N/A" });
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: key.SecretAccessKey! };
    const own = iamClient(credentials);
    await own.send(new iam.ListRolesCommand({}));
    expect(await lastUsed()).toMatchObject({ ServiceName: "iam", Region: "us-east-1", LastUsedDate: expect.any(Date) });
    const denied = await failure(own.send(new iam.CreateUserCommand({ UserName: "another" })));
    expect(denied.slice(0, 2)).toEqual(["AccessDenied", 403]);
    expect(denied[2]).toContain(`User: ${User?.Arn} is not authorized to perform: iam:CreateUser`);
    const forged = iamClient({ ...credentials, secretAccessKey: "not the secret" });
    expect((await failure(forged.send(new iam.ListRolesCommand({})))).slice(0, 2)).toEqual([
      "SignatureDoesNotMatch",
      403,
    ]);
    await client.send(new iam.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: "Inactive" }));
    expect((await failure(own.send(new iam.ListRolesCommand({})))).slice(0, 2)).toEqual(["InvalidClientTokenId", 403]);
    const unknown = new iam.GetAccessKeyLastUsedCommand({ AccessKeyId: "AKIAIOSFODNN7EXAMPLE" });
    expect((await failure(client.send(unknown))).slice(0, 2)).toEqual(["AccessDenied", 403]);
  });

  test("a user is renamed and moved; what belongs to it stays", async () => {
    await client.send(new iam.CreateUserCommand({ UserName: "before", Tags: [{ Key: "kept", Value: "yes" }] }));
    const before = (await client.send(new iam.GetUserCommand({ UserName: "before" }))).User!;
    await client.send(new iam.UpdateUserCommand({ UserName: "before", NewUserName: "after", NewPath: "/moved/" }));
    const after = (await client.send(new iam.GetUserCommand({ UserName: "after" }))).User!;
    expect(after).toMatchObject({
      UserId: before.UserId,
      Tags: before.Tags,
      Arn: `arn:aws:iam::${account}:user/moved/after`,
    });
    expect((await failure(client.send(new iam.GetUserCommand({ UserName: "before" }))))[0]).toBe(
      "NoSuchEntityException",
    );
  });
});

test("SimulatePrincipalPolicy: allow, explicit deny, and what nobody allowed, by resource", async () => {
  const RoleName = "Simulated";
  const { Role } = await createRole(RoleName);
  const PolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "connect:*", Resource: "arn:aws:connect:*:*:instance/one/*" },
      { Effect: "Deny", Action: "connect:DeleteUser", Resource: "*" },
    ],
  });
  const { Policy } = await client.send(new iam.CreatePolicyCommand({ PolicyName: "Simulated", PolicyDocument }));
  await client.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: Policy?.Arn }));
  const { EvaluationResults = [] } = await client.send(
    new iam.SimulatePrincipalPolicyCommand({
      PolicySourceArn: Role?.Arn,
      ActionNames: ["connect:CreateUser", "connect:DeleteUser", "iam:GetRole"],
      ResourceArns: [`arn:aws:connect:eu-west-2:${account}:instance/one/agent/x`],
    }),
  );
  expect(EvaluationResults.map((one) => [one.EvalActionName, one.EvalDecision])).toEqual([
    ["connect:CreateUser", "allowed"],
    ["connect:DeleteUser", "explicitDeny"],
    ["iam:GetRole", "implicitDeny"],
  ]);
});

describe("STS", () => {
  test("a session of a role signs as the role and is what its policies make it", async () => {
    const RoleName = "Assumable";
    const { Role } = await createRole(RoleName, {
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "sts:AssumeRole" }],
      }),
    });
    const sts = stsClient();
    const { Credentials, AssumedRoleUser } = await sts.send(
      new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: "controller" }),
    );
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${account}:assumed-role/${RoleName}/controller`);
    expect(AssumedRoleUser?.AssumedRoleId).toBe(`${Role?.RoleId}:controller`);
    const session = iamClient({
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    });
    expect((await failure(session.send(new iam.ListRolesCommand({})))).slice(0, 2)).toEqual(["AccessDenied", 403]);
    const PolicyArn = (await createPolicy("Assumable", "iam:List*")).Policy?.Arn;
    await client.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await session.send(new iam.ListRolesCommand({}));
  });

  test.each([
    ["ValidationError", 400, { RoleArn: "nothing-valid-in-here-at-all", RoleSessionName: "ok" }],
    ["ValidationError", 400, { RoleArn: "arn:aws:iam::111122223333:role/x", RoleSessionName: "Session1:2" }],
    ["ValidationError", 400, { RoleArn: "arn:aws:iam::111122223333:role/x", RoleSessionName: "s".repeat(65) }],
    ["AccessDenied", 403, { RoleArn: "arn:aws:iam::111122223333:role/nobody", RoleSessionName: "ok" }],
  ])("AssumeRole answers %s (%i) to %o", async (code, status, input) => {
    expect((await failure(stsClient().send(new AssumeRoleCommand(input)))).slice(0, 2)).toEqual([code, status]);
  });

  test("GetCallerIdentity names the administrator", async () => {
    const caller = await stsClient().send(new GetCallerIdentityCommand({}));
    expect(caller).toMatchObject({ Account: account, Arn: expect.stringContaining("sandbox-administrator") });
  });
});

describe("wire form", () => {
  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    postSigned(`${sandbox.url}/iam/`, "iam", { Version: "2010-05-08", ...fields }, headers);

  test("a refusal to the byte", async () => {
    const answer = await post({ Action: "GetRole", RoleName: "nobody" });
    const id = answer.headers.get("x-amzn-requestid");
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("text/xml");
    expect(await answer.text()).toBe(
      `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n  <Error>\n    <Type>Sender</Type>\n    <Code>NoSuchEntity</Code>\n    <Message>The role with name nobody cannot be found.</Message>\n  </Error>\n  <RequestId>${id}</RequestId>\n</ErrorResponse>\n`,
    );
  });

  test("an empty list and an operation without a result, to the byte", async () => {
    const UserName = "wire";
    await client.send(new iam.CreateUserCommand({ UserName }));
    const list = await post({ Action: "ListAccessKeys", UserName });
    expect(await list.text()).toBe(
      `<ListAccessKeysResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n  <ListAccessKeysResult>\n    <IsTruncated>false</IsTruncated>\n    <AccessKeyMetadata/>\n  </ListAccessKeysResult>\n  <ResponseMetadata>\n    <RequestId>${list.headers.get("x-amzn-requestid")}</RequestId>\n  </ResponseMetadata>\n</ListAccessKeysResponse>\n`,
    );
    const gone = await post({ Action: "DeleteUser", UserName });
    expect(await gone.text()).toBe(
      `<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n  <ResponseMetadata>\n    <RequestId>${gone.headers.get("x-amzn-requestid")}</RequestId>\n  </ResponseMetadata>\n</DeleteUserResponse>\n`,
    );
  });

  test.each([
    ["no signature", {}, { authorization: "" }, 403, "MissingAuthenticationToken"],
    ["an unknown operation", { Action: "MakeCoffee" }, {}, 400, "InvalidAction"],
    ["another version", { Action: "ListRoles", Version: "2008-01-01" }, {}, 400, "InvalidAction"],
    [
      "a header that is cut",
      {},
      { authorization: `AWS4-HMAC-SHA256 Credential=${ADMIN.accessKeyId}/20261124/us-east-1/iam/aws4_request` },
      400,
      "IncompleteSignature",
    ],
  ])("%s is refused", async (_, fields, headers, status, code) => {
    const answer = await post(
      { Action: "ListRoles", ...fields } as Record<string, string>,
      headers as Record<string, string>,
    );
    expect([answer.status, /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1]]).toEqual([status, code]);
  });
});
