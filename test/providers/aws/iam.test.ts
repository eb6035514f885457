/** What other people's set-ups hold that we must not miss: inline policies, groups, further users of a provider, encryption, sessions. */
import * as iam from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { metadataDocument, postSigned } from "../../sandbox/iam-support.ts";
import { type AwsScene, awsScene } from "./scene.ts";

let scene: AwsScene;
beforeAll(async () => {
  scene = await awsScene({}, { iamQuotas: { roles: 7 } });
});
afterAll(() => scene.close());

const allow = (Action: string) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
const trust = (Federated: string | string[], Effect = "Allow") => ({
  Version: "2012-10-17",
  Statement: [{ Effect, Principal: { Federated }, Action: "sts:AssumeRoleWithSAML" }],
});
const provider = (name: string) => `arn:aws:iam::111122223333:saml-provider/${name}`;
const role = (name: string, document: object = trust(provider("Own"))) => {
  const fields = { path: "/", description: "", maxSessionDurationSeconds: 3600, tags: {} };
  return scene.account.iam.createRole({ name, trust: document, ...fields });
};

test("IAM is signed for its own region, whatever the client's is", async () => {
  const seen: (string | undefined)[] = [];
  const stop = scene.sandbox.onExchange(({ request }) => seen.push(request.headers.authorization));
  await scene.account.iam.getRole("nobody");
  stop();
  expect(seen).toEqual([expect.stringContaining("/us-east-1/iam/")]);
});

test("a key that does not exist was never used; a missing right to ask is an error all the same", async () => {
  const { iam: own } = scene.account;
  expect(await own.accessKeyUse("AKIAIOSFODNN7EXAMPLE")).toEqual({});
  await own.createUser({ name: "keyed", path: "/", tags: {} });
  const { id } = await own.createAccessKey("keyed");
  scene.sandbox.faults.add({ match: "iam:GetAccessKeyLastUsed", kind: "denied", count: 1 });
  await expect(own.accessKeyUse(id)).rejects.toMatchObject({ reason: "AccessDenied" });
  expect(await own.accessKeyUse(id)).toEqual({});
});

describe("inline policies", () => {
  test("of a role are read and deleted, and go with the role", async () => {
    await role("inline");
    const put = (PolicyName: string) =>
      scene.iam.send(
        new iam.PutRolePolicyCommand({ RoleName: "inline", PolicyName, PolicyDocument: JSON.stringify(allow("s3:*")) }),
      );
    await put("a");
    await put("b");
    expect(await scene.account.iam.inlineRolePolicies("inline")).toEqual([
      { name: "a", document: allow("s3:*") },
      { name: "b", document: allow("s3:*") },
    ]);
    await scene.account.iam.deleteRolePolicy("inline", "a");
    await scene.account.iam.deleteRolePolicy("inline", "a");
    await scene.account.iam.deleteRole("inline");
    expect(await scene.account.iam.inlineRolePolicies("inline")).toEqual([]);
  });

  test("of a user and of its groups are read; the user leaves the group", async () => {
    const UserName = "ci";
    await scene.account.iam.createUser({ name: UserName, path: "/", tags: {} });
    const PolicyDocument = JSON.stringify(allow("ec2:*"));
    await scene.iam.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument }));
    await scene.iam.send(new iam.CreateGroupCommand({ GroupName: "crew" }));
    await scene.iam.send(new iam.PutGroupPolicyCommand({ GroupName: "crew", PolicyName: "more", PolicyDocument }));
    const PolicyArn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    await scene.iam.send(new iam.AttachGroupPolicyCommand({ GroupName: "crew", PolicyArn }));
    await scene.iam.send(new iam.AddUserToGroupCommand({ GroupName: "crew", UserName }));
    expect(await scene.account.iam.inlineUserPolicies(UserName)).toEqual([{ name: "own", document: allow("ec2:*") }]);
    expect(await scene.account.iam.userGroups(UserName)).toEqual([
      { name: "crew", attachedPolicyArns: [PolicyArn], inline: [{ name: "more", document: allow("ec2:*") }] },
    ]);
    await scene.account.iam.removeFromGroup(UserName, "crew");
    await scene.account.iam.deleteUserPolicy(UserName, "own");
    expect(await scene.account.iam.userGroups(UserName)).toEqual([]);
    await scene.account.iam.deleteUser(UserName);
    expect(await scene.account.iam.userGroups(UserName)).toEqual([]);
  });
});

test("roles that trust a provider are found, in lists of principals too, and only where they allow it", async () => {
  await role("first", trust(provider("Shared")));
  await role("second", trust([provider("Other"), provider("shared")]));
  await role("third", trust(provider("Shared"), "Deny"));
  await role("fourth", trust(provider("Other")));
  const arn = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
  expect(await scene.account.iam.rolesTrusting(provider("Shared"))).toEqual([arn("first"), arn("second")]);
});

test("a policy's users are named, those for whom it is the boundary among them", async () => {
  const { Policy } = await scene.iam.send(
    new iam.CreatePolicyCommand({ PolicyName: "used", PolicyDocument: JSON.stringify(allow("s3:*")) }),
  );
  const permissionsBoundaryArn = Policy!.Arn!;
  await scene.account.iam.createUser({ name: "bounded", path: "/", tags: {}, permissionsBoundaryArn });
  await scene.account.iam.attachRolePolicy("first", permissionsBoundaryArn);
  expect(await scene.account.iam.policyEntities(permissionsBoundaryArn)).toEqual({
    roles: ["first"],
    users: ["bounded"],
    groups: [],
  });
});

test("a provider says whether it wants encrypted assertions", async () => {
  const metadata = metadataDocument("https://sts.windows.net/a/");
  const arn = await scene.account.iam.createSamlProvider({ name: "Encrypted", metadata, tags: {} });
  expect(await scene.account.iam.getSamlProvider(arn)).toMatchObject({
    assertionEncryption: "Allowed",
    privateKeys: 0,
  });
  const AddPrivateKey = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";
  const change = { SAMLProviderArn: arn, AddPrivateKey, AssertionEncryptionMode: "Required" as const };
  await scene.iam.send(new iam.UpdateSAMLProviderCommand(change));
  await scene.account.iam.updateSamlProvider(arn, metadata);
  expect(await scene.account.iam.getSamlProvider(arn)).toMatchObject({
    assertionEncryption: "Required",
    privateKeys: 1,
  });
});

test("sign-in sessions of a role are read, left alone, set and taken off", async () => {
  await role("signin");
  const read = async () => (await scene.account.iam.getRole("signin"))?.maxSigninSessionSeconds;
  expect(await read()).toBeUndefined();
  const fields = {
    Action: "UpdateRole",
    Version: "2010-05-08",
    RoleName: "signin",
    MaxSigninSessionDuration: "7776000",
  };
  await postSigned(`${scene.sandbox.url}/iam`, "iam", fields);
  const settings = { maxSessionDurationSeconds: 7200, description: "a+b & c" };
  await scene.account.iam.updateRole("signin", settings);
  expect(await scene.account.iam.getRole("signin")).toMatchObject({ ...settings, maxSigninSessionSeconds: 7_776_000 });
  await scene.account.iam.updateRole("signin", { ...settings, maxSigninSessionSeconds: 3600 });
  expect(await read()).toBe(3600);
  await scene.account.iam.updateRole("signin", { ...settings, maxSigninSessionSeconds: null });
  expect(await scene.account.iam.getRole("signin")).toMatchObject(settings);
  expect(await read()).toBeUndefined();
});

test("quotas of the account say what is left", async () => {
  const { roles, policies } = await scene.account.iam.quotas();
  expect([roles, policies]).toEqual([
    { used: 5, limit: 7 },
    { used: 1, limit: 1500 },
  ]);
});
