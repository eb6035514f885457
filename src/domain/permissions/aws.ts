/**
 * The least IAM policy of the controller and the boundary of what it creates. Resource types and condition keys are those of
 * the Service Authorization Reference (iam, connect, ds).
 */
import { type PolicyDocument, type Statement, splitPolicy } from "./documents.ts";
import type { AwsScope, InstanceScope } from "./scope.ts";

/** Actions that a controller may go through life without, and what they are for all the same. */
export const SELDOM_USED: Record<string, string> = {
  "iam:DeleteRolePolicy": "somebody put an inline policy on the role",
  "iam:DeleteUserPolicy": "somebody put an inline policy on the user",
  "iam:GetRolePolicy": "somebody put an inline policy on the role",
  "iam:GetUserPolicy": "somebody put an inline policy on the user",
  "iam:GetGroupPolicy": "somebody put the user into a group with an inline policy",
  "iam:ListGroupPolicies": "somebody put the user into a group",
  "iam:ListAttachedGroupPolicies": "somebody put the user into a group",
  "iam:RemoveUserFromGroup": "somebody put the user into a group",
  "iam:UntagRole": "a tag in aws.tags is declared no more",
  "iam:UntagSAMLProvider": "a tag in aws.tags is declared no more",
  "iam:UntagUser": "from the second key rotation on, the mark of the one before is taken off",
};

/** The controller's policy: one document, or several when IAM's 6,144 characters are not enough for one. */
export function controllerPolicies(scope: AwsScope): PolicyDocument[] {
  return splitPolicy([
    {
      Sid: "LookUpRoles",
      Effect: "Allow",
      Action: ["iam:GetRole"],
      Resource: merged(scope.roles, scope.lookups.roles),
    },
    {
      Sid: "LookUpUsers",
      Effect: "Allow",
      Action: ["iam:GetUser"],
      Resource: merged(scope.users, scope.lookups.users),
    },
    {
      Sid: "LookAtAccount",
      Effect: "Allow",
      // Who else trusts a SAML provider, and how much of the account's quotas is left.
      Action: ["iam:ListRoles", "iam:ListSAMLProviders", "iam:GetAccountSummary"],
      Resource: ["*"],
    },
    ...policyStatements(scope),
    ...roleStatements(scope),
    ...userStatements(scope),
    ...connectStatements(scope.instances),
    ...guards(scope),
    ...(scope.assumes ? [furtherAccounts(scope.assumes)] : []),
  ]);
}

/** For roles of the controller in further accounts (`accounts[].assumeRoleArn` of the settings file). */
export function furtherAccounts(roleArns: string[]): Statement {
  return { Sid: "FurtherAccounts", Effect: "Allow", Action: ["sts:AssumeRole"], Resource: roleArns };
}

/** What a role or user of the controller can do at most, whatever policies it is given. */
export function boundaryPolicy(scope: AwsScope): PolicyDocument {
  const statements: Statement[] = [
    {
      Sid: "SignIn",
      Effect: "Allow",
      Action: ["connect:GetFederationToken"],
      Resource: scope.instances.map((instance) => `${arnOf(instance)}/user/\${aws:userid}`),
    },
  ];
  if (scope.provisioning)
    statements.push({
      Sid: "EntraRoleImport",
      Effect: "Allow",
      Action: ["iam:ListRoles", "iam:ListAccountAliases"],
      Resource: ["*"],
    });
  const [document, further] = splitPolicy(statements);
  if (further)
    throw new RangeError("the boundary does not fit into one policy: use one account per group of instances");
  return document!;
}

function policyStatements({ policies, samlProviders }: AwsScope): Statement[] {
  return [
    {
      Sid: "Policies",
      Effect: "Allow",
      Action: [
        "iam:CreatePolicy",
        "iam:GetPolicy",
        "iam:DeletePolicy",
        "iam:CreatePolicyVersion",
        "iam:GetPolicyVersion",
        "iam:ListPolicyVersions",
        "iam:DeletePolicyVersion",
        "iam:ListEntitiesForPolicy",
        "iam:TagPolicy",
      ],
      Resource: policies,
    },
    {
      Sid: "SamlProviders",
      Effect: "Allow",
      Action: [
        "iam:CreateSAMLProvider",
        "iam:GetSAMLProvider",
        "iam:UpdateSAMLProvider",
        "iam:DeleteSAMLProvider",
        "iam:TagSAMLProvider",
        "iam:UntagSAMLProvider",
      ],
      Resource: samlProviders,
    },
  ];
}

/** Who a role trusts and what is attached to it can be changed only while it carries the boundary. */
function roleStatements({ roles, policies, boundaryArn }: AwsScope): Statement[] {
  const bounded = { StringEquals: { "iam:PermissionsBoundary": boundaryArn } };
  return [
    {
      Sid: "RolesWithinBoundary",
      Effect: "Allow",
      Action: ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"],
      Resource: roles,
      Condition: bounded,
    },
    {
      Sid: "RolePolicies",
      Effect: "Allow",
      Action: ["iam:AttachRolePolicy"],
      Resource: roles,
      Condition: { ...bounded, ArnLike: { "iam:PolicyARN": policies } },
    },
    {
      Sid: "Roles",
      Effect: "Allow",
      Action: [
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:GetRolePolicy",
        "iam:DetachRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
        "iam:TagRole",
        "iam:UntagRole",
      ],
      Resource: roles,
    },
  ];
}

/** In mode Direct there are none; whether a user of mode Provisioning was left over is a look-up. */
function userStatements({ partition, account, users, policies, boundaryArn, provisioning }: AwsScope): Statement[] {
  if (!provisioning) return [];
  const bounded = { StringEquals: { "iam:PermissionsBoundary": boundaryArn } };
  return [
    {
      Sid: "UsersWithinBoundary",
      Effect: "Allow",
      Action: ["iam:CreateUser", "iam:PutUserPermissionsBoundary"],
      Resource: users,
      Condition: bounded,
    },
    {
      Sid: "UserPolicies",
      Effect: "Allow",
      Action: ["iam:AttachUserPolicy"],
      Resource: users,
      Condition: { ...bounded, ArnLike: { "iam:PolicyARN": policies } },
    },
    {
      Sid: "UsersAndKeys",
      Effect: "Allow",
      Action: [
        "iam:ListAttachedUserPolicies",
        "iam:ListUserPolicies",
        "iam:GetUserPolicy",
        "iam:ListGroupsForUser",
        "iam:DetachUserPolicy",
        "iam:DeleteUserPolicy",
        "iam:DeleteUser",
        "iam:TagUser",
        "iam:UntagUser",
        "iam:CreateAccessKey",
        "iam:ListAccessKeys",
        "iam:UpdateAccessKey",
        "iam:DeleteAccessKey",
        "iam:GetAccessKeyLastUsed",
      ],
      Resource: users,
    },
    {
      Sid: "GroupsOfUsers",
      Effect: "Allow",
      Action: [
        "iam:ListGroupPolicies",
        "iam:GetGroupPolicy",
        "iam:ListAttachedGroupPolicies",
        "iam:RemoveUserFromGroup",
      ],
      // RemoveUserFromGroup knows no narrower resource than the group.
      Resource: [`arn:${partition}:iam::${account}:group/*`],
    },
  ];
}

/** Each action is authorised for every resource type it names: CreateUser needs the user, its profiles and its group. */
function connectStatements(instances: InstanceScope[]): Statement[] {
  const each = (suffix: string) => instances.map((instance) => `${arnOf(instance)}${suffix}`);
  const proficiencies = [
    "connect:ListUserProficiencies",
    "connect:AssociateUserProficiencies",
    "connect:UpdateUserProficiencies",
    "connect:DisassociateUserProficiencies",
  ];
  return [
    {
      Sid: "ConnectInstance",
      Effect: "Allow",
      Action: [
        "connect:DescribeInstance",
        "connect:ListUsers",
        "connect:SearchUsers",
        "connect:ListSecurityProfiles",
        "connect:ListRoutingProfiles",
        "connect:SearchUserHierarchyGroups",
        "connect:SearchQuickConnects",
        ...proficiencies,
      ],
      Resource: each(""),
    },
    {
      Sid: "ConnectUsers",
      Effect: "Allow",
      Action: [
        "connect:CreateUser",
        "connect:DescribeUser",
        "connect:DeleteUser",
        "connect:UpdateUserIdentityInfo",
        "connect:UpdateUserConfig",
        "connect:UpdateUserSecurityProfiles",
        "connect:UpdateUserRoutingProfile",
        "connect:UpdateUserHierarchy",
        "connect:DeleteAllEntitySessions",
        "connect:UpdateQuickConnectConfig",
        ...proficiencies,
        "connect:TagResource",
        "connect:UntagResource",
      ],
      Resource: each("/agent/*"),
    },
    {
      Sid: "SecurityProfiles",
      Effect: "Allow",
      Action: ["connect:CreateUser", "connect:UpdateUserSecurityProfiles", "connect:ListSecurityProfilePermissions"],
      Resource: instances.flatMap((instance) =>
        (instance.securityProfileIds ?? ["*"]).map((id) => `${arnOf(instance)}/security-profile/${id}`),
      ),
    },
    {
      Sid: "RoutingProfiles",
      Effect: "Allow",
      Action: ["connect:CreateUser", "connect:UpdateUserRoutingProfile"],
      Resource: each("/routing-profile/*"),
    },
    {
      Sid: "QuickConnects",
      Effect: "Allow",
      Action: ["connect:UpdateQuickConnectConfig", "connect:DeleteQuickConnect"],
      Resource: each("/transfer-destination/*"),
    },
    {
      Sid: "HierarchyGroups",
      Effect: "Allow",
      Action: ["connect:CreateUser", "connect:UpdateUserHierarchy", "connect:DescribeUserHierarchyGroup"],
      Resource: each("/agent-group/*"),
    },
    { Sid: "DescribeInstanceDependsOnIt", Effect: "Allow", Action: ["ds:DescribeDirectories"], Resource: ["*"] },
  ];
}

/** Holds also when somebody gives the controller's role further policies. */
function guards({ boundaryArn }: AwsScope): Statement[] {
  return [
    {
      Sid: "BoundaryStays",
      Effect: "Deny",
      Action: ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"],
      Resource: ["*"],
    },
    {
      Sid: "BoundaryIsNotOurs",
      Effect: "Deny",
      Action: ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion", "iam:DeletePolicy"],
      Resource: [boundaryArn],
    },
  ];
}

const merged = (...lists: string[][]) => [...new Set(lists.flat())].sort();

function arnOf({ partition, region, account, id }: InstanceScope): string {
  return `arn:${partition}:connect:${region}:${account}:instance/${id}`;
}
