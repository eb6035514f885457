/**
 * What IAM asks of policies before it runs an operation: actions, resources and the condition keys of the Service Authorization
 * Reference. Keys that the reference does not list for an action are absent, so a condition on them does not hold.
 */
import type { Question } from "./evaluate.ts";
import type { Parameters } from "./parameters.ts";
import type { IamState, Tag, User } from "./state.ts";

/** iam:PermissionsBoundary is the boundary that the request sets. */
const SETS_BOUNDARY = ["CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary"];
/** iam:PermissionsBoundary is the boundary that the role or user carries. */
const CARRIES_BOUNDARY = [
  ...["AttachRolePolicy", "DetachRolePolicy", "DeleteRolePolicy", "DeleteRole", "DeleteRolePermissionsBoundary"],
  ...["GetRole", "UpdateRole", "UpdateAssumeRolePolicy"],
  ...["AttachUserPolicy", "DetachUserPolicy", "DeleteUserPolicy", "DeleteUserPermissionsBoundary"],
  ...["PutRolePolicy", "PutUserPolicy"],
];
const NAMES_POLICY = [
  "AttachRolePolicy",
  "DetachRolePolicy",
  "AttachUserPolicy",
  "DetachUserPolicy",
  "AttachGroupPolicy",
  "DetachGroupPolicy",
];
/** Tags given at creation need the right to tag as well (IAM user guide, "Controlling access to tags"). */
const TAGGING: Record<string, string> = {
  CreateRole: "iam:TagRole",
  CreateUser: "iam:TagUser",
  CreatePolicy: "iam:TagPolicy",
  CreateSAMLProvider: "iam:TagSAMLProvider",
};

/** All must be allowed. */
export function questionsOf(state: IamState, operation: string, p: Parameters): Question[] {
  // A key that does not exist is refused before policies are asked, in words of its own.
  if (operation === "GetAccessKeyLastUsed" && !ownerOfKey(state, p)) return [];
  const resource = resourceOf(state, operation, p);
  const context = { ...requestTags(p), ...entityContext(state, operation, p) };
  const questions = [{ action: `iam:${operation}`, resource, context }];
  const tagging = TAGGING[operation];
  if (tagging && p.peek("Tags.member.1.Key") !== undefined)
    questions.push({ action: tagging, resource, context: requestTags(p) });
  return questions;
}

function requestTags(p: Parameters): Record<string, string[]> {
  const context: Record<string, string[]> = {};
  const keys = p.members("TagKeys");
  for (let index = 1; p.peek(`Tags.member.${index}.Key`) !== undefined; index++) {
    const key = p.peek(`Tags.member.${index}.Key`)!;
    keys.push(key);
    context[`aws:RequestTag/${key}`] = [p.peek(`Tags.member.${index}.Value`) ?? ""];
  }
  return keys.length > 0 ? { ...context, "aws:TagKeys": keys } : context;
}

function entityContext(state: IamState, operation: string, p: Parameters): Record<string, string[]> {
  const role = state.roles.get((p.peek("RoleName") ?? "").toLowerCase());
  const entity = role ?? state.users.get((p.peek("UserName") ?? "").toLowerCase());
  const context: Record<string, string[]> = {};
  const boundary = SETS_BOUNDARY.includes(operation)
    ? p.peek("PermissionsBoundary")
    : CARRIES_BOUNDARY.includes(operation)
      ? entity?.boundary
      : undefined;
  if (boundary !== undefined) context["iam:PermissionsBoundary"] = [boundary];
  const policy = p.peek("PolicyArn");
  if (NAMES_POLICY.includes(operation) && policy !== undefined) context["iam:PolicyARN"] = [policy];
  // A role that is to be created has no tags yet, even when another of its name exists.
  if (operation.startsWith("Create")) return context;
  const own = entity?.tags ?? tagsByArn(state, p);
  for (const { Key, Value } of own) {
    context[`aws:ResourceTag/${Key}`] = [Value];
    if (entity) context[`iam:ResourceTag/${Key}`] = [Value];
  }
  return context;
}

function tagsByArn({ policies, providers }: IamState, p: Parameters): Tag[] {
  const arn = (p.peek("PolicyArn") ?? p.peek("SAMLProviderArn") ?? "").toLowerCase();
  return policies.get(arn)?.tags ?? providers.get(arn)?.tags ?? [];
}

/** Operations on one object that name no resource type in the reference: they are asked for `*`. */
const WITHOUT_RESOURCE = /^List(Roles|Users|Groups|Policies|SAMLProviders|AccountAliases)$|^GetAccountSummary$/;

/** The ARN that a request is about. IAM does not know the path of what does not exist: such a name is in the root path. */
function resourceOf(state: IamState, operation: string, p: Parameters): string {
  if (WITHOUT_RESOURCE.test(operation)) return "*";
  const { account } = state;
  const own = (type: string, name: string) => {
    const path = operation.startsWith("Create") ? (p.peek("Path") ?? "/") : "/";
    return `arn:aws:iam::${account}:${type}${path}${name}`;
  };
  const role = p.peek("RoleName");
  const user = p.peek("UserName");
  const group = p.peek("GroupName");
  if (operation === "CreateRole") return own("role", role ?? "");
  if (operation === "CreateUser") return own("user", user ?? "");
  if (operation === "CreateGroup") return own("group", group ?? "");
  if (operation === "CreatePolicy") return own("policy", p.peek("PolicyName") ?? "");
  if (operation === "CreateSAMLProvider") return own("saml-provider", p.peek("Name") ?? "");
  if (operation === "GetAccessKeyLastUsed") return ownerOfKey(state, p)!.arn;
  if (role !== undefined) return state.roles.get(role.toLowerCase())?.arn ?? own("role", role);
  if (group !== undefined) return state.groups.get(group.toLowerCase())?.arn ?? own("group", group);
  if (user !== undefined) return state.users.get(user.toLowerCase())?.arn ?? own("user", user);
  return p.peek("SAMLProviderArn") ?? p.peek("PolicyArn") ?? p.peek("PolicySourceArn") ?? "*";
}

function ownerOfKey({ users }: IamState, p: Parameters): User | undefined {
  return [...users.values()].find(({ keys }) => keys.some(({ id }) => id === p.peek("AccessKeyId")));
}
