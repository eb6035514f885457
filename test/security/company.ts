/** What a company made itself in its account, none of it with a tag of ours; and how it looks. */
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  CreateUserCommand,
  GetPolicyCommand,
  GetRoleCommand,
  GetSAMLProviderCommand,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { ACCOUNT, adminIam as iam } from "../policy/support.ts";
import { metadataDocument } from "../sandbox/iam-support.ts";

const IAM = `arn:aws:iam::${ACCOUNT}`;
export const COMPANY_BOUNDARY = `${IAM}:policy/CompanyBoundary`;
export const policy = (Action: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
export const trust = (provider: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `${IAM}:saml-provider/${provider}` },
        Action: "sts:AssumeRoleWithSAML",
        Condition: { StringEquals: { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
      },
    ],
  });

/** Where the company's objects are: `path`, and what the name of its provider begins with. */
export interface Place {
  path: string;
  provider: string;
}
export const ELSEWHERE: Place = { path: "/", provider: "CompanySSO" };
/** Where the recommended policy lets the controller write. */
export const WITHIN: Place = { path: "/connect-sso/", provider: "connect-sso-company" };

/** Roles, a provider, policies and a user of the company, none with a tag of ours. */
export async function company({ path: Path, provider }: Place): Promise<void> {
  const aws = iam();
  await aws.send(new CreatePolicyCommand({ PolicyName: "CompanyBoundary", PolicyDocument: policy("s3:*") }));
  const PolicyDocument = policy("s3:GetObject");
  const { Policy } = await aws.send(
    new CreatePolicyCommand({ PolicyName: "CompanyDeveloperAccess", Path, PolicyDocument }),
  );
  const PolicyArn = Policy!.Arn;
  const SAMLMetadataDocument = metadataDocument("https://sso.example.com/idp");
  await aws.send(new CreateSAMLProviderCommand({ Name: provider, SAMLMetadataDocument }));
  for (const [RoleName, trusted, PermissionsBoundary] of [
    ["CompanyAdmin", provider, COMPANY_BOUNDARY],
    ["Finance", provider, undefined],
    // It trusts what the persona would make, and has more rights.
    ["Legacy", "connect-sso-team-evil", undefined],
  ] as const) {
    const AssumeRolePolicyDocument = trust(trusted);
    await aws.send(new CreateRoleCommand({ RoleName, Path, AssumeRolePolicyDocument, PermissionsBoundary }));
    await aws.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  }
  for (const RoleName of ["CompanyAdmin", "Legacy"])
    await aws.send(new PutRolePolicyCommand({ RoleName, PolicyName: "all", PolicyDocument: policy("*") }));
  await aws.send(new CreateUserCommand({ UserName: "ci-deployer", Path }));
  await aws.send(new AttachUserPolicyCommand({ UserName: "ci-deployer", PolicyArn }));
  await aws.send(new CreateAccessKeyCommand({ UserName: "ci-deployer" }));
}

/** All of it, as the company sees it. */
export async function seen({ path, provider }: Place): Promise<unknown> {
  const aws = iam();
  const saml = await aws.send(new GetSAMLProviderCommand({ SAMLProviderArn: `${IAM}:saml-provider/${provider}` }));
  const roles = await Promise.all(
    ["CompanyAdmin", "Finance", "Legacy"].map(async (RoleName) => {
      const { Role } = await aws.send(new GetRoleCommand({ RoleName }));
      const inline = await aws.send(new ListRolePoliciesCommand({ RoleName }));
      const { AttachedPolicies } = await aws.send(new ListAttachedRolePoliciesCommand({ RoleName }));
      return [
        Role!.AssumeRolePolicyDocument,
        Role!.PermissionsBoundary,
        Role!.Tags,
        inline.PolicyNames,
        AttachedPolicies,
      ];
    }),
  );
  const PolicyArn = `${IAM}:policy${path}CompanyDeveloperAccess`;
  const { Policy } = await aws.send(new GetPolicyCommand({ PolicyArn }));
  const { AccessKeyMetadata: keys } = await aws.send(new ListAccessKeysCommand({ UserName: "ci-deployer" }));
  const { AttachedPolicies } = await aws.send(new ListAttachedUserPoliciesCommand({ UserName: "ci-deployer" }));
  return JSON.parse(
    JSON.stringify([
      saml.SAMLMetadataDocument,
      saml.Tags ?? [],
      roles,
      [Policy!.DefaultVersionId, Policy!.AttachmentCount, Policy!.Tags ?? []],
      keys!.map((key) => [key.AccessKeyId, key.Status]),
      AttachedPolicies,
    ]),
  );
}
