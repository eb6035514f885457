/** Inline policies, groups, providers' keys, sign-in sessions and quotas of the sandbox's IAM, over HTTP. */
import * as iam from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DOMParser } from "@xmldom/xmldom";
import { ADMIN, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { failure, metadataDocument, postSigned } from "./iam-support.ts";

let sandbox: Sandbox;
let client: iam.IAMClient;
let account: string;
beforeAll(async () => {
  const iamQuotas = { roles: 3, policies: 2, users: 3, groups: 1, samlProviders: 2 };
  sandbox = await startSandbox({ world: { iamQuotas, behaviour: { quotas: "unlimited" } } });
  account = sandbox.world.account;
  client = connected(ADMIN);
});
afterAll(async () => {
  client.destroy();
  await sandbox.close();
});
const connected = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new iam.IAMClient({ endpoint: `${sandbox.url}/iam`, region: "us-east-1", credentials, maxAttempts: 1 });

const allow = (Action: string, Effect = "Allow") =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect, Action, Resource: "*" }] }, null, 1);
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
});
/** What the SDK at hand does not know yet goes over the wire by hand. */
async function post(
  fields: Record<string, string>,
): Promise<{ status: number; text(name: string): string | undefined }> {
  const answer = await postSigned(`${sandbox.url}/iam`, "iam", { Version: "2010-05-08", ...fields });
  const root = new DOMParser().parseFromString(await answer.text(), "text/xml").documentElement!;
  return { status: answer.status, text: (name) => root.getElementsByTagName(name).item(0)?.textContent ?? undefined };
}

describe("inline policies", () => {
  test("of a role: put, read as written, replaced, counted by the decision, in the way of deletion", async () => {
    const RoleName = "inline";
    const PolicyName = "own";
    const { Role } = await client.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
    const decision = async () => {
      const input = { PolicySourceArn: Role?.Arn, ActionNames: ["connect:DeleteUser"] };
      const { EvaluationResults } = await client.send(new iam.SimulatePrincipalPolicyCommand(input));
      return EvaluationResults?.[0]?.EvalDecision;
    };
    const put = (PolicyDocument: string) =>
      client.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
    expect(await decision()).toBe("implicitDeny");
    await put(allow("connect:*"));
    expect(await decision()).toBe("allowed");
    await put(allow("connect:*", "Deny"));
    expect(await decision()).toBe("explicitDeny");
    const read = await client.send(new iam.GetRolePolicyCommand({ RoleName, PolicyName }));
    expect(decodeURIComponent(read.PolicyDocument!)).toBe(allow("connect:*", "Deny"));
    expect((await client.send(new iam.ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual([PolicyName]);
    expect(await failure(client.send(new iam.DeleteRoleCommand({ RoleName })))).toEqual([
      "DeleteConflictException",
      409,
      "Cannot delete entity, must delete policies first.",
    ]);
    await client.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName }));
    expect(await failure(client.send(new iam.GetRolePolicyCommand({ RoleName, PolicyName })))).toEqual([
      "NoSuchEntityException",
      404,
      "The role policy with name own cannot be found.",
    ]);
    await client.send(new iam.DeleteRoleCommand({ RoleName }));
  });
  test("are held against the grammar", async () => {
    const RoleName = "checked";
    await client.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
    const PolicyDocument = allow("nothing");
    const call = client.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: "bad", PolicyDocument }));
    expect((await failure(call)).slice(0, 2)).toEqual(["MalformedPolicyDocumentException", 400]);
    await client.send(new iam.DeleteRoleCommand({ RoleName }));
  });
});

test("a user has the rights of its groups, and neither is deleted while the other is there", async () => {
  const UserName = "member";
  const GroupName = "crew";
  await client.send(new iam.CreateUserCommand({ UserName }));
  await client.send(new iam.CreateGroupCommand({ GroupName }));
  const { Policy } = await client.send(
    new iam.CreatePolicyCommand({ PolicyName: "of-group", PolicyDocument: allow("iam:ListRoles") }),
  );
  const PolicyArn = Policy?.Arn;
  await client.send(new iam.AttachGroupPolicyCommand({ GroupName, PolicyArn }));
  await client.send(
    new iam.PutGroupPolicyCommand({ GroupName, PolicyName: "own", PolicyDocument: allow("iam:ListUsers") }),
  );
  const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
  const own = connected({ accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! });
  const roles = () => own.send(new iam.ListRolesCommand({}));
  expect((await failure(roles()))[0]).toBe("AccessDenied");
  await client.send(new iam.AddUserToGroupCommand({ GroupName, UserName }));
  await roles();
  await own.send(new iam.ListUsersCommand({}));
  own.destroy();
  const { Groups } = await client.send(new iam.ListGroupsForUserCommand({ UserName }));
  expect(Groups).toMatchObject([{ GroupName, Arn: `arn:aws:iam::${account}:group/${GroupName}` }]);
  const { Users } = await client.send(new iam.GetGroupCommand({ GroupName }));
  expect(Users?.map((one) => one.UserName)).toEqual([UserName]);
  const holders = await client.send(new iam.ListEntitiesForPolicyCommand({ PolicyArn }));
  expect(holders.PolicyGroups).toMatchObject([{ GroupName }]);
  const conflicts = [
    client.send(new iam.DeleteUserCommand({ UserName })),
    client.send(new iam.DeleteGroupCommand({ GroupName })),
    client.send(new iam.DeletePolicyCommand({ PolicyArn })),
  ];
  for (const call of conflicts) expect((await failure(call))[0]).toBe("DeleteConflictException");
  await client.send(new iam.RemoveUserFromGroupCommand({ GroupName, UserName }));
  await client.send(new iam.DetachGroupPolicyCommand({ GroupName, PolicyArn }));
  expect((await failure(client.send(new iam.DeleteGroupCommand({ GroupName }))))[2]).toContain("must delete policies");
  await client.send(new iam.DeleteGroupPolicyCommand({ GroupName, PolicyName: "own" }));
  await client.send(new iam.DeleteGroupCommand({ GroupName }));
  await client.send(new iam.DeletePolicyCommand({ PolicyArn }));
  await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId: AccessKey!.AccessKeyId }));
  await client.send(new iam.DeleteUserCommand({ UserName }));
});

describe("SAML providers", () => {
  const SAMLMetadataDocument = metadataDocument("https://sts.windows.net/keys/");
  const key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";
  let SAMLProviderArn = "";
  beforeAll(async () => {
    const made = await client.send(new iam.CreateSAMLProviderCommand({ Name: "keys", SAMLMetadataDocument }));
    SAMLProviderArn = made.SAMLProviderArn!;
  });
  afterAll(() => client.send(new iam.DeleteSAMLProviderCommand({ SAMLProviderArn })));
  const update = (input: Partial<iam.UpdateSAMLProviderCommandInput>) =>
    client.send(new iam.UpdateSAMLProviderCommand({ SAMLProviderArn, ...input }));
  const read = () => client.send(new iam.GetSAMLProviderCommand({ SAMLProviderArn }));

  test("encryption needs a private key, two at most; an update keeps what it does not name", async () => {
    expect((await failure(update({ AssertionEncryptionMode: "Required" })))[0]).toBe("InvalidInputException");
    await update({ AssertionEncryptionMode: "Required", AddPrivateKey: key });
    await update({ SAMLMetadataDocument });
    expect(await read()).toMatchObject({ AssertionEncryptionMode: "Required", SAMLMetadataDocument });
    await update({ AddPrivateKey: key });
    expect((await failure(update({ AddPrivateKey: key })))[0]).toBe("LimitExceededException");
    const ids = (await read()).PrivateKeyList!.map(({ KeyId }) => KeyId);
    await update({ RemovePrivateKey: ids[0] });
    expect((await read()).PrivateKeyList!.map(({ KeyId }) => KeyId)).toEqual([ids[1]]);
    expect((await failure(update({ RemovePrivateKey: ids[1] })))[0]).toBe("InvalidInputException");
    expect((await failure(update({ RemovePrivateKey: ids[0] })))[0]).toBe("NoSuchEntityException");
  });

  test("hashes of keys by issuer; trusted identity propagation outlives an update of the metadata", async () => {
    const Action = "UpdateSAMLProvider";
    const center = "arn:aws:sso:::instance/ssoins-1234567890abcdef";
    const context = { "ContextProvider.SubjectSourceKey": "NameID", IdentityCenterInstanceArn: center };
    expect((await post({ Action, SAMLProviderArn, ...context })).status).toBe(200);
    await update({ SAMLMetadataDocument });
    const shown = await post({ Action: "GetSAMLProvider", SAMLProviderArn });
    expect(shown.text("SubjectSourceKey")).toBe("NameID");
    expect(shown.text("IdentityCenterInstanceArn")).toBe(center);
    expect(shown.text("IssuerURL")).toBe("https://sts.windows.net/keys/");
    expect(shown.text("KeyHashes")).toMatch(/^\s*[0-9a-f]{64}\s*$/);
    const list = () => post({ Action: "ListSAMLProviders" });
    expect((await list()).text("IsTrustedIdentityPropagationEnabled")).toBe("true");
    await post({ Action, SAMLProviderArn, RemoveIdentityCenterInstance: "true", RemoveContextProvider: "true" });
    expect((await list()).text("IsTrustedIdentityPropagationEnabled")).toBe("false");
    const bad = { Action, SAMLProviderArn, "ContextProvider.SubjectTypeValue": "x" };
    expect((await post(bad)).text("Code")).toBe("InvalidInput");
  });
});

test("MaxSigninSessionDuration stays unless it is named, and is reset by its own member", async () => {
  const RoleName = "signin";
  const shown = async () => (await post({ Action: "GetRole", RoleName })).text("MaxSigninSessionDuration");
  await post({
    Action: "CreateRole",
    RoleName,
    AssumeRolePolicyDocument: trust,
    MaxSigninSessionDuration: "7776000",
  });
  expect(await shown()).toBe("7776000");
  await client.send(new iam.UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 }));
  expect(await shown()).toBe("7776000");
  const update = (fields: Record<string, string>) => post({ Action: "UpdateRole", RoleName, ...fields });
  expect((await update({ MaxSigninSessionDuration: "3599" })).text("Code")).toBe("ValidationError");
  const both = { MaxSigninSessionDuration: "3600", ResetMaxSigninSessionDuration: "true" };
  expect((await update(both)).text("Code")).toBe("InvalidInput");
  await update({ ResetMaxSigninSessionDuration: "true" });
  expect(await shown()).toBeUndefined();
  await client.send(new iam.DeleteRoleCommand({ RoleName }));
});

test("quotas of the account refuse the next one, and GetAccountSummary shows them", async () => {
  const make = {
    RolesPerAccount: (n: number) =>
      client.send(new iam.CreateRoleCommand({ RoleName: `r${n}`, AssumeRolePolicyDocument: trust })),
    PoliciesPerAccount: (n: number) =>
      client.send(new iam.CreatePolicyCommand({ PolicyName: `p${n}`, PolicyDocument: allow("s3:Get*") })),
    UsersPerAccount: (n: number) => client.send(new iam.CreateUserCommand({ UserName: `u${n}` })),
    GroupsPerAccount: (n: number) => client.send(new iam.CreateGroupCommand({ GroupName: `g${n}` })),
    SAMLProvidersPerAccount: (n: number) =>
      client.send(
        new iam.CreateSAMLProviderCommand({ Name: `s${n}`, SAMLMetadataDocument: metadataDocument("https://a/") }),
      ),
  };
  const limits = {
    RolesPerAccount: 3,
    PoliciesPerAccount: 2,
    UsersPerAccount: 3,
    GroupsPerAccount: 1,
    SAMLProvidersPerAccount: 2,
  };
  for (const [name, most] of Object.entries(limits)) {
    const one = make[name as keyof typeof make];
    for (let n = 0; n < most; n++) await one(n);
    expect(await failure(one(most))).toEqual([
      "LimitExceededException",
      409,
      `Cannot exceed quota for ${name}: ${most}`,
    ]);
  }
  const { SummaryMap } = await client.send(new iam.GetAccountSummaryCommand({}));
  expect(SummaryMap).toMatchObject({
    Roles: 3,
    RolesQuota: 3,
    Policies: 2,
    PoliciesQuota: 2,
    Providers: 2,
    GroupsQuota: 1,
  });
});
