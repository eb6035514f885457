/** Users and quick connects of the instance; roles, users and SAML providers of IAM. */
import {
  DeleteQuickConnectCommand,
  DeleteUserCommand,
  ListQuickConnectsCommand,
  ListUsersCommand,
} from "@aws-sdk/client-connect";
import {
  DeleteAccessKeyCommand,
  DeleteUserCommand as DeleteIamUserCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteSAMLProviderCommand,
  DeleteUserPolicyCommand,
  ListAccessKeysCommand,
  ListUsersCommand as ListIamUsersCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListSAMLProvidersCommand,
  ListUserPoliciesCommand,
} from "@aws-sdk/client-iam";
import type { CleanUp, Remains } from "./clean-up.ts";
import { PATH } from "./steps/trust.ts";
import type { Answer } from "./types.ts";

export async function cleanAws(p: CleanUp, remains: Remains): Promise<void> {
  if (p.needs.has("connect")) await cleanConnect(p, remains);
  if (p.needs.has("iam")) await cleanIam(p, remains);
}

const remembered = ({ made }: CleanUp, kind: string): string[] =>
  made.flatMap((one) => (one.kind === kind ? [one.id] : []));

/** All pages; what was read before a refusal is kept. */
async function all<T>(
  remains: Remains,
  what: string,
  read: (token: string | undefined) => Promise<{ answer: Answer<object>; rows: T[]; next: string | undefined }>,
): Promise<T[]> {
  const found: T[] = [];
  for (let token: string | undefined; ; ) {
    const { answer, rows, next } = await read(token);
    if (!answer.ok) remains.unread(what, answer);
    found.push(...rows);
    if (!answer.ok || !next) return found;
    token = next;
  }
}

async function cleanConnect(p: CleanUp, remains: Remains): Promise<void> {
  const { aws, name } = p;
  const InstanceId = aws.instanceId;
  const quick = await all(remains, "quick connects", async (NextToken) => {
    const answer = await aws.connect(new ListQuickConnectsCommand({ InstanceId, NextToken }));
    return { answer, rows: answer.body?.QuickConnectSummaryList ?? [], next: answer.body?.NextToken };
  });
  const ids = quick.filter(({ Name }) => Name?.startsWith(name)).map(({ Id = "" }) => Id);
  for (const QuickConnectId of new Set([...remembered(p, "quickConnect"), ...ids]))
    remains.gone("quick connects", await aws.connect(new DeleteQuickConnectCommand({ InstanceId, QuickConnectId })));
  const users = await all(remains, "Connect users", async (NextToken) => {
    const answer = await aws.connect(new ListUsersCommand({ InstanceId, NextToken, MaxResults: 1000 }));
    return { answer, rows: answer.body?.UserSummaryList ?? [], next: answer.body?.NextToken };
  });
  const ours = users.filter(({ Username }) => Username?.startsWith(name)).map(({ Id = "" }) => Id);
  for (const UserId of new Set([...remembered(p, "connectUser"), ...ours]))
    remains.gone("Connect users", await aws.connect(new DeleteUserCommand({ InstanceId, UserId })));
}

async function cleanIam(p: CleanUp, remains: Remains): Promise<void> {
  const { aws, name } = p;
  const roles = await all(remains, "roles", async (Marker) => {
    const answer = await aws.iam(new ListRolesCommand({ PathPrefix: PATH, Marker }));
    return { answer, rows: answer.body?.Roles ?? [], next: answer.body?.Marker };
  });
  const ours = roles.flatMap(({ RoleName }) => (RoleName?.startsWith(name) ? [RoleName] : []));
  for (const RoleName of new Set([...remembered(p, "role"), ...ours])) {
    const inline = await aws.iam(new ListRolePoliciesCommand({ RoleName }));
    for (const PolicyName of inline.body?.PolicyNames ?? [])
      await aws.iam(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    remains.gone("roles", await aws.iam(new DeleteRoleCommand({ RoleName })));
  }
  const providers = await aws.iam(new ListSAMLProvidersCommand({}));
  if (!providers.ok) remains.unread("SAML providers", providers);
  const arns = (providers.body?.SAMLProviderList ?? []).flatMap(({ Arn }) =>
    Arn?.split("/").at(-1)?.startsWith(name) ? [Arn] : [],
  );
  for (const SAMLProviderArn of new Set([...remembered(p, "samlProvider"), ...arns]))
    remains.gone("SAML providers", await aws.iam(new DeleteSAMLProviderCommand({ SAMLProviderArn })));
  await cleanIamUsers(p, remains);
}

async function cleanIamUsers(p: CleanUp, remains: Remains): Promise<void> {
  const { aws, name } = p;
  const users = await all(remains, "IAM users", async (Marker) => {
    const answer = await aws.iam(new ListIamUsersCommand({ PathPrefix: PATH, Marker }));
    return { answer, rows: answer.body?.Users ?? [], next: answer.body?.Marker };
  });
  const ours = users.flatMap(({ UserName }) => (UserName?.startsWith(name) ? [UserName] : []));
  for (const UserName of new Set([...remembered(p, "iamUser"), ...ours])) {
    const keys = await aws.iam(new ListAccessKeysCommand({ UserName }));
    for (const { AccessKeyId } of keys.body?.AccessKeyMetadata ?? [])
      await aws.iam(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    const inline = await aws.iam(new ListUserPoliciesCommand({ UserName }));
    for (const PolicyName of inline.body?.PolicyNames ?? [])
      await aws.iam(new DeleteUserPolicyCommand({ UserName, PolicyName }));
    remains.gone("IAM users", await aws.iam(new DeleteIamUserCommand({ UserName })));
  }
}
