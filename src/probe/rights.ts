/** What the chosen steps may do, and nothing else: application permissions of Microsoft Graph, and a policy for IAM. */
import { PREFIX } from "./clean-up.ts";
import type { Step } from "./types.ts";

const CLEAN_UP_IAM = [
  ...["iam:ListRoles", "iam:ListUsers", "iam:ListSAMLProviders"],
  ...["iam:ListRolePolicies", "iam:DeleteRolePolicy", "iam:DeleteRole"],
  ...["iam:ListAccessKeys", "iam:DeleteAccessKey", "iam:ListUserPolicies", "iam:DeleteUserPolicy", "iam:DeleteUser"],
  "iam:DeleteSAMLProvider",
];
const CLEAN_UP_CONNECT = [
  ...["connect:ListUsers", "connect:DeleteUser", "connect:ListQuickConnects", "connect:DeleteQuickConnect"],
];
/** Operations that IAM allows on everything or on nothing. */
const WHOLE_ACCOUNT = /^iam:List(Roles|Users|SAMLProviders)$/;

export interface Rights {
  /** Of the application whose credentials AZURE_CLIENT_ID and its companions name. */
  graph: string[];
  /** Policy of the AWS identity; absent when no chosen step calls AWS. */
  aws?: object;
}

/** `instanceArn`: the only instance that the policy names. */
export function rightsOf(steps: readonly Step[], instanceArn?: string): Rights {
  const partition = instanceArn?.split(":")[1] ?? "aws";
  const needs = new Set(steps.flatMap((step) => step.needs));
  const actions = new Set(steps.flatMap((step) => step.actions ?? []));
  if (needs.has("iam")) for (const action of CLEAN_UP_IAM) actions.add(action);
  if (needs.has("connect")) for (const action of CLEAN_UP_CONNECT) actions.add(action);
  const sorted = [...actions].sort();
  const statement = (Sid: string, Action: string[], Resource: string | string[]) =>
    Action.length > 0 ? [{ Sid, Effect: "Allow", Action, Resource }] : [];
  const mine = (kind: string) => `arn:${partition}:iam::*:${kind}/connect-sso-probe/*`;
  return {
    graph: [...new Set(steps.flatMap((step) => step.permissions ?? []))].sort(),
    ...(sorted.length > 0 && {
      aws: {
        Version: "2012-10-17",
        Statement: [
          ...statement(
            "Find",
            sorted.filter((action) => WHOLE_ACCOUNT.test(action)),
            "*",
          ),
          ...statement(
            "OwnObjects",
            sorted.filter((action) => /^(iam|sts):/.test(action) && !WHOLE_ACCOUNT.test(action)),
            [mine("role"), mine("user"), `arn:${partition}:iam::*:saml-provider/${PREFIX}*`],
          ),
          ...statement(
            "TestInstance",
            sorted.filter((action) => action.startsWith("connect:")),
            instanceArn ? [instanceArn, `${instanceArn}/*`] : "*",
          ),
        ],
      },
    }),
  };
}
